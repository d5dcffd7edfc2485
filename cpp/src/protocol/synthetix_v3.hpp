// Synthetix perps v3: sizes, prices, ratios and amounts in units of 10^-18; products and quotients
// are rounded towards zero, one at a time, as the contracts do.
#pragma once

#include <span>

#include "base/checked.hpp"

namespace tickmargin::protocol::synthetix_v3 {

using base::Checked;

struct Market {
  Checked skew_scale;
  Checked initial_margin_ratio;
  Checked min_initial_margin_ratio;
  Checked maintenance_scalar;
  Checked min_position_margin;
};

struct Requirement {
  Checked initial_ratio;
  Checked maintenance_ratio;
  Checked initial_margin;
  Checked maintenance_margin;
};

Requirement required_margins(Checked size, Checked price, const Market& market);

// The mean of the index at the market's skew before and after the trade.
Checked fill_price(Checked size, Checked index, Checked skew, Checked skew_scale);

Checked position_profit(Checked size, Checked entry_price, Checked price);

Checked available_margin(Checked collateral, std::span<const Checked> profits);

}  // namespace tickmargin::protocol::synthetix_v3
