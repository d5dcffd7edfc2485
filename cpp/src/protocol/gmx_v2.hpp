// GMX v2: whether a position is liquidatable. Amounts in any one unit of dollars, factors in units
// of 10^-30.
#pragma once

#include "base/checked.hpp"

namespace tickmargin::protocol::gmx_v2 {

using base::Checked;

struct Position {
  Checked collateral;
  Checked profit;
  Checked price_impact;
  Checked fees;
  Checked size;
};

struct Limits {
  Checked min_collateral_factor;
  Checked max_negative_impact_factor;
  Checked min_collateral;
};

enum class Reason { none, min_collateral, not_positive, min_collateral_for_leverage };

struct Verdict {
  Checked remaining;
  Reason reason;  // none: not liquidatable
};

// Collateral + profit + impact - fees; an impact above zero does not count, one below only as far
// as its factor of the size, rounded down.
Verdict liquidation_verdict(const Position& position, const Limits& limits);

}  // namespace tickmargin::protocol::gmx_v2
