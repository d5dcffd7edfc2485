// The whole engine on a seeded book, so that the sanitizers see every room at work.
#include "tickmargin/engine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "check.hpp"

using namespace tickmargin;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr TimeNs now = 1'700'000'000'000'000'000;
constexpr std::size_t underlyings = 2;

MarketColumns make_market() {
  MarketColumns m;
  m.as_of_ns = now;
  m.asset_price = {1.0, missing, missing, 0.9995};
  m.asset_underlying = {-1, 0, 1, -1};
  m.index_price = {60000.0, 3000.0};
  m.quote_asset = {0, 0};
  m.realised_vol_annual = {0.5, 0.7};
  m.depth_notional = {5e7, missing};
  m.previous_mm_ratio = {0.05, missing};
  m.previous_ts_ns = {now - ns_per_day, 0};
  for (std::int32_t u = 0; u < 2; ++u) {
    for (const int days : {10, 60}) {
      m.forward_underlying.push_back(u);
      m.forward_expiry_ns.push_back(now + days * ns_per_day);
      m.forward_price.push_back(m.index_price[static_cast<std::size_t>(u)] * (1 + days * 1e-4));
      m.forward_rate_annual.push_back(0.03);
    }
  }
  return m;
}

void add(InstrumentColumns& c, MarketColumns& m, Kind kind, Payoff payoff, std::int32_t u,
         double strike = missing, int days = 0, bool call = false) {
  c.kind.push_back(kind);
  c.payoff.push_back(payoff);
  c.underlying.push_back(u);
  c.settlement_asset.push_back(payoff == Payoff::linear ? 3 : 1 + u);
  c.multiplier.push_back(payoff == Payoff::inverse ? 10.0 : 0.1);
  c.strike.push_back(strike);
  c.expiry_ns.push_back(days == 0 ? 0 : now + days * ns_per_day);
  c.is_call.push_back(call);
  c.bachelier.push_back(0);
  const bool option = kind == Kind::option;
  m.mark_price.push_back(option ? missing : m.index_price[static_cast<std::size_t>(u)] * 1.001);
  m.mark_vol_annual.push_back(option ? 0.6 : missing);
  m.mark_vol_normal_annual.push_back(missing);
}

std::vector<Policy> make_policies() {
  std::vector<Policy> policies(3);
  for (std::size_t p = 0; p < 3; ++p) {
    Policy& policy = policies[p];
    policy.method = static_cast<MethodId>(p);
    policy.close_out_cost_ratio = 0.001;
    policy.haircut_initial.assign(4, Haircut{0.02, 0.05});
    policy.haircut_maintenance.assign(4, Haircut{0.01, 0.03});
    policy.futures.assign(underlyings, {});
    policy.options.assign(underlyings, {});
    for (FuturesParameters& f : policy.futures) {
      f.brackets = {{1e5, 0.02, 0.01}, {1e9, 0.05, 0.025}};
      f.taker_fee_ratio = 0.0005;
    }
    for (OptionParameters& o : policy.options) {
      o.otm_a = 0.15;
      o.otm_b = 0.1;
      o.maintenance_c = 0.075;
    }
    policy.dynamic.assign(underlyings, {2, 1, 0.995, 0.99, 0.02, 0.5, 0.25, 0.3, 0.1, 0.05, 0.02});
    ScenarioParameters grid;
    for (int i = -4; i <= 4; ++i) {
      for (std::uint8_t v = 0; v < 3; ++v) {
        grid.price_move.push_back(0.04 * i);
        grid.vol_index.push_back(v);
        grid.weight.push_back(1.0);
      }
    }
    grid.vol_shock = {0.5, 0.0, -0.25};
    grid.vol_power_short = 0.3;
    grid.price_range = 0.16;
    grid.maintenance_factor = 0.8;
    grid.short_option_ratio = 0.01;
    grid.roll_ratio_min = 0.01;
    grid.basis_ratio = 0.02;
    policy.scenario.assign(underlyings, grid);
    policy.simulated_collateral = policy.method == MethodId::scenario;
    policy.netting = {NettingRule::correlation, {1, 0.8, 0.8, 1}, 0.6, 0.3};
  }
  return policies;
}

EngineInputs make_inputs(std::int32_t accounts) {
  EngineInputs in;
  in.market = make_market();
  for (std::int32_t u = 0; u < 2; ++u) {
    add(in.instruments, in.market, Kind::perpetual, Payoff::linear, u);
    add(in.instruments, in.market, Kind::perpetual, Payoff::inverse, u);
    for (const double share : {0.85, 0.95, 1.0, 1.05, 1.2}) {
      const double strike = share * in.market.index_price[static_cast<std::size_t>(u)];
      for (const bool call : {false, true}) {
        add(in.instruments, in.market, Kind::option, Payoff::coin, u, strike, 10, call);
        add(in.instruments, in.market, Kind::option, Payoff::linear, u, strike, 60, call);
      }
    }
  }
  std::mt19937_64 random(7);
  auto below = [&](std::uint64_t n) { return static_cast<std::int32_t>(random() % n); };
  PortfolioColumns& p = in.portfolio;
  p.account_count = accounts;
  for (std::int32_t account = 0; account < accounts; ++account) {
    in.policies.account_policy.push_back(account % 3);
    for (int n = below(12); n > 0; --n) {
      const std::int32_t instrument = below(in.instruments.size());
      p.position_account.push_back(account);
      p.position_pocket.push_back(below(4) == 0 ? 1 : 0);
      p.position_instrument.push_back(instrument);
      p.position_quantity.push_back(below(41) - 20);
      const double mark = in.market.mark_price[static_cast<std::size_t>(instrument)];
      p.position_entry_price.push_back(mark * 0.99);
    }
    for (std::int32_t asset = 0; asset < 4; ++asset) {
      p.balance_account.push_back(account);
      p.balance_pocket.push_back(below(3) == 0 ? 1 : 0);
      p.balance_asset.push_back(asset);
      p.balance_amount.push_back((below(100) - 10) * (asset == 1 ? 0.01 : asset == 2 ? 0.2 : 100));
    }
  }
  in.policies.policies = make_policies();
  return in;
}

}  // namespace

TEST(threads_do_not_change_a_bit) {
  const Engine engine(make_inputs(2000));
  const Result one = engine.recompute();
  for (const int threads : {2, 3, 8}) {
    RecomputeOptions options;
    options.threads = threads;
    const Result many = engine.recompute(options);
    CHECK(one.accounts.slack_ticks == many.accounts.slack_ticks);
    CHECK(one.accounts.state == many.accounts.state);
    for (std::size_t i = 0; i < one.components.component.size(); ++i) {
      CHECK_SAME_BITS(one.components.initial_margin[i], many.components.initial_margin[i]);
    }
  }
}

// Each joint scenario is a projection whose moves are the same for all underlyings; after 11 days
// half of the options have expired.
TEST(joint_scenarios_count_what_projections_say) {
  const Engine engine(make_inputs(60));
  const std::vector<double> moves = {-0.4, -0.15, 0.0, 0.2, 0.5};
  const std::vector<double> shocks = {0.8, 0.3, 0.0, -0.2, 0.4};
  for (const TimeNs forward_ns : {TimeNs{0}, 11 * ns_per_day}) {
    JointScenarios joint;
    for (std::int32_t account = 59; account >= 0; account -= 2) joint.accounts.push_back(account);
    joint.count = moves.size();
    for (std::size_t u = 0; u < underlyings; ++u) {
      joint.price_move.insert(joint.price_move.end(), moves.begin(), moves.end());
      joint.vol_shock.insert(joint.vol_shock.end(), shocks.begin(), shocks.end());
    }
    joint.forward_ns = forward_ns;
    joint.threads = 3;
    const StateCounts counts = engine.count_states(joint);
    std::vector<std::uint32_t> called(joint.accounts.size()), liquidated(joint.accounts.size());
    for (std::size_t s = 0; s < moves.size(); ++s) {
      Projection cell;
      cell.accounts = joint.accounts;
      cell.price_move = moves[s];
      cell.vol_shock = shocks[s];
      cell.forward_ns = forward_ns;
      const Result there = engine.project(cell);
      std::uint32_t called_here = 0, liquidated_here = 0;
      for (std::size_t a = 0; a < called.size(); ++a) {
        const State state = there.accounts.state[a];
        CHECK(state != State::undecidable);
        called[a] += state >= State::margin_call;
        liquidated[a] += state >= State::liquidating;
        called_here += state >= State::margin_call;
        liquidated_here += state >= State::liquidating;
      }
      CHECK_EQ(counts.by_scenario.called[s], called_here);
      CHECK_EQ(counts.by_scenario.liquidated[s], liquidated_here);
      CHECK_EQ(counts.by_scenario.undecidable[s], std::uint32_t{0});
    }
    CHECK(counts.by_account.called == called);
    CHECK(counts.by_account.liquidated == liquidated);
    CHECK(*std::max_element(called.begin(), called.end()) > 0);
    CHECK(*std::min_element(liquidated.begin(), liquidated.end()) < moves.size());
  }
}

TEST(explained_lines_fold_to_the_account) {
  const Engine engine(make_inputs(300));
  const Result result = engine.recompute();
  for (AccountIndex account = 0; account < 300; ++account) {
    const Explanation e = engine.explain(account);
    double needed = 0, owned = 0;
    for (const ExplainedRequirement& line : e.requirement) needed += line.maintenance;
    for (const ExplainedEquity& line : e.equity) owned += line.maintenance;
    const auto row = static_cast<std::size_t>(account);
    CHECK_EQ(e.state, result.accounts.state[row]);
    CHECK_NEAR(needed, result.accounts.maintenance_margin[row], 1e-7 * (1 + std::fabs(needed)));
    CHECK_NEAR(owned, result.accounts.equity[row], 1e-7 * (1 + std::fabs(owned)));
  }
}

TEST(orders_and_their_hedges_are_judged) {
  const Engine engine(make_inputs(60));
  std::vector<Order> orders;
  for (AccountIndex account = 0; account < 60; ++account) {
    orders.push_back({account, account % 3, 0, 5.0, 60000.0});
    orders.push_back({account, 0, 2, -3.0, 0.02});
  }
  const std::vector<OrderEffect> alone = engine.what_if(orders, 0, 1);
  const std::vector<OrderEffect> shared = engine.what_if(orders, 0, 3);
  long refused = 0;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    CHECK_EQ(alone[i].verdict, shared[i].verdict);
    CHECK_SAME_BITS(alone[i].hedge_quantity, shared[i].hedge_quantity);
    refused += alone[i].verdict == OrderVerdict::refused_margin;
  }
  CHECK(refused > 0 && refused < static_cast<long>(orders.size()));
}

TEST(the_state_flips_at_the_liquidation_price) {
  const Engine engine(make_inputs(30));
  long found = 0;
  for (AccountIndex account = 0; account < 30; ++account) {
    const LiquidationPrices prices = engine.liquidation_prices(account, 0, 0);
    if (prices.lower_status != RootStatus::found) continue;
    ++found;
    for (const bool past : {true, false}) {
      RecomputeOptions options;
      options.index = {{0, past ? prices.lower : std::nextafter(prices.lower, 1e9)}};
      const Result result = engine.recompute(options);
      std::size_t row = 0;
      while (result.pockets.account[row] != account) ++row;
      CHECK_EQ(result.pockets.slack_ticks[row] < 0, past);
    }
  }
  CHECK(found > 0);
}

CHECK_MAIN()
