// Scales of Drift's whole numbers.
#pragma once

#include "base/checked.hpp"

namespace tickmargin::protocol::drift_v2 {

inline constexpr base::Int128 base_unit = 1000000000;
inline constexpr base::Int128 quote_unit = 1000000;  // of amounts and of prices
inline constexpr base::Int128 weight_unit = 10000;   // of weights and of margin ratios
inline constexpr base::Int128 fee_unit = 1000000;    // of fees, their multipliers, factors of size

constexpr base::Checked ten_to(base::Checked power) noexcept {
  if (!power.ok() || power.value() < 0 || power.value() > 38) return base::Checked::failed();
  base::Checked result = 1;
  for (base::Int128 i = 0; i < power.value(); ++i) result = result * 10;
  return result;
}

// floor(sqrt(10 x size + 1)): 1e9 becomes 1e5.
constexpr base::Checked size_root(base::Checked size) noexcept {
  const base::Checked square = size * 10 + 1;
  if (!square.ok() || square.value() < 0) return base::Checked::failed();
  base::Int128 root = 0;
  for (base::Int128 bit = static_cast<base::Int128>(1) << 62; bit > 0; bit >>= 1) {
    const base::Checked wider = base::Checked(root + bit) * (root + bit);
    if (wider.ok() && wider.value() <= square.value()) root += bit;
  }
  return root;
}

}  // namespace tickmargin::protocol::drift_v2
