// exp, log and erfc over whole columns, full range: no library's copy gives the same bits on every
// processor.
#pragma once

TICKMARGIN_INLINE double exp_row(double x) { return canonical(exp_full(x)); }

TICKMARGIN_INLINE double log_row(double x) {
  const bool subnormal = x < smallest_normal;
  const double scaled = subnormal ? x * 0x1p54 : x;
  const Ratio ratio = reduce_ratio(scaled, subnormal ? 0x1p54 : 1.0);
  const double sum = ratio.a + ratio.b;
  const double value = log_ratio(ratio, sum, 1.0 / sum).high;
  const double at_top = x > largest ? x : value;
  const double at_zero = x == 0.0 ? -infinity : at_top;
  return x >= 0.0 ? at_zero : canonical_nan;
}

// erfc(x) = 2 N(-x sqrt(2)); the exponential takes x^2 itself, so that the rounding of x sqrt(2)
// only meets the slowly varying Mills ratio.
TICKMARGIN_INLINE double erfc_row(double x) {
  const double magnitude = at_most(absolute(x), 30.0);
  const double square = magnitude * magnitude;
  const double square_low = fma(magnitude, magnitude, -square);
  const double z = magnitude * 0x1.6a09e667f3bcdp+0;
  const double ratio = 2.0 * (mills_numerator(z) / mills_denominator(z));
  const double tail = ratio * exp_full(-square);
  const double corrected = fma(-square_low, tail, tail);
  return canonical(x < 0.0 ? 2.0 - corrected : corrected);
}

void exp_column(const double* x, double* out, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = exp_row(x[i]);
}

void log_column(const double* x, double* out, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = log_row(x[i]);
}

void erfc_column(const double* x, double* out, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = erfc_row(x[i]);
}
