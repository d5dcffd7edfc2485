// What counts allocations, and the stream that is counted: one executable includes this once.
#pragma once

#include <array>
#include <cstdlib>

#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

// Every allocation goes through malloc and its kin, operator new too. Sanitizers bring their own:
// under them the streams below are run for the memory they touch and nothing is counted.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 1

// Of the thread that asks: the journal's is not the writer's.
namespace {
thread_local long allocations = 0;
}

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* old);

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void free(void* old) {
  if (old != nullptr) ++allocations;
  __libc_free(old);
}
}

#else
#define COUNTS_ALLOCATIONS 0
namespace {
long allocations = 0;
}
#endif

namespace {

constexpr std::int32_t accounts = 300;

// Every record that streams in while a venue is open, drawn by weight.
class Stream {
 public:
  Stream(const LiveInputs& inputs, std::uint64_t seed)
      : instruments_(inputs.engine.instruments), draw_(seed) {}

  Record next() {
    now_ += 50'000'000;
    const double kind = draw_.uniform(0, 1);
    if (kind < 0.4) return tick(draw_.below(underlyings));
    if (kind < 0.5) return of_option(RecordType::volatility);
    if (kind < 0.52) return of_option(RecordType::surface_stage);
    if (kind < 0.53) return commit();
    if (kind < 0.57) return make_record(RecordType::clock, 0, now_);
    if (kind < 0.6) return forward();
    if (kind < 0.62) return mark();
    if (kind < 0.75) return trade(RecordType::fill);
    if (kind < 0.85) return trade(RecordType::order);
    if (kind < 0.9) return cancel();
    return transfer(kind < 0.96 ? RecordType::deposit : RecordType::withdrawal);
  }

  Record tick(std::int32_t u) {
    price_[u] *= 1 + (draw_.chance(0.02) ? 0.02 : 3e-4) * draw_.normal();
    return index_tick(u, ++sequence_, price_[u], now_);
  }
  Order order() {
    const Record r = trade(RecordType::order);
    return {r.account, draw_.chance(0.1) ? 1 : 0, r.subject, r.value[0], r.value[1]};
  }

 private:
  Record of_option(RecordType type) {
    Record r = make_record(type, an_option(draw_, instruments_), now_);
    r.value[0] = 0.6 * (1 + 0.02 * draw_.normal());
    return r;
  }
  Record commit() {
    Record r = make_record(RecordType::surface_commit, draw_.below(underlyings), now_);
    r.detail = draw_.below(4);
    return r;
  }
  Record forward() {
    const std::int32_t node = draw_.below(2 * underlyings);
    Record r = make_record(RecordType::forward, node / 2, now_);
    r.detail = node;
    r.value[0] = price_[node / 2] * (1.002 + 1e-4 * draw_.normal());
    r.value[1] = 0.03;
    return r;
  }
  Record mark() {
    const std::int32_t u = draw_.below(underlyings);
    const auto each = static_cast<std::int32_t>(instruments_.size()) / underlyings;
    Record r = make_record(RecordType::mark, u * each + draw_.below(2), now_);
    r.value[0] = price_[u] * (1.001 + 1e-4 * draw_.normal());
    return r;
  }
  Record trade(RecordType type) {
    const std::int32_t i = draw_.below(instruments_.size());
    const auto at = static_cast<std::size_t>(i);
    const std::int32_t u = instruments_.underlying[at];
    Record r = make_record(type, i, now_);
    r.account = draw_.below(accounts);
    if (type == RecordType::order) r.sequence = ++order_;
    r.value[0] = (1 + draw_.below(9)) * (draw_.chance(0.5) ? 1 : -1) * 6'000.0 / price_[u];
    const bool coin = instruments_.payoff[at] == Payoff::coin;
    r.value[1] = instruments_.kind[at] == Kind::option ? 0.03 * (coin ? 1 : price_[u]) : price_[u];
    return r;
  }
  Record cancel() {
    Record r = make_record(RecordType::cancel, 0, 0);
    r.sequence = order_ == 0 ? 1 : 1 + draw_.bits() % order_;
    return r;
  }
  Record transfer(RecordType type) {
    Record r = make_record(type, draw_.below(5), now_);
    r.sequence = ++transfer_;
    r.account = draw_.below(accounts);
    const bool coin = r.subject >= 1 && r.subject <= underlyings;
    r.value[0] = draw_.uniform(10, 2'000) / (coin ? price_[r.subject - 1] : 1.0);
    return r;
  }

  InstrumentColumns instruments_;
  Draw draw_;
  double price_[underlyings] = {index_at_start[0], index_at_start[1], index_at_start[2]};
  TimeNs now_ = start_ns;
  std::uint64_t sequence_ = 0, order_ = 0, transfer_ = 0;
};

struct Calls {
  std::array<long, 32> applied{}, refused{}, allocated{};  // by type of record
  long checked = 0, check_allocated = 0, read_allocated = 0, events = 0;
};

// Applies the stream, and between records what an embedder asks for.
void drive(LiveEngine& engine, Stream& stream, int records, Calls& calls) {
  std::array<Event, 64> events;
  for (std::int32_t u = 0; u < underlyings; ++u) engine.apply(stream.tick(u));
  for (int n = 0; n < records; ++n) {
    const Record record = stream.next();
    const auto type = static_cast<std::size_t>(record.type);
    long before = allocations;
    const RecordStatus status = engine.apply(record).status;
    calls.allocated[type] += allocations - before;
    (status == RecordStatus::ok ? calls.applied : calls.refused)[type]++;

    const Order order = stream.order();
    before = allocations;
    calls.checked += engine.check(order, n % 8 == 0).verdict <= CheckVerdict::accepted_reduces;
    calls.check_allocated += allocations - before;

    before = allocations;
    engine.account(n % accounts);
    engine.published(n % accounts);
    while (const std::size_t got = engine.events(events)) calls.events += static_cast<long>(got);
    calls.read_allocated += allocations - before;
  }
}

constexpr RecordType driven[] = {
    RecordType::index_tick, RecordType::volatility,     RecordType::surface_stage,
    RecordType::clock,      RecordType::forward,        RecordType::mark,
    RecordType::fill,       RecordType::order,          RecordType::cancel,
    RecordType::deposit,    RecordType::surface_commit, RecordType::withdrawal};

// More than so many of each type taken, of orders accepted and of events; none of it allocated, and
// what it has led to is what a recompute says.
struct More {
  long of_each, checked, events;
};
void check_calls(const Calls& calls, LiveEngine& engine, const More& than) {
  for (const RecordType type : driven) {
    const auto t = static_cast<std::size_t>(type);
    const long refused = type == RecordType::surface_commit ? calls.refused[t] : 0;
    CHECK(calls.applied[t] + refused > than.of_each);
    if (calls.allocated[t] != 0) std::printf("  records of type %zu allocate\n", t);
    CHECK_EQ(calls.allocated[t], 0L);
  }
  CHECK(calls.checked > than.checked);
  CHECK(calls.events > than.events);
  CHECK_EQ(calls.check_allocated, 0L);
  CHECK_EQ(calls.read_allocated, 0L);
  CHECK_EQ(engine.audit(), std::size_t{0});
}

}  // namespace
