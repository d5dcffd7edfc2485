// Records for the drawn venue: index ticks on a walk, whole surfaces, and what they are timed by.
#pragma once

#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "harness.hpp"
#include "tickmargin/live.hpp"
#include "venue.hpp"

namespace venue {

inline double percentile(const std::vector<double>& sorted, double p) {
  return sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1))];
}

inline void print_times(const char* what, std::vector<double> times) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  double sum = 0;
  for (const double t : times) sum += t;
  std::printf("  %-34s mean %9.0f  p50 %8.0f  p99 %9.0f  p99.9 %9.0f  max %10.0f ns\n", what,
              sum / static_cast<double>(times.size()), percentile(times, 0.5),
              percentile(times, 0.99), percentile(times, 0.999), times.back());
}

// Processor time of this thread: what others do on the machine does not count.
inline double cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

// `change` may do what it likes to the venue before balances are settled on its margins.
template <class Change>
LiveInputs make_inputs(MethodId method, std::int32_t accounts, Change&& change) {
  harness::Random random(3);
  LiveInputs in;
  EngineInputs& e = in.engine;
  e.market = make_market();
  e.instruments = make_instruments(e.market, random);
  e.portfolio = make_portfolio(accounts, random);
  Policy policy = make_policy(method);
  policy.close_out_cost_ratio = 0.001;
  e.policies = {{policy}, std::vector<std::int32_t>(static_cast<std::size_t>(accounts), 0)};
  change(e);
  settle_balances(e, random);
  in.settings.oracle = steady_oracles();
  return in;
}
inline LiveInputs make_inputs(MethodId method, std::int32_t accounts) {
  return make_inputs(method, accounts, [](EngineInputs&) {});
}

// A market maker with an option position in every contract, a third of its margin to spare.
inline LiveInputs market_maker() {
  LiveInputs in = make_inputs(MethodId::scenario, 1);
  EngineInputs& e = in.engine;
  harness::Random random(17);
  PortfolioColumns& p = e.portfolio;
  p.account_count = 1;
  p.position_account.assign(options, 0);
  p.position_pocket.assign(options, 0);
  p.position_instrument.clear();
  p.position_quantity.clear();
  p.position_entry_price.assign(options, std::nan(""));
  for (std::int32_t i = 0; i < options; ++i) {
    p.position_instrument.push_back(i);
    p.position_quantity.push_back(std::round(random.uniform(-20.0, 20.0)));
  }
  p.balance_account = p.balance_pocket = p.balance_asset = {0};
  p.balance_amount = {0.0};
  const Result bare = Engine(e).recompute();
  p.balance_amount = {1.3 * bare.accounts.initial_margin[0] - bare.accounts.equity[0]};
  return in;
}

struct Feed {
  harness::Random random{11};
  double price[underlyings] = {index_price[0], index_price[1], index_price[2]};
  std::uint64_t sequence = 0;
  TimeNs now = 20'000 * day_ns;

  double normal() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += random.uniform(-0.5, 0.5);
    return sum;
  }
  Record tick(std::int32_t u, double size, TimeNs after_ns = 100'000'000) {
    price[u] *= 1 + size * normal();
    now += after_ns;
    Record r{};
    r.type = RecordType::index_tick;
    r.subject = u;
    r.ts_ns = now;
    r.sequence = ++sequence;
    r.value[0] = price[u];
    return r;
  }
};

struct Surface {
  std::vector<double> vol;
  std::vector<std::int32_t> rows[underlyings];

  explicit Surface(const MarketColumns& market) : vol(market.mark_vol_annual) {
    for (std::int32_t i = 0; i < options; ++i) rows[i % underlyings].push_back(i);
  }
  // Every volatility of one underlying moves a little, together.
  void move(Feed& feed, std::int32_t u) {
    const double level = 1 + 5e-4 * feed.normal();
    for (const std::int32_t i : rows[u]) {
      vol[static_cast<std::size_t>(i)] *= level * (1 + 1e-4 * feed.normal());
    }
  }
  // The records that give one underlying's surface as it stands; the last commits it.
  template <class Give>
  void each(TimeNs now, std::int32_t u, Give&& give) const {
    for (const std::int32_t i : rows[u]) {
      Record r{};
      r.type = RecordType::surface_stage;
      r.subject = i;
      r.ts_ns = now;
      r.value[0] = vol[static_cast<std::size_t>(i)];
      give(r);
    }
    Record commit{};
    commit.type = RecordType::surface_commit;
    commit.subject = u;
    commit.ts_ns = now;
    commit.detail = static_cast<std::int32_t>(rows[u].size());
    give(commit);
  }
};

inline void take_events(LiveEngine& engine, std::array<Event, 1024>& events) {
  while (engine.events(events) == events.size()) {
  }
}

inline void apply(LiveEngine& engine, const Record& r, std::array<Event, 1024>& events) {
  const RecordStatus status = engine.apply(r).status;
  harness::require(status == RecordStatus::ok, record_status_name(status));
  take_events(engine, events);
}

}  // namespace venue
