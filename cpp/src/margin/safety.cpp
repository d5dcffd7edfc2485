#include "margin/safety.hpp"

namespace tickmargin::margin {

void apply_safety(const Policy& policy, PocketRequirement& requirement) noexcept {
  const double more = policy.safety_factor_ratio - 1.0;
  if (more == 0) return;
  constexpr auto futures = static_cast<std::size_t>(Component::futures);
  constexpr auto options = static_cast<std::size_t>(Component::options);
  constexpr auto scan = static_cast<std::size_t>(Component::scan);
  constexpr auto safety = static_cast<std::size_t>(Component::safety);
  for (UnitRequirement& unit : requirement.units) {
    for (auto* lines : {&unit.initial, &unit.maintenance}) {
      (*lines)[safety] = more * ((*lines)[futures] + (*lines)[options] + (*lines)[scan]);
    }
  }
  // A norm of losses that all grow by one factor grows by it.
  requirement.netting_initial *= policy.safety_factor_ratio;
  requirement.netting_maintenance *= policy.safety_factor_ratio;
}

}  // namespace tickmargin::margin
