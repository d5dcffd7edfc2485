#pragma once

#include "engine/state.hpp"

namespace tickmargin::engine {

// The index prices at which one pocket falls below its liquidation border, found on the same
// evaluation that a recompute runs: a search outward over strikes and a fine ladder of prices, then
// bisection down to neighbouring float64 prices. At the price returned the pocket is below its
// border; at its neighbour towards the current index it is not.
LiquidationPrices liquidation_prices(const Revaluation& world, const book::Book& book,
                                     const Policy& policy, base::TickScale scale,
                                     std::size_t pocket, UnderlyingIndex underlying);

}  // namespace tickmargin::engine
