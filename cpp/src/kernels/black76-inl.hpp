// Black-76. With s = vol sqrt(T), h = ln(F / K) / s, t = s / 2, d1 = h + t, d2 = h - t and
// e = exp(-d1^2 / 2): F phi(d1) = K phi(d2), so both tails share one exponential and the
// out-of-the-money value is F e times a difference (or sum) of Mills ratios at |d1| and |d2|.
#pragma once

constexpr double smallest_deviation = 1e-150;  // s below it is 0: intrinsic value
constexpr double largest_deviation = 1e100;
constexpr double largest_exponent = 709.0;     // a discount factor over e^709 gives NaN
constexpr double series_deviation = 0.1;       // s below it takes the series for the difference

// What the stages of one block hand to each other.
struct BlackBlock {
  double discount[block_rows];      // exp(-rT), NaN for a row that makes no sense
  double deviation[block_rows];     // s, floored
  double inv_deviation[block_rows];
  double root_expiry[block_rows];
  double moneyness[block_rows];     // h, clamped
  double d1[block_rows];
  double d1_low[block_rows];
  double d2[block_rows];
  double density[block_rows];       // e
  double tail[block_rows];          // N(-|d1|)
  double value[block_rows];         // out-of-the-money value, undiscounted
  double price[block_rows];         // discounted
  double probability[block_rows];   // undiscounted delta
};

template <std::size_t lanes>
void black_discount(BlackBlock& block, const OptionFeed& feed, bool at_zero_rate) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  const double* vol = feed.vol.rows;
  const double* expiry = feed.expiry.rows;
  const double* rate = feed.rate.rows;
  for (std::size_t i = 0; i < lanes; ++i) {
    const bool sound = positive_normal(forward[i]) & positive_normal(strike[i]) &
                       not_negative(vol[i]) & not_negative(expiry[i]) & finite(rate[i]);
    block.discount[i] = sound ? 1.0 : canonical_nan;
  }
  if (at_zero_rate) return;
  for (std::size_t i = 0; i < lanes; ++i) {
    const double exponent = at_least(-rate[i] * expiry[i], -800.0);
    const double factor = exp_flushed(at_most(exponent, largest_exponent), 0.0);
    block.discount[i] = exponent > largest_exponent ? canonical_nan : block.discount[i] * factor;
  }
}

// d1 and d2, with what rounding took from d1. One division serves ln(F / K) and 1 / s.
template <std::size_t lanes>
void black_moneyness(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  const double* vol = feed.vol.rows;
  const double* expiry = feed.expiry.rows;
  for (std::size_t i = 0; i < lanes; ++i) {
    const double root = __builtin_sqrt(expiry[i]);
    const double product = vol[i] * root;
    const double s = at_most(at_least(product, smallest_deviation), largest_deviation);
    const Ratio ratio = reduce_ratio(forward[i], strike[i]);
    const double sum = ratio.a + ratio.b;
    const double inv = 1.0 / (sum * s);
    const double inv_s = inv * sum;
    const Pair x = log_ratio(ratio, sum, inv * s);
    const double root_low = fma(-root, root, expiry[i]);
    const double s_product_low = fma(vol[i], root, -product) +
                                 0.5 * (vol[i] * inv_s) * (vol[i] * root_low);
    const double s_low = product == s ? s_product_low : 0.0;
    const double h = x.high * inv_s;
    const double h_low = (fma(-h, s, x.high) + fma(-h, s_low, x.low)) * inv_s;
    const double t = 0.5 * s;
    const double d1 = h + t;
    const double part = d1 - h;
    const double d1_low = ((h - (d1 - part)) + (t - part)) + fma(0.5, s_low, h_low);
    const double d1_clamped = at_most(at_least(d1, -mills_limit), mills_limit);
    block.root_expiry[i] = root;
    block.deviation[i] = s;
    block.inv_deviation[i] = inv_s;
    block.moneyness[i] = at_most(absolute(h), mills_limit);
    block.d1[i] = d1_clamped;
    block.d1_low[i] = d1_clamped == d1 ? d1_low : 0.0;
    block.d2[i] = at_most(at_least(h - t, -mills_limit), mills_limit);
  }
}

template <std::size_t lanes>
void black_density(BlackBlock& block) noexcept {
  for (std::size_t i = 0; i < lanes; ++i) block.density[i] = gauss(block.d1[i], block.d1_low[i]);
}

// N(-|d1|) and the value, from one division for the two Mills ratios.
template <std::size_t lanes>
void black_tails(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  for (std::size_t i = 0; i < lanes; ++i) {
    const double z1 = absolute(block.d1[i]);
    const double z2 = absolute(block.d2[i]);
    const double q1 = mills_denominator(z1);
    const double q2 = mills_denominator(z2);
    const double p1 = mills_numerator(z1) * q2;
    const double p2 = mills_numerator(z2) * q1;
    const double inv = 1.0 / (q1 * q2);
    const double weighted = forward[i] * block.density[i];
    const double smaller = forward[i] < strike[i] ? forward[i] : strike[i];
    const bool one_side = (block.d1[i] > 0.0) == (block.d2[i] > 0.0);
    const double apart = weighted * (absolute(p1 - p2) * inv);
    const double across = fma(-weighted, (p1 + p2) * inv, smaller);
    block.tail[i] = block.density[i] * (p1 * inv);
    block.value[i] = one_side ? apart : across;
  }
}

// Rows with a small s again, by the series; a block without any is left at once.
template <std::size_t lanes>
void black_series(BlackBlock& block, const OptionFeed& feed) noexcept {
  std::uint64_t any = 0;
  for (std::size_t i = 0; i < lanes; ++i) {
    any |= block.deviation[i] < series_deviation ? std::uint64_t{1} : std::uint64_t{0};
  }
  if (any == 0) return;
  const double* forward = feed.forward.rows;
  for (std::size_t i = 0; i < lanes; ++i) {
    const double s = block.deviation[i];
    const double h = block.moneyness[i];
    const double slope = mills_slope_numerator(h) / mills_denominator(h);
    const double series = mills_difference_series(slope, h, 0.5 * s);
    const double floored = s > smallest_deviation ? s : 0.0;
    const double value = forward[i] * block.density[i] * (floored * series);
    block.value[i] = s < series_deviation ? value : block.value[i];
  }
}

template <std::size_t lanes>
void black_price(BlackBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  for (std::size_t i = 0; i < lanes; ++i) {
    const double intrinsic = at_least(feed.sign[i] * (forward[i] - strike[i]), 0.0);
    block.price[i] = canonical(block.discount[i] * (block.value[i] + intrinsic));
  }
}

// delta before discounting: N(d1) for a call, N(d1) - 1 for a put, from the tail that is small.
template <std::size_t lanes>
void black_probability(BlackBlock& block, const OptionFeed& feed) noexcept {
  for (std::size_t i = 0; i < lanes; ++i) {
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
    for (std::size_t i = 0; i < lanes; ++i) out.price[i] = block.price[i];
  }
  if (out.rho != nullptr) {
    for (std::size_t i = 0; i < lanes; ++i) out.rho[i] = canonical(-expiry[i] * block.price[i]);
  }
  if (out.theta != nullptr) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const double s = block.deviation[i];
      const double inv_s = s > smallest_deviation ? block.inv_deviation[i] : 0.0;
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
    for (std::size_t i = 0; i < lanes; ++i) {
      out.delta[i] = canonical(block.discount[i] * block.probability[i]);
    }
  }
  if (out.charm != nullptr) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const double s = block.deviation[i];
      const double inv_root = s > smallest_deviation ? vol[i] * block.inv_deviation[i] : 0.0;
      const double drift = inv_sqrt_2pi * block.density[i] * (0.5 * block.d2[i]) * inv_root * inv_root;
      out.charm[i] = canonical(block.discount[i] * fma(rate[i], block.probability[i], drift));
    }
  }
}

template <std::size_t lanes>
void black_density_outputs(const BlackBlock& block, const OptionFeed& feed,
                           const OptionOutputs& out) noexcept {
  const double* forward = feed.forward.rows;
  double phi[lanes];  // discounted phi(d1)
  for (std::size_t i = 0; i < lanes; ++i) {
    phi[i] = block.discount[i] * (inv_sqrt_2pi * block.density[i]);
  }
  if (out.vega != nullptr) {
    for (std::size_t i = 0; i < lanes; ++i) {
      out.vega[i] = canonical(forward[i] * phi[i] * block.root_expiry[i]);
    }
  }
  if (out.gamma != nullptr) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const double s = block.deviation[i];
      const double inv_s = s > smallest_deviation ? block.inv_deviation[i] : 0.0;
      out.gamma[i] = canonical(phi[i] * inv_s / forward[i]);
    }
  }
  if (out.vanna != nullptr) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const double ratio = block.d2[i] * block.inv_deviation[i];
      out.vanna[i] = canonical(-phi[i] * (ratio * block.root_expiry[i]));
    }
  }
  if (out.volga != nullptr) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const double root = block.root_expiry[i];
      const double product = block.d1[i] * block.d2[i] * block.inv_deviation[i];
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
  black_discount<lanes>(block, feed, plan.at_zero_rate);
  black_moneyness<lanes>(block, feed);
  black_density<lanes>(block);
  if (plan.tails) black_tails<lanes>(block, feed);
  if (plan.price) {
    black_series<lanes>(block, feed);
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
