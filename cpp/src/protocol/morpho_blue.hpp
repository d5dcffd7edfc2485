// Morpho Blue: all in units of 10^-18.
#pragma once

#include "base/checked.hpp"

namespace tickmargin::protocol::morpho_blue {

using base::Checked;

// min(maximum, 1 / (1 - cursor x (1 - lltv))), every step rounded down.
Checked liquidation_incentive_factor(Checked lltv, Checked cursor, Checked maximum);

}  // namespace tickmargin::protocol::morpho_blue
