#pragma once

#include "engine/state.hpp"

namespace tickmargin::engine {

// Every step of an account's risk matrix; `known` is false under another method.
RiskMatrix risk_matrix(const Revaluation& world, const book::Book& book, const PolicySet& policies,
                       AccountIndex account);

}  // namespace tickmargin::engine
