// The one place where a float64 amount becomes an integer amount, with directed rounding.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "tickmargin/units.hpp"

namespace tickmargin::base {

// Ticks per unit of the numeraire; a power of ten up to 1e15, so exact in float64.
struct TickScale {
  double per_unit;
};

inline TickScale tick_scale(int decimals) noexcept {
  double scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  return {scale};
}

struct TicksResult {
  Ticks value;
  bool ok;  // false: the amount is not finite or does not fit; value is 0
};

// Largest tick count not above amount * scale, exactly: the rounding of the product is undone by
// the fused residual, so an amount a hair under a tick never rounds up to it.
inline TicksResult floor_ticks(double amount, TickScale scale) noexcept {
  const double product = amount * scale.per_unit;
  if (!(std::fabs(product) < 4.611686018427388e18)) return {0, false};  // 2^62; NaN fails it too
  // The floor by way of the integer: a conversion each way where std::floor is a dozen steps.
  const auto cut = static_cast<Ticks>(product);
  const auto whole = static_cast<double>(cut);
  if (whole != product) return {cut - (whole > product ? 1 : 0), true};
  if (std::fma(amount, scale.per_unit, -product) < 0) return {static_cast<Ticks>(whole - 1), true};
  return {cut, true};
}

inline TicksResult ceil_ticks(double amount, TickScale scale) noexcept {
  const TicksResult down = floor_ticks(-amount, scale);
  return {-down.value, down.ok};
}

inline double ticks_to_amount(Ticks ticks, TickScale scale) noexcept {
  return static_cast<double>(ticks) / scale.per_unit;
}

// a + b and a - b, false on overflow.
inline bool checked_add(Ticks a, Ticks b, Ticks* out) noexcept {
  return !__builtin_add_overflow(a, b, out);
}
inline bool checked_subtract(Ticks a, Ticks b, Ticks* out) noexcept {
  return !__builtin_sub_overflow(a, b, out);
}

// The one NaN pattern results carry.
inline constexpr double canonical_nan = std::numeric_limits<double>::quiet_NaN();
// A number with that pattern if it is none, whichever instruction made it.
inline double canonical(double x) noexcept {
  return x == x ? x : canonical_nan;
}

}  // namespace tickmargin::base
