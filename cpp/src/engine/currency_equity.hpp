#pragma once

#include "engine/state.hpp"

namespace tickmargin::engine {

// What an account owns in each asset, in units of the asset.
std::vector<CurrencyEquityRow> currency_equity(const Revaluation& world, const book::Book& book,
                                               const PolicySet& policies, AccountIndex account);

}  // namespace tickmargin::engine
