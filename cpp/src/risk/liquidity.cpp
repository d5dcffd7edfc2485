#include "risk/liquidity.hpp"

#include <cmath>

namespace tickmargin::risk {

double impact_ratio(double factor, double notional, double depth, double cap) noexcept {
  if (factor == 0 || notional == 0) return 0.0;
  const double ratio = factor * std::sqrt(notional / depth);
  // Written so that an unknown depth takes the cap, and an unknown notional stays unknown.
  if (std::isnan(notional)) return notional;
  return ratio < cap ? ratio : cap;
}

}  // namespace tickmargin::risk
