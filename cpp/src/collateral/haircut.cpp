#include "collateral/haircut.hpp"

namespace tickmargin::collateral {

double weight_of(const Haircut& haircut) noexcept {
  double weight = 1;
  for (const double component : haircut) weight *= 1.0 - component;
  return weight;
}

Weights weights_of(const Policy& policy) {
  Weights weights;
  for (const Haircut& haircut : policy.haircut_initial) {
    weights.initial.push_back(weight_of(haircut));
  }
  for (const Haircut& haircut : policy.haircut_maintenance) {
    weights.maintenance.push_back(weight_of(haircut));
  }
  return weights;
}

}  // namespace tickmargin::collateral
