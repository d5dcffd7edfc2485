// Slopes of maintenance under the percent rules and standard formulas of fixed.cpp.
#include <algorithm>
#include <cmath>

#include "margin/bounds_unit.hpp"

namespace tickmargin::margin {
namespace {

// A future's notional follows the index (an inverse one's does not, one at entry neither or with
// it), at a ratio between the least and the greatest of its brackets.
void add_fixed_future(const BoundsUnit& unit, std::int64_t k, const FuturesParameters& f) {
  const std::uint32_t i = unit.rows.instrument[k];
  const Context& c = unit.context;
  const pricing::ContractValue& v = c.values.contract[i];
  const double contracts = std::fabs(unit.rows.quantity[k]);
  const bool inverse = c.instruments.payoff[i] == Payoff::inverse;
  const bool at_entry = f.notional_at_entry && c.instruments.kind[i] != Kind::spot;
  const double notional =
      contracts * (at_entry ? std::fabs(v.entry_factor * unit.rows.entry[k]) : v.notional);
  // At the mark, what a linear contract is worth moves; at entry, what an inverse one is.
  const bool moves = inverse == at_entry;
  double low = f.maintenance_ratio, high = low;
  for (std::size_t b = 0; b < f.brackets.size(); ++b) {
    low = b == 0 ? f.brackets[b].maintenance_ratio : std::min(low, f.brackets[b].maintenance_ratio);
    high = b == 0 ? low : std::max(high, f.brackets[b].maintenance_ratio);
  }
  const double slope = moves ? notional / unit.out.index : 0.0;
  if (f.netting == FuturesNetting::none) {
    widen(unit.out.other, low * slope, high * slope);
  } else {
    widen(unit.out.other, high * slope);
  }
  const double fee = inverse ? 0.0 : f.taker_fee_ratio * contracts * v.notional / unit.out.index;
  widen(unit.out.other, fee, fee);
}

void add_fixed_option(const BoundsUnit& unit, std::int64_t k, const OptionParameters& o) {
  const std::uint32_t i = unit.rows.instrument[k];
  const Context& c = unit.context;
  const double contracts = -unit.rows.quantity[k];
  if (!(contracts > 0)) return;
  const double base = o.base_forward ? c.values.forward[i] : unit.out.index;
  const double worth = contracts * c.instruments.multiplier[i] * c.values.unit_price[i] * base;
  const double flat = (o.margin_factor * o.maintenance_c + o.liquidation_fee_ratio) * worth;
  const double reach = contracts * unit.reach(i);
  const double floored = o.margin_factor * o.maintenance_c * reach;
  const bool has_floor = o.maintenance_mark_floor != MarkFloor::none;
  widen(unit.out.other, flat / unit.out.index, flat / unit.out.index);
  if (has_floor) widen(unit.out.other, (flat + floored) / unit.out.index);
  if (!unit.policy().option_value_in_equity) {
    const std::uint32_t row = unit.q.below.row_of[i];
    const double mark[3] = {contracts * unit.q.below.value[row],
                            contracts * c.values.contract[i].value,
                            contracts * unit.q.above.value[row]};
    const double none[3] = {0, 0, 0};
    const Slopes slopes = slopes_of(mark, none, unit.q, unit.out.index);
    widen(unit.out.other, slopes.low, slopes.high);
  }
}

}  // namespace

bool fixed_is_bounded(const Policy& policy) noexcept {
  return std::none_of(policy.futures.begin(), policy.futures.end(), [](const auto& p) {
    return p.scaling != SizeScaling::none || (p.bracket_whole && !p.brackets.empty());
  });
}

bool add_fixed(const BoundsUnit& unit) {
  if (!fixed_is_bounded(unit.policy())) return false;
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    if (unit.is_option(unit.rows.instrument[k])) {
      add_fixed_option(unit, k, unit.policy().options[unit.u()]);
    } else {
      add_fixed_future(unit, k, unit.policy().futures[unit.u()]);
    }
  }
  return true;
}

}  // namespace tickmargin::margin
