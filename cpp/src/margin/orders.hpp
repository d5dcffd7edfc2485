// Initial margin of a pocket with resting orders: what it may need if the worst subset of them
// trades.
//
// Filled in full, order o changes initial equity by e_o (it trades at its own price, not at the
// mark) and adds its row to every scenario. A subset A leaves equity short by
//   max_s [ factor x -(P_s + sum_A row_os) ] - sum_A e_o,
// which is largest where each scenario takes just the orders that hurt in it:
//   initial margin = max_s [ factor x -P_s + sum_o max(0, -(factor x row_os + e_o)) ],
// against the equity without orders. Charges by size take the larger of position plus buys and
// position less sells. Units netted by correlation take their netting, which never falls as a loss
// rises; there the rows alone stand inside and every order's own loss e_o is added outside.
#pragma once

#include "collateral/haircut.hpp"
#include "margin/method.hpp"

namespace tickmargin::margin {

using book::OrderRow;

// What initial equity gains if the order trades in full: its value at the mark less its own price.
// Premium received counts with its asset's weight, premium paid in full.
double equity_of_fill(const Context& context, const Policy& policy,
                      const collateral::Weights& weights, const OrderRow& order) noexcept;

// Unrounded initial margin with the pocket's orders, for methods that revalue (`dynamic`,
// `scenario`). Every contract named is valued and its table row filled.
double initial_with_orders(const Context& context, const Prepared& prepared,
                           const collateral::Weights& weights, const PocketRows& rows,
                           Scratch& scratch);

}  // namespace tickmargin::margin
