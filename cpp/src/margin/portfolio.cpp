// Portfolio margin by expiry: scenarios of price, volatility and smile over the whole unit, each
// expiry's worth discounted against the holder; every expiry moved its own worst way as one more
// scenario; contingencies beside the scan; doubt about feeds and a peg in initial margin only.
// Formulas: README.md.
#include <algorithm>
#include <cmath>
#include <span>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"
#include "margin/methods.hpp"
#include "margin/portfolio_unit.hpp"

namespace tickmargin::margin {
namespace {

using Unit = PortfolioUnit;
using Expiry = PortfolioExpiry;

// The lower of two; a NaN stays.
double lower_or_nan(double a, double b) noexcept {
  return a != a || a <= b ? a : b;
}

std::size_t slot_of(Scratch& scratch, TimeNs expiry, std::size_t columns) {
  const auto at = std::lower_bound(scratch.expiry.begin(), scratch.expiry.end(), expiry);
  const auto slot = at - scratch.expiry.begin();
  if (at == scratch.expiry.end() || *at != expiry) {
    scratch.expiry.insert(at, expiry);
    scratch.expiry_now.insert(scratch.expiry_now.begin() + slot, 0.0);
    scratch.expiry_worth.insert(
        scratch.expiry_worth.begin() + slot * static_cast<std::ptrdiff_t>(columns), columns, 0.0);
  }
  return static_cast<std::size_t>(slot);
}

// Values the positions: row_profit keeps of an option its worth by column, of the rest its profit;
// expiry_worth and expiry_now add the options up by expiry.
void value_positions(const Unit& unit, double index, Scratch& scratch) {
  const pricing::InstrumentValues& v = unit.context.values;
  const std::size_t n = unit.columns();
  scratch.expiry.clear();
  scratch.expiry_now.clear();
  scratch.expiry_worth.clear();
  scratch.row_profit.resize(static_cast<std::size_t>(unit.end - unit.begin) * n);
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    const double quantity = unit.rows.quantity[k];
    double* own = unit.row(scratch, k);
    if (unit.context.instruments.kind[i] != Kind::option) {
      linear_profits(unit, i, index, own);
      for (std::size_t s = 0; s < n; ++s) own[s] *= quantity;
      continue;
    }
    const TimeNs expiry_ns = unit.context.instruments.expiry_ns[i];
    const std::size_t slot = slot_of(scratch, expiry_ns, n);
    option_worths(unit, i, expiry_of(unit, expiry_ns, v.years[i]), scratch, own);
    double* sums = scratch.expiry_worth.data() + slot * n;
    for (std::size_t s = 0; s < n; ++s) {
      own[s] *= quantity;
      sums[s] += own[s];
    }
    scratch.expiry_now[slot] += quantity * v.contract[i].value;
  }
}

// Turns each expiry's worth into its discount, by scenario, negative where a gain from a turned
// smile counts as a loss; and returns what every expiry moved its own worst way costs.
double discount_expiries(const Unit& unit, Scratch& scratch) {
  const std::size_t n = unit.columns(), count = unit.scenarios();
  double basis = 0;
  for (std::size_t slot = 0; slot < scratch.expiry.size(); ++slot) {
    const double years =
        static_cast<double>(scratch.expiry[slot] - unit.context.market.columns.as_of_ns) /
        ns_per_year;
    const Expiry e = expiry_of(unit, scratch.expiry[slot], years);
    double* worth = scratch.expiry_worth.data() + slot * n;
    const double now = scratch.expiry_now[slot];
    double worst = 0;
    for (std::size_t s = count; s < n; ++s) worst = lower_or_nan(worst, worth[s] - now);
    basis += worst * (unit.p.basis_add + unit.p.basis_factor * years);
    for (std::size_t s = 0; s < count; ++s) {
      const double discount = portfolio_discount(unit.p, e, worth[s]);
      const bool turns = turns_smile(unit.vol_move(s)) && discount * worth[s] - now > 0;
      worth[s] = turns ? -discount : discount;
    }
  }
  return basis;
}

// Replaces row_profit by each position's part of the unit's profit, by scenario, and adds them up
// in the order in which `explain` lists them.
void add_profits(const Unit& unit, Scratch& scratch) {
  const std::size_t n = unit.columns(), count = unit.scenarios();
  scratch.sums.assign(n, 0.0);
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    double* own = unit.row(scratch, k);
    if (unit.context.instruments.kind[i] == Kind::option) {
      const std::size_t slot = slot_of(scratch, unit.context.instruments.expiry_ns[i], n);
      const double* discount = scratch.expiry_worth.data() + slot * n;
      const double now = unit.rows.quantity[k] * unit.context.values.contract[i].value;
      for (std::size_t s = 0; s < count; ++s) {
        const double profit = std::fabs(discount[s]) * own[s] - now;
        own[s] = discount[s] < 0 ? -profit : profit;
      }
    }
    for (std::size_t s = 0; s < count; ++s) {
      own[s] *= unit.p.weight[s];
      scratch.sums[s] += own[s];
    }
  }
  for (std::size_t s = 0; s < count; ++s) scratch.sums[s] += unit.collateral_profit(s);
}

// Contracts short beyond what is held long at the same strike and expiry, whatever their type.
double naked_shorts(const Unit& unit, double index, Scratch& scratch) {
  double notional = 0;
  scratch.strike_net.assign(static_cast<std::size_t>(unit.end - unit.begin), 0.0);
  const InstrumentColumns& all = unit.context.instruments;
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    if (all.kind[i] != Kind::option) continue;
    std::int64_t first = unit.begin;  // the first position at that strike keeps the sum
    while (all.kind[unit.rows.instrument[first]] != Kind::option ||
           all.expiry_ns[unit.rows.instrument[first]] != all.expiry_ns[i] ||
           all.strike[unit.rows.instrument[first]] != all.strike[i]) {
      ++first;
    }
    scratch.strike_net[static_cast<std::size_t>(first - unit.begin)] +=
        unit.rows.quantity[k] * index_notional(unit.context, i, index);
  }
  for (const double net : scratch.strike_net) notional += net < 0 ? -net : 0.0;
  return notional;
}

// What doubt about the feeds adds to initial margin.
double confidence_charge(const Unit& unit, double index, bool is_first) noexcept {
  const MarketColumns& c = unit.context.market.columns;
  const double spot = market::value_or(c.index_confidence, unit.u, 1.0);
  double charge = 0;
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    const bool option = unit.context.instruments.kind[i] == Kind::option;
    const double own =
        option ? market::expiry_terms(unit.context.market, static_cast<UnderlyingIndex>(unit.u),
                                      unit.context.instruments.expiry_ns[i])
                     .confidence
               : market::value_or(c.mark_confidence, i, 1.0);
    charge +=
        doubt_charge(std::min(spot, own), unit.p.confidence_threshold, unit.p.confidence_ratio,
                     std::fabs(unit.rows.quantity[k]) * index_notional(unit.context, i, index));
  }
  return charge + balance_doubt(unit.context, unit.rows, unit.u, unit.is_alone ? 1.0 : spot,
                                is_first, unit.p.confidence_threshold, unit.p.confidence_ratio);
}

// What of the index the deltas ask for at least: their net, and what offsets in them.
double least_loss(const Unit& unit, double index) noexcept {
  double net = 0, gross = 0;
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const double delta =
        unit.rows.quantity[k] * unit.context.values.contract[unit.rows.instrument[k]].delta_base;
    net += delta;
    gross += std::fabs(delta);
  }
  const double offset = (gross - std::fabs(net)) / 2;
  return (std::fabs(net) * unit.p.minimum_net_ratio + offset * unit.p.minimum_offset_ratio) * index;
}

double linear_notional(const Unit& unit, double index) noexcept {
  double notional = 0;
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    if (unit.context.instruments.kind[i] == Kind::option) continue;
    notional += std::fabs(unit.rows.quantity[k]) * index_notional(unit.context, i, index);
  }
  return notional;
}

void set(UnitRequirement& out, Component component, double initial, double maintenance) noexcept {
  out.initial[static_cast<std::size_t>(component)] = initial;
  out.maintenance[static_cast<std::size_t>(component)] = maintenance;
}

double vol_shock(const PortfolioParameters& p, VolMove move) noexcept {
  if (move == VolMove::up) return p.vol_up;
  return move == VolMove::down ? -p.vol_down : 0.0;
}

void evaluate_unit(const Unit& unit, bool is_first, Scratch& scratch, UnitRequirement& out,
                   PositionTrace* trace) {
  const PortfolioParameters& p = unit.p;
  const double index = index_numeraire(unit.context, unit.u);
  const double basis = portfolio_profits(unit, index, scratch);
  double worst = 0;
  for (std::size_t s = 0; s < unit.scenarios(); ++s) {
    if (worst == worst && !(scratch.sums[s] >= worst)) {  // a NaN stays
      worst = scratch.sums[s];
      out.worst_scenario = static_cast<std::int32_t>(s);
      out.worst_price_move = p.price_move[s];
      out.worst_vol_shock = vol_shock(p, p.vol_move[s]);
    }
    if (p.price_move[s] >= 0) out.loss_up = std::max(out.loss_up, -scratch.sums[s]);
    if (p.price_move[s] <= 0) out.loss_down = std::max(out.loss_down, -scratch.sums[s]);
  }
  const double scan = worst == 0 ? 0.0 : -worst;
  const double beyond = basis >= worst ? 0.0 : -basis - scan;
  const double initial =
      p.initial_factor + peg_loss(unit.context, unit.u, p.peg_threshold, p.peg_factor);
  const double maintenance = p.maintenance_factor;
  const double scale_initial = p.contingency_scaled ? initial : 1.0;
  const double scale_maintenance = p.contingency_scaled ? maintenance : 1.0;
  set(out, Component::scan, initial * scan, maintenance * scan);
  set(out, Component::basis, initial * beyond, maintenance * beyond);
  if (p.minimum_net_ratio != 0 || p.minimum_offset_ratio != 0) {
    const double least = least_loss(unit, index) - (scan + beyond);
    const double missing = least <= 0 ? 0.0 : least;  // a NaN stays
    set(out, Component::minimum, initial * missing, maintenance * missing);
  }
  const double naked = naked_shorts(unit, index, scratch);
  set(out, Component::short_option,
      scale_initial * (naked * (p.short_option_ratio + p.short_option_initial_add)),
      scale_maintenance * (naked * p.short_option_ratio));
  const double offset = std::fabs(linked_worth(unit.context, unit.rows, unit.u)) * p.offset_ratio;
  const double linear = linear_notional(unit, index);
  set(out, Component::contingency,
      scale_initial * (linear * (p.perpetual_ratio + p.perpetual_initial_add) + offset),
      scale_maintenance * (linear * p.perpetual_ratio + offset));
  set(out, Component::oracle, confidence_charge(unit, index, is_first), 0.0);
  if (trace == nullptr) return;
  for (std::size_t s = 0; s < unit.scenarios(); ++s) {
    trace->scenarios.push_back({out.underlying, p.price_move[s], vol_shock(p, p.vol_move[s]),
                                p.weight[s], scratch.sums[s]});
  }
  if (out.worst_scenario < 0) return;
  const auto s = static_cast<std::size_t>(out.worst_scenario);
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    trace->add(unit.rows, k, -unit.row(scratch, k)[s]);
  }
  if (unit.collateral != 0) {
    trace->collateral.push_back({out.underlying, unit.collateral, -unit.collateral_profit(s)});
  }
}

}  // namespace

double portfolio_profits(const Unit& unit, double index, Scratch& scratch) {
  value_positions(unit, index, scratch);
  const double basis = discount_expiries(unit, scratch);
  add_profits(unit, scratch);
  return basis;
}

void reserve_portfolio(const std::vector<Policy>& policies, std::size_t positions,
                       Scratch& scratch) {
  std::size_t columns = 0;
  for (const Policy& policy : policies) {
    for (const PortfolioParameters& p : policy.portfolio) {
      columns = std::max(columns, p.price_move.size() + basis_columns);
    }
  }
  for (auto* column :
       {&scratch.option_vol, &scratch.option_forward, &scratch.sums, &scratch.profit}) {
    column->reserve(columns);
  }
  scratch.expiry.reserve(positions);
  scratch.expiry_now.reserve(positions);
  scratch.strike_net.reserve(positions);
  scratch.expiry_worth.reserve(positions * columns);
  scratch.row_profit.reserve(positions * columns);
}

void evaluate_portfolio(const Context& context, const Prepared& prepared, const PocketRows& rows,
                        Scratch& scratch, PocketRequirement& out, PositionTrace* trace) {
  make_units(context, rows, out);
  const bool alone = out.units.empty() && has_own_feed(context, rows);
  if (alone) {
    out.units.push_back({});  // of balances alone, by the parameters of the first underlying
    out.units.back().underlying = 0;
  }
  const std::size_t held = rows.unit_underlying.size();
  for (std::size_t n = 0; n < out.units.size(); ++n) {
    const auto u = static_cast<std::size_t>(out.units[n].underlying);
    const PortfolioParameters& p = prepared.policy->portfolio[u];
    const std::int64_t begin = n < held ? rows.unit_positions[n] : 0;
    const std::int64_t end = n < held ? rows.unit_positions[n + 1] : 0;
    const double collateral = p.offset_collateral ? linked_worth(context, rows, u) : 0.0;
    evaluate_unit({context, p, rows, begin, end, u, collateral, alone}, n == 0, scratch,
                  out.units[n], trace);
  }
}

}  // namespace tickmargin::margin
