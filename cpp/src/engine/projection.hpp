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

// Of the accounts asked for, in that order. A change of policies stands where it is: its grace
// period is not projected.
PolicySet policies_of(const PolicySet& policies, const std::vector<AccountIndex>& accounts);
std::optional<PolicyRamp> ramp_of(const std::optional<PolicyRamp>& ramp,
                                  const std::vector<AccountIndex>& accounts);

}  // namespace tickmargin::engine
