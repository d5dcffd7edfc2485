// Perpetual Protocol v2 (Curie): how much of a position a liquidation may take. Amounts in any one
// unit, ratios in parts per million.
#pragma once

#include "base/checked.hpp"

namespace tickmargin::protocol::perp_v2 {

using base::Checked;

struct Account {
  Checked value;
  Checked margin_requirement;
  Checked total_position_value;  // of all positions without their signs
};

// 0 if the account value covers the requirement; all below half of it, or if the position is worth
// `small` or less; else half of all positions over this one, rounded down, at most all.
Checked max_liquidate_ratio(const Account& account, Checked position_value, Checked small);

}  // namespace tickmargin::protocol::perp_v2
