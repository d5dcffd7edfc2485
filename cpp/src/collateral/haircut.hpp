#pragma once

#include <vector>

#include "tickmargin/policy.hpp"

namespace tickmargin::collateral {

// Share of its value that an asset counts with: prod(1 - h_i) over the haircut's components.
double weight_of(const Haircut& haircut) noexcept;

// Weights by asset, for initial and for maintenance margin.
struct Weights {
  std::vector<double> initial;
  std::vector<double> maintenance;
};
Weights weights_of(const Policy& policy);

}  // namespace tickmargin::collateral
