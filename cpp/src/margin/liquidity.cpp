// Closing out: half the spread and the fee on everything, the impact on what is net, at a depth
// that is slow (published with the policy, not read from the book). It is in both requirements.
// What the book lacks today, beyond that, is charged on top to initial margin alone and capped: a
// book that empties must not liquidate those who are in already.
#include <algorithm>

#include "margin/add_ons.hpp"
#include "risk/liquidity.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t {
  half_spread_ratio,
  half_spread_vol,
  fee_ratio,
  impact_factor,
  slow_depth_notional,
  impact_cap_ratio,
  fast_cap_ratio
};
constexpr Key keys[] = {
    {"half_spread_ratio", KeyRange::ratio, 0.0, "of the gross delta at the index"},
    {"half_spread_vol", KeyRange::non_negative, 0.0, "of volatility, on gross vega"},
    {"fee_ratio", KeyRange::ratio, 0.0, "of the gross delta at the index"},
    {"impact_factor", KeyRange::non_negative, 0.0,
     "of net notional, times sqrt(net notional / depth)"},
    {"slow_depth_notional", KeyRange::positive, absent, "required where impact_factor > 0"},
    {"impact_cap_ratio", KeyRange::ratio, 1.0, "most that the impact may be of net notional"},
    {"fast_cap_ratio", KeyRange::ratio, 0.0,
     "most that the depth of the market's book may add, IM alone"},
};

double slow_impact(const Holding& held, const double* p) noexcept {
  return risk::impact_ratio(p[impact_factor], held.exposure.net_notional, p[slow_depth_notional],
                            p[impact_cap_ratio]);
}

Charge liquidity_charge(const Holding& held, const double* p) noexcept {
  const Exposure& x = held.exposure;
  const double cost = x.gross_notional * (p[half_spread_ratio] + p[fee_ratio]) +
                      x.gross_vega * p[half_spread_vol] + x.net_notional * slow_impact(held, p);
  return {cost, cost};
}

Charge fast_depth_charge(const Holding& held, const double* p) noexcept {
  if (p[fast_cap_ratio] == 0) return {};
  const double slow = slow_impact(held, p), net = held.exposure.net_notional;
  const double fast =
      risk::impact_ratio(p[impact_factor], net, held.context.market.columns.depth_notional[held.u],
                         slow + p[fast_cap_ratio]);
  return {net * std::max(fast - slow, 0.0), 0.0};
}

constexpr const char* says =
    "Add-on: what closing out costs, in IM and MM; what the book lacks now, in IM alone.";

}  // namespace

constexpr AddOn liquidity_add_on{"liquidity", says,           keys,
                                 seen_by(),   Orders::inside, liquidity_charge};
constexpr AddOn fast_depth_add_on{"liquidity", says,           keys,
                                  seen_by(),   Orders::inside, fast_depth_charge};

}  // namespace tickmargin::margin
