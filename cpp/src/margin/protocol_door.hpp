// Where float64 amounts become the whole numbers of a protocol, and come back.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/checked.hpp"

namespace tickmargin::margin {

using base::Checked;

constexpr std::uint32_t nine = 9;

constexpr Checked ten_to(std::uint32_t power) noexcept {
  base::Int128 result = 1;
  for (std::uint32_t i = 0; i < power; ++i) result *= 10;
  return result;
}

// 10^power, exact in float64 up to 22.
inline double scale_of(std::uint32_t power) noexcept {
  double scale = 1;
  for (std::uint32_t i = 0; i < power; ++i) scale *= 10;
  return scale;
}

// What can be a whole number of parts: below 2^100, so that products by ratios fit.
inline Checked whole_of(double parts) noexcept {
  if (!(std::fabs(parts) < 0x1p100)) return Checked::failed();  // NaN fails it too
  return static_cast<base::Int128>(parts);
}

// How far off its whole number a decimal may be and still be meant: rounding of the decimal itself
// and of its product with the scale.
inline double slack_of(double parts) noexcept {
  return std::fabs(parts) * 0x1p-50;
}

// Away from zero: a fraction of a part counts as one. An amount that was added up carries the
// rounding of what went into it: `gross` is the sum of their magnitudes.
inline Checked parts_of(double amount, std::uint32_t decimals, double gross) noexcept {
  const double parts = amount * scale_of(decimals);
  const double up = std::ceil(std::fabs(parts) - slack_of(gross * scale_of(decimals)));
  const double whole = std::max(up, 0.0);  // a NaN stays one
  return whole_of(parts < 0 ? -whole : whole);
}

inline Checked parts_of(double amount, std::uint32_t decimals) noexcept {
  return parts_of(amount, decimals, amount);
}

// Towards zero: a fraction of a part counts nothing.
inline Checked cut_of(double amount, std::uint32_t decimals, double gross) noexcept {
  const double parts = amount * scale_of(decimals);
  const double down = std::floor(std::fabs(parts) + slack_of(gross * scale_of(decimals)));
  return whole_of(parts < 0 ? -down : down);
}

inline Checked cut_of(double amount, std::uint32_t decimals) noexcept {
  return cut_of(amount, decimals, amount);
}

// The nearest: a feed has whole parts.
inline Checked price_of(double price, std::uint32_t decimals) noexcept {
  return whole_of(std::nearbyint(price * scale_of(decimals)));
}

// A parameter in the unit of its protocol, such as parts per million.
inline Checked ratio_of(double ratio, double unit) noexcept {
  return whole_of(std::nearbyint(ratio * unit));
}

// The largest float64 not above so many parts (not below, of a negative number); NaN where the rule
// left 128 bits.
inline double amount_of(Checked parts, std::uint32_t decimals) noexcept {
  if (!parts.ok()) return std::numeric_limits<double>::quiet_NaN();
  const base::Int128 whole = parts.value();
  const double counted = static_cast<double>(whole);
  const double scale = scale_of(decimals);
  const double amount = counted / scale;
  const bool beyond = std::fma(amount, scale, -counted) * (whole < 0 ? -1.0 : 1.0) > 0;
  return beyond ? std::nextafter(amount, 0.0) : amount;
}

}  // namespace tickmargin::margin
