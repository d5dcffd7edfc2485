// Numbers given from outside (orders, transfers) to rows, in memory taken once: open addressing
// with linear probing and back-shifting removal. Id 0 is none.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace tickmargin::base {

class IdTable {
 public:
  explicit IdTable(std::size_t capacity)
      : slots_(std::bit_ceil(2 * capacity + 2)), capacity_(capacity) {}

  std::size_t size() const noexcept { return size_; }
  bool full() const noexcept { return size_ == capacity_; }

  // -1: not there.
  std::int32_t find(std::uint64_t id) const noexcept {
    for (std::size_t s = home(id);; s = next(s)) {
      if (slots_[s].id == id) return slots_[s].row;
      if (slots_[s].id == 0) return -1;
    }
  }

  // The id is not there and the table not full.
  void insert(std::uint64_t id, std::int32_t row) noexcept {
    std::size_t s = home(id);
    while (slots_[s].id != 0) s = next(s);
    slots_[s] = {id, row};
    ++size_;
  }

  void erase(std::uint64_t id) noexcept {
    std::size_t hole = home(id);
    while (slots_[hole].id != id) {
      if (slots_[hole].id == 0) return;
      hole = next(hole);
    }
    for (std::size_t s = next(hole); slots_[s].id != 0; s = next(s)) {
      const std::size_t wanted = home(slots_[s].id);
      // Whether the hole lies between an entry's home and where it stands.
      const std::size_t mask = slots_.size() - 1;
      if (((s - wanted) & mask) < ((s - hole) & mask)) continue;
      slots_[hole] = slots_[s];
      hole = s;
    }
    slots_[hole] = {};
    --size_;
  }

 private:
  struct Slot {
    std::uint64_t id = 0;
    std::int32_t row = -1;
  };
  std::size_t home(std::uint64_t id) const noexcept {
    return static_cast<std::size_t>((id * 0x9e3779b97f4a7c15ULL) >> 32) & (slots_.size() - 1);
  }
  std::size_t next(std::size_t s) const noexcept { return (s + 1) & (slots_.size() - 1); }

  std::vector<Slot> slots_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

}  // namespace tickmargin::base
