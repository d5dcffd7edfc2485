// In how many joint scenarios each account is called, liquidated, or cannot be decided.
#pragma once

#include "engine/state.hpp"
#include "tickmargin/engine.hpp"

namespace tickmargin::engine {

StateCounts count_states(const InstrumentColumns& instruments, const market::Market& market,
                         const book::Book& book, const PolicySet& policies,
                         const std::optional<PolicyRamp>& ramp, base::TickScale scale,
                         const JointScenarios& scenarios);

}  // namespace tickmargin::engine
