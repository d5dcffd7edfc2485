// Closing out: half the spread and the fee on everything, the impact on what is net, at a depth
// that is slow (published with the policy, not read from the book). It is in both requirements.
// What the book lacks today, beyond that, is charged on top to initial margin alone and capped: a
// book that empties must not liquidate those who are in already.
#include <algorithm>

#include "margin/add_ons.hpp"
#include "risk/liquidity.hpp"

namespace tickmargin::margin {

Charge liquidity_charge(const Context&, const Policy& policy, std::size_t u,
                        const Exposure& exposure) noexcept {
  if (policy.liquidity.empty()) return {};
  const LiquidityParameters& p = policy.liquidity[u];
  const double impact = risk::impact_ratio(p.impact_factor, exposure.net_notional,
                                           p.slow_depth_notional, p.impact_cap_ratio);
  const double cost = exposure.gross_notional * (p.half_spread_ratio + p.fee_ratio) +
                      exposure.gross_vega * p.half_spread_vol + exposure.net_notional * impact;
  return {cost, cost};
}

Charge fast_depth_charge(const Context& context, const Policy& policy, std::size_t u,
                         const Exposure& exposure) noexcept {
  if (policy.liquidity.empty()) return {};
  const LiquidityParameters& p = policy.liquidity[u];
  if (p.fast_cap_ratio == 0) return {};
  const double slow = risk::impact_ratio(p.impact_factor, exposure.net_notional,
                                         p.slow_depth_notional, p.impact_cap_ratio);
  const double fast =
      risk::impact_ratio(p.impact_factor, exposure.net_notional,
                         context.market.columns.depth_notional[u], slow + p.fast_cap_ratio);
  return {exposure.net_notional * std::max(fast - slow, 0.0), 0.0};
}

}  // namespace tickmargin::margin
