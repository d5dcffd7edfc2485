// A scan of 16 scenarios in the style of a clearing house, after CME's published definitions.
//
//   scan     largest loss of the unit over the scenarios, at least 0
//   spread   spreads between expiry tiers, by priority, and deltas near delivery
//   credit   between underlyings that offset each other, by priority (negative)
//   minimum  what the short option minimum adds to the lines before
//   initial = initial_factor x lines, maintenance = maintenance_factor x lines
//
// The net option value is in equity, so a requirement less it is compared just as the document
// compares it. Credits count deltas after spreads of other credits, not of tiers. Left out: split
// allocation, intercommodity spreads over more than two legs, scan tiers.
#include <algorithm>
#include <cmath>

#include "base/ticks.hpp"
#include "margin/charges.hpp"
#include "margin/methods.hpp"
#include "margin/span_rules.hpp"

namespace tickmargin::margin {
namespace {

constexpr double days_per_year = 365.0;

// One contract: its losses in the numeraire and its composite delta in base units.
struct Contract {
  SpanArray losses{};
  double delta = 0;
};

SpanScanTerms terms_of(const SpanParameters& p, double index) noexcept {
  const double range = p.scan_points > 0 ? p.scan_points : p.scan_ratio * index;
  return {range,           p.vol_range,
          p.vol_relative,  p.extreme_multiple,
          p.extreme_cover, p.lookahead_days / days_per_year};
}

// Money a long contract that is no option gains with each point of its own price.
double linear_slope(const Context& context, std::uint32_t i) noexcept {
  const auto asset = static_cast<std::size_t>(context.instruments.settlement_asset[i]);
  const double slope = context.instruments.multiplier[i] * context.values.open[i] *
                       context.values.asset_price[asset];
  const bool inverse = context.instruments.payoff[i] == Payoff::inverse;
  return inverse ? slope / (context.values.mark[i] * context.values.mark[i]) : slope;
}

Contract contract_of(const Context& context, const SpanParameters& p, UnderlyingIndex underlying,
                     std::uint32_t i) {
  const double index = context.market.columns.index_price[static_cast<std::size_t>(underlying)];
  const double quote = market::quote_price(context.market, underlying);
  const pricing::InstrumentValues& v = context.values;
  const SpanScanTerms terms = terms_of(p, index);
  Contract out;
  if (v.status[i] != Status::ok || !is_known_to(MethodId::span, context, i)) {
    out.losses.fill(base::canonical_nan);
    out.delta = base::canonical_nan;
    return out;
  }
  if (context.instruments.kind[i] != Kind::option || v.form[i] != pricing::OptionForm::curved) {
    // The loss along the index, to first order; an option whose average is decided is a forward.
    const bool option = context.instruments.kind[i] == Kind::option;
    const double per_point = option ? v.contract[i].delta_base * quote : linear_slope(context, i);
    out.losses = span_linear_array(terms.price_range, p.extreme_multiple, p.extreme_cover);
    for (double& loss : out.losses) loss *= per_point;
    out.delta = per_point / quote;
    return out;
  }
  const SpanOption option{context.instruments.is_call[i] != 0,
                          v.forward[i],
                          v.strike[i],
                          v.years[i],
                          v.vol_annual[i],
                          v.model[i] == pricing::OptionModel::bachelier};
  out.losses = span_option_array(option, terms);
  for (double& loss : out.losses) loss *= v.scale[i];
  out.delta = v.scale[i] / quote *
              span_composite_delta(span_option_deltas(option, terms), span_delta_weights);
  return out;
}

std::size_t tier_of(const SpanParameters& p, double days) noexcept {
  std::size_t tier = 0;
  while (tier < p.tier_end_days.size() && days > p.tier_end_days[tier]) ++tier;
  return tier;
}

double days_left(const Context& context, std::uint32_t i) noexcept {
  const TimeNs expiry = context.instruments.expiry_ns[i];
  if (expiry == 0) return 0.0;
  return static_cast<double>(expiry - context.market.columns.as_of_ns) / ns_per_year *
         days_per_year;
}

void set(UnitRequirement& unit, const SpanParameters& p, Component component,
         double amount) noexcept {
  unit.initial[static_cast<std::size_t>(component)] = p.initial_factor * amount;
  unit.maintenance[static_cast<std::size_t>(component)] = p.maintenance_factor * amount;
}

struct UnitSums {
  SpanArray losses{};
  double delta = 0;
  double near_delta = 0;  // about to be delivered
  double short_calls = 0, short_puts = 0;
};

void add_position(const Context& context, const SpanParameters& p, const Contract& contract,
                  std::uint32_t i, double quantity, std::vector<double>& tiers, UnitSums& sums) {
  for (std::size_t s = 0; s < span_scenario_count; ++s) {
    sums.losses[s] += quantity * contract.losses[s];
  }
  const double days = days_left(context, i);
  const double delta = quantity * contract.delta;
  sums.delta += delta;
  tiers[tier_of(p, days)] += delta;
  if (context.instruments.expiry_ns[i] != 0 && days <= p.spot_days) sums.near_delta += delta;
}

// Short contracts net of long ones of the same series.
void count_shorts(const Context& context, const PocketRows& rows, std::int64_t begin,
                  std::int64_t end, UnitSums& sums) noexcept {
  for (std::int64_t k = begin; k < end;) {
    const std::uint32_t i = rows.instrument[k];
    double net = 0;
    for (; k < end && rows.instrument[k] == i; ++k) net += rows.quantity[k];
    if (context.instruments.kind[i] != Kind::option || !(net < 0)) continue;
    (context.instruments.is_call[i] != 0 ? sums.short_calls : sums.short_puts) -= net;
  }
}

// Lines of one unit but credits and the minimum; the latter comes back.
double evaluate_unit(const Context& context, const SpanParameters& p, const PocketRows& rows,
                     std::int64_t begin, std::int64_t end, SpanScratch& scratch,
                     UnitRequirement& unit, PositionTrace* trace) {
  scratch.tier_delta.assign(p.tier_end_days.size() + 1, 0.0);
  UnitSums sums;
  for (std::int64_t k = begin; k < end; ++k) {
    const std::uint32_t i = rows.instrument[k];
    add_position(context, p, contract_of(context, p, unit.underlying, i), i, rows.quantity[k],
                 scratch.tier_delta, sums);
  }
  count_shorts(context, rows, begin, end, sums);
  const SpanScan scan = span_scan(sums.losses);
  const double index =
      context.market.columns.index_price[static_cast<std::size_t>(unit.underlying)];
  const SpanScanTerms terms = terms_of(p, index);
  const SpanScenario active =
      span_scenarios(terms.price_range, p.vol_range, p.extreme_multiple,
                     p.extreme_cover)[static_cast<std::size_t>(scan.active)];
  unit.worst_scenario = scan.active;
  unit.worst_price_move = active.price_move / index;
  unit.worst_vol_shock = active.vol_move;
  unit.loss_up = unit.loss_down = scan.risk;
  double spread = 0;
  for (const SpanSpread& s : p.spreads) {
    double& a = scratch.tier_delta[s.first];
    double& b = scratch.tier_delta[s.second];
    spread += s.charge * span_form_spreads(a, b, 1.0, 1.0);
  }
  spread += p.spot_charge * std::fabs(sums.near_delta);
  set(unit, p, Component::scan, scan.risk);
  set(unit, p, Component::spread, spread);
  const double price_risk =
      sums.delta == 0 ? 0.0 : std::max(scan.price_risk, 0.0) / std::fabs(sums.delta);
  scratch.units.push_back({price_risk, sums.delta});
  if (trace != nullptr) {
    for (std::int64_t k = begin; k < end; ++k) {
      const Contract c = contract_of(context, p, unit.underlying, rows.instrument[k]);
      trace->add(rows, k, rows.quantity[k] * c.losses[static_cast<std::size_t>(scan.active)]);
    }
  }
  return span_short_minimum(sums.short_calls, sums.short_puts, p.short_minimum,
                            p.short_minimum_rule);
}

double credit_of(const SpanCredit& credit, SpanUnit& a, SpanUnit& b, double& to_b) noexcept {
  const double spreads = span_form_spreads(a.left, b.left, credit.first_delta, credit.second_delta);
  to_b = credit.rate * spreads * credit.second_delta * b.price_risk;
  return credit.rate * spreads * credit.first_delta * a.price_risk;
}

double line(const UnitRequirement& unit, Component component, double factor) noexcept {
  return unit.initial[static_cast<std::size_t>(component)] / factor;
}

// What an order could add at most: its own worst scenario, and its deltas in every spread.
double order_bound(const Context& context, const SpanParameters& p, const book::OrderRow& order) {
  const std::uint32_t i = order.instrument;
  const Contract c = contract_of(context, p, context.instruments.underlying[i], i);
  double worst = 0;
  for (const double loss : c.losses) {
    if (!(order.quantity * loss <= worst)) worst = order.quantity * loss;
  }
  double a_delta = p.spot_charge;
  for (const SpanSpread& spread : p.spreads) a_delta += spread.charge;
  const bool written = context.instruments.kind[i] == Kind::option && order.quantity < 0;
  const double size = std::fabs(order.quantity);
  return p.initial_factor *
         (worst + a_delta * size * std::fabs(c.delta) + (written ? size * p.short_minimum : 0.0));
}

}  // namespace

double span_initial_with_orders(const Context& context, const Prepared& prepared,
                                const PocketRows& rows, Scratch& scratch) {
  PocketRequirement& held = scratch.held;
  evaluate_span(context, prepared, rows, scratch, held, nullptr);
  double sum = 0;
  for (const UnitRequirement& unit : held.units) {
    // Without the credits, which an order may undo; the minimum was taken with them.
    const double lines = unit.initial[static_cast<std::size_t>(Component::scan)] +
                         unit.initial[static_cast<std::size_t>(Component::spread)];
    double total = lines;
    for (const Component c : {Component::credit, Component::minimum}) {
      total += unit.initial[static_cast<std::size_t>(c)];
    }
    sum += std::max(lines, total);
  }
  for (const book::OrderRow& order : rows.orders) {
    const auto u = static_cast<std::size_t>(context.instruments.underlying[order.instrument]);
    sum += order_bound(context, prepared.policy->span[u], order);
  }
  return sum;
}

void evaluate_span(const Context& context, const Prepared& prepared, const PocketRows& rows,
                   Scratch& scratch, PocketRequirement& out, PositionTrace* trace) {
  const Policy& policy = *prepared.policy;
  out.units.assign(rows.unit_underlying.size(), {});
  out.netting_initial = out.netting_maintenance = 0;
  scratch.span.units.clear();
  scratch.profit.assign(out.units.size(), 0.0);      // short option minimum of each unit
  scratch.row_profit.assign(out.units.size(), 0.0);  // its credit
  const auto parameters = [&](const UnitRequirement& unit) -> const SpanParameters& {
    return policy.span[static_cast<std::size_t>(unit.underlying)];
  };
  for (std::size_t u = 0; u < out.units.size(); ++u) {
    out.units[u].underlying = rows.unit_underlying[u];
    scratch.profit[u] =
        evaluate_unit(context, parameters(out.units[u]), rows, rows.unit_positions[u],
                      rows.unit_positions[u + 1], scratch.span, out.units[u], trace);
  }
  const auto unit_of = [&](UnderlyingIndex underlying) {
    std::size_t u = 0;
    while (u < out.units.size() && out.units[u].underlying != underlying) ++u;
    return u;
  };
  for (const SpanCredit& credit : policy.span_credits) {
    const std::size_t a = unit_of(credit.first), b = unit_of(credit.second);
    if (a == out.units.size() || b == out.units.size()) continue;
    double to_b = 0;
    scratch.row_profit[a] += credit_of(credit, scratch.span.units[a], scratch.span.units[b], to_b);
    scratch.row_profit[b] += to_b;
  }
  for (std::size_t u = 0; u < out.units.size(); ++u) {
    UnitRequirement& unit = out.units[u];
    const SpanParameters& p = parameters(unit);
    const double lines = line(unit, Component::scan, p.initial_factor) +
                         line(unit, Component::spread, p.initial_factor);
    // A credit takes no more than there is.
    const double credit = std::min(scratch.row_profit[u], lines);
    set(unit, p, Component::credit, credit == 0 ? 0.0 : -credit);
    set(unit, p, Component::minimum, std::max(scratch.profit[u] - (lines - credit), 0.0));
  }
}

}  // namespace tickmargin::margin
