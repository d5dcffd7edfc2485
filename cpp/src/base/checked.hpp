// Integers of 128 bits that say when a result did not fit: the flag is sticky, so a formula is
// written as it stands in its document and asked once, at the end, whether its answer holds.
#pragma once

#include "base/wide.hpp"

namespace tickmargin::base {

class Checked {
 public:
  constexpr Checked() = default;
  constexpr Checked(Int128 value) : value_(value) {}
  static constexpr Checked failed() {
    Checked result;
    result.ok_ = false;
    return result;
  }

  constexpr Int128 value() const noexcept { return value_; }
  constexpr bool ok() const noexcept { return ok_; }

  friend constexpr Checked operator+(Checked a, Checked b) noexcept {
    Int128 sum = 0;
    const bool fits = !__builtin_add_overflow(a.value_, b.value_, &sum);
    return make(sum, fits && a.ok_ && b.ok_);
  }
  friend constexpr Checked operator-(Checked a, Checked b) noexcept {
    Int128 difference = 0;
    const bool fits = !__builtin_sub_overflow(a.value_, b.value_, &difference);
    return make(difference, fits && a.ok_ && b.ok_);
  }
  friend constexpr Checked operator*(Checked a, Checked b) noexcept {
    Int128 product = 0;
    const bool fits = !__builtin_mul_overflow(a.value_, b.value_, &product);
    return make(product, fits && a.ok_ && b.ok_);
  }
  constexpr Checked operator-() const noexcept { return Checked(0) - *this; }

 private:
  static constexpr Checked make(Int128 value, bool ok) noexcept {
    return ok ? Checked(value) : failed();
  }
  Int128 value_ = 0;
  bool ok_ = true;
};

enum class Rounding { floor, ceil, half_up, toward_zero };

// a / b, rounded as told; half_up is away from zero on a tie. Fails on b = 0 and on min / -1.
constexpr Checked divide(Checked a, Checked b, Rounding rounding) noexcept {
  if (!a.ok() || !b.ok() || b.value() == 0) return Checked::failed();
  if (b.value() == -1) return -a;
  const Int128 quotient = a.value() / b.value();
  const Int128 rest = a.value() % b.value();
  if (rest == 0) return quotient;
  const bool negative = (rest < 0) != (b.value() < 0);
  const Int128 away = negative ? quotient - 1 : quotient + 1;
  switch (rounding) {
    case Rounding::floor: return negative ? away : quotient;
    case Rounding::ceil: return negative ? quotient : away;
    case Rounding::toward_zero: return quotient;
    case Rounding::half_up: {
      // Compared as negatives, whose range is the larger one: |rest| >= |b| - |rest|.
      const Int128 r = rest < 0 ? rest : -rest;
      const Int128 d = b.value() < 0 ? b.value() : -b.value();
      return r <= d - r ? away : quotient;
    }
  }
  return Checked::failed();
}

// a x b / c, rounded as told; the product has 256 bits, so only an answer that does not fit fails.
constexpr Checked mul_div(Checked a, Checked b, Checked c, Rounding rounding) noexcept {
  if (const Checked product = a * b; product.ok()) return divide(product, c, rounding);
  if (!a.ok() || !b.ok() || !c.ok()) return Checked::failed();
  const bool negative = ((a.value() < 0) != (b.value() < 0)) != (c.value() < 0);
  const UInt128 divisor = magnitude(c.value());
  WideQuotient q = divide_wide(full_product(magnitude(a.value()), magnitude(b.value())), divisor);
  if (!q.fits) return Checked::failed();
  const bool away = q.rest != 0 && ((rounding == Rounding::floor && negative) ||
                                    (rounding == Rounding::ceil && !negative) ||
                                    (rounding == Rounding::half_up && q.rest >= divisor - q.rest));
  if (away && ++q.quotient == 0) return Checked::failed();
  const UInt128 limit = static_cast<UInt128>(1) << 127;
  if (q.quotient > limit || (q.quotient == limit && !negative)) return Checked::failed();
  return static_cast<Int128>(negative ? -q.quotient : q.quotient);
}

// What a x b leaves over whole multiples of c, for numbers that are not negative.
constexpr Checked product_rest(Checked a, Checked b, Checked c) noexcept {
  if (!a.ok() || !b.ok() || !c.ok() || a.value() < 0 || b.value() < 0 || c.value() <= 0) {
    return Checked::failed();
  }
  const WideQuotient q =
      divide_wide(full_product(magnitude(a.value()), magnitude(b.value())), magnitude(c.value()));
  return q.fits ? Checked(static_cast<Int128>(q.rest)) : Checked::failed();
}

constexpr Checked abs(Checked a) noexcept {
  return a.value() < 0 ? -a : a;
}

constexpr Checked min(Checked a, Checked b) noexcept {
  if (!a.ok() || !b.ok()) return Checked::failed();
  return a.value() < b.value() ? a : b;
}
constexpr Checked max(Checked a, Checked b) noexcept {
  if (!a.ok() || !b.ok()) return Checked::failed();
  return a.value() < b.value() ? b : a;
}

}  // namespace tickmargin::base
