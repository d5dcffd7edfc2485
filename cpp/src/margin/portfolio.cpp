// Portfolio margin by expiry: scenarios of price, volatility and smile over the whole unit, each
// expiry's worth discounted against the holder; every expiry moved its own worst way as one more
// scenario; contingencies beside the scan; doubt about feeds and a peg in initial margin only.
// Formulas: README.md.
#include <algorithm>
#include <cmath>
#include <span>

#include "kernels/one_value.hpp"
#include "margin/charges.hpp"
#include "margin/methods.hpp"

namespace tickmargin::margin {
namespace {

constexpr std::size_t basis_columns = 2;  // after the scenarios: every forward up, and down

struct Expiry {
  double years;
  double root_years;
  double shock_scale;
  market::ExpiryTerms terms;
};

struct Unit {
  const Context& context;
  const PortfolioParameters& p;
  const PocketRows& rows;
  std::int64_t begin;
  std::int64_t end;
  std::size_t u;
  double collateral;  // numeraire worth that moves with the index

  std::size_t scenarios() const noexcept { return p.price_move.size(); }
  std::size_t columns() const noexcept { return scenarios() + basis_columns; }
  double move(std::size_t s) const noexcept {
    if (s < scenarios()) return p.price_move[s];
    return s == scenarios() ? p.basis_up : p.basis_down;
  }
  VolMove vol_move(std::size_t s) const noexcept {
    return s < scenarios() ? p.vol_move[s] : VolMove::none;
  }
};

Expiry expiry_of(const Unit& unit, TimeNs expiry_ns, double years) noexcept {
  const double days = std::max(365.0 * years, unit.p.min_days);
  const double power = 365.0 * years > unit.p.vol_reference_days ? unit.p.vol_power_long
                                                                 : unit.p.vol_power_short;
  return {years, std::sqrt(years), kernels::power_of(unit.p.vol_reference_days / days, power),
          market::expiry_terms(unit.context.market, static_cast<UnderlyingIndex>(unit.u),
                               expiry_ns)};
}

// Factor of a volatility when the smile turns: k away from the money moves it by up to a cap.
double skew_factor(const SkewParameters& p, const Expiry& e, double base, double slope,
                   double k) noexcept {
  const double cap = base + slope * e.root_years;
  const double reach =
      std::max(p.min_reach, e.root_years * p.width * (p.vol + p.vol_slope * e.root_years));
  const double turn = k * cap / reach;
  return std::max(0.0, 1.0 + std::max(-cap, std::min(cap, turn)));
}

double moved_vol(const PortfolioParameters& p, const Expiry& e, VolMove move, double vol,
                 double log_moneyness) noexcept {
  switch (move) {
    case VolMove::none: return vol;
    case VolMove::up:
      return std::max(p.vol_up_floor_annual, vol * (1.0 + p.vol_up * e.shock_scale));
    case VolMove::down: return vol * std::max(0.0, 1.0 - p.vol_down * e.shock_scale);
    case VolMove::linear:
      return vol * skew_factor(p.skew, e, p.skew.linear_base, p.skew.linear_slope, log_moneyness);
    case VolMove::absolute:
      return vol * skew_factor(p.skew, e, p.skew.absolute_base, p.skew.absolute_slope,
                               std::fabs(log_moneyness));
  }
  return vol;
}

bool is_skew(VolMove move) noexcept { return move == VolMove::linear || move == VolMove::absolute; }

// Worth of one option contract in every column, into `worth`.
void option_worths(const Unit& unit, std::uint32_t i, const Expiry& e, Scratch& scratch,
                   double* worth) {
  const pricing::InstrumentValues& v = unit.context.values;
  const std::size_t n = unit.columns();
  const double strike = v.strike[i], forward = v.forward[i], settled = v.settled_ratio[i];
  const double log_moneyness = kernels::log_of(strike / forward);
  const double fixed = e.terms.fixed;
  scratch.option_forward.resize(n);
  scratch.option_vol.resize(n);
  for (std::size_t s = 0; s < n; ++s) {
    scratch.option_forward[s] = (forward - fixed) * (1.0 + unit.move(s)) + fixed;
    scratch.option_vol[s] =
        moved_vol(unit.p, e, unit.vol_move(s), v.vol_annual[i], log_moneyness);
  }
  const std::uint8_t is_call = unit.context.instruments.is_call[i];
  const double zero = 0;
  const kernels::OptionRows options{&is_call,
                                    0,
                                    {scratch.option_forward.data(), 1},
                                    {&strike, 0},
                                    {scratch.option_vol.data(), 1},
                                    {&v.years[i], 0},
                                    {&zero, 0}};
  kernels::OptionOutputs out{};
  out.price = worth;
  kernels::kernels().black76(options, out, n);
  for (std::size_t s = 0; s < n; ++s) {
    const double rise = 1.0 + unit.move(s);
    const double coin = settled == 0 ? 1.0 : rise / (settled + (1.0 - settled) * rise);
    worth[s] *= v.scale[i] * coin;
  }
}

// Profit per contract of what is no option.
void linear_profits(const Unit& unit, std::uint32_t i, double index, double* profit) noexcept {
  const pricing::InstrumentValues& v = unit.context.values;
  const double slope = v.contract[i].delta_base * index;
  for (std::size_t s = 0; s < unit.columns(); ++s) {
    const double rise = v.settled_in_base[i] != 0 ? 1.0 + unit.move(s) : 1.0;
    profit[s] = slope * unit.move(s) * rise;
  }
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

// Adds the positions up: options by expiry into expiry_worth and expiry_now, the rest into `sums`.
// row_profit keeps each position's own profit by column.
void add_positions(const Unit& unit, double index, Scratch& scratch) {
  const pricing::InstrumentValues& v = unit.context.values;
  const std::size_t n = unit.columns();
  scratch.expiry.clear();
  scratch.expiry_now.clear();
  scratch.expiry_worth.clear();
  scratch.sums.assign(n, 0.0);
  scratch.profit.resize(n);
  scratch.row_profit.resize(static_cast<std::size_t>(unit.end - unit.begin) * n);
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    const double quantity = unit.rows.quantity[k];
    double* own = scratch.row_profit.data() + static_cast<std::size_t>(k - unit.begin) * n;
    double* worth = scratch.profit.data();
    if (unit.context.instruments.kind[i] != Kind::option) {
      linear_profits(unit, i, index, worth);
      for (std::size_t s = 0; s < n; ++s) {
        own[s] = quantity * worth[s];
        scratch.sums[s] += own[s];
      }
      continue;
    }
    const TimeNs expiry_ns = unit.context.instruments.expiry_ns[i];
    const std::size_t slot = slot_of(scratch, expiry_ns, n);
    option_worths(unit, i, expiry_of(unit, expiry_ns, v.years[i]), scratch, worth);
    const double now = v.contract[i].value;
    double* sums = scratch.expiry_worth.data() + slot * n;
    for (std::size_t s = 0; s < n; ++s) {
      own[s] = quantity * (worth[s] - now);
      sums[s] += quantity * worth[s];
    }
    scratch.expiry_now[slot] += quantity * now;
  }
}

double discounted(const PortfolioParameters& p, const Expiry& e, double worth) noexcept {
  const double rate = std::max(e.terms.rate_annual, 0.0);
  const auto power = [&](const DiscountParameters& d) { return rate * d.rate_factor + d.add; };
  if (worth >= 0) {
    const double factor = kernels::exp_of(-e.years * power(p.long_discount));
    return worth * (p.long_discount.base * factor);
  }
  const double rise = p.short_discount.base * kernels::exp_of(e.years * power(p.short_discount));
  return worth * std::min(kernels::exp_of(e.years * rate), rise);
}

// Turns scratch.sums from the linear positions' profits into the unit's, scenario by scenario, and
// returns what every expiry moved its own worst way costs.
double add_expiries(const Unit& unit, Scratch& scratch) {
  const std::size_t n = unit.columns(), count = unit.scenarios();
  double basis = 0;
  for (std::size_t slot = 0; slot < scratch.expiry.size(); ++slot) {
    const double years =
        static_cast<double>(scratch.expiry[slot] - unit.context.market.columns.as_of_ns) /
        ns_per_year;
    const Expiry e = expiry_of(unit, scratch.expiry[slot], years);
    const double* worth = scratch.expiry_worth.data() + slot * n;
    const double now = scratch.expiry_now[slot];
    for (std::size_t s = 0; s < count; ++s) {
      const double profit = discounted(unit.p, e, worth[s]) - now;
      scratch.sums[s] += is_skew(unit.vol_move(s)) ? -std::fabs(profit) : profit;
    }
    double worst = 0;
    for (std::size_t s = count; s < n; ++s) {
      if (!(worth[s] - now >= worst)) worst = worth[s] - now;
    }
    basis += worst * (unit.p.basis_add + unit.p.basis_factor * years);
  }
  for (std::size_t s = 0; s < count; ++s) {
    scratch.sums[s] =
        unit.p.weight[s] * (scratch.sums[s] + unit.collateral * unit.p.price_move[s]);
  }
  return basis;
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
    charge += doubt_charge(std::min(spot, own), unit.p.confidence_threshold,
                           unit.p.confidence_ratio,
                           std::fabs(unit.rows.quantity[k]) *
                               index_notional(unit.context, i, index));
  }
  return charge + balance_doubt(unit.context, unit.rows, unit.u, is_first, true,
                                unit.p.confidence_threshold, unit.p.confidence_ratio);
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
  add_positions(unit, index, scratch);
  const double basis = add_expiries(unit, scratch);
  double worst = 0;
  for (std::size_t s = 0; s < unit.scenarios(); ++s) {
    if (!(scratch.sums[s] >= worst)) {  // a NaN stays
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
  const double naked = naked_shorts(unit, index, scratch);
  set(out, Component::short_option,
      scale_initial * (naked * (p.short_option_ratio + p.short_option_initial_add)),
      scale_maintenance * (naked * p.short_option_ratio));
  const double offset =
      std::fabs(linked_worth(unit.context, unit.rows, unit.u)) * p.offset_ratio;
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
    const std::size_t row = static_cast<std::size_t>(k - unit.begin) * unit.columns();
    trace->add(unit.rows, k, -(p.weight[s] * scratch.row_profit[row + s]));
  }
}

}  // namespace

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
  scratch.expiry_now.reserve(positions);
  scratch.strike_net.reserve(positions);
  scratch.expiry_worth.reserve(positions * columns);
  scratch.row_profit.reserve(positions * columns);
}

void evaluate_portfolio(const Context& context, const Prepared& prepared, const PocketRows& rows,
                        Scratch& scratch, PocketRequirement& out, PositionTrace* trace) {
  make_units(context, rows, out);
  const std::size_t held = rows.unit_underlying.size();
  for (std::size_t n = 0; n < out.units.size(); ++n) {
    const auto u = static_cast<std::size_t>(out.units[n].underlying);
    const PortfolioParameters& p = prepared.policy->portfolio[u];
    const std::int64_t begin = n < held ? rows.unit_positions[n] : 0;
    const std::int64_t end = n < held ? rows.unit_positions[n + 1] : 0;
    const double collateral = p.offset_collateral ? linked_worth(context, rows, u) : 0.0;
    evaluate_unit({context, p, rows, begin, end, u, collateral}, n == 0, scratch, out.units[n],
                  trace);
  }
}

}  // namespace tickmargin::margin
