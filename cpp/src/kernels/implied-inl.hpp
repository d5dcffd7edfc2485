// Implied volatility: Householder steps of third order (fourth order of convergence) on the
// logarithm of the out-of-the-money value, started from the Bachelier volatility of the same price.
// The logarithm of the value needs no exponential: -z^2 / 2 + ln(difference of Mills ratios).
#pragma once

constexpr int most_steps = 12;
constexpr double settled = 1e-5;      // a relative step below it was the last: the next would be
                                      // of the order of its fourth power
constexpr double small_value = 0.03;  // value / min(F, K) below which the logarithm of the value
                                      // is used even if s is past the inflection point

struct ImpliedBlock {
  double target[block_rows];     // value, or its distance to the bound, over `unit`
  double unit[block_rows];       // min(F, K), or |F - K| for Bachelier, discounted
  double log_moneyness[block_rows];
  double upper[block_rows];      // 1 where the distance to the bound is solved for
  double low[block_rows];        // bounds of s
  double high[block_rows];
  double s[block_rows];
  double last_step[block_rows];
  double live[block_rows];       // 1 while the row still moves
  double status[block_rows];
};

TICKMARGIN_INLINE double as_double(ImpliedVolStatus status) {
  return static_cast<double>(static_cast<std::uint8_t>(status));
}

// sqrt(pi / 2) * straddle * H(eta), see normal_vol in coefficients.hpp; relative error 3e-4.
TICKMARGIN_INLINE double guess_normal_deviation(double value, double distance) {
  const double apart = at_least(distance, 0x1p-40 * value);
  const double straddle = 2.0 * value + apart;
  const double eta = 2.0 * apart / (straddle * log_quotient(value + apart, value));
  const double root = __builtin_sqrt(eta);
  return 0x1.40d931ff62706p+0 * straddle * (root * polynomial(normal_vol, root));
}

// z with N(-z) = q for q in (0, 1/2], to about 2e-3 (Winitzki's approximation of erf).
TICKMARGIN_INLINE double guess_quantile(double q) {
  constexpr double a = 0.147;
  constexpr double b = 2.0 / (3.14159265358979312 * a);
  const double logarithm = log_quotient(4.0 * q * (1.0 - q), 1.0);
  const double half = b + 0.5 * logarithm;
  const double inner = __builtin_sqrt(half * half - logarithm * (1.0 / a));
  return __builtin_sqrt(2.0 * at_least(inner - half, 0.0));
}

// One Householder step for f, given -f / f' and the ratios f'' / f' and f''' / f'.
TICKMARGIN_INLINE double householder(double newton, double second, double third) {
  const double up = fma(0.5 * newton, second, 1.0);
  const double down = fma(newton, fma(newton * third, 1.0 / 6.0, second), 1.0);
  const double step = newton * (up / down);
  const bool sane = (up > 0.0) & (down > 0.0);
  return sane ? step : newton;
}

// Shared front: splits a discounted price into its value over intrinsic, and classifies the row.
template <std::size_t lanes, bool lognormal>
void implied_classify(ImpliedBlock& block, const OptionFeed& feed, const double* price,
                      double (&discount)[block_rows]) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  const double* expiry = feed.expiry.rows;
  const double* rate = feed.rate.rows;
  const double signed_floor = lognormal ? smallest_normal : -largest;
  TICKMARGIN_EACH_ROW(i, lanes) discount[i] = discount_factor(rate[i], expiry[i]);
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double factor = discount[i];
    const double difference = forward[i] - strike[i];
    const bool sound = (forward[i] >= signed_floor) & (strike[i] >= signed_floor) &
                       finite(forward[i]) & finite(strike[i]) & finite(difference) &
                       positive_normal(expiry[i]) & finite(rate[i]) & finite(price[i]) &
                       (factor >= smallest_normal);
    const double side = feed.sign[i] * difference;
    const double intrinsic = factor * at_least(side, 0.0);
    const double bound = factor * (feed.sign[i] > 0.0 ? forward[i] : strike[i]);
    const double value = price[i] - intrinsic;
    const double smaller = forward[i] < strike[i] ? forward[i] : strike[i];
    const double unit = factor * smaller;
    const bool at_bound = lognormal & ((price[i] >= bound) | (value >= unit));
    const bool resolved = lognormal ? (value >= smallest_normal) & (unit >= smallest_normal)
                                    : value >= smallest_normal;
    double status = as_double(ImpliedVolStatus::ok);
    status = resolved ? status : as_double(ImpliedVolStatus::not_converged);
    status = at_bound ? as_double(ImpliedVolStatus::above_maximum) : status;
    status = value == 0.0 ? as_double(ImpliedVolStatus::at_intrinsic) : status;
    status = value < 0.0 ? as_double(ImpliedVolStatus::below_intrinsic) : status;
    status = sound ? status : as_double(ImpliedVolStatus::invalid_input);
    const bool solvable = status == as_double(ImpliedVolStatus::ok);
    block.status[i] = status;
    block.live[i] = solvable ? 1.0 : 0.0;
    block.target[i] = solvable ? value : 1.0;
    block.unit[i] = solvable ? unit : 4.0;
    discount[i] = solvable ? factor : 1.0;
  }
}

// Chooses the branch, brackets s and guesses it. On entry target is the value in price units.
template <std::size_t lanes>
void implied_start(ImpliedBlock& block, const OptionFeed& feed,
                   const double (&discount)[block_rows]) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const bool live = block.live[i] > 0.0;
    const double f = live ? forward[i] : 1.0;
    const double k = live ? strike[i] : 1.0;
    const double value = block.target[i];
    const double unit = block.unit[i];
    const double x = absolute(log_quotient(f, k));
    const double distance = discount[i] * absolute(f - k);
    const double inflection = __builtin_sqrt(2.0 * x);
    const double z = at_most(inflection, limits.mills);
    const Tail tail = tail_of(z);
    const double share = tail.p / tail.q;
    const double relative = value / unit;
    const bool upper = (relative > 0.5 - share) & (relative > small_value);
    const double slope = distance > 0.0 ? x / distance : 1.0 / unit;
    const double normal = guess_normal_deviation(value, distance) * slope;
    const double below = normal * fma(normal * normal, 1.0 / 24.0, 1.0);
    const double left = (unit - value) / unit;
    const double quantile = guess_quantile(at_least(left * 0.5 / (0.5 + share), 0x1p-60));
    const double above = quantile + __builtin_sqrt(fma(quantile, quantile, 2.0 * x));
    block.upper[i] = upper ? 1.0 : 0.0;
    block.target[i] = upper ? unit - value : value;
    block.log_moneyness[i] = x;
    block.low[i] = upper ? inflection : 0.0;
    block.high[i] = upper ? 1e4 : at_least(inflection, series_deviation);
    block.s[i] = at_most(at_least(upper ? above : below, block.low[i]), block.high[i]);
  }
}

template <std::size_t lanes>
void implied_step(ImpliedBlock& block) noexcept {
  double difference[lanes];
  std::uint64_t any = 0;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double s = block.s[i];
    const double h = block.log_moneyness[i] / s;
    const double z1 = at_most(absolute(h - 0.5 * s), limits.mills);
    const double z2 = at_most(h + 0.5 * s, limits.mills);
    const Tail tail1 = tail_of(z1);
    const Tail tail2 = tail_of(z2);
    const double p1 = tail1.p * tail2.q;
    const double p2 = tail2.p * tail1.q;
    const bool upper = block.upper[i] > 0.0;
    difference[i] = (upper ? p1 + p2 : p1 - p2) / (tail1.q * tail2.q);
    any |= !upper & (s < series_deviation) ? std::uint64_t{1} : std::uint64_t{0};
  }
  if (any != 0) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double s = block.s[i];
      const double h = at_most(block.log_moneyness[i] / s, limits.mills);
      const double slope = mills_slope(h);
      const double series = s * mills_difference_series(slope, h, 0.5 * s);
      const bool small = !(block.upper[i] > 0.0) & (s < series_deviation);
      difference[i] = small ? series : difference[i];
    }
  }
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double s = block.s[i];
    const bool upper = block.upper[i] > 0.0;
    const double h = block.log_moneyness[i] / s;
    const double t = 0.5 * s;
    const double a = h - t;
    const double d = at_least(difference[i], smallest_normal);
    const double f = fma(-0.5 * a, a, log_quotient(d * block.unit[i], block.target[i]));
    const double slope = (upper ? -inv_sqrt_2pi : inv_sqrt_2pi) / d;
    const double curvature = a * (h + t) / s;
    const double twist = fma(curvature, curvature, fma(-3.0 * h / s, h / s, -0.25));
    const double step = householder(-f / slope, curvature - slope,
                                    twist + slope * (2.0 * slope - 3.0 * curvature));
    const double bounded = at_most(at_least(s + step, 0.25 * s), 4.0 * s);
    const double next = at_most(at_least(bounded, block.low[i]), block.high[i]);
    const bool live = block.live[i] > 0.0;
    const bool moving = absolute(next - s) > settled * s;
    block.s[i] = live ? next : s;
    block.live[i] = live & moving ? 1.0 : 0.0;
  }
}

// Repeats `step` until no row of the block moves; a settled row is not touched by its neighbours.
template <std::size_t lanes, class Step>
TICKMARGIN_INLINE void implied_iterate(ImpliedBlock& block, const Step& step) {
  for (int round = 0; round < most_steps; ++round) {
    std::uint64_t any = 0;
    TICKMARGIN_EACH_ROW(i, lanes) any |= block.live[i] > 0.0 ? std::uint64_t{1} : std::uint64_t{0};
    if (any == 0) return;
    step();
  }
}

template <std::size_t lanes>
void implied_finish(const ImpliedBlock& block, const OptionFeed& feed, double* vol,
                    ImpliedVolStatus* status, std::size_t filled) noexcept {
  const double* expiry = feed.expiry.rows;
  double result[lanes];
  double code[lanes];
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double unsettled = block.live[i] > 0.0 ? as_double(ImpliedVolStatus::not_converged)
                                                 : block.status[i];
    const double solved = block.s[i] / __builtin_sqrt(expiry[i]);
    const double other = unsettled == as_double(ImpliedVolStatus::at_intrinsic) ? 0.0
                                                                               : canonical_nan;
    result[i] = canonical(unsettled == as_double(ImpliedVolStatus::ok) ? solved : other);
    code[i] = unsettled;
  }
  for (std::size_t i = 0; i < filled; ++i) {
    vol[i] = result[i];
    status[i] = static_cast<ImpliedVolStatus>(static_cast<int>(code[i]));
  }
}

struct ImpliedVolCall {
  const OptionRows& rows;
  const Column& price;
  double* vol;
  ImpliedVolStatus* status;
  OptionFeed& feed;
  Feed& prices;

  template <std::size_t lanes>
  void run(std::size_t first, std::size_t filled) const noexcept {
    ImpliedBlock block;
    double discount[block_rows];
    advance_options(feed, rows, first, filled, lanes);
    advance_feed(prices, price, first, filled, lanes);
    implied_classify<lanes, true>(block, feed, prices.rows, discount);
    implied_start<lanes>(block, feed, discount);
    implied_iterate<lanes>(block, [&block] { implied_step<lanes>(block); });
    implied_finish<lanes>(block, feed, vol + first, status + first, filled);
  }
};

// Bachelier: the unknown is s in price units, value = s phi(h) (1 - h R(h)) with h = |F - K| / s.
template <std::size_t lanes>
void bachelier_implied_start(ImpliedBlock& block, const OptionFeed& feed,
                             const double (&discount)[block_rows]) noexcept {
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double distance = absolute(feed.forward.rows[i] - feed.strike.rows[i]);
    const bool live = block.live[i] > 0.0;
    block.target[i] = block.target[i] / discount[i];
    block.unit[i] = live ? distance : 0.0;
    block.s[i] = guess_normal_deviation(block.target[i], block.unit[i]);
  }
}

template <std::size_t lanes>
void bachelier_implied_step(ImpliedBlock& block) noexcept {
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double s = block.s[i];
    const double h = at_most(block.unit[i] / s, limits.mills);
    const double fraction = mills_slope(h);
    const double f = fma(-0.5 * h, h, log_quotient(s * fraction, block.target[i]));
    const double slope = inv_sqrt_2pi / (s * fraction);
    const double curvature = h * h / s;
    const double twist = curvature * (curvature - 3.0 / s);
    const double step = householder(-f / slope, curvature - slope,
                                    twist + slope * (2.0 * slope - 3.0 * curvature));
    const double next = at_most(at_least(s + step, 0.25 * s), 4.0 * s);
    const bool live = block.live[i] > 0.0;
    const bool moving = absolute(next - s) > settled * s;
    block.s[i] = live ? next : s;
    block.live[i] = live & moving ? 1.0 : 0.0;
  }
}

struct BachelierImpliedVolCall {
  const OptionRows& rows;
  const Column& price;
  double* vol;
  ImpliedVolStatus* status;
  OptionFeed& feed;
  Feed& prices;

  template <std::size_t lanes>
  void run(std::size_t first, std::size_t filled) const noexcept {
    ImpliedBlock block;
    double discount[block_rows];
    advance_options(feed, rows, first, filled, lanes);
    advance_feed(prices, price, first, filled, lanes);
    implied_classify<lanes, false>(block, feed, prices.rows, discount);
    bachelier_implied_start<lanes>(block, feed, discount);
    implied_iterate<lanes>(block, [&block] { bachelier_implied_step<lanes>(block); });
    implied_finish<lanes>(block, feed, vol + first, status + first, filled);
  }
};

void implied_vol(const OptionRows& rows, Column price, double* vol_annual,
                 ImpliedVolStatus* status, std::size_t count) noexcept {
  if (count == 0) return;
  OptionFeed feed;
  Feed prices;
  open_options(feed, rows);
  open_feed(prices, price);
  for_each_block(count, ImpliedVolCall{rows, price, vol_annual, status, feed, prices});
}

void bachelier_implied_vol(const OptionRows& rows, Column price, double* vol_annual,
                           ImpliedVolStatus* status, std::size_t count) noexcept {
  if (count == 0) return;
  OptionFeed feed;
  Feed prices;
  open_options(feed, rows);
  open_feed(prices, price);
  for_each_block(count, BachelierImpliedVolCall{rows, price, vol_annual, status, feed, prices});
}
