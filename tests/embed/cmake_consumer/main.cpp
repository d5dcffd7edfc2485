// A risk service in C++: one account, one perpetual, margined in process.
#include <tickmargin/engine.hpp>
#include <tickmargin/version.hpp>

#include <cmath>
#include <cstdio>
#include <limits>

namespace {

tickmargin::Policy two_percent() {
  tickmargin::Policy policy;
  policy.name = "two-percent";
  policy.haircut_initial.resize(1);
  policy.haircut_maintenance.resize(1);
  policy.futures.resize(1);
  policy.futures[0].initial_ratio = 0.02;
  policy.futures[0].maintenance_ratio = 0.01;
  policy.options.resize(1);
  return policy;
}

tickmargin::EngineInputs one_perpetual() {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  tickmargin::EngineInputs in;
  in.market.as_of_ns = 1'700'000'000'000'000'000;
  in.market.asset_price = {1.0};
  in.market.asset_underlying = {-1};
  in.market.index_price = {60000.0};
  in.market.quote_asset = {0};
  in.market.realised_vol_annual = {missing};
  in.market.depth_notional = {missing};
  in.market.previous_mm_ratio = {missing};
  in.market.previous_ts_ns = {0};
  in.market.mark_price = {60000.0};
  in.market.mark_vol_annual = {missing};
  in.market.mark_vol_normal_annual = {missing};
  in.instruments.kind = {tickmargin::Kind::perpetual};
  in.instruments.payoff = {tickmargin::Payoff::linear};
  in.instruments.underlying = {0};
  in.instruments.settlement_asset = {0};
  in.instruments.multiplier = {1.0};
  in.instruments.strike = {missing};
  in.instruments.expiry_ns = {0};
  in.instruments.is_call = {0};
  in.instruments.bachelier = {0};
  in.portfolio.account_count = 1;
  in.portfolio.position_account = {0};
  in.portfolio.position_pocket = {0};
  in.portfolio.position_instrument = {0};
  in.portfolio.position_quantity = {2.0};
  in.portfolio.position_entry_price = {59000.0};
  in.portfolio.balance_account = {0};
  in.portfolio.balance_pocket = {0};
  in.portfolio.balance_asset = {0};
  in.portfolio.balance_amount = {5000.0};
  in.policies.policies = {two_percent()};
  in.policies.account_policy = {0};
  return in;
}

}  // namespace

int main() {
  const tickmargin::Engine engine(one_perpetual());
  const tickmargin::Result result = engine.recompute();
  const double equity = result.accounts.equity[0];
  const double margin = result.accounts.initial_margin[0];
  std::printf("tickmargin %s: equity %.2f, initial margin %.2f, %s\n", TICKMARGIN_VERSION, equity,
              margin, tickmargin::state_name(result.accounts.state[0]));
  // 5,000 + 2 x (60,000 - 59,000) and 2 % of 120,000.
  return equity == 7000.0 && margin == 2400.0 ? 0 : 1;
}
