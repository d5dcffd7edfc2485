// Complex numbers of two float64, with this project's own root, sine and cosine.
#pragma once

#include <cmath>

namespace tickmargin::risk {

inline constexpr double half_pi = 1.5707963267948966;

struct Complex {
  double re, im;
};
inline Complex operator+(Complex a, Complex b) noexcept {
  return {a.re + b.re, a.im + b.im};
}
inline Complex operator*(Complex a, Complex b) noexcept {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
inline Complex operator/(Complex a, Complex b) noexcept {
  const double size = b.re * b.re + b.im * b.im;
  return {(a.re * b.re + a.im * b.im) / size, (a.im * b.re - a.re * b.im) / size};
}

inline Complex operator*(double a, Complex b) noexcept {
  return {a * b.re, a * b.im};
}
inline double size_of(Complex z) noexcept {
  return std::sqrt(z.re * z.re + z.im * z.im);
}

// The root in the right half-plane.
inline Complex root_of(Complex z) noexcept {
  const double size = size_of(z);
  const double re = std::sqrt(0.5 * (size + std::fabs(z.re)));
  if (re == 0) return {0.0, 0.0};
  const double other = 0.5 * z.im / re;
  if (z.re >= 0) return {re, other};
  return {std::fabs(other), z.im < 0 ? -re : re};
}

// sin and cos, the argument folded to a quarter turn: absolute error below 1e-15 (1 + |x|).
inline Complex turn(double x) noexcept {
  const double quarters = std::floor(x / half_pi + 0.5);
  const double r = std::fma(-quarters, 6.123233995736766e-17, std::fma(-quarters, half_pi, x));
  const double s = r * r;
  double sine = 1.0, cosine = 1.0;
  for (int k = 10; k >= 1; --k) {
    sine = 1.0 - sine * (s / ((2.0 * k) * (2.0 * k + 1.0)));
    cosine = 1.0 - cosine * (s / ((2.0 * k - 1.0) * (2.0 * k)));
  }
  sine *= r;
  const double place = quarters - 4.0 * std::floor(quarters / 4.0);
  if (place == 1.0) return {-sine, cosine};
  if (place == 2.0) return {-cosine, -sine};
  if (place == 3.0) return {sine, -cosine};
  return {cosine, sine};
}

}  // namespace tickmargin::risk
