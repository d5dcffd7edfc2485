// What the numbers mean. Valuation is float64 in the numeraire; decisions compare its int64 ticks.
#pragma once

#include <cstdint>

namespace tickmargin {

using AccountIndex = std::int32_t;
using InstrumentIndex = std::int32_t;
using UnderlyingIndex = std::int32_t;
using AssetIndex = std::int32_t;
using Ticks = std::int64_t;
using TimeNs = std::int64_t;

inline constexpr std::int64_t ns_per_day = 86'400'000'000'000;
inline constexpr double ns_per_year = 365.0 * 86'400e9;  // ACT/365

// One tick is 10^-decimals of the numeraire.
inline constexpr int numeraire_decimals_default = 6;

}  // namespace tickmargin
