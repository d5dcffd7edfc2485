// One value through an element-wise kernel: the same bits as in a long column, for code that is not
// hot. libm is never called: its results differ between processors.
#pragma once

#include "kernels/kernels.hpp"

namespace tickmargin::kernels {

inline double exp_of(double x) noexcept {
  double out;
  kernels().exp(&x, &out, 1);
  return out;
}

inline double log_of(double x) noexcept {
  double out;
  kernels().log(&x, &out, 1);
  return out;
}

// x^power for x >= 0, as exp(power x log x); 0 to a positive power is 0, anything to the 0th is 1.
inline double power_of(double x, double power) noexcept {
  if (power == 0) return 1.0;
  return x == 0 ? 0.0 : exp_of(power * log_of(x));
}

// Standard normal distribution.
inline double normal_cdf(double x) noexcept {
  const double argument = -0.7071067811865476 * x;
  double out;
  kernels().erfc(&argument, &out, 1);
  return 0.5 * out;
}

}  // namespace tickmargin::kernels
