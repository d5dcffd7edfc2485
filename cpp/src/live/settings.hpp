// What a live engine may be set to, and the guards that follow from it.
#pragma once

#include "market/oracle_guard.hpp"
#include "tickmargin/live.hpp"

namespace tickmargin::live {

// Throws std::invalid_argument that names every setting out of its range, all together.
void check_settings(const LiveSettings& settings, std::size_t underlyings, std::size_t assets);

market::GuardSettings guard_of(const OracleSettings& of, const LiveSettings& all);

}  // namespace tickmargin::live
