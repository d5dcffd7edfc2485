// The members of everything that is saved, named once for writing and reading.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "book/book.hpp"
#include "live/state.hpp"
#include "tickmargin/live.hpp"

namespace tickmargin::live {

// Of saved engines and policies: rises when a member is added, left out or moved.
inline constexpr std::uint32_t format_version = 7;

template <class Archive, class T, class Each>
void each(Archive& archive, std::vector<T>& values, Each one) {
  if constexpr (Archive::reading) {
    values.resize(archive.count(1));
  } else {
    archive(static_cast<std::uint64_t>(values.size()));
  }
  for (T& value : values) one(archive, value);
}

// `f` may be anything that takes a column.
template <class Archive>
void fields(Archive& f, InstrumentColumns& c) {
  f(c.kind), f(c.payoff), f(c.underlying), f(c.settlement_asset), f(c.multiplier), f(c.strike);
  f(c.expiry_ns), f(c.is_call), f(c.bachelier);
  f(c.funding_period_years), f(c.funding_rate_annual);
}

template <class Archive>
void fields(Archive& f, market::Market& m) {
  MarketColumns& c = m.columns;
  f(c.as_of_ns), f(c.asset_price), f(c.asset_underlying), f(c.index_price), f(c.quote_asset);
  f(c.realised_vol_annual), f(c.depth_notional), f(c.previous_mm_ratio), f(c.previous_ts_ns);
  f(c.doubt_ratio), f(c.forward_underlying), f(c.forward_expiry_ns), f(c.forward_price);
  f(c.forward_rate_annual), f(c.surface_underlying), f(c.surface_expiry_ns), f(c.surface_strike);
  f(c.surface_vol_annual), f(c.mark_price), f(c.mark_vol_annual), f(c.mark_vol_normal_annual);
  f(c.settled_share), f(c.settled_average);
  f(c.asset_confidence), f(c.index_confidence), f(c.forward_confidence), f(c.mark_confidence);
  f(c.peg_price), f(c.forward_fixed), f(c.forward_discount_rate);
  f(c.index_ts_ns), f(c.price_velocity), f(c.flow_signed), f(c.flow_total), f(c.open_interest);
  f(c.regime_score), f(c.macro_score), f(c.rate_stress), f(c.asset_borrow_rate), f(c.asset_risk);
  f(c.mark_funding_rate);
  f(m.forward_ratio), f(m.forward_basis), f(m.mark_ratio), f(m.asset_ratio);
}

template <class Archive>
void fields(Archive& f, book::Book& b) {
  f(b.account_pockets), f(b.pocket_account), f(b.pocket_name), f(b.pocket_units);
  f(b.pocket_balances), f(b.unit_underlying), f(b.unit_positions), f(b.position_instrument);
  f(b.position_quantity), f(b.position_entry), f(b.balance_asset), f(b.balance_amount);
  f(b.account_credit_score);
}

template <class Archive>
void fields(Archive& f, FuturesParameters& p) {
  f(p.initial_ratio), f(p.maintenance_ratio), f(p.notional_at_entry), f(p.netting);
  f(p.taker_fee_ratio), f(p.scaling), f(p.scaling_free_size), f(p.scaling_step_size);
  f(p.scaling_initial), f(p.scaling_maintenance), f(p.bracket_whole);
  each(f, p.brackets, [](Archive& a, Bracket& b) {
    a(b.notional_cap), a(b.initial_ratio), a(b.maintenance_ratio);
  });
}

template <class Archive>
void fields(Archive& f, OptionParameters& p) {
  f(p.base_forward), f(p.otm_a), f(p.otm_b), f(p.maintenance_c), f(p.maintenance_mark_floor);
  f(p.initial_at_least_maintenance), f(p.margin_factor), f(p.liquidation_fee_ratio);
  f(p.initial_uses_entry);
}

template <class Archive>
void fields(Archive& f, DynamicParameters& p) {
  f(p.horizon_initial_days), f(p.horizon_maintenance_days), f(p.confidence_initial);
  f(p.confidence_maintenance), f(p.floor_ratio), f(p.cap_ratio), f(p.buffer_ratio);
  f(p.vol_floor_annual), f(p.depth_factor), f(p.depth_cap_ratio);
  f(p.max_mm_increase_per_day_ratio), f(p.netting_underlying);
}

template <class Archive>
void fields(Archive& f, ScenarioParameters& p) {
  f(p.price_move), f(p.vol_index), f(p.weight), f(p.vol_shock_kind), f(p.vol_shock);
  f(p.vol_reference_days), f(p.vol_power_short), f(p.vol_power_long), f(p.vol_up_floor_annual);
  f(p.min_days), f(p.strike_nodes), f(p.price_range), f(p.initial_factor);
  f(p.maintenance_factor), f(p.short_option_ratio), f(p.roll_ratio_annual), f(p.roll_ratio_min);
  f(p.basis_ratio);
}

template <class Archive>
void fields(Archive& f, AddOnParameters& p) {
  f(p.id), f(p.values);
}

template <class Archive>
void fields(Archive& f, PegParameters& p) {
  f(p.asset), f(p.value), f(p.threshold), f(p.factor), f(p.collateral_factor);
}

template <class Archive>
void fields(Archive& f, ProcyclicalityParameters& p) {
  f(p.buffer_ratio), f(p.pre_stress_vol_annual), f(p.stress_weight), f(p.stressed_vol_annual);
  f(p.long_run_vol_annual), f(p.stressed_ratio), f(p.long_run_ratio);
  f(p.max_mm_increase_per_day_ratio);
}

template <class Archive>
void fields(Archive& f, MatrixParameters& p) {
  const auto tier = [](Archive& a, Tier& t) { a(t.cap), a(t.rate); };
  f(p.price_move), f(p.vol_index), f(p.standard), f(p.vol_shock_kind), f(p.vol_shock);
  f(p.vol_reference_days), f(p.vol_power_short), f(p.vol_power_long), f(p.vol_up_floor_annual);
  f(p.min_days), f(p.price_range), f(p.in_coin), f(p.index_moves), f(p.extended_factor);
  f(p.extended_by_range), f(p.extended_dampener), f(p.gain_offset_ratio), f(p.gain_offset_max);
  f(p.initial_factor), f(p.maintenance_factor), f(p.roll_ratio_annual), f(p.roll_ratio_min);
  f(p.roll_ratio_perpetual), f(p.roll_continuous), f(p.delta_shock_threshold);
  f(p.delta_shock_slope), f(p.delta_shock_max_ratio), f(p.correlation_ratio), f(p.theta_days);
  f(p.vega_shock_annual), f(p.rate_shock_annual), f(p.minimum_ratio);
  each(f, p.minimum_tiers, tier);
  each(f, p.hedge_tiers, tier);
}

template <class Archive>
void fields(Archive& f, SpanParameters& p) {
  f(p.scan_ratio), f(p.scan_points), f(p.vol_range), f(p.vol_relative), f(p.extreme_multiple);
  f(p.extreme_cover), f(p.lookahead_days), f(p.tier_end_days);
  each(f, p.spreads, [](Archive& a, SpanSpread& s) { a(s.first), a(s.second), a(s.charge); });
  f(p.short_minimum), f(p.short_minimum_rule), f(p.spot_charge), f(p.spot_days);
  f(p.initial_factor), f(p.maintenance_factor);
}

template <class Archive>
void fields(Archive& f, DiscountParameters& p) {
  f(p.base), f(p.rate_factor), f(p.add);
}

template <class Archive>
void fields(Archive& f, PortfolioParameters& p) {
  f(p.price_move), f(p.vol_move), f(p.weight), f(p.vol_up), f(p.vol_down);
  f(p.vol_reference_days), f(p.vol_power_short), f(p.vol_power_long), f(p.vol_up_floor_annual);
  f(p.min_days), f(p.skew.linear_base), f(p.skew.linear_slope), f(p.skew.absolute_base);
  f(p.skew.absolute_slope), f(p.skew.min_reach), f(p.skew.width), f(p.skew.vol);
  f(p.skew.vol_slope);
  fields(f, p.long_discount), fields(f, p.short_discount);
  f(p.basis_up), f(p.basis_down), f(p.basis_add), f(p.basis_factor), f(p.initial_factor);
  f(p.maintenance_factor), f(p.peg_threshold), f(p.peg_factor), f(p.confidence_threshold);
  f(p.confidence_ratio), f(p.perpetual_ratio), f(p.perpetual_initial_add);
  f(p.short_option_ratio), f(p.short_option_initial_add), f(p.offset_ratio);
  f(p.minimum_net_ratio), f(p.minimum_offset_ratio), f(p.offset_collateral),
      f(p.contingency_scaled);
}

template <class Archive>
void fields(Archive& f, StandardParameters& p) {
  f(p.spot_max), f(p.spot_min), f(p.call_maintenance), f(p.put_maintenance);
  f(p.put_mark_maintenance), f(p.put_initial_scale), f(p.unpaired_initial);
  f(p.unpaired_maintenance), f(p.perpetual_initial), f(p.perpetual_maintenance);
  f(p.peg_threshold), f(p.peg_factor), f(p.confidence_threshold), f(p.confidence_ratio);
}

template <class Archive>
void fields(Archive& f, TailMargin& p) {
  f(p.confidence), f(p.factor), f(p.quantile), f(p.multiple), f(p.covariance);
  each(f, p.terms, [](Archive& a, TailTerm& t) { a(t.set), a(t.share); });
}

template <class Archive>
void fields(Archive& f, TailParameters& p) {
  each(f, p.sets, [](Archive& a, TailSet& s) { a(s.first), a(s.count), a(s.weight); });
  each(f, p.moves, [](Archive& a, TailMoves& m) { a(m.known), a(m.price_move), a(m.vol_shock); });
  fields(f, p.initial), fields(f, p.maintenance), f(p.quadratic);
  f(p.vol_shock_kind), f(p.vol_reference_days), f(p.vol_power_short), f(p.vol_power_long);
  f(p.vol_up_floor_annual), f(p.min_days);
}

template <class Archive>
void fields(Archive& f, ProtocolParameters& p) {
  f(p.rule), f(p.size_decimals), f(p.price_decimals), f(p.quote_decimals), f(p.initial_ppm);
  f(p.maintenance_fraction_ppm), f(p.custom_ppm), f(p.interest_lower_cap);
  f(p.interest_upper_cap), f(p.open_interest_base), f(p.risk_long), f(p.risk_short);
  f(p.linear_slippage), f(p.quadratic_slippage), f(p.funding_per_unit), f(p.initial_scaling);
  f(p.initial_ratio), f(p.maintenance_ratio), f(p.size_factor), f(p.profit_initial_weight);
  f(p.profit_maintenance_weight), f(p.profit_size_factor);
}

template <class Archive>
void fields(Archive& f, TokenParameters& p) {
  f(p.decimals), f(p.initial_debt_weight), f(p.maintenance_debt_weight), f(p.size_factor);
  f(p.scale_start), f(p.deposits);
}

template <class Archive>
void fields(Archive& f, Policy& p) {
  const auto haircut = [](Archive& a, Haircut& h) {
    for (double& component : h) a(component);
  };
  const auto nested = [](Archive& a, auto& value) { fields(a, value); };
  f(p.name), f(p.method), f(p.simulated_collateral), f(p.option_value_in_equity);
  f(p.safety_factor_ratio);
  f(p.close_out_cost_ratio), f(p.levels.warning), f(p.levels.margin_call), f(p.levels.liquidation);
  each(f, p.haircut_initial, haircut);
  each(f, p.haircut_maintenance, haircut);
  each(f, p.futures, nested);
  each(f, p.options, nested);
  each(f, p.dynamic, nested);
  each(f, p.scenario, nested);
  each(f, p.matrix, nested);
  each(f, p.span, nested);
  each(f, p.span_credits, [](Archive& a, SpanCredit& c) {
    a(c.first), a(c.second), a(c.first_delta), a(c.second_delta), a(c.rate);
  });
  each(f, p.portfolio, nested);
  each(f, p.standard, nested);
  fields(f, p.tail);
  each(f, p.protocol, nested);
  each(f, p.tokens, nested);
  f(p.netting.rule), f(p.netting.correlation), f(p.netting.credit_cap_ratio);
  f(p.netting.correlation_break);
  each(f, p.add_ons, nested);
  each(f, p.pegs, nested);
  each(f, p.procyclicality, nested);
}

template <class Archive>
void fields(Archive& f, PolicySet& set) {
  each(f, set.policies, [](Archive& a, Policy& p) { fields(a, p); });
  f(set.account_policy);
}

template <class Archive>
void fields(Archive& f, LiveSettings& s) {
  each(f, s.oracle, [](Archive& a, OracleSettings& o) {
    a(o.sources), a(o.quorum), a(o.heartbeat_ns), a(o.unusable_after_ns);
    a(o.quarantine_limit_ns), a(o.source_clamp_ratio), a(o.feed_min), a(o.feed_max);
    a(o.band_ratio), a(o.velocity_ratio_per_sqrt_second), a(o.band_cap_ratio), a(o.doubt_ratio);
    a(o.lead_max_ns);
  });
  f(s.hysteresis_ratio), f(s.settlement_window_ns), f(s.liquidation_block_limit_ns);
  f(s.transfer_finality_ns), f(s.vol_min_annual), f(s.vol_max_annual), f(s.vol_level_band_ratio);
  f(s.vol_shape_band_ratio), f(s.vol_shape_age_max_ns), f(s.mark_basis_cap_ratio);
  f(s.mark_basis_window_ns), f(s.asset_chain), f(s.vol_doubt_limit_ns), f(s.clock_step_max_ns);
}

// Not part of the state: how fast it is kept up, and how much room there is.
template <class Archive>
void fields_of_speed(Archive& f, LiveSettings& s, LiveCapacity& c) {
  f(s.renewals_per_record), f(s.ladder_buckets), f(s.cell_ratio), f(s.bands);
  f(c.instruments), f(c.pockets), f(c.positions), f(c.balances), f(c.pocket_positions);
  f(c.orders), f(c.transfers), f(c.events);
}

template <class Archive>
void fields(Archive& f, PocketState& p) {
  f(p.state), f(p.undecidable), f(p.status);
}

template <class Archive>
void fields(Archive& f, AccountState& a) {
  f(a.state), f(a.status), f(a.blocked), f(a.escalated), f(a.since_ns), f(a.blocked_since_ns);
  f(a.number), f(a.payload);
}

template <class Archive>
void fields(Archive& f, UnderlyingState& u) {
  f.raw(&u.guard, sizeof u.guard), f.raw(&u.vol_guard, sizeof u.vol_guard);
  f(u.staged), f(u.flow_signed), f(u.flow_total), f(u.flow_ts_ns), f(u.integral),
      f(u.integral_ts_ns);
  for (SettlementWindow& w : u.windows) {
    f(w.expiry_ns), f(w.opened_ns), f(w.integral), f(w.average), f(w.closed);
  }
}

template <class Archive>
void fields(Archive& f, GracePeriod& g) {
  f(g.started_ns), f(g.length_ns);
}

template <class Archive>
void fields(Archive& f, RestingOrder& o) {
  f(o.id), f(o.account), f(o.pocket), f(o.instrument), f(o.quantity), f(o.price), f(o.flags);
  f(o.ordered), f(o.ts_ns);
}

template <class Archive>
void fields(Archive& f, Transfer& t) {
  f(t.id), f(t.account), f(t.pocket), f(t.asset), f(t.ts_ns), f(t.amount);
}

template <class Archive>
void fields(Archive& f, market::BasisState& b) {
  f(b.average_ratio), f(b.observed_ratio), f(b.ts_ns), f(b.seen);
}

}  // namespace tickmargin::live
