// The arithmetic shared by every kernel, one row at a time, without branches. Included only through
// target-inl.hpp, once per target, inside an anonymous namespace: nothing here may be merged with
// the copy of another target.
#pragma once

#define TICKMARGIN_INLINE [[gnu::always_inline]] inline

// A loop over the rows of a block, to become vector instructions: rows do not depend on each other,
// and a short loop must not be written out before the vectoriser has seen it.
#define TICKMARGIN_EACH_ROW(i, count) \
  _Pragma("GCC ivdep") _Pragma("GCC unroll 1") for (std::size_t i = 0; i < (count); ++i)

constexpr double canonical_nan = __builtin_bit_cast(double, std::uint64_t{0x7ff8000000000000});
constexpr double largest = 0x1.fffffffffffffp+1023;
constexpr double smallest_normal = 0x1p-1022;
constexpr double infinity = __builtin_inf();
constexpr double inv_sqrt_2pi = 0x1.9884533d43651p-2;
constexpr double round_magic = 0x1.8p52;  // adding it leaves the nearest integer in the low bits

constexpr std::uint64_t exponent_bits = 0x7ff0000000000000;
constexpr std::uint64_t one_bits = 0x3ff0000000000000;
constexpr std::uint64_t half_bits = 0x3fe0000000000000;
constexpr std::uint64_t sign_bit = 0x8000000000000000;

TICKMARGIN_INLINE std::uint64_t to_bits(double x) { return __builtin_bit_cast(std::uint64_t, x); }
TICKMARGIN_INLINE double from_bits(std::uint64_t x) { return __builtin_bit_cast(double, x); }
TICKMARGIN_INLINE double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
TICKMARGIN_INLINE double absolute(double x) { return __builtin_fabs(x); }

// A comparison with NaN is false, so these let NaN through.
TICKMARGIN_INLINE double at_least(double x, double low) { return x < low ? low : x; }
TICKMARGIN_INLINE double at_most(double x, double high) { return x > high ? high : x; }

TICKMARGIN_INLINE double smaller_of(double a, double b) { return a < b ? a : b; }

// Signs as bits: what goes by signs alone leaves the multipliers to the polynomials.
TICKMARGIN_INLINE std::uint64_t sign_of(double x) { return to_bits(x) & sign_bit; }
TICKMARGIN_INLINE double flip(double x, std::uint64_t sign) { return from_bits(to_bits(x) ^ sign); }

// `a` where the sign is set, else `b`.
TICKMARGIN_INLINE double by_sign(std::uint64_t sign, double a, double b) {
  const std::uint64_t mask = 0 - (sign >> 63);
  return from_bits((to_bits(a) & mask) | (to_bits(b) & ~mask));
}

// Whether x exceeds a limit that is not negative; a NaN may or may not. A comparison of doubles
// would take a multiplier's turn, one of integers does not.
TICKMARGIN_INLINE bool above(double x, double limit) {
  return static_cast<std::int64_t>(to_bits(x)) > static_cast<std::int64_t>(to_bits(limit));
}

// Processors disagree on the sign and payload of a NaN they make; the results must not.
TICKMARGIN_INLINE double canonical(double x) { return x == x ? x : canonical_nan; }

// Horner's rule, unrolled at compile time; c holds the lowest coefficient first.
template <std::size_t from = 0, std::size_t count>
TICKMARGIN_INLINE double polynomial(const double (&c)[count], double x) {
  if constexpr (from + 1 == count) {
    return c[from];
  } else {
    return fma(polynomial<from + 1>(c, x), x, c[from]);
  }
}

// One multiplication for two degrees: after `plain` coefficients as above come b and a of each step
// from w to w (x^2 + a) + b, then the two or three coefficients to start from.
template <std::size_t plain, std::size_t from = 0, std::size_t count>
TICKMARGIN_INLINE double folded_polynomial(const double (&c)[count], double x, double x2) {
  if constexpr (from < plain) {
    return fma(folded_polynomial<plain, from + 1>(c, x, x2), x, c[from]);
  } else if constexpr (from + 3 < count) {
    return fma(folded_polynomial<plain, from + 2>(c, x, x2), x2 + c[from + 1], c[from]);
  } else {
    return polynomial<from>(c, x);
  }
}

// Estrin's rule, where a loop waits for the polynomial: an operation or two more, but fewer one
// after the other. `power` holds x, x^2, x^4 and x^8.
template <std::size_t from, std::size_t to, std::size_t count>
TICKMARGIN_INLINE double polynomial_by_halves(const double (&c)[count], const double (&power)[4]) {
  constexpr std::size_t terms = to - from;
  if constexpr (terms == 1) {
    return c[from];
  } else {
    constexpr std::size_t level = terms > 8 ? 3 : terms > 4 ? 2 : terms > 2 ? 1 : 0;
    constexpr std::size_t middle = from + (std::size_t{1} << level);
    return fma(polynomial_by_halves<middle, to>(c, power), power[level],
               polynomial_by_halves<from, middle>(c, power));
  }
}

template <std::size_t count>
TICKMARGIN_INLINE double polynomial_by_halves(const double (&c)[count], double x) {
  static_assert(count <= 16);
  const double x2 = x * x;
  const double x4 = x2 * x2;
  const double power[] = {x, x2, x4, x4 * x4};
  return polynomial_by_halves<0, count>(c, power);
}

struct Pair {
  double high;
  double low;
};

// Horner's rule with what its roundings took; all terms of one sign.
template <std::size_t from = 0, std::size_t count>
TICKMARGIN_INLINE Pair polynomial_pair(const double (&c)[count], double x) {
  if constexpr (from + 1 == count) {
    return {c[from], 0.0};
  } else {
    const Pair inner = polynomial_pair<from + 1>(c, x);
    const double product = inner.high * x;
    const double product_low = fma(inner.high, x, -product);
    const double sum = product + c[from];
    const double part = sum - product;
    const double sum_low = (product - (sum - part)) + (c[from] - part);
    return {sum, fma(inner.low, x, product_low + sum_low)};
  }
}

// exp(high + low) for high up to 709, |low| far below 1, and what rounding took from it. The scale
// is half of 2^n, as its exponent then reaches 0, whose bits are those of zero, where n = -1022: no
// subnormal is ever formed, so no input is slow.
TICKMARGIN_INLINE Pair exp_pair(double high, double low) {
  const double bounded = at_least(high, limits.exp_floor);
  const double shifted = fma(bounded, 0x1.71547652b82fep+0, round_magic);
  const double n = shifted - round_magic;
  const double r = fma(-n, ln2_low, fma(-n, ln2_high, bounded)) + low;
  const double part = fma(r * r, polynomial_by_halves(exp_tail, r), r);
  const double twice = part + part;
  const double mantissa = 2.0 + twice;
  const double scale = from_bits((to_bits(shifted) << 52) + half_bits);
  return {mantissa * scale, ((2.0 - mantissa) + twice) * scale};
}

TICKMARGIN_INLINE double exp_flushed(double x) { return exp_pair(x, 0.0).high; }

// exp(x) = (high + low) * first * second over the whole range, gradual underflow included: the
// scale is applied in two steps, of which only the second can round.
struct ExpParts {
  Pair mantissa;
  double first;
  double second;
};

TICKMARGIN_INLINE ExpParts exp_parts(double x) {
  const double clamped = at_most(at_least(x, -800.0), 800.0);
  const double shifted = fma(clamped, 0x1.71547652b82fep+0, round_magic);
  const double n = shifted - round_magic;
  const double high = fma(-n, ln2_high, clamped);
  const double r = fma(-n, ln2_low, high);
  const double r_low = fma(-n, ln2_low, high - r);
  const double sum = 1.0 + r;
  const double rest = ((1.0 - sum) + r) + fma(r * r, polynomial(exp_tail, r), r_low);
  const double half = fma(n, 0.5, round_magic);
  ExpParts parts;
  parts.mantissa.high = sum + rest;
  parts.mantissa.low = rest - (parts.mantissa.high - sum);
  parts.first = from_bits((to_bits(half) << 52) + one_bits);
  parts.second = from_bits(((to_bits(shifted) - to_bits(half)) << 52) + one_bits);
  return parts;
}

// ln(a / b) as k ln2 + 2 atanh((a - b) / (a + b)), b having been scaled by 2^k near a.
struct Ratio {
  double a;     // mantissa of the numerator, in [1, 2)
  double b;     // denominator scaled to within a factor 1.5 of a
  double k;     // numerator / denominator = a / b * 2^k
};

// Both operands positive and normal. Differences of bit patterns are differences of piecewise
// linear logarithms, so rounding them to whole exponents brings the operands together.
TICKMARGIN_INLINE Ratio reduce_ratio(double numerator, double denominator) {
  const std::uint64_t a = to_bits(numerator);
  const std::uint64_t b = to_bits(denominator);
  const std::uint64_t exponent = (a & exponent_bits) - one_bits;
  constexpr std::uint64_t bias = std::uint64_t{2048} << 52;
  const std::uint64_t k = (a - b + bias + (std::uint64_t{1} << 51)) >> 52;
  Ratio ratio;
  ratio.a = from_bits(a - exponent);
  ratio.b = from_bits(b + (k << 52) - bias - exponent);
  ratio.k = from_bits(k | to_bits(0x1p52)) - (0x1p52 + 2048.0);
  return ratio;
}

// ln of the ratio to about 1e-18 relative: a - b is exact, the quotient carries its remainder.
TICKMARGIN_INLINE Pair log_ratio(const Ratio& ratio, double sum, double inv_sum) {
  const double difference = ratio.a - ratio.b;
  const double sum_low = (2.0 * ratio.a - sum) - difference;
  const double r = difference * inv_sum;
  const double remainder = fma(-r, sum_low, fma(-r, sum, difference));
  const double r2 = r * r;
  const double tail = fma(r2 * r, polynomial_by_halves(atanh_tail, r2),
                          fma(ratio.k, ln2_low, 2.0 * remainder * inv_sum));
  const double lead = ratio.k * ln2_high;
  const double high = lead + 2.0 * r;
  const double low = (2.0 * r - (high - lead)) + tail;
  Pair result;
  result.high = high + low;
  result.low = low - (result.high - high);
  return result;
}

TICKMARGIN_INLINE double log_quotient(double numerator, double denominator) {
  const Ratio ratio = reduce_ratio(numerator, denominator);
  const double sum = ratio.a + ratio.b;
  return log_ratio(ratio, sum, 1.0 / sum).high;
}

// With e = exp(-z^2 / 2), for z in [0, 100]: N(-z) = e * p / q.
struct Tail {
  double p;
  double q;
};

TICKMARGIN_INLINE Tail tail_of(double z) {
  const double z2 = z * z;
  return {folded_polynomial<3>(tail_p, z, z2), folded_polynomial<2>(tail_q, z, z2)};
}

// With R the Mills ratio, phi(z) (1 - z R(z)) = e * slope_s(z) / slope_q(z).
TICKMARGIN_INLINE double mills_slope(double z) {
  return polynomial_by_halves(slope_s, z) / polynomial_by_halves(slope_q, z);
}

// exp(-(z + low)^2 / 2), the rounding of z^2 undone: it would cost 700 ulp at z = 37.
TICKMARGIN_INLINE Pair gauss(double z, double low) {
  const double square = z * z;
  const double square_low = fma(z, z, -square);
  return exp_pair(-0.5 * square, -fma(z, low, 0.5 * square_low));
}

// [R(h - t) - R(h + t)] phi(0) / (2 t) for t <= 0.05 and any h >= 0, from its series in t^2: the
// odd derivatives of the Mills ratio, each a polynomial in h^2 times `slope` = phi(0) (1 - h R(h))
// less another. The plain difference would lose h / t ulps.
TICKMARGIN_INLINE double mills_difference_series(double slope, double h, double t) {
  const double y = h * h;
  const double t2 = t * t;
  const double i3 = fma(y + 3.0, slope, -inv_sqrt_2pi);
  const double i5 = fma(fma(y + 10.0, y, 15.0), slope, -inv_sqrt_2pi * (y + 7.0));
  const double i7 = fma(fma(fma(y + 21.0, y, 105.0), y, 105.0), slope,
                        -inv_sqrt_2pi * fma(y + 18.0, y, 57.0));
  const double i9 = fma(fma(fma(fma(y + 36.0, y, 378.0), y, 1260.0), y, 945.0), slope,
                        -inv_sqrt_2pi * fma(fma(y + 33.0, y, 285.0), y, 561.0));
  const double high = fma(i9, t2 * (1.0 / 362880.0), i7 * (1.0 / 5040.0));
  return fma(t2, fma(t2, fma(t2, high, i5 * (1.0 / 120.0)), i3 * (1.0 / 6.0)), slope);
}
