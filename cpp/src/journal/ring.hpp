// From the engine thread to the journal thread: one producer, one consumer, cells of one record. A
// blob takes as many cells as it needs; the tag of its first cell says so. Nothing is allocated
// after creation, and neither side ever waits for the other.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/aligned_buffer.hpp"
#include "journal/format.hpp"

namespace tickmargin::journal {

class Ring {
 public:
  // `cell_count` is a power of two.
  explicit Ring(std::size_t cell_count)
      : cells_(cell_count * record_bytes), tags_(cell_count), mask_(cell_count - 1) {}

  std::size_t cell_count() const noexcept { return mask_ + 1; }

  // Producer. The consumer's line is read only when what was seen of it last time does not suffice.
  bool has_room(std::size_t cells) noexcept {
    if (written_ + cells - tail_seen_ <= cell_count()) return true;
    tail_seen_ = tail_.load(std::memory_order_acquire);
    return written_ + cells - tail_seen_ <= cell_count();
  }

  // Producer.
  bool push_record(const void* record) noexcept {
    if (!has_room(1)) return false;
    const std::size_t at = written_ & mask_;
    std::memcpy(cells_.data() + at * record_bytes, record, record_bytes);
    tags_[at] = 0;
    publish(1);
    return true;
  }

  bool push_blob(Kind kind, const void* data, std::size_t length) noexcept {
    const std::size_t cells = cells_of(length);
    if (length > payload_bytes_max || !has_room(cells)) return false;
    const std::size_t at = written_ & mask_;
    const std::size_t until_end = std::min(length, cells_.size() - at * record_bytes);
    if (length > 0) {
      const auto* bytes = static_cast<const unsigned char*>(data);
      std::memcpy(cells_.data() + at * record_bytes, bytes, until_end);
      std::memcpy(cells_.data(), bytes + until_end, length - until_end);
    }
    tags_[at] = tag_of(kind, length);
    publish(cells);
    return true;
  }

  struct Taken {
    Kind kind;
    std::size_t length;  // bytes
  };

  // Consumer: moves a run of at most `records_max` records or one blob to `payload`. False if there
  // is nothing. The cells are free again as soon as it returns, before any write to a disk.
  bool take(unsigned char* payload, std::size_t records_max, Taken* taken) noexcept {
    const std::uint64_t end = head_.load(std::memory_order_acquire);
    if (read_ == end) return false;
    const std::uint32_t tag = tags_[read_ & mask_];
    if (tag != 0) {
      *taken = {static_cast<Kind>(tag >> kind_shift), tag & length_mask};
      copy_out(payload, taken->length);
      release(cells_of(taken->length));
      return true;
    }
    const std::uint64_t most = std::min<std::uint64_t>(end - read_, records_max);
    std::size_t count = 1;
    while (count < most && tags_[(read_ + count) & mask_] == 0) ++count;
    *taken = {Kind::records, count * record_bytes};
    copy_out(payload, taken->length);
    release(count);
    return true;
  }

 private:
  static constexpr int kind_shift = 28;
  static constexpr std::uint32_t length_mask = (std::uint32_t{1} << kind_shift) - 1;
  static_assert(payload_bytes_max <= length_mask);

  static std::uint32_t tag_of(Kind kind, std::size_t length) noexcept {
    return static_cast<std::uint32_t>(kind) << kind_shift | static_cast<std::uint32_t>(length);
  }

  static std::size_t cells_of(std::size_t length) noexcept {
    return std::max<std::size_t>(1, (length + record_bytes - 1) / record_bytes);
  }

  void publish(std::size_t cells) noexcept {
    written_ += cells;
    head_.store(written_, std::memory_order_release);
  }

  void copy_out(unsigned char* to, std::size_t length) const noexcept {
    const std::size_t from = (read_ & mask_) * record_bytes;
    const std::size_t until_end = std::min(length, cells_.size() - from);
    std::memcpy(to, cells_.data() + from, until_end);
    std::memcpy(to + until_end, cells_.data(), length - until_end);
  }

  void release(std::size_t cells) noexcept {
    read_ += cells;
    tail_.store(read_, std::memory_order_release);
  }

  base::AlignedBuffer<unsigned char> cells_;
  base::AlignedBuffer<std::uint32_t> tags_;
  std::size_t mask_;

  alignas(64) std::uint64_t written_ = 0;  // producer's own
  std::uint64_t tail_seen_ = 0;
  alignas(64) std::atomic<std::uint64_t> head_{0};
  alignas(64) std::uint64_t read_ = 0;  // consumer's own
  alignas(64) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace tickmargin::journal
