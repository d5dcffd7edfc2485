// A drawn venue for the engine's benches: three underlyings, 1,998 listed options and a perpetual
// each, ten positions an account, and a policy for every base method.
#pragma once

#include <cmath>

#include "harness.hpp"
#include "tickmargin/engine.hpp"
#include "tickmargin/live.hpp"

namespace venue {

using namespace tickmargin;

inline constexpr std::int64_t day_ns = 86'400'000'000'000;
inline constexpr std::int32_t underlyings = 3;
inline constexpr std::int32_t options = 1998;  // then one linear perpetual an underlying
inline constexpr double index_price[underlyings] = {60'000.0, 3'000.0, 150.0};

inline MarketColumns make_market() {
  MarketColumns m;
  m.as_of_ns = 20'000 * day_ns;
  m.asset_price = {1.0};
  m.asset_underlying = {-1};
  for (std::int32_t u = 0; u < underlyings; ++u) {
    m.index_price.push_back(index_price[u]);
    m.quote_asset.push_back(-1);
    m.realised_vol_annual.push_back(0.5);
    m.depth_notional.push_back(5e6);
    m.previous_mm_ratio.push_back(std::nan(""));
    m.previous_ts_ns.push_back(0);
    for (std::int64_t days = 7; days <= 175; days += 28) {
      m.forward_underlying.push_back(u);
      m.forward_expiry_ns.push_back(m.as_of_ns + days * day_ns);
      m.forward_price.push_back(index_price[u] * (1.0 + 2e-4 * static_cast<double>(days)));
      m.forward_rate_annual.push_back(0.0);
    }
  }
  return m;
}

inline void add_instrument(InstrumentColumns& in, MarketColumns& m, Kind kind,
                           std::int32_t underlying) {
  in.kind.push_back(kind);
  in.payoff.push_back(Payoff::linear);
  in.underlying.push_back(underlying);
  in.settlement_asset.push_back(0);
  in.multiplier.push_back(1.0);
  in.strike.push_back(0.0);
  in.expiry_ns.push_back(0);
  in.is_call.push_back(0);
  in.bachelier.push_back(0);
  m.mark_price.push_back(index_price[underlying]);
  m.mark_vol_annual.push_back(std::nan(""));
  m.mark_vol_normal_annual.push_back(std::nan(""));
}

inline InstrumentColumns make_instruments(MarketColumns& m, harness::Random& random) {
  InstrumentColumns in;
  for (std::int32_t i = 0; i < options; ++i) {
    const std::int32_t u = i % underlyings;
    add_instrument(in, m, Kind::option, u);
    in.strike.back() = index_price[u] * random.uniform(0.6, 1.6);
    in.expiry_ns.back() = m.as_of_ns + (7 + 28 * (i / 3 % 7)) * day_ns;
    in.is_call.back() = random.bits() & 1;
    m.mark_price.back() = std::nan("");
    m.mark_vol_annual.back() = random.uniform(0.3, 0.9);
  }
  for (std::int32_t u = 0; u < underlyings; ++u) add_instrument(in, m, Kind::perpetual, u);
  return in;
}

// Positions come sorted by account; each account holds ten different instruments.
inline PortfolioColumns make_portfolio(std::int32_t accounts, harness::Random& random) {
  constexpr std::int32_t held = 10;
  constexpr std::int32_t apart = (options + underlyings) / held;
  PortfolioColumns p;
  p.account_count = accounts;
  for (std::int32_t a = 0; a < accounts; ++a) {
    for (std::int32_t k = 0; k < held; ++k) {
      const auto within = static_cast<std::int32_t>(random.below(apart));
      const std::int32_t instrument = k * apart + within;
      const bool perpetual = instrument >= options;
      p.position_account.push_back(a);
      p.position_pocket.push_back(0);
      p.position_instrument.push_back(instrument);
      p.position_quantity.push_back(std::round(random.uniform(-20.0, 20.0)));
      p.position_entry_price.push_back(perpetual ? index_price[instrument - options]
                                                 : std::nan(""));
    }
    p.balance_account.push_back(a);
    p.balance_pocket.push_back(0);
    p.balance_asset.push_back(0);
    p.balance_amount.push_back(random.uniform(1e4, 1e6));
  }
  return p;
}

inline Policy make_policy(MethodId method) {
  Policy policy;
  policy.name = "bench";
  policy.method = method;
  policy.haircut_initial.assign(1, Haircut{});
  policy.haircut_maintenance.assign(1, Haircut{});
  FuturesParameters futures;
  futures.initial_ratio = 0.05;
  futures.maintenance_ratio = 0.025;
  OptionParameters option;
  option.otm_a = 0.15;
  option.otm_b = 0.10;
  option.maintenance_c = 0.075;
  DynamicParameters dynamic;
  dynamic.horizon_initial_days = 2.0;
  dynamic.horizon_maintenance_days = 1.0;
  dynamic.confidence_initial = 0.995;
  dynamic.confidence_maintenance = 0.99;
  dynamic.floor_ratio = 0.02;
  dynamic.max_mm_increase_per_day_ratio = std::nan("");
  ScenarioParameters scenario;
  for (int step = -4; step <= 4; ++step) {
    for (std::uint8_t vol = 0; vol < 3; ++vol) {
      scenario.price_move.push_back(0.04 * step);
      scenario.vol_index.push_back(vol);
      scenario.weight.push_back(1.0);
    }
  }
  scenario.vol_shock = {0.0, 0.5, -0.25};
  scenario.price_range = 0.16;
  scenario.maintenance_factor = 0.8;
  policy.futures.assign(underlyings, futures);
  policy.options.assign(underlyings, option);
  policy.dynamic.assign(underlyings, dynamic);
  policy.scenario.assign(underlyings, scenario);
  return policy;
}

// Balances that leave maintenance margin between 10 % and 90 % of equity.
inline void settle_balances(EngineInputs& e, harness::Random& random) {
  for (double& amount : e.portfolio.balance_amount) amount = 0;
  const Result bare = Engine(e).recompute();
  for (std::size_t a = 0; a < e.portfolio.balance_amount.size(); ++a) {
    const double maintenance = bare.accounts.maintenance_margin[a];
    e.portfolio.balance_amount[a] =
        maintenance / random.uniform(0.1, 0.9) - bare.accounts.equity[a];
  }
}

// Guards that take every price they are given.
inline std::vector<OracleSettings> steady_oracles() {
  std::vector<OracleSettings> oracles(underlyings);
  for (OracleSettings& o : oracles) {
    o.heartbeat_ns = o.unusable_after_ns = 365 * day_ns;
    o.band_ratio = o.band_cap_ratio = 0.9;
  }
  return oracles;
}

}  // namespace venue
