// exp, log and erfc over whole columns, full range: no library's copy gives the same bits on every
// processor.
#pragma once

constexpr double sqrt2_high = 0x1.6a09e667f3bcdp+0;
constexpr double sqrt2_low = -0x1.bdd3413b26456p-54;

TICKMARGIN_INLINE double exp_row(double x) {
  const ExpParts parts = exp_parts(x);
  return canonical(parts.mantissa.high * parts.first * parts.second);
}

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

// erfc(x) = 2 N(-x sqrt(2)); the exponential takes x^2 itself, so that the rounding of
// z = x sqrt(2) only meets the slowly varying ratio N(-z) / exp(-z^2 / 2), whose derivative is
// z ratio - phi(0). What each step rounds off is carried to the end.
TICKMARGIN_INLINE double erfc_row(double x) {
  const double magnitude = at_most(absolute(x), 30.0);
  const double square = magnitude * magnitude;
  const double square_low = fma(magnitude, magnitude, -square);
  const double z = magnitude * sqrt2_high;
  const double z_low = fma(magnitude, sqrt2_high, -z) + magnitude * sqrt2_low;
  const Pair p = polynomial_pair(slope_p, z);
  const Pair q = polynomial_pair(slope_q, z);
  const double inv = 1.0 / q.high;
  const double ratio = p.high * inv;
  const double remainder = fma(-ratio, q.high, p.high) + fma(-ratio, q.low, p.low);
  const double ratio_low = fma(remainder, inv, z_low * fma(z, ratio, -inv_sqrt_2pi));
  const ExpParts e = exp_parts(-square);
  const double product = ratio * e.mantissa.high;
  const double rounded = fma(ratio, e.mantissa.high, -product);
  const double exp_low = fma(-square_low, e.mantissa.high, e.mantissa.low);
  const double low = fma(ratio_low, e.mantissa.high, fma(ratio, exp_low, rounded));
  const double tail = 2.0 * (product + low) * e.first * e.second;
  return canonical(x < 0.0 ? 2.0 - tail : tail);
}

// Applies a row function to a column in blocks of fixed size, the last padded with ones: no loop
// has a remainder for the compiler to do one by one.
template <double (*row)(double)>
struct ElementaryCall {
  const double* x;
  double* out;

  template <std::size_t lanes>
  void run(std::size_t first, std::size_t filled) const noexcept {
    double in[lanes];
    double result[lanes];
    TICKMARGIN_EACH_ROW(i, lanes) in[i] = 1.0;
    __builtin_memcpy(in, x + first, filled * sizeof(double));
    TICKMARGIN_EACH_ROW(i, lanes) result[i] = row(in[i]);
    __builtin_memcpy(out + first, result, filled * sizeof(double));
  }
};

void exp_column(const double* x, double* out, std::size_t count) noexcept {
  for_each_block(count, ElementaryCall<exp_row>{x, out});
}

void log_column(const double* x, double* out, std::size_t count) noexcept {
  for_each_block(count, ElementaryCall<log_row>{x, out});
}

void erfc_column(const double* x, double* out, std::size_t count) noexcept {
  for_each_block(count, ElementaryCall<erfc_row>{x, out});
}
