// How far the charges by vega and theta move with the index and with the clocks of wear.hpp.
//
// Both are sums of x = q scale F phi(d1) s w over lognormal options, s = vol sqrt(T): for vega
// w = shock x term(T), for theta w = min(h / T, 1) / 2. With d2 = d1 - s,
//   d x / d ln F = -q scale F phi(d1) d2 w        |phi(d1) d2| <= 0.25 + 0.4 s
//   d x / d ln s =  q scale F s phi(d1) (1 + d1 d2) w    |phi(d1) (1 + d1 d2)| <= 0.49 + 0.25 s
// (max |x phi| = 0.242, max (1 + x^2) phi = 0.484, phi <= 0.4). The forward keeps its ratio to the
// index, so scale F / S is constant. Over a box s grows to at most 1.1 s, T falls to at least
// T / 1.21, and dT / T is at most twice the volatility clock.
//
// A decay is capped by the option's value, whose own slope is its delta. The cap holds only where
// half the share of T that passes is more than 1 - y M(y), with M Mills' ratio, at -d2 or beyond:
// for h / T up to 0.2, grown to 0.25 over the box, at y >= 2.33, so d1 <= s - 2.33 and for s <= 0.8
// the delta is at most Phi(-1.53) < 0.07. Otherwise it is taken as 1.
#include <algorithm>
#include <cmath>

#include "margin/add_ons.hpp"
#include "margin/bounds_unit.hpp"
#include "margin/sensitivity.hpp"

namespace tickmargin::margin {
namespace {

constexpr double vol_growth = 1.1;
constexpr double term_growth = 1.21;

struct Moves {
  double slope = 0;  // per unit of log price
  Wear wear;
};

// Of F phi(d1) s, w left out; `term_power` times dT / T is what the weight moves by.
Moves moves_of(double s, double term_power) noexcept {
  const double most = 0.4 * vol_growth * s;  // of phi(d1) s itself
  return {0.25 + 0.4 * s,
          {(0.49 + 0.25 * vol_growth * s) * vol_growth * s + 2.0 * term_power * most,
           0.25 + 0.4 * vol_growth * s + most}};
}

// The same of the value that caps a decay.
double largest_capped_delta(double s, double share) noexcept {
  return share <= 0.2 && vol_growth * s <= 0.8 ? 0.07 : 1.0;
}

void add(const BoundsUnit& unit, const Moves& m, double size) {
  widen(unit.out.other, size / unit.out.index * m.slope);
  unit.out.other_wear.vol += size * m.wear.vol;
  unit.out.other_wear.curve += size * m.wear.curve;
}

}  // namespace

bool add_add_ons(const BoundsUnit& unit) {
  const Policy& policy = unit.policy();
  if (!has_add_ons(policy)) return true;
  if (!add_ons_are_bounded(policy)) return false;
  const double* const vega = parameters_of(policy, AddOnId::vega_charge, unit.u());
  const double* const theta = parameters_of(policy, AddOnId::theta_charge, unit.u());
  // Of the worth at the forward, anywhere in the box.
  const double growth = unit.out.cell_upper / unit.out.index * std::exp(1.01 * curve_wear_max);
  const pricing::InstrumentValues& values = unit.context.values;
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    if (!unit.is_option(i)) continue;
    if (values.model[i] != pricing::OptionModel::black76 ||
        values.form[i] != pricing::OptionForm::curved) {
      return false;
    }
    const double s = unit.deviation(i), years = values.years[i];
    double worth = std::fabs(unit.rows.quantity[k]) * unit.reach(i);
    if (unit.context.instruments.payoff[i] == Payoff::coin) {
      worth *= std::max(1.0, values.strike[i] / values.forward[i]);
    }
    if (vega != nullptr) {
      const double shock = std::max(vega[vega_maintenance_up], vega[vega_maintenance_down]);
      const double grown = std::pow(term_growth, vega[vega_power]);
      add(unit, moves_of(s, vega[vega_power]),
          growth * worth * shock * vega_term(vega, years) * grown);
    }
    if (theta != nullptr) {
      const double share = std::min(theta[1] / 365.0 / years, 1.0);
      add(unit, moves_of(s, 1.0), growth * worth * term_growth * share / 2.0);
      // The discount unwinds, at a rate that may itself move; and the cap.
      const double mult = unit.context.instruments.multiplier[i] * values.unit_price[i];
      const bool coin = unit.context.instruments.payoff[i] == Payoff::coin;
      const double unwinds =
          coin ? 0.0 : term_growth * share * std::fabs(std::log(values.scale[i] / mult));
      const double delta = unwinds + largest_capped_delta(s, share);
      add(unit, {delta, {0, delta + (coin ? 0.0 : term_growth * share)}}, growth * worth);
      unit.out.other_wear.vol +=
          (1.0 + unwinds) * std::fabs(unit.rows.quantity[k]) * unit.q.wear.value[i];
    }
  }
  return true;
}

}  // namespace tickmargin::margin
