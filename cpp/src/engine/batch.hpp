#pragma once

#include "engine/state.hpp"

namespace tickmargin::engine {

// Every account of the book under `policies`, in blocks on account borders.
Result recompute_all(const Revaluation& world, const book::Book& book, const PolicySet& policies,
                     base::TickScale scale, int threads);

}  // namespace tickmargin::engine
