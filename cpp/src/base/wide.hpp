// Products of two 128-bit numbers in full, and what is left of them after a division.
#pragma once

#include <cstdint>

namespace tickmargin::base {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

struct Wide {
  UInt128 high;
  UInt128 low;
};

constexpr Wide full_product(UInt128 a, UInt128 b) noexcept {
  constexpr UInt128 half = static_cast<UInt128>(UINT64_MAX);
  const UInt128 a0 = a & half, a1 = a >> 64, b0 = b & half, b1 = b >> 64;
  const UInt128 low = a0 * b0;
  const UInt128 middle = a1 * b0 + (low >> 64);
  const UInt128 other = a0 * b1 + (middle & half);
  return {a1 * b1 + (middle >> 64) + (other >> 64), (other << 64) | (low & half)};
}

struct WideQuotient {
  bool fits;  // false as well for a divisor of 0
  UInt128 quotient;
  UInt128 rest;
};

constexpr WideQuotient divide_wide(Wide number, UInt128 divisor) noexcept {
  if (number.high >= divisor) return {false, 0, 0};
  UInt128 rest = number.high;
  UInt128 quotient = number.low;
  for (int bit = 0; bit < 128; ++bit) {
    const bool carry = (rest >> 127) != 0;
    rest = (rest << 1) | (quotient >> 127);
    quotient <<= 1;
    if (carry || rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  return {true, quotient, rest};
}

constexpr UInt128 magnitude(Int128 a) noexcept {
  return a < 0 ? -static_cast<UInt128>(a) : static_cast<UInt128>(a);
}

}  // namespace tickmargin::base
