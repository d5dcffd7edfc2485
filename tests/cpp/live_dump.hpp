// A venue written as JSON, in the words of the policy files and of the twin's tables.
#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "tickmargin/live.hpp"

namespace live_dump {

using namespace tickmargin;

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string text(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Infinity" : "-Infinity";
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.17g", v);
  return buffer;
}
inline std::string text(std::int64_t v) {
  return std::to_string(v);
}
inline std::string quoted(const char* word) {
  return '"' + std::string(word) + '"';
}
inline std::string yes(bool v) {
  return v ? "true" : "false";
}

inline std::string object(const Fields& fields) {
  std::string out = "{";
  for (const auto& [name, value] : fields) {
    if (out.size() > 1) out += ", ";
    out += '"' + name + "\": " + value;
  }
  return out + "}";
}

template <class Row>
std::string list(std::size_t count, Row row) {
  std::string out = "[";
  for (std::size_t i = 0; i < count; ++i) out += (i ? ", " : "") + row(i);
  return out + "]";
}

inline std::string haircut(const Haircut& initial, const Haircut& maintenance) {
  constexpr const char* names[] = {"quality",  "volatility", "depth",    "bridge",
                                   "contract", "governance", "wrong_way"};
  Fields in, out;
  for (std::size_t i = 0; i < haircut_component_count; ++i) {
    in.emplace_back(names[i], text(initial[i]));
    out.emplace_back(names[i], text(maintenance[i]));
  }
  in.emplace_back("maintenance", object(out));
  return object(in);
}

inline std::string futures(const FuturesParameters& f) {
  constexpr const char* netting[] = {"none", "max_side", "net"};
  const bool linear = f.scaling == SizeScaling::linear;
  return object({{"initial_ratio", text(f.initial_ratio)},
                 {"maintenance_ratio", text(f.maintenance_ratio)},
                 {"netting", quoted(netting[static_cast<int>(f.netting)])},
                 {"taker_fee_ratio", text(f.taker_fee_ratio)},
                 {"size_scaling", object({{"kind", quoted(linear ? "linear" : "none")},
                                          {"initial_slope", text(f.scaling_initial)},
                                          {"maintenance_slope", text(f.scaling_maintenance)}})},
                 {"brackets", list(f.brackets.size(), [&](std::size_t b) {
                    return object({{"notional_cap", text(f.brackets[b].notional_cap)},
                                   {"initial_ratio", text(f.brackets[b].initial_ratio)},
                                   {"maintenance_ratio", text(f.brackets[b].maintenance_ratio)}});
                  })}});
}

inline std::string dynamic(const DynamicParameters& d) {
  return object({{"horizon_initial_days", text(d.horizon_initial_days)},
                 {"horizon_maintenance_days", text(d.horizon_maintenance_days)},
                 {"confidence_initial", text(d.confidence_initial)},
                 {"confidence_maintenance", text(d.confidence_maintenance)},
                 {"floor_ratio", text(d.floor_ratio)},
                 {"cap_ratio", text(d.cap_ratio)},
                 {"buffer_ratio", text(d.buffer_ratio)},
                 {"vol_floor_annual", text(d.vol_floor_annual)},
                 {"depth_factor", text(d.depth_factor)},
                 {"depth_cap_ratio", text(d.depth_cap_ratio)},
                 {"netting", quoted(d.netting_underlying ? "underlying" : "position")}});
}

inline std::string scenario(const ScenarioParameters& s) {
  std::vector<std::size_t> tails;
  for (std::size_t i = 0; i < s.weight.size(); ++i) {
    if (s.weight[i] != 1.0) tails.push_back(i);
  }
  return object({{"price_steps", "4"},
                 {"price_range", text(s.price_range)},
                 {"vol_up", text(s.vol_shock[0])},
                 {"vol_down", text(-s.vol_shock[2])},
                 {"vol_power_short", text(s.vol_power_short)},
                 {"vol_power_long", text(s.vol_power_long)},
                 {"vol_up_floor_annual", text(s.vol_up_floor_annual)},
                 {"initial_factor", text(s.initial_factor)},
                 {"maintenance_factor", text(s.maintenance_factor)},
                 {"short_option_ratio", text(s.short_option_ratio)},
                 {"roll_ratio_annual", text(s.roll_ratio_annual)},
                 {"roll_ratio_min", text(s.roll_ratio_min)},
                 {"basis_ratio", text(s.basis_ratio)},
                 {"tails", list(tails.size(), [&](std::size_t t) {
                    return object({{"move", text(s.price_move[tails[t]])},
                                   {"weight", text(s.weight[tails[t]])}});
                  })}});
}

inline std::string policy(const Policy& p) {
  constexpr const char* methods[] = {"fixed", "dynamic", "scenario"};
  const std::size_t n = p.futures.size();
  Fields haircuts, pairs;
  for (std::size_t a = 0; a < p.haircut_initial.size(); ++a) {
    haircuts.emplace_back(a == 0 ? "USD" : "A" + std::to_string(a),
                          haircut(p.haircut_initial[a], p.haircut_maintenance[a]));
  }
  for (std::size_t u = 0; u < n; ++u) {
    for (std::size_t v = u + 1; v < n; ++v) {
      pairs.emplace_back(std::to_string(u) + '/' + std::to_string(v),
                         text(p.netting.correlation[u * n + v]));
    }
  }
  const bool sum = p.netting.rule == NettingRule::sum;
  return object({{"method", quoted(methods[static_cast<int>(p.method)])},
                 {"collateral", quoted(p.simulated_collateral ? "simulated" : "haircut")},
                 {"option_value", quoted(p.option_value_in_equity ? "equity" : "requirement")},
                 {"close_out_cost_ratio", text(p.close_out_cost_ratio)},
                 {"levels", object({{"warning", text(p.levels.warning)},
                                    {"margin_call", text(p.levels.margin_call)},
                                    {"liquidation", text(p.levels.liquidation)}})},
                 {"haircuts", object(haircuts)},
                 {"futures", futures(p.futures[0])},
                 {"options", object({{"otm_a", text(p.options[0].otm_a)},
                                     {"otm_b", text(p.options[0].otm_b)},
                                     {"maintenance_c", text(p.options[0].maintenance_c)}})},
                 {"dynamic", dynamic(p.dynamic[0])},
                 {"scenario", scenario(p.scenario[0])},
                 {"netting", object({{"rule", quoted(sum ? "sum" : "correlation")},
                                     {"correlation", object(pairs)},
                                     {"credit_cap_ratio", text(p.netting.credit_cap_ratio)},
                                     {"correlation_break", text(p.netting.correlation_break)}})}});
}

inline std::string policies(const PolicySet& set) {
  return object({{"policies", list(set.policies.size(),
                                   [&](std::size_t p) { return policy(set.policies[p]); })},
                 {"account_policy", list(set.account_policy.size(), [&](std::size_t a) {
                    return text(std::int64_t{set.account_policy[a]});
                  })}});
}

inline std::string instrument(const EngineInputs& e, std::size_t i) {
  constexpr const char* kinds[] = {"spot", "future", "perpetual", "option"};
  constexpr const char* payoffs[] = {"linear", "inverse", "quanto", "coin"};
  const InstrumentColumns& c = e.instruments;
  return object({{"kind", quoted(kinds[static_cast<int>(c.kind[i])])},
                 {"payoff", quoted(payoffs[static_cast<int>(c.payoff[i])])},
                 {"underlying", text(std::int64_t{c.underlying[i]})},
                 {"settlement", text(std::int64_t{c.settlement_asset[i]})},
                 {"multiplier", text(c.multiplier[i])},
                 {"strike", text(c.strike[i])},
                 {"expiry_ns", text(c.expiry_ns[i])},
                 {"is_call", yes(c.is_call[i] != 0)},
                 {"bachelier", yes(c.bachelier[i] != 0)},
                 {"mark_price", text(e.market.mark_price[i])},
                 {"mark_vol_annual", text(e.market.mark_vol_annual[i])}});
}

inline Fields market(const LiveInputs& in) {
  const MarketColumns& m = in.engine.market;
  return {
      {"assets", list(m.asset_price.size(),
                      [&](std::size_t a) {
                        return object({{"price", text(m.asset_price[a])},
                                       {"underlying", text(std::int64_t{m.asset_underlying[a]})},
                                       {"chain", text(std::int64_t{in.settings.asset_chain[a]})}});
                      })},
      {"underlyings", list(m.index_price.size(),
                           [&](std::size_t u) {
                             return object({{"index_price", text(m.index_price[u])},
                                            {"realised_vol_annual", text(m.realised_vol_annual[u])},
                                            {"depth_notional", text(m.depth_notional[u])}});
                           })},
      {"forwards", list(m.forward_price.size(), [&](std::size_t f) {
         return object({{"underlying", text(std::int64_t{m.forward_underlying[f]})},
                        {"expiry_ns", text(m.forward_expiry_ns[f])},
                        {"forward_price", text(m.forward_price[f])},
                        {"rate_annual", text(m.forward_rate_annual[f])}});
       })}};
}

inline std::string oracle(const OracleSettings& o) {
  return object({{"sources", text(std::int64_t{o.sources})},
                 {"quorum", text(std::int64_t{o.quorum})},
                 {"heartbeat_ns", text(o.heartbeat_ns)},
                 {"unusable_after_ns", text(o.unusable_after_ns)},
                 {"quarantine_limit_ns", text(o.quarantine_limit_ns)},
                 {"source_clamp_ratio", text(o.source_clamp_ratio)},
                 {"feed_min", text(o.feed_min)},
                 {"feed_max", text(o.feed_max)},
                 {"band_ratio", text(o.band_ratio)},
                 {"velocity_ratio_per_sqrt_second", text(o.velocity_ratio_per_sqrt_second)},
                 {"band_cap_ratio", text(o.band_cap_ratio)},
                 {"doubt_ratio", text(o.doubt_ratio)},
                 {"lead_max_ns", text(o.lead_max_ns)}});
}

inline Fields rules(const LiveInputs& in) {
  const LiveSettings& s = in.settings;
  const LiveCapacity& c = in.capacity;
  const auto size = [](std::size_t n) { return text(static_cast<std::int64_t>(n)); };
  return {{"oracle", list(s.oracle.size(), [&](std::size_t u) { return oracle(s.oracle[u]); })},
          {"settings", object({{"hysteresis_ratio", text(s.hysteresis_ratio)},
                               {"settlement_window_ns", text(s.settlement_window_ns)},
                               {"liquidation_block_limit_ns", text(s.liquidation_block_limit_ns)},
                               {"transfer_finality_ns", text(s.transfer_finality_ns)},
                               {"vol_min_annual", text(s.vol_min_annual)},
                               {"vol_max_annual", text(s.vol_max_annual)},
                               {"vol_level_band_ratio", text(s.vol_level_band_ratio)},
                               {"vol_shape_band_ratio", text(s.vol_shape_band_ratio)},
                               {"vol_shape_age_max_ns", text(s.vol_shape_age_max_ns)},
                               {"vol_doubt_limit_ns", text(s.vol_doubt_limit_ns)},
                               {"clock_step_max_ns", text(s.clock_step_max_ns)},
                               {"mark_basis_cap_ratio", text(s.mark_basis_cap_ratio)},
                               {"mark_basis_window_ns", text(s.mark_basis_window_ns)}})},
          {"capacity", object({{"instruments", size(c.instruments)},
                               {"pockets", size(c.pockets)},
                               {"pocket_positions", size(c.pocket_positions)},
                               {"orders", size(c.orders)},
                               {"transfers", size(c.transfers)}})}};
}

inline Fields portfolio(const PortfolioColumns& p) {
  return {{"accounts", text(std::int64_t{p.account_count})},
          {"positions", list(p.position_account.size(),
                             [&](std::size_t i) {
                               return object(
                                   {{"account", text(std::int64_t{p.position_account[i]})},
                                    {"pocket", text(std::int64_t{p.position_pocket[i]})},
                                    {"instrument", text(std::int64_t{p.position_instrument[i]})},
                                    {"quantity", text(p.position_quantity[i])},
                                    {"entry_price", text(p.position_entry_price[i])}});
                             })},
          {"balances", list(p.balance_account.size(), [&](std::size_t i) {
             return object({{"account", text(std::int64_t{p.balance_account[i]})},
                            {"pocket", text(std::int64_t{p.balance_pocket[i]})},
                            {"asset", text(std::int64_t{p.balance_asset[i]})},
                            {"amount", text(p.balance_amount[i])}});
           })}};
}

inline std::string venue(const LiveInputs& in, const std::vector<PolicySet>& sets) {
  const EngineInputs& e = in.engine;
  Fields all = {
      {"as_of_ns", text(e.market.as_of_ns)},
      {"decimals", text(std::int64_t{e.numeraire_decimals})},
      {"instruments", list(e.instruments.size(), [&](std::size_t i) { return instrument(e, i); })},
      {"policies", policies(e.policies)},
      {"policy_sets", list(sets.size(), [&](std::size_t s) { return policies(sets[s]); })}};
  for (const Fields& more : {market(in), rules(in), portfolio(e.portfolio)}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return object(all);
}

}  // namespace live_dump
