// A venue small enough for a slow twin, with everything that a record can meet: several sources,
// chains, contracts about to expire, two indices in one contract, tables that fill up.
#pragma once

#include "live_book.hpp"

namespace live_book {

inline constexpr std::int32_t small_accounts = 12;
inline constexpr std::int32_t policy_sets = 3;  // the one in force and two to be staged

inline void add_dated(LiveInputs& in, Kind kind, Payoff payoff, std::int32_t u, int minutes,
                      double strike = 0, bool call = false) {
  EngineInputs& e = in.engine;
  add(e.instruments, e.market, kind, payoff, u, strike, 1, call);
  e.instruments.expiry_ns.back() = start_ns + minutes * (ns_per_day / 1440);
}

inline PolicySet small_policies(std::int32_t variant) {
  PolicySet set = make_policies(small_accounts);
  Policy simulated = make_policy(MethodId::scenario, true);
  simulated.simulated_collateral = true;
  set.policies.push_back(simulated);
  Policy scaled = make_policy(MethodId::fixed, true);
  for (FuturesParameters& f : scaled.futures) {
    f.brackets.clear();
    f.initial_ratio = 0.02;
    f.maintenance_ratio = 0.01;
    f.scaling = SizeScaling::linear;
    f.scaling_initial = 1e-4;
    f.scaling_maintenance = 5e-5;
  }
  set.policies.push_back(scaled);
  for (Policy& policy : set.policies) {
    for (ScenarioParameters& grid : policy.scenario) {
      for (std::size_t s = 0; s < grid.weight.size(); ++s) {
        if (grid.weight[s] != 1.0) grid.vol_index[s] = 0;
      }
      grid.weight.back() = 0.3;
      grid.maintenance_factor = variant == 1 ? 0.9 : 0.8;
    }
    for (FuturesParameters& f : policy.futures) f.taker_fee_ratio *= 1 + variant;
    if (variant == 2) policy.levels = {1.6, 1.25, 1.05};
  }
  for (std::int32_t a = 0; a < small_accounts; ++a) {
    set.account_policy[static_cast<std::size_t>(a)] =
        (a + variant) % static_cast<std::int32_t>(set.policies.size());
  }
  return set;
}

inline LiveInputs small_inputs(std::uint64_t seed) {
  LiveInputs in;
  EngineInputs& e = in.engine;
  e.market = make_market();
  for (std::int32_t u = 0; u < underlyings; ++u) {
    const double index = index_at_start[u];
    add(e.instruments, e.market, Kind::perpetual, Payoff::linear, u);
    add(e.instruments, e.market, Kind::perpetual, Payoff::inverse, u);
    add(e.instruments, e.market, Kind::future, Payoff::linear, u, 0, 60);
    for (const double share : {0.9, 1.0, 1.1}) {
      add(e.instruments, e.market, Kind::option, Payoff::coin, u, share * index, 10, share > 1);
      add(e.instruments, e.market, Kind::option, Payoff::linear, u, share * index, 60, share < 1);
    }
    add_dated(in, Kind::option, Payoff::coin, u, 40 + 30 * u, index, true);
    add_dated(in, Kind::option, Payoff::linear, u, 40 + 30 * u, index, false);
    add_dated(in, Kind::future, Payoff::inverse, u, 90);
  }
  add(e.instruments, e.market, Kind::perpetual, Payoff::quanto, 1);
  e.instruments.settlement_asset.back() = 1;
  e.portfolio = draw_portfolio(e.instruments, small_accounts, seed, 7);
  e.policies = small_policies(0);
  e.market.realised_vol_annual[2] = missing;
  in.settings.oracle.assign(underlyings, {});
  for (OracleSettings& o : in.settings.oracle) {
    o.sources = 3;
    o.quorum = 2;
    o.unusable_after_ns = o.quarantine_limit_ns = 120'000'000'000;
    o.lead_max_ns = 400'000'000'000;
  }
  in.settings.oracle[2].quorum = 1;
  in.settings.oracle[2].band_ratio = 0.02;
  in.settings.asset_chain = {0, 0, 1, 1, 2};
  in.settings.transfer_finality_ns = 600'000'000'000;
  in.settings.liquidation_block_limit_ns = 90'000'000'000;
  in.settings.vol_doubt_limit_ns = 60'000'000'000;
  in.settings.clock_step_max_ns = ns_per_day;
  in.capacity.instruments = e.instruments.size() + 6;
  in.capacity.pockets = 60;
  in.capacity.positions = 600;
  in.capacity.balances = 400;
  in.capacity.pocket_positions = 9;
  in.capacity.orders = 8;
  in.capacity.transfers = 12;
  return in;
}

}  // namespace live_book
