#include "inputs_from_dict.hpp"

#include "columns.hpp"
#include "policy_from_dict.hpp"

namespace tickmargin::bindings {

InstrumentColumns instruments_from(const py::dict& d) {
  InstrumentColumns c;
  c.kind = take_column<Kind>(d, "kind");
  c.payoff = take_column<Payoff>(d, "payoff");
  c.underlying = take_column<std::int32_t>(d, "underlying");
  c.settlement_asset = take_column<std::int32_t>(d, "settlement_asset");
  c.multiplier = take_column<double>(d, "multiplier");
  c.strike = take_column<double>(d, "strike");
  c.expiry_ns = take_column<std::int64_t>(d, "expiry_ns");
  c.is_call = take_column<std::uint8_t>(d, "is_call");
  c.bachelier = take_column<std::uint8_t>(d, "bachelier");
  c.funding_period_years = take_column<double>(d, "funding_period_years");
  c.funding_rate_annual = take_column<double>(d, "funding_rate_annual");
  return c;
}

MarketColumns market_from(const py::dict& d) {
  MarketColumns c;
  c.as_of_ns = d["as_of_ns"].cast<std::int64_t>();
  c.asset_price = take_column<double>(d, "asset_price");
  c.asset_underlying = take_column<std::int32_t>(d, "asset_underlying");
  c.index_price = take_column<double>(d, "index_price");
  c.quote_asset = take_column<std::int32_t>(d, "quote_asset");
  c.realised_vol_annual = take_column<double>(d, "realised_vol_annual");
  c.depth_notional = take_column<double>(d, "depth_notional");
  c.previous_mm_ratio = take_column<double>(d, "previous_mm_ratio");
  c.previous_ts_ns = take_column<std::int64_t>(d, "previous_ts_ns");
  c.forward_underlying = take_column<std::int32_t>(d, "forward_underlying");
  c.forward_expiry_ns = take_column<std::int64_t>(d, "forward_expiry_ns");
  c.forward_price = take_column<double>(d, "forward_price");
  c.forward_rate_annual = take_column<double>(d, "forward_rate_annual");
  c.surface_underlying = take_column<std::int32_t>(d, "surface_underlying");
  c.surface_expiry_ns = take_column<std::int64_t>(d, "surface_expiry_ns");
  c.surface_strike = take_column<double>(d, "surface_strike");
  c.surface_vol_annual = take_column<double>(d, "surface_vol_annual");
  c.mark_price = take_column<double>(d, "mark_price");
  c.mark_vol_annual = take_column<double>(d, "mark_vol_annual");
  c.mark_vol_normal_annual = take_column<double>(d, "mark_vol_normal_annual");
  c.asset_confidence = take_column<double>(d, "asset_confidence");
  c.index_confidence = take_column<double>(d, "index_confidence");
  c.forward_confidence = take_column<double>(d, "forward_confidence");
  c.mark_confidence = take_column<double>(d, "mark_confidence");
  c.peg_price = take_column<double>(d, "peg_price");
  c.forward_fixed = take_column<double>(d, "forward_fixed");
  c.forward_discount_rate = take_column<double>(d, "forward_discount_rate");
  c.index_ts_ns = take_column<std::int64_t>(d, "index_ts_ns");
  c.price_velocity = take_column<double>(d, "price_velocity");
  c.flow_signed = take_column<double>(d, "flow_signed");
  c.flow_total = take_column<double>(d, "flow_total");
  c.open_interest = take_column<double>(d, "open_interest");
  c.regime_score = take_column<double>(d, "regime_score");
  c.macro_score = take_column<double>(d, "macro_score");
  c.rate_stress = take_column<double>(d, "rate_stress");
  c.asset_borrow_rate = take_column<double>(d, "asset_borrow_rate");
  c.asset_risk = take_column<double>(d, "asset_risk");
  c.mark_funding_rate = take_column<double>(d, "mark_funding_rate");
  c.settled_share = take_column<double>(d, "settled_share");
  c.settled_average = take_column<double>(d, "settled_average");
  return c;
}

PortfolioColumns portfolio_from(const py::dict& d) {
  PortfolioColumns c;
  c.account_count = d["account_count"].cast<std::int32_t>();
  c.account_credit_score = take_column<double>(d, "account_credit_score");
  c.position_account = take_column<std::int32_t>(d, "position_account");
  c.position_pocket = take_column<std::int32_t>(d, "position_pocket");
  c.position_instrument = take_column<std::int32_t>(d, "position_instrument");
  c.position_quantity = take_column<double>(d, "position_quantity");
  c.position_entry_price = take_column<double>(d, "position_entry_price");
  c.balance_account = take_column<std::int32_t>(d, "balance_account");
  c.balance_pocket = take_column<std::int32_t>(d, "balance_pocket");
  c.balance_asset = take_column<std::int32_t>(d, "balance_asset");
  c.balance_amount = take_column<double>(d, "balance_amount");
  return c;
}

PolicySet policies_from(const py::list& policies, const py::object& account_policy) {
  PolicySet set;
  for (const py::handle item : policies)
    set.policies.push_back(policy_from_dict(item.cast<py::dict>()));
  set.account_policy = to_column<std::int32_t>(account_policy, "account_policy");
  return set;
}

}  // namespace tickmargin::bindings
