// A drawn venue for the live engine: three underlyings, every kind of contract, three base methods,
// collateral in dollars, coins and a stable coin, many accounts close to a border.
#pragma once

#include <cmath>
#include <limits>
#include <random>

#include "tickmargin/live.hpp"

namespace live_book {

using namespace tickmargin;

inline constexpr double missing = std::numeric_limits<double>::quiet_NaN();
inline constexpr TimeNs start_ns = 1'700'000'000'000'000'000;
inline constexpr std::int32_t underlyings = 3;
inline constexpr double index_at_start[underlyings] = {60'000.0, 3'000.0, 150.0};
// Assets: 0 USD, 1 to 3 the coins, 4 a stable coin.
inline constexpr std::int32_t stable = 4;

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  std::uint64_t bits() { return random_(); }
  std::int32_t below(std::size_t n) { return static_cast<std::int32_t>(random_() % n); }
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(random_() >> 11) * 0x1p-53);
  }
  double normal() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += uniform(-0.5, 0.5);
    return sum;
  }
  bool chance(double p) { return uniform(0, 1) < p; }

 private:
  std::mt19937_64 random_;
};

// Any of the options.
inline std::int32_t an_option(Draw& draw, const InstrumentColumns& instruments) {
  std::int32_t i = draw.below(instruments.size());
  while (instruments.kind[static_cast<std::size_t>(i)] != Kind::option) {
    i = draw.below(instruments.size());
  }
  return i;
}

inline MarketColumns make_market() {
  MarketColumns m;
  m.as_of_ns = start_ns;
  m.asset_price = {1.0, missing, missing, missing, 0.9995};
  m.asset_underlying = {-1, 0, 1, 2, -1};
  for (std::int32_t u = 0; u < underlyings; ++u) {
    m.index_price.push_back(index_at_start[u]);
    m.quote_asset.push_back(0);
    m.realised_vol_annual.push_back(0.5 + 0.1 * u);
    m.depth_notional.push_back(5e7);
    m.previous_mm_ratio.push_back(missing);
    m.previous_ts_ns.push_back(0);
    for (const int days : {10, 60}) {
      m.forward_underlying.push_back(u);
      m.forward_expiry_ns.push_back(start_ns + days * ns_per_day);
      m.forward_price.push_back(index_at_start[u] * (1 + days * 1e-4));
      m.forward_rate_annual.push_back(0.03);
    }
  }
  return m;
}

inline void add(InstrumentColumns& c, MarketColumns& m, Kind kind, Payoff payoff, std::int32_t u,
                double strike = 0, int days = 0, bool call = false) {
  const bool option = kind == Kind::option;
  c.kind.push_back(kind);
  c.payoff.push_back(payoff);
  c.underlying.push_back(u);
  c.settlement_asset.push_back(payoff == Payoff::linear ? stable : 1 + u);
  c.multiplier.push_back(payoff == Payoff::inverse ? 10.0 : 0.1);
  c.strike.push_back(strike);
  c.expiry_ns.push_back(days == 0 ? 0 : start_ns + days * ns_per_day);
  c.is_call.push_back(call);
  c.bachelier.push_back(0);
  m.mark_price.push_back(option ? missing : index_at_start[u] * 1.001);
  m.mark_vol_annual.push_back(option ? 0.6 : missing);
  m.mark_vol_normal_annual.push_back(missing);
}

inline Policy make_policy(MethodId method, bool variant) {
  Policy policy;
  policy.method = method;
  policy.close_out_cost_ratio = 0.001;
  policy.option_value_in_equity = !(variant && method == MethodId::fixed);
  policy.haircut_initial.assign(5, Haircut{0.02, 0.05});
  policy.haircut_maintenance.assign(5, Haircut{0.01, 0.03});
  FuturesParameters futures;
  futures.brackets = {{1e5, 0.02, 0.01}, {1e9, 0.05, 0.025}};
  futures.taker_fee_ratio = 0.0005;
  futures.netting = variant ? FuturesNetting::net : FuturesNetting::none;
  policy.futures.assign(underlyings, futures);
  OptionParameters options;
  options.otm_a = 0.15;
  options.otm_b = 0.1;
  options.maintenance_c = 0.075;
  policy.options.assign(underlyings, options);
  policy.dynamic.assign(underlyings,
                        {2, 1, 0.995, 0.99, 0.02, 0.5, 0.25, 0.3, 0.1, 0.05, missing, variant});
  ScenarioParameters grid;
  for (int i = -4; i <= 4; ++i) {
    for (std::uint8_t v = 0; v < 3; ++v) {
      grid.price_move.push_back(0.04 * i);
      grid.vol_index.push_back(v);
      grid.weight.push_back(1.0);
    }
  }
  for (const double tail : {-0.5, 0.5, 1.0}) {
    grid.price_move.push_back(tail);
    grid.vol_index.push_back(1);
    grid.weight.push_back(0.16 / std::fabs(tail));
  }
  grid.vol_shock = {0.5, 0.0, -0.25};
  grid.vol_power_short = 0.3;
  grid.vol_power_long = 0.13;
  grid.vol_up_floor_annual = 0.4;
  grid.price_range = 0.16;
  grid.maintenance_factor = 0.8;
  grid.short_option_ratio = 0.01;
  grid.roll_ratio_annual = 0.07;
  grid.roll_ratio_min = 0.01;
  grid.basis_ratio = variant ? 0.02 : 0.0;
  policy.scenario.assign(underlyings, grid);
  const std::vector<double> rho = {1, 0.8, 0.6, 0.8, 1, 0.5, 0.6, 0.5, 1};
  policy.netting = {variant ? NettingRule::sum : NettingRule::correlation, rho, 0.6, 0.3};
  return policy;
}

inline PolicySet make_policies(std::int32_t accounts) {
  PolicySet set;
  for (int p = 0; p < 6; ++p) {
    set.policies.push_back(make_policy(static_cast<MethodId>(p % 3), p >= 3));
  }
  for (std::int32_t a = 0; a < accounts; ++a) set.account_policy.push_back(a % 6);
  return set;
}

// Accounts with up to `positions_max` rows, one in ten with an isolated pocket, half of them thinly
// collateralised.
inline PortfolioColumns draw_portfolio(const InstrumentColumns& instruments, std::int32_t accounts,
                                       std::uint64_t seed, int positions_max) {
  Draw draw(seed);
  PortfolioColumns p;
  p.account_count = accounts;
  for (std::int32_t account = 0; account < accounts; ++account) {
    double gross = 0;
    const bool isolated = draw.chance(0.1);
    for (int n = draw.below(static_cast<std::size_t>(positions_max)); n > 0; --n) {
      const std::int32_t i = draw.below(instruments.size());
      const auto at = static_cast<std::size_t>(i);
      const double index = index_at_start[instruments.underlying[at]];
      const bool inverse = instruments.payoff[at] == Payoff::inverse;
      const double size = 60'000.0 / index * std::round(draw.uniform(-9, 9));
      const double quantity = inverse ? 600 * std::round(draw.uniform(-9, 9)) : size;
      p.position_account.push_back(account);
      p.position_pocket.push_back(isolated && draw.chance(0.3) ? 1 : 0);
      p.position_instrument.push_back(i);
      p.position_quantity.push_back(quantity);
      p.position_entry_price.push_back(
          instruments.kind[at] == Kind::option ? missing : index * draw.uniform(0.97, 1.03));
      gross += std::fabs(quantity) * (inverse ? 10.0 : 0.1 * index);
    }
    for (const std::int32_t pocket : {0, 1}) {
      if (pocket == 1 && !isolated) continue;
      const double wanted = gross * (draw.chance(0.5) ? draw.uniform(0.02, 0.2) : 0.5) + 100;
      const std::int32_t coin = draw.below(5);
      const double price = coin >= 1 && coin <= 3 ? index_at_start[coin - 1] : 1.0;
      p.balance_account.push_back(account);
      p.balance_pocket.push_back(pocket);
      p.balance_asset.push_back(coin);
      p.balance_amount.push_back(wanted / price);
      p.balance_account.push_back(account);
      p.balance_pocket.push_back(pocket);
      p.balance_asset.push_back(coin == 0 ? stable : 0);
      p.balance_amount.push_back(draw.uniform(-0.01, 0.05) * gross);
    }
  }
  return p;
}

inline LiveInputs make_inputs(std::int32_t accounts, std::uint64_t seed, int positions_max = 12) {
  LiveInputs in;
  EngineInputs& e = in.engine;
  e.market = make_market();
  for (std::int32_t u = 0; u < underlyings; ++u) {
    add(e.instruments, e.market, Kind::perpetual, Payoff::linear, u);
    add(e.instruments, e.market, Kind::perpetual, Payoff::inverse, u);
    add(e.instruments, e.market, Kind::future, Payoff::linear, u, 0, 60);
    for (const double share : {0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25}) {
      for (const bool call : {false, true}) {
        add(e.instruments, e.market, Kind::option, Payoff::coin, u, share * index_at_start[u], 10,
            call);
        add(e.instruments, e.market, Kind::option, Payoff::linear, u, share * index_at_start[u], 60,
            call);
      }
    }
  }
  e.portfolio = draw_portfolio(e.instruments, accounts, seed, positions_max);
  e.policies = make_policies(accounts);
  in.settings.oracle.assign(underlyings, {});
  for (OracleSettings& o : in.settings.oracle) {
    o.heartbeat_ns = o.unusable_after_ns = 365 * ns_per_day;
    o.band_ratio = o.band_cap_ratio = 0.9;
  }
  return in;
}

inline Record make_record(RecordType type, std::int32_t subject, TimeNs ts_ns) {
  Record r{};
  r.type = type;
  r.subject = subject;
  r.ts_ns = ts_ns;
  return r;
}

inline Record index_tick(std::int32_t underlying, std::uint64_t sequence, double price,
                         TimeNs ts_ns, std::uint16_t source = 0) {
  Record r = make_record(RecordType::index_tick, underlying, ts_ns);
  r.source = source;
  r.sequence = sequence;
  r.value[0] = price;
  return r;
}

}  // namespace live_book
