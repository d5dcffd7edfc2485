// The live engine against brute force: after every record each pocket is evaluated from primary
// state and must have the state that is stored; a frozen batch engine must give the same bits.
#include <array>
#include <cstring>

#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

namespace {

struct Moves {
  std::array<long, 6> up{}, down{};
};

void count(LiveEngine& engine, Moves& moves) {
  std::array<Event, 256> events;
  while (const std::size_t n = engine.events(events)) {
    for (std::size_t e = 0; e < n; ++e) {
      if (events[e].type != EventType::account) continue;
      (events[e].after > events[e].before ? moves.up : moves.down)[events[e].after]++;
    }
  }
}

// Random records of every kind that moves a number.
class Stream {
 public:
  Stream(LiveEngine& engine, const LiveInputs& inputs, std::uint64_t seed)
      : engine_(engine), instruments_(inputs.engine.instruments), draw_(seed) {
    for (std::int32_t u = 0; u < underlyings; ++u) price_[u] = index_at_start[u];
    vols_ = inputs.engine.market.mark_vol_annual;
    forwards_ = inputs.engine.market.forward_price;
  }

  void open(Moves& moves) {
    for (std::int32_t u = 0; u < underlyings; ++u) {
      const Applied applied = engine_.apply(index_tick(u, ++sequence_, price_[u], now_));
      CHECK_EQ(applied.status, RecordStatus::ok);
      count(engine_, moves);
    }
  }

  // A record of a kind drawn by weight.
  Record next() {
    const double kind = draw_.uniform(0, 1);
    if (kind < 0.72) return tick();
    if (kind < 0.80) return volatility();
    if (kind < 0.84) return forward();
    if (kind < 0.88) return clock();
    if (kind < 0.90) return mark();
    if (kind < 0.95) return fill();
    if (kind < 0.97) return order();
    if (kind < 0.98) return cancel();
    return deposit();
  }

  Record tick() {
    const std::int32_t u = draw_.below(underlyings);
    const double size = draw_.chance(0.02) ? 0.02 : draw_.chance(0.2) ? 2e-3 : 1e-4;
    price_[u] *= 1 + size * draw_.normal();
    now_ += 100'000'000;
    return index_tick(u, ++sequence_, price_[u], now_);
  }
  Record clock() {
    clock_ns_ = now_ += draw_.below(1'000'000'000);
    return make_record(RecordType::clock, 0, now_);
  }
  Record volatility() {
    const std::int32_t i = option();
    double& vol = vols_[static_cast<std::size_t>(i)];
    vol = std::fmin(std::fmax(vol * (1 + 0.003 * draw_.normal()), 0.2), 2.0);
    Record r = make_record(RecordType::volatility, i, now_);
    r.value[0] = vol;
    return r;
  }
  Record forward() {
    const std::int32_t node = draw_.below(forwards_.size());
    const std::int32_t u = node / 2;
    Record r = make_record(RecordType::forward, u, now_);
    r.detail = node;
    r.value[0] = engine_.index_price(u) * (1 + (node % 2 ? 60 : 10) * 1e-4 + 1e-4 * draw_.normal());
    r.value[1] = 0.03;
    return r;
  }
  Record mark() {
    const std::int32_t u = draw_.below(underlyings);
    const std::int32_t i = u * std::int32_t(instruments_.size() / underlyings) + draw_.below(2);
    Record r = make_record(RecordType::mark, i, now_);
    r.value[0] = engine_.index_price(u) * (1.001 + 1e-4 * draw_.normal());
    return r;
  }
  Record fill() {
    const std::int32_t i = draw_.below(instruments_.size());
    const auto at = static_cast<std::size_t>(i);
    const std::int32_t u = instruments_.underlying[at];
    Record r = make_record(RecordType::fill, i, now_);
    r.account = draw_.below(engine_.account_count());
    r.value[0] = std::round(draw_.uniform(-9, 9)) * 6'000.0 / index_at_start[u];
    if (r.value[0] == 0) r.value[0] = 1;
    const bool option = instruments_.kind[at] == Kind::option;
    r.value[1] = option
                     ? (instruments_.payoff[at] == Payoff::coin ? 0.03 : 0.03 * index_at_start[u])
                     : engine_.index_price(u) * (1 + 1e-3 * draw_.normal());
    return r;
  }
  Record order() {
    Record r = fill();
    r.type = RecordType::order;
    r.sequence = ++order_;
    return r;
  }
  Record cancel() {
    if (cancelled_ == order_) return tick();
    Record r = make_record(RecordType::cancel, 0, now_);
    r.sequence = ++cancelled_;
    return r;
  }
  Record deposit() {
    Record r = make_record(RecordType::deposit, draw_.below(5), now_);
    r.sequence = ++transfer_;
    r.account = draw_.below(engine_.account_count());
    const double price = r.subject >= 1 && r.subject <= 3 ? index_at_start[r.subject - 1] : 1.0;
    r.value[0] = draw_.uniform(10, 20'000) / price;
    return r;
  }

 private:
  std::int32_t option() {
    while (true) {
      const std::int32_t i = draw_.below(instruments_.size());
      if (instruments_.kind[static_cast<std::size_t>(i)] == Kind::option) return i;
    }
  }

  LiveEngine& engine_;
  const InstrumentColumns& instruments_;
  Draw draw_;
  double price_[underlyings];
  std::vector<double> vols_, forwards_;
  TimeNs now_ = start_ns, clock_ns_ = start_ns;
  std::uint64_t sequence_ = 0, transfer_ = 0, order_ = 0, cancelled_ = 0;
};

bool same_bits(double a, double b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// Every account of the live engine against a recompute of its frozen state.
void compare_with_recompute(LiveEngine& engine, int decimals) {
  const Result result = engine.freeze().recompute();
  const double tick = std::pow(10.0, decimals);
  long wrong = 0;
  for (std::size_t a = 0; a < engine.account_count(); ++a) {
    const LiveAccount row = engine.account(static_cast<AccountIndex>(a));
    const bool known = row.state != State::undecidable;
    wrong += known != (result.accounts.state[a] != State::undecidable);
    wrong += row.status != result.accounts.status[a];
    if (!known) continue;
    wrong += !same_bits(static_cast<double>(row.equity) / tick, result.accounts.equity[a]);
    wrong += !same_bits(static_cast<double>(row.initial_margin) / tick,
                        result.accounts.initial_margin[a]);
    wrong += !same_bits(static_cast<double>(row.maintenance_margin) / tick,
                        result.accounts.maintenance_margin[a]);
    wrong += row.slack != result.accounts.slack_ticks[a];
  }
  CHECK_EQ(wrong, 0L);
}

void run(std::uint64_t seed, std::int32_t accounts, int records, bool bands) {
  LiveInputs inputs = make_inputs(accounts, seed);
  inputs.settings.bands = bands;
  LiveEngine engine(inputs);
  Stream stream(engine, inputs, seed + 1);
  Moves moves;
  stream.open(moves);
  std::size_t divergent = 0;
  long refused = 0;
  for (int n = 0; n < records; ++n) {
    const Record record = stream.next();
    const RecordStatus status = engine.apply(record).status;
    refused += status != RecordStatus::ok && status != RecordStatus::capacity;
    const std::size_t differences = engine.audit();
    if (differences != 0 && divergent == 0) {
      std::printf("seed %llu: first divergence after record %d\n",
                  static_cast<unsigned long long>(seed), n);
    }
    divergent += differences;
    count(engine, moves);
    if (n % 500 == 499) compare_with_recompute(engine, 6);
  }
  count(engine, moves);
  CHECK_EQ(divergent, std::size_t{0});
  CHECK_EQ(refused, 0L);
  long up = 0, down = 0;
  for (const long m : moves.up) up += m;
  for (const long m : moves.down) down += m;
  const LiveCounters c = engine.counters();
  std::printf("  %ld worse, %ld better; %llu evaluated, %llu renewed of %d records\n", up, down,
              static_cast<unsigned long long>(c.evaluated),
              static_cast<unsigned long long>(c.renewed), records);
  CHECK(up > 10 && down > 10);
}

TEST(states_follow_every_record_with_bands) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) run(seed, 200, 3000, true);
}

TEST(states_follow_every_record_without_bands) {
  run(5, 100, 500, false);
}

}  // namespace

CHECK_MAIN()
