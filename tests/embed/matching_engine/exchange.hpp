// A venue around the margin engine: every order is checked before it may match, and everything that
// happens is a record, kept in the order it happened.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

#include "order_book.hpp"
#include "tickmargin/live.hpp"

namespace matching {

using namespace tickmargin;

inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::exit(1);
}

// One engine and what it said, whether live or in a replay.
class Margined {
 public:
  explicit Margined(const LiveInputs& inputs) : engine(inputs) {}

  RecordStatus send(const Record& record) {
    RecordStatus status = engine.apply(record).status;
    while (status == RecordStatus::ring_full) {
      drain();
      status = engine.apply(record).status;
    }
    return status;
  }
  void drain() {
    std::array<Event, 64> some;
    while (const std::size_t n = engine.events(some)) {
      events.insert(events.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(n));
    }
  }

  LiveEngine engine;
  std::vector<Event> events;
};

struct Statistics {
  long orders = 0, refused = 0, not_rested = 0, trades = 0, withdrawn = 0;
};

class Exchange {
 public:
  Exchange(const LiveInputs& inputs, std::vector<double> tick_size)
      : margin(inputs), tick_size_(std::move(tick_size)), books_(tick_size_.size()) {}

  RecordStatus send(const Record& record) {
    records.push_back(record);
    const RecordStatus status = margin.send(record);
    follow_events();
    return status;
  }

  // A limit order of `size` signed contracts. What does not match rests, but of a reduce-only one.
  CheckedOrder submit(std::int32_t account, std::int32_t instrument, std::int64_t size,
                      std::int64_t price, bool reduce_only, TimeNs ts_ns) {
    const std::uint64_t id = ++statistics.orders;
    const auto at = static_cast<std::size_t>(instrument);
    const double limit = static_cast<double>(price) * tick_size_[at];
    const CheckedOrder checked = margin.engine.check(
        {account, 0, instrument, static_cast<double>(size), limit}, reduce_only);
    if (checked.verdict > CheckVerdict::accepted_reduces) {
      ++statistics.refused;
      refused.insert(id);
      return checked;
    }
    const bool buy = size > 0;
    std::vector<Record> happened;
    const std::int64_t left = books_[at].match(
        buy, price, buy ? size : -size,
        [&](const Resting& resting) {  // nobody trades with themselves
          if (resting.account != account) return true;
          happened.push_back(cancel(resting.id));
          return false;
        },
        [&](const Resting& resting, std::int64_t traded, std::int64_t part) {
          ++statistics.trades;
          require(!refused.contains(id) && !refused.contains(resting.id), "a refused order traded");
          happened.push_back(
              fill(resting.account, instrument, resting.id, buy ? -part : part, traded, ts_ns));
          happened.push_back(fill(account, instrument, 0, buy ? part : -part, traded, ts_ns));
          contracts_traded += part;
        });
    matching_ = true;
    for (const Record& record : happened) {
      require(send(record) == RecordStatus::ok, "what matched is taken by the margin engine");
    }
    matching_ = false;
    follow_events();
    if (left > 0 && !reduce_only) rest(id, account, instrument, buy ? left : -left, price, ts_ns);
    return checked;
  }

  std::int64_t resting() const {
    std::int64_t sum = 0;
    for (const OrderBook& book : books_) sum += book.size();
    return sum;
  }
  bool crossed() const {
    return std::any_of(books_.begin(), books_.end(), [](const auto& b) { return b.crossed(); });
  }

  Margined margin;
  std::vector<Record> records;
  std::set<std::uint64_t> refused;
  Statistics statistics;
  std::int64_t contracts_traded = 0;

 private:
  static Record cancel(std::uint64_t id) {
    Record record{};
    record.type = RecordType::cancel;
    record.sequence = id;
    return record;
  }
  Record of_account(RecordType type, std::int32_t account, std::int32_t instrument,
                    std::uint64_t id, std::int64_t size, std::int64_t price, TimeNs ts_ns) const {
    Record record{};
    record.type = type;
    record.subject = instrument;
    record.ts_ns = ts_ns;
    record.sequence = id;
    record.account = account;
    record.value[0] = static_cast<double>(size);
    record.value[1] = static_cast<double>(price) * tick_size_[static_cast<std::size_t>(instrument)];
    return record;
  }
  Record fill(std::int32_t account, std::int32_t instrument, std::uint64_t id, std::int64_t size,
              std::int64_t price, TimeNs ts_ns) const {
    return of_account(RecordType::fill, account, instrument, id, size, price, ts_ns);
  }

  // Rests in the book only if it does in the margin engine, which counts it from then on.
  void rest(std::uint64_t id, std::int32_t account, std::int32_t instrument, std::int64_t size,
            std::int64_t price, TimeNs ts_ns) {
    const RecordStatus status =
        send(of_account(RecordType::order, account, instrument, id, size, price, ts_ns));
    if (status != RecordStatus::ok) {
      ++statistics.not_rested;
      return;
    }
    books_[static_cast<std::size_t>(instrument)].rest(size > 0, price,
                                                      {id, account, size > 0 ? size : -size});
  }

  // An account that is being liquidated leaves the books.
  void follow_events() {
    margin.drain();
    for (; seen_ < margin.events.size(); ++seen_) {
      const Event event = margin.events[seen_];
      if (event.type != EventType::account ||
          event.after < static_cast<std::uint8_t>(State::liquidating) ||
          event.after == static_cast<std::uint8_t>(State::undecidable)) {
        continue;
      }
      leaving_.push_back(event.account);
    }
    if (matching_) return;  // what matched comes first
    while (!leaving_.empty()) {
      const AccountIndex account = leaving_.back();
      leaving_.pop_back();
      for (OrderBook& book : books_) {
        std::vector<Record> happened;
        book.withdraw(account, [&](const Resting& order) { happened.push_back(cancel(order.id)); });
        for (const Record& record : happened) {
          ++statistics.withdrawn;
          records.push_back(record);
          require(margin.send(record) == RecordStatus::ok, "a resting order is cancelled");
        }
      }
    }
  }

  std::vector<double> tick_size_;
  std::vector<OrderBook> books_;
  std::vector<AccountIndex> leaving_;
  std::size_t seen_ = 0;
  bool matching_ = false;
};

}  // namespace matching
