// Liquity v1: which way a trove is liquidated. Amounts, prices and ratios in units of 10^-18.
#pragma once

#include "base/checked.hpp"

namespace tickmargin::protocol::liquity_v1 {

using base::Checked;

enum class Branch { none, redistribute_all, offset_then_redistribute, capped_offset };

struct System {
  Checked total_collateral_ratio;
  Checked stability_pool;  // what it can offset
  Checked minimum_ratio;
  Checked critical_ratio;  // recovery mode below it
};

struct Liquidation {
  Checked collateral_ratio;
  Branch branch;
  Checked capped_collateral;  // 0 unless capped
  Checked gas_compensation;
  Checked surplus;  // collateral left for the owner to claim
};

// All is rounded down.
Liquidation liquidation(Checked collateral, Checked debt, Checked price, const System& system);

}  // namespace tickmargin::protocol::liquity_v1
