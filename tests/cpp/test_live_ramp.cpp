// A policy epoch with a grace period: initial margin at once, maintenance margin in step with the
// clock, back at once. Source: cpp/src/live/README.md, "Policy epochs".
#include <algorithm>

#include "live_audit.hpp"

using namespace live_audit;

namespace {

constexpr TimeNs second = 1'000'000'000;
constexpr double unit = 1e6;  // ticks

Policy percent(double initial, double maintenance, double haircut) {
  Policy policy;
  policy.haircut_initial.assign(2, Haircut{haircut});
  policy.haircut_maintenance.assign(2, Haircut{haircut});
  FuturesParameters futures;
  futures.initial_ratio = initial;
  futures.maintenance_ratio = maintenance;
  policy.futures.assign(1, futures);
  policy.options.assign(1, {});
  policy.dynamic.assign(1, {});
  policy.scenario.assign(1, {});
  return policy;
}

// One perpetual at 100; account 0 long ten of it with 120 dollars, account 1 with 100 of an asset
// that has a haircut besides.
LiveInputs small_book(double haircut) {
  LiveInputs in;
  MarketColumns& m = in.engine.market;
  m.as_of_ns = start_ns;
  m.asset_price = {1.0, 1.0};
  m.asset_underlying = {-1, -1};
  m.index_price = {100.0};
  m.quote_asset = {0};
  m.realised_vol_annual = {0.5};
  m.depth_notional = {1e9};
  m.previous_mm_ratio = {missing};
  m.previous_ts_ns = {0};
  add(in.engine.instruments, m, Kind::perpetual, Payoff::linear, 0);
  in.engine.instruments.settlement_asset[0] = 0;
  in.engine.instruments.multiplier[0] = 1.0;
  m.mark_price[0] = 100.0;
  PortfolioColumns& p = in.engine.portfolio;
  p.account_count = 2;
  p.position_account = {0, 1};
  p.position_pocket = {0, 0};
  p.position_instrument = {0, 0};
  p.position_quantity = {10.0, 1.0};
  p.position_entry_price = {100.0, 100.0};
  p.balance_account = {0, 1};
  p.balance_pocket = {0, 0};
  p.balance_asset = {0, 1};
  p.balance_amount = {120.0, 100.0};
  in.engine.policies = {{percent(0.10, 0.05, haircut)}, {0, 0}};
  in.engine.policies.policies[0].haircut_maintenance[0] = {};
  in.settings.oracle.assign(1, {});
  in.settings.oracle[0].heartbeat_ns = in.settings.oracle[0].unusable_after_ns = 365 * ns_per_day;
  return in;
}

PolicySet only(Policy policy) {
  policy.haircut_maintenance[0] = {};
  return {{policy}, {0, 0}};
}

LiveEngine opened(const LiveInputs& in) {
  LiveEngine engine(in);
  apply_ok(engine, index_tick(0, 1, 100.0, start_ns));
  return engine;
}

void expect_maintenance(LiveEngine& engine, double amount, State state) {
  const LiveAccount row = engine.account(0);
  CHECK_EQ(row.maintenance_margin, static_cast<Ticks>(amount * unit));
  CHECK_EQ(row.state, state);
  same_as_frozen(engine);
  lines_add_up(engine.freeze(), 0, row);
}

TEST(maintenance_moves_with_the_clock_and_initial_at_once) {
  LiveEngine engine = opened(small_book(0));
  engine.stage_policies(1, only(percent(0.20, 0.10, 0)));
  expect_maintenance(engine, 50, State::healthy);
  CHECK_EQ(engine.account(0).initial_margin, static_cast<Ticks>(100 * unit));
  apply_ok(engine, policy_epoch(1, 100, start_ns));
  expect_maintenance(engine, 50, State::healthy);
  CHECK_EQ(engine.account(0).initial_margin, static_cast<Ticks>(200 * unit));
  CHECK_EQ(engine.epoch(), std::uint64_t{1});
  // 120 of equity: new risk is measured by the new policy, what is there is kept by the old one.
  CHECK_EQ(engine.check({0, 0, 0, 1.0, 100.0}).verdict, CheckVerdict::refused_margin);
  apply_ok(engine, clock_at(start_ns + 25 * second));
  expect_maintenance(engine, 62.5, State::healthy);
  apply_ok(engine, clock_at(start_ns + 50 * second));
  expect_maintenance(engine, 75, State::healthy);
  apply_ok(engine, clock_at(start_ns + 80 * second));
  expect_maintenance(engine, 90, State::warning);  // 1.5 x 90 > 120
  apply_ok(engine, clock_at(start_ns + 100 * second));
  expect_maintenance(engine, 100, State::warning);  // 1.2 x 100 is covered to the tick
  for (const ExplainedRequirement& line : engine.freeze().explain(0).requirement) {
    CHECK(line.component != "ramp");
  }
}

TEST(the_ramp_is_a_line_of_its_own) {
  LiveEngine engine = opened(small_book(0));
  engine.stage_policies(1, only(percent(0.20, 0.10, 0)));
  apply_ok(engine, policy_epoch(1, 100, start_ns));
  apply_ok(engine, clock_at(start_ns + 20 * second));
  long found = 0;
  for (const ExplainedRequirement& line : engine.freeze().explain(0).requirement) {
    if (line.component != "ramp") continue;
    ++found;
    CHECK_EQ(line.initial, 0.0);
    CHECK_EQ(line.maintenance, -40.0);
  }
  CHECK_EQ(found, 1L);
  // A recompute under a candidate looks at it in full, one at another index keeps the ramp.
  const PolicySet candidate = only(percent(0.20, 0.10, 0));
  const Engine frozen = engine.freeze();
  RecomputeOptions options;
  options.candidate = &candidate;
  CHECK_EQ(frozen.recompute(options).accounts.maintenance_margin[0], 100.0);
  options = {};
  options.index = {{0, 200.0}};
  CHECK_EQ(frozen.recompute(options).accounts.maintenance_margin[0], 120.0);
  const LiquidationPrices prices = frozen.liquidation_prices(0, 0, 0);
  // 120 + 10 (S - 100) = 0.6 S: from 0.05 to 0.1 of the notional, a fifth of the way.
  CHECK_NEAR(prices.lower, 880.0 / 9.4, 1e-6);
}

TEST(a_relief_is_at_once) {
  LiveEngine engine = opened(small_book(0));
  engine.stage_policies(1, only(percent(0.02, 0.01, 0)));
  apply_ok(engine, policy_epoch(1, 100, start_ns));
  expect_maintenance(engine, 10, State::healthy);
  CHECK_EQ(engine.account(0).initial_margin, static_cast<Ticks>(20 * unit));
}

TEST(haircuts_for_maintenance_are_ramped_and_those_for_initial_are_not) {
  LiveEngine engine = opened(small_book(0.1));
  engine.stage_policies(1, only(percent(0.10, 0.05, 0.3)));
  CHECK_EQ(engine.account(1).equity, static_cast<Ticks>(90 * unit));
  apply_ok(engine, policy_epoch(1, 100, start_ns));
  apply_ok(engine, clock_at(start_ns + 50 * second));
  const LiveAccount row = engine.account(1);
  CHECK_EQ(row.equity, static_cast<Ticks>(80 * unit));
  CHECK_EQ(row.equity_initial, static_cast<Ticks>(70 * unit));
  CHECK_EQ(row.maintenance_margin, static_cast<Ticks>(5 * unit));
  lines_add_up(engine.freeze(), 1, row);
  same_as_frozen(engine);
}

TEST(a_rollback_returns_at_once_and_refusals_change_nothing) {
  LiveEngine engine = opened(small_book(0));
  engine.stage_policies(1, only(percent(0.20, 0.10, 0)));
  engine.stage_policies(2, only(percent(0.30, 0.20, 0)));
  const auto refused = [&](const Record& r, RecordStatus status) {
    const std::uint64_t hash = engine.state_hash();
    const RecordStatus answer = engine.apply(r).status;
    CHECK_EQ(answer, status);
    CHECK_EQ(engine.state_hash(), hash);
  };
  refused(policy_epoch(1, -1, start_ns), RecordStatus::out_of_range);
  refused(policy_epoch(1, 366 * 86'400.0, start_ns), RecordStatus::out_of_range);
  refused(policy_epoch(1, missing, start_ns), RecordStatus::not_finite);
  refused(policy_epoch(9, 100, start_ns), RecordStatus::unknown_epoch);
  const std::uint64_t calm = engine.state_hash();
  apply_ok(engine, policy_epoch(1, 100, start_ns));
  CHECK(engine.state_hash() != calm);
  apply_ok(engine, clock_at(start_ns + 90 * second));
  expect_maintenance(engine, 95, State::warning);
  refused(policy_epoch(2, 100, start_ns + 90 * second), RecordStatus::conflicting);
  refused(policy_epoch(0, 1, start_ns + 90 * second, flag_rollback), RecordStatus::out_of_range);
  apply_ok(engine, policy_epoch(0, 0, start_ns + 90 * second, flag_rollback));
  expect_maintenance(engine, 50, State::healthy);
  CHECK_EQ(engine.account(0).initial_margin, static_cast<Ticks>(100 * unit));
  // Another epoch in the middle of a ramp is possible at once.
  apply_ok(engine, policy_epoch(2, 100, start_ns + 90 * second));
  engine.stage_policies(3, only(percent(0.20, 0.10, 0)));
  apply_ok(engine, policy_epoch(3, 0, start_ns + 90 * second));
  expect_maintenance(engine, 100, State::warning);
}

TEST(a_saved_ramp_goes_on) {
  LiveEngine engine = opened(small_book(0));
  engine.stage_policies(1, only(percent(0.20, 0.10, 0)));
  apply_ok(engine, policy_epoch(1, 100, start_ns + 10 * second));
  apply_ok(engine, clock_at(start_ns + 30 * second));
  LiveEngine loaded = LiveEngine::load(engine.save());
  CHECK_EQ(loaded.state_hash(), engine.state_hash());
  expect_maintenance(loaded, 60, State::healthy);
  apply_ok(loaded, clock_at(start_ns + 60 * second));
  expect_maintenance(loaded, 75, State::healthy);
}

// New policies for a drawn book: every account comes under another method, haircuts are higher.
PolicySet turned(std::int32_t accounts, std::int32_t by) {
  PolicySet set = make_policies(accounts);
  for (std::int32_t& policy : set.account_policy) policy = (policy + by) % 6;
  for (Policy& policy : set.policies) {
    policy.haircut_maintenance.assign(5, Haircut{0.05, 0.08});
    for (DynamicParameters& d : policy.dynamic) d.max_mm_increase_per_day_ratio = 0.5;
  }
  return set;
}

// The figures of a ramp from those of both policy sets in full, account by account.
TEST(every_method_is_ramped_as_written) {
  LiveInputs in = make_inputs(120, 3);
  in.engine.market.previous_mm_ratio[0] = 0.04;
  in.engine.market.previous_ts_ns[0] = start_ns;
  const PolicySet before = in.engine.policies, after = turned(120, 1);
  LiveEngine engine(in);
  Stream stream(engine, in, 4, start_ns);
  engine.stage_policies(1, after);
  apply_ok(engine, policy_epoch(1, 1000, start_ns));
  apply_ok(engine, clock_at(start_ns + 300 * second));
  const Engine frozen = engine.freeze();
  RecomputeOptions old_options, new_options;
  old_options.candidate = &before;
  new_options.candidate = &after;
  const Result was = frozen.recompute(old_options), will = frozen.recompute(new_options);
  const Result now = frozen.recompute();
  long ramped = 0, apart = 0;
  for (std::size_t p = 0; p < now.pockets.account.size(); ++p) {
    const auto a = static_cast<std::size_t>(now.pockets.account[p]);
    const Policy& from = before.policies[static_cast<std::size_t>(before.account_policy[a])];
    const Policy& to = after.policies[static_cast<std::size_t>(after.account_policy[a])];
    const double more = will.pockets.maintenance_margin[p] - was.pockets.maintenance_margin[p];
    const double less = was.pockets.equity[p] - will.pockets.equity[p];
    double margin = will.pockets.maintenance_margin[p], equity = will.pockets.equity[p];
    if (from.option_value_in_equity == to.option_value_in_equity) {
      margin -= 0.7 * std::max(more, 0.0);
      equity += 0.7 * std::max(less, 0.0);
    } else {
      margin -= std::min(0.7 * std::max(more + less, 0.0), margin);
      ++apart;
    }
    ramped += margin != will.pockets.maintenance_margin[p];
    CHECK_NEAR(now.pockets.maintenance_margin[p], margin, 4e-6);
    CHECK_NEAR(now.pockets.equity[p], equity, 4e-6);
    CHECK_EQ(now.pockets.initial_margin[p], will.pockets.initial_margin[p]);
    CHECK_EQ(now.pockets.equity_initial[p], will.pockets.equity_initial[p]);
  }
  CHECK(ramped > 20 && apart > 10);
}

TEST(states_follow_every_record_through_ramps_and_rollbacks) {
  LiveInputs in = make_inputs(100, 11);
  in.engine.market.previous_mm_ratio[0] = 0.04;
  in.engine.market.previous_ts_ns[0] = start_ns;
  LiveEngine engine(in);
  Stream stream(engine, in, 12, start_ns);
  std::size_t wrong = 0;
  std::uint64_t epoch = 0, in_force = 0;
  for (int n = 0; n < 1200; ++n) {
    Record record = stream.next(engine, 2 * second);
    if (n % 240 == 60) {
      ++epoch;
      in_force = engine.epoch();
      engine.stage_policies(epoch, turned(100, static_cast<std::int32_t>(epoch)));
      record = policy_epoch(epoch, 60, stream.now());
    } else if (n % 480 == 100) {
      record = policy_epoch(in_force, 0, stream.now(), flag_rollback);
    }
    RecordStatus status;
    wrong += differences(engine, record, &status);
    CHECK(status == RecordStatus::ok || status == RecordStatus::capacity);
    if (n % 40 == 39) same_as_frozen(engine);
    if (n % 240 == 90) {
      LiveEngine loaded = LiveEngine::load(engine.save());
      CHECK_EQ(loaded.state_hash(), engine.state_hash());
      same_as_frozen(loaded);
      engine = std::move(loaded);
    }
  }
  CHECK_EQ(wrong, std::size_t{0});
}

TEST(bands_come_back_when_the_ramp_ends) {
  LiveInputs in = make_inputs(100, 21);
  LiveEngine engine(in);
  Stream stream(engine, in, 22, start_ns);
  engine.stage_policies(1, turned(100, 1));
  apply_ok(engine, policy_epoch(1, 10, start_ns));
  const std::uint64_t renewed = engine.counters().renewed;
  std::uint64_t sequence = 1000;
  const auto evaluated_by_a_tick = [&](TimeNs ts_ns) {
    const std::uint64_t before = engine.counters().evaluated;
    engine.apply(index_tick(0, ++sequence, index_at_start[0] * (1 + 1e-7), ts_ns));
    drain(engine);
    return engine.counters().evaluated - before;
  };
  const std::uint64_t during = evaluated_by_a_tick(start_ns + second);
  CHECK_EQ(engine.counters().renewed, renewed);
  apply_ok(engine, clock_at(start_ns + 10 * second));
  for (int n = 0; n < 20; ++n) evaluated_by_a_tick(start_ns + (11 + n) * second);
  CHECK(engine.counters().renewed > renewed);
  const std::uint64_t after = evaluated_by_a_tick(start_ns + 40 * second);
  CHECK(after * 2 < during);
  CHECK_EQ(engine.audit(), std::size_t{0});
}

}  // namespace

CHECK_MAIN()
