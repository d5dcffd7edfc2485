#pragma once

#include <vector>

#include "engine/state.hpp"

namespace tickmargin::engine {

// The margin effect of each order alone, as if filled in full at its price.
std::vector<OrderEffect> order_effects(const Revaluation& world, const book::Book& book,
                                       const PolicySet& policies, base::TickScale scale,
                                       const std::vector<Order>& orders, InstrumentIndex hedge,
                                       int threads);

}  // namespace tickmargin::engine
