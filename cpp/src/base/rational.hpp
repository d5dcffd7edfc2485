// Exact fractions of 128-bit integers, always reduced, the denominator above zero. What does not
// fit, and a denominator of zero, is a failed fraction, and so is all that is made of one.
#pragma once

#include "base/checked.hpp"

namespace tickmargin::base {

class Rational {
 public:
  constexpr Rational() = default;
  constexpr Rational(Checked whole) : numerator_(whole) {}
  constexpr Rational(Checked numerator, Checked denominator) {
    if (denominator.ok() && denominator.value() < 0) {
      numerator = -numerator;
      denominator = -denominator;
    }
    if (!numerator.ok() || !denominator.ok() || denominator.value() == 0) {
      numerator_ = Checked::failed();
      return;
    }
    const Int128 divisor = common(numerator.value(), denominator.value());
    numerator_ = numerator.value() / divisor;
    denominator_ = denominator.value() / divisor;
  }

  constexpr bool ok() const noexcept { return numerator_.ok(); }
  constexpr Int128 numerator() const noexcept { return numerator_.value(); }
  constexpr Int128 denominator() const noexcept { return denominator_.value(); }

  constexpr Checked rounded(Rounding rounding) const noexcept {
    return divide(numerator_, denominator_, rounding);
  }

  friend constexpr Rational operator+(Rational a, Rational b) noexcept {
    const Int128 g = common(a.denominator(), b.denominator());
    return {a.numerator_ * (b.denominator() / g) + b.numerator_ * (a.denominator() / g),
            a.denominator_ * (b.denominator() / g)};
  }
  friend constexpr Rational operator-(Rational a, Rational b) noexcept {
    return a + Rational(-b.numerator_, b.denominator_);
  }
  // Reduced crosswise first, so that a product fails only if the answer itself does not fit.
  friend constexpr Rational operator*(Rational a, Rational b) noexcept {
    if (!a.ok() || !b.ok()) return Checked::failed();
    const Int128 g = common(a.numerator(), b.denominator());
    const Int128 h = common(b.numerator(), a.denominator());
    return {Checked(a.numerator() / g) * (b.numerator() / h),
            Checked(a.denominator() / h) * (b.denominator() / g)};
  }
  friend constexpr Rational operator/(Rational a, Rational b) noexcept {
    return a * Rational(b.denominator_, b.numerator_);
  }

 private:
  // Greatest common divisor, above zero, for b > 0.
  static constexpr Int128 common(Int128 a, Int128 b) noexcept {
    while (a != 0) {
      const Int128 rest = b % a;
      b = a;
      a = rest;
    }
    return b < 0 ? -b : b;
  }
  Checked numerator_ = 0;
  Checked denominator_ = 1;
};

// -1, 0 or 1 as a is below, at or above b.
constexpr Checked compare(Rational a, Rational b) noexcept {
  const Rational apart = a - b;
  if (!apart.ok()) return Checked::failed();
  return apart.numerator() < 0 ? -1 : apart.numerator() > 0 ? 1 : 0;
}

constexpr Rational max(Rational a, Rational b) noexcept {
  const Checked order = compare(a, b);
  if (!order.ok()) return Checked::failed();
  return order.value() < 0 ? b : a;
}
constexpr Rational min(Rational a, Rational b) noexcept {
  const Checked order = compare(a, b);
  if (!order.ok()) return Checked::failed();
  return order.value() < 0 ? a : b;
}
constexpr Rational abs(Rational a) noexcept {
  return a.numerator() < 0 ? Rational(0) - a : a;
}

}  // namespace tickmargin::base
