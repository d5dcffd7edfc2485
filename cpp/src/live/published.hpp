// Account rows that any thread reads whole: a sequence lock an account over atomic words.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>

#include "tickmargin/live.hpp"

namespace tickmargin::live {

class PublishedRows {
 public:
  explicit PublishedRows(std::size_t count) : rows_(std::make_unique<Row[]>(count)) {}

  void write(std::size_t account, const LiveAccount& value) noexcept {
    Row& row = rows_[account];
    std::array<std::uint64_t, words> bits{};
    std::memcpy(bits.data(), &value, sizeof value);
    const std::uint64_t turn = row.turn.load(std::memory_order_relaxed);
    row.turn.store(turn + 1, std::memory_order_relaxed);
    // Whoever sees one of these words sees the odd turn too.
    for (std::size_t w = 0; w < words; ++w) row.word[w].store(bits[w], std::memory_order_release);
    row.turn.store(turn + 2, std::memory_order_release);
  }

  LiveAccount read(std::size_t account) const noexcept {
    const Row& row = rows_[account];
    std::array<std::uint64_t, words> bits;
    while (true) {
      const std::uint64_t before = row.turn.load(std::memory_order_acquire);
      for (std::size_t w = 0; w < words; ++w) bits[w] = row.word[w].load(std::memory_order_acquire);
      const std::uint64_t after = row.turn.load(std::memory_order_relaxed);
      if (before == after && before % 2 == 0) break;
    }
    LiveAccount value;
    std::memcpy(&value, bits.data(), sizeof value);
    return value;
  }

 private:
  static constexpr std::size_t words = (sizeof(LiveAccount) + 7) / 8;
  struct Row {
    std::atomic<std::uint64_t> turn{0};
    std::array<std::atomic<std::uint64_t>, words> word{};
  };
  std::unique_ptr<Row[]> rows_;
};

}  // namespace tickmargin::live
