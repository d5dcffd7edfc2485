#pragma once

#include "engine/state.hpp"

namespace tickmargin::engine {

// The lines of one account, from the same evaluation that a recompute runs.
Explanation explain_account(const Revaluation& world, const book::Book& book,
                            const PolicySet& policies, base::TickScale scale, AccountIndex account);

}  // namespace tickmargin::engine
