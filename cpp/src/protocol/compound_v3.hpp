// Compound v3 (Comet): amounts in units of their token, prices in 10^-8, factors in 10^-18.
#pragma once

#include <span>

#include "base/checked.hpp"

namespace tickmargin::protocol::compound_v3 {

using base::Checked;

struct Base {
  Checked price;
  Checked scale;  // units of one whole token
};

struct Collateral {
  Checked balance;
  Checked scale;
  Checked price;
  Checked liquidate_factor;
};

// What the account's balance of the base (below zero: owed) and its collateral at the liquidation
// factors come to; below zero it is liquidatable. Every amount is rounded towards zero.
Checked liquidity(Checked base_balance, const Base& base, std::span<const Collateral> collaterals);

// Collateral the protocol sells for an amount of the base, at its store-front discount.
Checked quote_collateral(Checked base_amount, const Base& base, Checked asset_price,
                         Checked asset_scale, Checked liquidation_factor,
                         Checked store_front_price_factor);

}  // namespace tickmargin::protocol::compound_v3
