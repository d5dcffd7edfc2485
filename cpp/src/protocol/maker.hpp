// Maker's collateral auctions: how the price falls. Prices and factors in units of 10^-27, times in
// seconds.
#pragma once

#include "base/checked.hpp"

namespace tickmargin::protocol::maker {

using base::Checked;

// top x (tau - elapsed) / tau, and 0 from tau on.
Checked linear_price(Checked top, Checked tau, Checked elapsed);

// top x cut^(elapsed / step), the exponent rounded down; a step of one second is the exponential
// curve. Powers are rounded half up at every multiplication, the price down.
Checked stairstep_price(Checked top, Checked step, Checked cut, Checked elapsed);

}  // namespace tickmargin::protocol::maker
