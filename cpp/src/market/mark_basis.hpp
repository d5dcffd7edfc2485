// The mark of a perpetual or future: the index times one plus a bounded average of the basis, so
// that no single trade moves it. Formulas in README.md beside this file.
#pragma once

#include <cstdint>
#include <type_traits>

#include "market/oracle_guard.hpp"

namespace tickmargin::market {

struct BasisState {
  double average_ratio = 0.0;   // b
  double observed_ratio = 0.0;  // clamped; acts from its time stamp on
  TimeNs ts_ns = 0;
  std::uint64_t seen = 0;  // 0 or 1
};
static_assert(std::is_trivially_copyable_v<BasisState> && sizeof(BasisState) == 32);

// Refuses what is not finite, not positive or older than the last observation, and then changes
// nothing. An underlying with negative prices has no ratio to average: its index is refused.
RecordStatus update(const GuardSettings& settings, BasisState& state, double observed_price,
                    double index, TimeNs ts_ns) noexcept;

constexpr double mark(const BasisState& state, double index) noexcept {
  return index * (1.0 + state.average_ratio);
}

}  // namespace tickmargin::market
