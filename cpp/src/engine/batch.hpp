#pragma once

#include "engine/state.hpp"

namespace tickmargin::engine {

// Every account of the book under `policies`, in blocks on account borders.
Result recompute_all(const Revaluation& world, const book::Book& book, const PolicySet& policies,
                     base::TickScale scale, int threads);

// One account as `recompute_all` decides it, without the rows.
struct AccountDecision {
  monitor::Decision total;     // sums of the pockets', the smallest slack, the worst state
  bool below_initial = false;  // in some pocket equity does not cover initial margin
};
AccountDecision decide_account(const Revaluation& world, const book::Book& book,
                               const PolicySet& policies, base::TickScale scale,
                               std::size_t account, Workspace& work);

}  // namespace tickmargin::engine
