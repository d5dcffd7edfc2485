// The engine's accounts on another market: indices moved, volatilities shocked, time passed.
#pragma once

#include "engine/state.hpp"
#include "tickmargin/engine.hpp"

namespace tickmargin::engine {

// What is true at the projected market; the accounts asked for, renumbered in that order.
Result project(const InstrumentColumns& instruments, const market::Market& market,
               const book::Book& book, const PolicySet& policies,
               const std::optional<PolicyRamp>& ramp, base::TickScale scale,
               const Projection& projection);

}  // namespace tickmargin::engine
