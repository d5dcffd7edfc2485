// One account with two perpetuals under a policy that charges the add-on: the lines it explains.
#include <cstdio>
#include <limits>

#include "margin/add_ons.hpp"
#include "tickmargin/engine.hpp"

namespace {

tickmargin::EngineInputs inputs() {
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
  in.portfolio.position_quantity = {-2.0};
  in.portfolio.position_entry_price = {59000.0};
  in.portfolio.balance_account = {0};
  in.portfolio.balance_pocket = {0};
  in.portfolio.balance_asset = {0};
  in.portfolio.balance_amount = {5000.0};
  tickmargin::Policy policy;
  policy.name = "example";
  policy.haircut_initial.resize(1);
  policy.haircut_maintenance.resize(1);
  policy.futures.resize(1);
  policy.futures[0].initial_ratio = 0.02;
  policy.futures[0].maintenance_ratio = 0.01;
  policy.options.resize(1);
  policy.add_ons = {{static_cast<std::uint8_t>(tickmargin::margin::AddOnId::weekend_gap), {0.03}}};
  in.policies.policies = {policy};
  in.policies.account_policy = {0};
  return in;
}

}  // namespace

int main() {
  const tickmargin::Engine engine(inputs());
  for (const auto& line : engine.explain(0).requirement) {
    std::printf("%s %.2f %.2f\n", line.component.c_str(), line.initial, line.maintenance);
  }
  return 0;
}
