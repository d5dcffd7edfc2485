// Black-76. With s = vol sqrt(T), h = ln(F / K) / s, t = s / 2, d1 = h + t, d2 = h - t and
// e = exp(-d1^2 / 2): F phi(d1) = K phi(d2), so both tails share one exponential and the
// out-of-the-money value is F e times a difference (or sum) of Mills ratios at |d1| and |d2|.
#pragma once

constexpr double smallest_deviation = 1e-150;  // added to s; s that small is 0: intrinsic value
constexpr double largest_deviation = 200.0;    // past it the value is at its bound, whatever h
constexpr double moneyness_limit = 100.0;      // of h; past it the exponential is 0
constexpr double series_deviation = 0.1;       // s below it takes the series for the difference

// 1 / s for the Greeks that have no limit where s = 0 at the strike, and are 0 there by convention.
TICKMARGIN_INLINE double inverse_or_zero(double s, double inv_s) {
  return s > smallest_deviation ? inv_s : 0.0;
}

// What the stages of one block hand to each other.
struct BlackBlock {
  double discount[block_rows];      // exp(-rT), NaN for a row that makes no sense
  double deviation[block_rows];     // s
  double inv_deviation[block_rows];
  double root_expiry[block_rows];
  double log_high[block_rows];      // ln(F / K)
  double log_low[block_rows];
  double moneyness[block_rows];     // h
  double d1[block_rows];
  double d1_low[block_rows];
  double d2[block_rows];
  double density[block_rows];       // e
  double weighted[block_rows];      // F e
  double tail[block_rows];          // N(-|d1|)
  double series[block_rows];        // value / (F e) where s is small
  double value[block_rows];         // out-of-the-money value, undiscounted
  double price[block_rows];         // discounted
  double probability[block_rows];   // undiscounted delta
};

// Square root and standard deviation, and what is wrong with a row: 0 times a column is NaN where
// the column is not finite, else 0.
template <std::size_t lanes>
void black_deviation(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  const double* vol = feed.vol.rows;
  const double* expiry = feed.expiry.rows;
  const double* rate = feed.rate.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double root = __builtin_sqrt(expiry[i]);
    block.root_expiry[i] = root;
    block.deviation[i] = at_most(fma(vol[i], root, smallest_deviation), largest_deviation);
    const double spoiled = fma(0.0, forward[i], fma(0.0, strike[i], fma(0.0, vol[i],
                               fma(0.0, expiry[i], 0.0 * rate[i]))));
    const bool sound = (smaller_of(forward[i], strike[i]) >= smallest_normal) &
                       (smaller_of(vol[i], expiry[i]) >= 0.0);
    block.discount[i] = (sound ? 1.0 : canonical_nan) + spoiled;
  }
}

template <std::size_t lanes>
void black_discount(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* expiry = feed.expiry.rows;
  const double* rate = feed.rate.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    block.discount[i] = block.discount[i] * discount_factor(rate[i], expiry[i]);
  }
}

// One division serves ln(F / K) and 1 / s. (h is cut off above here and below in the next stage:
// one after the other in one loop, the compiler merges the two into a longer test.)
template <std::size_t lanes>
void black_logarithm(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double s = block.deviation[i];
    const Ratio ratio = reduce_ratio(forward[i], strike[i]);
    const double sum = ratio.a + ratio.b;
    const double inv = 1.0 / (sum * s);
    const Pair x = log_ratio(ratio, sum, inv * s);
    const double inv_s = inv * sum;
    block.inv_deviation[i] = inv_s;
    block.moneyness[i] = at_most(x.high * inv_s, moneyness_limit);
    block.log_high[i] = x.high;
    block.log_low[i] = x.low;
  }
}

// d1 and d2 with what rounding took from h and s put back, and what it then takes from d1: where h
// and t cancel, their roundings decide the accuracy of delta. Where s or h was cut off the
// remainders mean nothing and are kept small; the exponential is 0 there.
template <std::size_t lanes>
void black_moneyness(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* vol = feed.vol.rows;
  const double* expiry = feed.expiry.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double root = block.root_expiry[i];
    const double s = block.deviation[i];
    const double inv_s = block.inv_deviation[i];
    const double x = block.log_high[i];
    const double root_low = fma(-root, root, expiry[i]);
    const double product_low = fma(vol[i], root, smallest_deviation - s);
    const double s_low = at_most(product_low + 0.5 * (vol[i] * inv_s) * (vol[i] * root_low), 1.0);
    const double h = at_least(block.moneyness[i], -moneyness_limit);
    const double h_remainder = (fma(-h, s, x) + fma(-h, s_low, block.log_low[i])) * inv_s;
    const double h_low = absolute(h) < moneyness_limit ? h_remainder : 0.0;
    const double t = 0.5 * s;
    const double sum = h + t;
    const double sum_low = ((h - sum) + t) + fma(0.5, s_low, h_low);
    const double d1 = sum + sum_low;
    block.moneyness[i] = h;
    block.d1[i] = d1;
    block.d1_low[i] = sum_low - (d1 - sum);
    block.d2[i] = (h - t) + fma(-0.5, s_low, h_low);
  }
}

// Rows with a small s: the value over F e by its series, gathered eight at a time, since most
// blocks have few. Long before the stage that reads it: what is written a double at a time can be
// read as a vector only when it has left the store queue.
template <std::size_t lanes>
void black_series(BlackBlock& block) noexcept {
  TICKMARGIN_EACH_ROW(i, lanes) block.series[i] = 0.0;
  std::uint64_t left = rows_below<lanes>(block.deviation, series_deviation);
  while (left != 0) {
    const std::uint64_t head = left;
    std::size_t row[short_block_rows];
    double s[short_block_rows];
    double h[short_block_rows];
    for (std::size_t i = 0; i < short_block_rows; ++i) {  // the first again where there are fewer
      row[i] = static_cast<std::size_t>(__builtin_ctzll(left != 0 ? left : head));
      left &= left - (left != 0 ? 1 : 0);
      s[i] = block.deviation[row[i]];
      h[i] = absolute(block.moneyness[row[i]]);
    }
    TICKMARGIN_EACH_ROW(i, short_block_rows) {
      const double series = mills_difference_series(mills_slope(h[i]), h[i], 0.5 * s[i]);
      s[i] = s[i] > smallest_deviation ? s[i] * series : 0.0;
    }
    for (std::size_t i = 0; i < short_block_rows; ++i) block.series[row[i]] = s[i];
  }
}

template <std::size_t lanes>
void black_density(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const Pair density = gauss(block.d1[i], block.d1_low[i]);
    block.density[i] = density.high;
    block.weighted[i] = fma(forward[i], density.high, forward[i] * density.low);
  }
}

// N(-|d1|) and the value, from one division for the two Mills ratios.
template <std::size_t lanes>
void black_tails(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double z1 = absolute(block.d1[i]);
    const double z2 = absolute(block.d2[i]);
    const Tail tail1 = tail_of(z1);
    const Tail tail2 = tail_of(z2);
    const double p1 = tail1.p * tail2.q;
    const double p2 = tail2.p * tail1.q;
    const double q = tail1.q * tail2.q;
    const double inv = 1.0 / q;
    const bool one_side = block.d1[i] * block.d2[i] > 0.0;
    const double p = one_side ? absolute(p1 - p2) : p1 + p2;
    const double quotient = p * inv;
    const double exact = fma(fma(-quotient, q, p), inv, quotient);
    const double weighted = block.weighted[i];
    const double across = fma(-weighted, exact, smaller_of(forward[i], strike[i]));
    block.tail[i] = block.density[i] * (p1 * inv);
    const double value = one_side ? weighted * exact : across;
    const bool small = block.deviation[i] < series_deviation;
    block.value[i] = small ? weighted * block.series[i] : value;
  }
}

template <std::size_t lanes>
void black_price(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double intrinsic = at_least(feed.sign[i] * (forward[i] - strike[i]), 0.0);
    block.price[i] = canonical(block.discount[i] * (block.value[i] + intrinsic));
  }
}

// delta before discounting: N(d1) for a call, N(d1) - 1 for a put, from the tail that is small.
template <std::size_t lanes>
void black_probability(BlackBlock& block, const OptionFeed& feed) noexcept {
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double sign = feed.sign[i];
    const bool above_half = sign * block.d1[i] > 0.0;
    block.probability[i] = sign * (above_half ? 1.0 - block.tail[i] : block.tail[i]);
  }
}

template <std::size_t lanes>
void black_price_outputs(const BlackBlock& block, const OptionFeed& feed,
                         const OptionOutputs& out) noexcept {
  const double* forward = feed.forward.rows;
  const double* vol = feed.vol.rows;
  const double* expiry = feed.expiry.rows;
  const double* rate = feed.rate.rows;
  if (out.price != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) out.price[i] = block.price[i];
  }
  if (out.rho != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) out.rho[i] = canonical(-expiry[i] * block.price[i]);
  }
  if (out.theta != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double inv_s = inverse_or_zero(block.deviation[i], block.inv_deviation[i]);
      const double weighted = forward[i] * (inv_sqrt_2pi * block.density[i]);
      const double decay = weighted * (0.5 * vol[i]) * (vol[i] * inv_s);
      out.theta[i] = canonical(fma(rate[i], block.price[i], -block.discount[i] * decay));
    }
  }
}

template <std::size_t lanes>
void black_delta_outputs(const BlackBlock& block, const OptionFeed& feed,
                         const OptionOutputs& out) noexcept {
  const double* vol = feed.vol.rows;
  const double* rate = feed.rate.rows;
  if (out.delta != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      out.delta[i] = canonical(block.discount[i] * block.probability[i]);
    }
  }
  if (out.charm != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double inv_root = vol[i] * inverse_or_zero(block.deviation[i], block.inv_deviation[i]);
      const double phi = inv_sqrt_2pi * block.density[i];
      const double drift = phi * (0.5 * block.d2[i]) * inv_root * inv_root;
      out.charm[i] = canonical(block.discount[i] * fma(rate[i], block.probability[i], drift));
    }
  }
}

template <std::size_t lanes>
void black_density_outputs(const BlackBlock& block, const OptionFeed& feed,
                           const OptionOutputs& out) noexcept {
  const double* forward = feed.forward.rows;
  double phi[lanes];  // discounted phi(d1)
  TICKMARGIN_EACH_ROW(i, lanes) {
    phi[i] = block.discount[i] * (inv_sqrt_2pi * block.density[i]);
  }
  if (out.vega != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      out.vega[i] = canonical(forward[i] * phi[i] * block.root_expiry[i]);
    }
  }
  if (out.gamma != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double inv_s = inverse_or_zero(block.deviation[i], block.inv_deviation[i]);
      out.gamma[i] = canonical(phi[i] * inv_s / forward[i]);
    }
  }
  if (out.vanna != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double ratio = block.d2[i] * block.inv_deviation[i];
      out.vanna[i] = canonical(-phi[i] * (ratio * block.root_expiry[i]));
    }
  }
  if (out.volga != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double root = block.root_expiry[i];
      const double inv_s = inverse_or_zero(block.deviation[i], block.inv_deviation[i]);
      const double product = block.d1[i] * block.d2[i] * inv_s;
      out.volga[i] = canonical(forward[i] * phi[i] * root * (product * root));
    }
  }
}

// Which stages a call needs.
struct BlackPlan {
  bool tails;
  bool price;
  bool probability;
  bool density;
  bool at_zero_rate;
};

inline BlackPlan plan_black(const OptionRows& rows, const OptionOutputs& out) noexcept {
  BlackPlan plan;
  plan.price = out.price != nullptr || out.theta != nullptr || out.rho != nullptr;
  plan.probability = out.delta != nullptr || out.charm != nullptr;
  plan.tails = plan.price || plan.probability;
  plan.density = out.vega != nullptr || out.gamma != nullptr || out.vanna != nullptr ||
                 out.volga != nullptr;
  plan.at_zero_rate = rows.rate_annual.step == 0 && *rows.rate_annual.data == 0.0;
  return plan;
}

template <std::size_t lanes>
void black_block(BlackBlock& block, const OptionFeed& feed, const BlackPlan& plan,
                 const OptionOutputs& out) noexcept {
  black_deviation<lanes>(block, feed);
  if (!plan.at_zero_rate) black_discount<lanes>(block, feed);
  black_logarithm<lanes>(block, feed);
  black_moneyness<lanes>(block, feed);
  if (plan.tails) black_series<lanes>(block);
  black_density<lanes>(block, feed);
  if (plan.tails) black_tails<lanes>(block, feed);
  if (plan.price) {
    black_price<lanes>(block, feed);
    black_price_outputs<lanes>(block, feed, out);
  }
  if (plan.probability) {
    black_probability<lanes>(block, feed);
    black_delta_outputs<lanes>(block, feed, out);
  }
  if (plan.density) black_density_outputs<lanes>(block, feed, out);
}

struct BlackCall {
  const OptionRows& rows;
  const OptionOutputs& out;
  const BlackPlan plan;
  OptionFeed& feed;

  template <std::size_t lanes>
  void run(std::size_t first, std::size_t filled) const noexcept {
    BlackBlock block;
    OutputWindow window;
    advance_options(feed, rows, first, filled, lanes);
    open_window(window, out, first, filled < lanes);
    black_block<lanes>(block, feed, plan, window.at);
    if (filled < lanes) close_window(window, out, first, filled);
  }
};

void black76(const OptionRows& rows, const OptionOutputs& out, std::size_t count) noexcept {
  if (count == 0) return;
  OptionFeed feed;
  open_options(feed, rows);
  for_each_block(count, BlackCall{rows, out, plan_black(rows, out), feed});
}
