// A position beyond what the market can take in a day costs more than in proportion: the ratio
// grows with each multiple of the threshold, up to a cap. In both requirements.
#include <algorithm>

#include "margin/add_ons.hpp"

namespace tickmargin::margin {

Charge concentration_charge(const Context&, const Policy& policy, std::size_t u,
                            const Exposure& exposure) noexcept {
  if (policy.concentration.empty()) return {};
  const ConcentrationParameters& p = policy.concentration[u];
  const double beyond = exposure.net_notional / p.threshold_notional - 1.0;
  const double ratio = std::min(p.slope_ratio * std::max(beyond, 0.0), p.cap_ratio);
  const double charge = exposure.net_notional * ratio;
  return {charge, charge};
}

}  // namespace tickmargin::margin
