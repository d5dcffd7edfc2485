// A bounded ring of events: one writer, one reader, no lock.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "tickmargin/records.hpp"

namespace tickmargin::live {

class EventRing {
 public:
  explicit EventRing(std::size_t capacity) : slots_(std::bit_ceil(capacity)) {}

  // A replay tells nobody: its events were pushed once before.
  void discard(bool discarding) noexcept { discarding_ = discarding; }

  std::size_t room() const noexcept {
    if (discarding_) return SIZE_MAX;
    return slots_.size() - (head_ - tail_.load(std::memory_order_acquire));
  }
  // room() > 0 is the writer's to have seen.
  void push(const Event& event) noexcept {
    if (discarding_) return;
    slots_[head_ & (slots_.size() - 1)] = event;
    published_.store(++head_, std::memory_order_release);
  }
  std::size_t drain(std::span<Event> out) noexcept {
    const std::size_t head = published_.load(std::memory_order_acquire);
    std::size_t tail = tail_.load(std::memory_order_relaxed);
    std::size_t count = 0;
    while (count < out.size() && tail != head) out[count++] = slots_[tail++ & (slots_.size() - 1)];
    tail_.store(tail, std::memory_order_release);
    return count;
  }

 private:
  std::vector<Event> slots_;
  std::size_t head_ = 0;  // the writer's own
  bool discarding_ = false;
  alignas(64) std::atomic<std::size_t> published_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace tickmargin::live
