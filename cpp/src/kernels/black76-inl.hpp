// Black-76. With s = vol sqrt(T), h = ln(F / K) / s, t = s / 2, d1 = h + t, d2 = h - t and
// e = exp(-d1^2 / 2): F phi(d1) = K phi(d2), so both tails share one exponential and the
// out-of-the-money value is F e times a difference (or sum) of Mills ratios at |d1| and |d2|.
#pragma once

constexpr double smallest_deviation = 1e-150;  // added to s; s that small is 0: intrinsic value
constexpr double series_deviation = 0.1;       // s below it takes the series for the difference

// 1 / s for the Greeks that have no limit where s = 0 at the strike, and are 0 there by convention.
TICKMARGIN_INLINE double inverse_or_zero(double s, double inv_s) {
  return above(s, smallest_deviation) ? inv_s : 0.0;
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
  double weighted_low[block_rows];  // what rounding took from it
  double tail[block_rows];          // N(-|d1|)
  double series[block_rows];        // value / (F e) where s is small
  double value[block_rows];         // undiscounted price
  double price[block_rows];         // discounted
  double probability[block_rows];   // undiscounted delta
  double phi[block_rows];           // phi(d1), discounted
  double cash_phi[block_rows];      // F phi(d1), discounted
  double steepness[block_rows];     // 1 / s, or 0 where s is 0
};

// Square root, standard deviation and discount factor, NaN where something is wrong with the row: a
// column less itself is NaN where it is not finite, else 0.
template <std::size_t lanes, bool at_zero_rate>
void black_deviation(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  const double* vol = feed.vol.rows;
  const double* expiry = feed.expiry.rows;
  const double* rate = feed.rate.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double root = __builtin_sqrt(expiry[i]);
    block.root_expiry[i] = root;
    block.deviation[i] = at_most(fma(vol[i], root, smallest_deviation), limits.deviation);
    const double spoiled = ((forward[i] - forward[i]) + (strike[i] - strike[i])) +
                           ((vol[i] - vol[i]) + (expiry[i] - expiry[i])) + (rate[i] - rate[i]);
    const double positive = smaller_of(forward[i], strike[i]) - smallest_normal;
    const bool sound = smaller_of(positive, smaller_of(vol[i], expiry[i])) >= 0.0;
    const double factor = at_zero_rate ? 1.0 : discount_factor(rate[i], expiry[i]);
    block.discount[i] = factor + ((sound ? 0.0 : canonical_nan) + spoiled);
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
    block.moneyness[i] = at_most(x.high * inv_s, limits.moneyness);
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
    const double inv_root = vol[i] * inv_s;
    const double s_low = at_most(fma((0.5 * vol[i]) * root_low, inv_root, product_low), limits.one);
    const double h = at_least(block.moneyness[i], limits.lowest_moneyness);
    const double h_remainder = (fma(-h, s, x) + fma(-h, s_low, block.log_low[i])) * inv_s;
    const double h_low = above(limits.moneyness, absolute(h)) ? h_remainder : 0.0;
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
    }
    gather_rows(s, block.deviation, row);
    gather_rows(h, block.moneyness, row);
    TICKMARGIN_EACH_ROW(i, short_block_rows) {
      const double z = absolute(h[i]);
      const double series = mills_difference_series(mills_slope(z), z, 0.5 * s[i]);
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
    const double weighted = forward[i] * density.high;
    const double rounded = fma(forward[i], density.high, -weighted);
    block.weighted[i] = weighted;
    block.weighted_low[i] = fma(forward[i], density.low, rounded);
  }
}

// N(-|d1|) and the price before discounting, from one division for the two Mills ratios. Where d1
// and d2 lie on two sides of 0, the ratios add up to what is missing to F (a call) or K (a put).
template <std::size_t lanes>
void black_tails(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const Tail tail1 = tail_of(absolute(block.d1[i]));
    const Tail tail2 = tail_of(absolute(block.d2[i]));
    const double p1 = tail1.p * tail2.q;
    const double p2 = tail2.p * tail1.q;
    const double q = tail1.q * tail2.q;
    const double inv = 1.0 / q;
    const std::uint64_t put = sign_of(feed.sign[i]);
    const std::uint64_t apart = sign_of(block.d1[i]) ^ sign_of(block.d2[i]);
    const double p = absolute(p1 - flip(p2, apart));
    const double quotient = p * inv;
    const double exact = fma(fma(-quotient, q, p), inv, quotient);
    const bool large = above(block.deviation[i], series_deviation);
    const double share = large ? exact : block.series[i];
    const std::uint64_t missing = large ? apart : 0;
    const double intrinsic = at_least(flip(forward[i] - strike[i], put), limits.zero);
    const double base = by_sign(missing, by_sign(put, strike[i], forward[i]), intrinsic);
    const double rest = flip(block.weighted_low[i] * share, missing);
    block.tail[i] = block.density[i] * (p1 * inv);
    block.value[i] = fma(flip(block.weighted[i], missing), share, base) + rest;
  }
}

template <std::size_t lanes>
void black_price(BlackBlock& block) noexcept {
  TICKMARGIN_EACH_ROW(i, lanes) {
    block.price[i] = canonical(block.discount[i] * block.value[i]);
  }
}

// delta before discounting: N(d1) for a call, N(d1) - 1 for a put, from the tail that is small.
template <std::size_t lanes>
void black_probability(BlackBlock& block, const OptionFeed& feed) noexcept {
  TICKMARGIN_EACH_ROW(i, lanes) {
    const std::uint64_t put = sign_of(feed.sign[i]);
    const std::uint64_t below_half = sign_of(block.d1[i]) ^ put;
    const double base = by_sign(below_half, 0.0, 1.0);
    block.probability[i] = flip(base - flip(block.tail[i], below_half), put);
  }
}

template <std::size_t lanes>
void black_price_outputs(const BlackBlock& block, const OptionFeed& feed,
                         const OptionOutputs& out) noexcept {
  const double* expiry = feed.expiry.rows;
  if (out.price != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) out.price[i] = block.price[i];
  }
  if (out.rho != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) out.rho[i] = canonical(-expiry[i] * block.price[i]);
  }
}

template <std::size_t lanes>
void black_delta_output(const BlackBlock& block, const OptionOutputs& out) noexcept {
  if (out.delta == nullptr) return;
  TICKMARGIN_EACH_ROW(i, lanes) {
    out.delta[i] = canonical(block.discount[i] * block.probability[i]);
  }
}

// The discounted density, its product with F, and 1 / s, as the outputs below use them.
template <std::size_t lanes>
void black_curvature(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double phi = block.discount[i] * (inv_sqrt_2pi * block.density[i]);
    block.phi[i] = phi;
    block.cash_phi[i] = forward[i] * phi;
    block.steepness[i] = inverse_or_zero(block.deviation[i], block.inv_deviation[i]);
  }
}

template <std::size_t lanes>
void black_density_outputs(const BlackBlock& block, const OptionFeed& feed,
                           const OptionOutputs& out) noexcept {
  const double* forward = feed.forward.rows;
  const double* vol = feed.vol.rows;
  const double* rate = feed.rate.rows;
  if (out.vega != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      out.vega[i] = canonical(block.cash_phi[i] * block.root_expiry[i]);
    }
  }
  if (out.gamma != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      out.gamma[i] = canonical(block.phi[i] * block.steepness[i] / forward[i]);
    }
  }
  if (out.theta != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double decay = (0.5 * vol[i]) * (vol[i] * block.steepness[i]);
      out.theta[i] = canonical(fma(rate[i], block.price[i], -block.cash_phi[i] * decay));
    }
  }
}

template <std::size_t lanes>
void black_cross_outputs(const BlackBlock& block, const OptionFeed& feed,
                         const OptionOutputs& out) noexcept {
  const double* vol = feed.vol.rows;
  const double* rate = feed.rate.rows;
  if (out.vanna != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double ratio = block.d2[i] * block.inv_deviation[i];
      out.vanna[i] = canonical(-block.phi[i] * (ratio * block.root_expiry[i]));
    }
  }
  if (out.volga != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double root = block.root_expiry[i];
      const double product = block.d1[i] * block.d2[i] * block.steepness[i];
      out.volga[i] = canonical(block.cash_phi[i] * root * (product * root));
    }
  }
  if (out.charm != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double inv_root = vol[i] * block.steepness[i];
      const double drift = block.phi[i] * (0.5 * block.d2[i]) * inv_root * inv_root;
      const double carry = rate[i] * (block.discount[i] * block.probability[i]);
      out.charm[i] = canonical(carry + drift);
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
  plan.density = out.vega != nullptr || out.gamma != nullptr || out.theta != nullptr ||
                 out.vanna != nullptr || out.volga != nullptr || out.charm != nullptr;
  plan.at_zero_rate = rows.rate_annual.step == 0 && *rows.rate_annual.data == 0.0;
  return plan;
}

template <std::size_t lanes>
void black_block(BlackBlock& block, const OptionFeed& feed, const BlackPlan& plan,
                 const OptionOutputs& out) noexcept {
  if (plan.at_zero_rate) {
    black_deviation<lanes, true>(block, feed);
  } else {
    black_deviation<lanes, false>(block, feed);
  }
  black_logarithm<lanes>(block, feed);
  black_moneyness<lanes>(block, feed);
  if (plan.tails) black_series<lanes>(block);
  black_density<lanes>(block, feed);
  if (plan.tails) black_tails<lanes>(block, feed);
  if (plan.price) {
    black_price<lanes>(block);
    black_price_outputs<lanes>(block, feed, out);
  }
  if (plan.probability) {
    black_probability<lanes>(block, feed);
    black_delta_output<lanes>(block, out);
  }
  if (plan.density) {
    black_curvature<lanes>(block, feed);
    black_density_outputs<lanes>(block, feed, out);
    black_cross_outputs<lanes>(block, feed, out);
  }
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
