// The order book of one instrument: price, then time. Prices in ticks, sizes in whole contracts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>

namespace matching {

struct Resting {
  std::uint64_t id;
  std::int32_t account;
  std::int64_t size;  // what is left, > 0
};

class OrderBook {
 public:
  // Takes `size` of the other side, best price first and the oldest first at a price, while
  // `allowed(resting)`; one that is not allowed is left out of the book. Answers what is left.
  template <class Allowed, class Traded>
  std::int64_t match(bool buy, std::int64_t limit, std::int64_t size, Allowed allowed,
                     Traded traded) {
    Side& other = buy ? asks_ : bids_;
    while (size > 0 && !other.empty()) {
      const auto best = buy ? other.begin() : std::prev(other.end());
      if (buy ? best->first > limit : best->first < limit) break;
      std::deque<Resting>& queue = best->second;
      Resting& first = queue.front();
      if (allowed(first)) {
        const std::int64_t part = std::min(size, first.size);
        size -= part;
        first.size -= part;
        traded(first, best->first, part);
        if (first.size == 0) queue.pop_front();
      } else {
        queue.pop_front();
      }
      if (queue.empty()) other.erase(best);
    }
    return size;
  }

  void rest(bool buy, std::int64_t price, const Resting& order) {
    (buy ? bids_ : asks_)[price].push_back(order);
  }

  // Every resting order of an account leaves the book.
  template <class Left>
  void withdraw(std::int32_t account, Left left) {
    for (Side* side : {&bids_, &asks_}) {
      for (auto level = side->begin(); level != side->end();) {
        std::erase_if(level->second, [&](const Resting& order) {
          if (order.account != account) return false;
          left(order);
          return true;
        });
        level = level->second.empty() ? side->erase(level) : std::next(level);
      }
    }
  }

  std::int64_t size() const {
    std::int64_t sum = 0;
    for (const Side* side : {&bids_, &asks_}) {
      for (const auto& [price, queue] : *side) {
        for (const Resting& order : queue) sum += order.size;
      }
    }
    return sum;
  }
  bool crossed() const {
    return !bids_.empty() && !asks_.empty() && bids_.rbegin()->first >= asks_.begin()->first;
  }

 private:
  using Side = std::map<std::int64_t, std::deque<Resting>>;
  Side bids_, asks_;
};

}  // namespace matching
