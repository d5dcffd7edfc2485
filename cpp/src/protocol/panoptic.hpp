// Panoptic v1: collateral ratios by the pool's utilisation, in basis points.
#pragma once

#include "base/checked.hpp"

namespace tickmargin::protocol::panoptic {

using base::Checked;

struct Utilisation {
  Checked now;  // below zero: the leg of a strangle
  Checked target;
  Checked saturated;
};

// `least` (half of it for a strangle) below the target, 10,000 above saturation, linear between,
// rounded down.
Checked sell_ratio(const Utilisation& utilisation, Checked least);

// `most` below the target, half of it above saturation, linear between, rounded down.
Checked buy_ratio(const Utilisation& utilisation, Checked most);

}  // namespace tickmargin::protocol::panoptic
