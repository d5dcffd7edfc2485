// Squeeth: a vault's debt in whole numbers of 10^-18, and the factor by which debts shrink.
#pragma once

#include "base/checked.hpp"

namespace tickmargin::protocol::squeeth {

using base::Checked;

struct Vault {
  Checked debt;
  bool safe;  // twice the collateral covers three times the debt
  bool dust;  // less collateral than the least
};

// Debt = short x normalisation x (price / scale), the scaled price and the debt rounded down.
Vault vault(Checked collateral, Checked short_amount, Checked normalisation, Checked price,
            Checked index_scale, Checked min_collateral);

// (index / mark)^(elapsed / period), the mark held between `lower` and `upper` times the index.
double normalisation_multiplier(double index, double mark, double elapsed, double period,
                                double lower, double upper);

}  // namespace tickmargin::protocol::squeeth
