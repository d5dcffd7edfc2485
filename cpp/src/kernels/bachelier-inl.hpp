// Bachelier: F normal with standard deviation s = vol sqrt(T) in price units, d = (F - K) / s.
// The out-of-the-money value s phi(d) (1 - |d| R(|d|)) has its own approximation: no cancellation.
#pragma once

struct BachelierBlock {
  double discount[block_rows];
  double deviation[block_rows];      // s
  double inv_deviation[block_rows];  // 0 where s is 0
  double root_expiry[block_rows];
  double d[block_rows];
  double density[block_rows];        // phi(d)
  double tail[block_rows];           // N(-|d|)
  double price[block_rows];
  double probability[block_rows];
};

template <std::size_t lanes>
void bachelier_discount(BachelierBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  const double* vol = feed.vol.rows;
  const double* expiry = feed.expiry.rows;
  const double* rate = feed.rate.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double spoiled = fma(0.0, forward[i] - strike[i], fma(0.0, vol[i], 0.0 * expiry[i]));
    const bool sound = smaller_of(vol[i], expiry[i]) >= 0.0;
    const double factor = discount_factor(rate[i], expiry[i]);
    block.discount[i] = factor + ((sound ? 0.0 : canonical_nan) + fma(0.0, rate[i], spoiled));
  }
}

template <std::size_t lanes>
void bachelier_tails(BachelierBlock& block, const OptionFeed& feed) noexcept {
  const double* forward = feed.forward.rows;
  const double* strike = feed.strike.rows;
  const double* vol = feed.vol.rows;
  const double* expiry = feed.expiry.rows;
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double root = __builtin_sqrt(expiry[i]);
    const double product = vol[i] * root;
    const double s = at_most(at_least(product, smallest_deviation), largest);
    const double difference = forward[i] - strike[i];
    const double ratio = difference / s;
    const double ratio_low = fma(-ratio, s, difference) / s;
    const double root_low = fma(-root, root, expiry[i]);
    const double s_low = (fma(vol[i], root, -product) + 0.5 * vol[i] * (root_low / root)) / s;
    const double clamped = at_most(at_least(ratio, -limits.mills), limits.mills);
    const bool exact = (clamped == ratio) & (product == s) & finite(s_low) & finite(ratio_low);
    const double low = exact ? fma(-ratio, s_low, ratio_low) : 0.0;
    const double z = absolute(clamped);
    const double q_inv = 1.0 / polynomial(slope_q, z);
    const double e = gauss(clamped, low).high;
    const double value = s > smallest_deviation ? s * (e * (polynomial(slope_s, z) * q_inv)) : 0.0;
    block.root_expiry[i] = root;
    block.deviation[i] = s;
    block.inv_deviation[i] = s > smallest_deviation ? 1.0 / s : 0.0;
    block.d[i] = clamped;
    block.density[i] = inv_sqrt_2pi * e;
    block.tail[i] = e * (polynomial(slope_p, z) * q_inv);
    const double intrinsic = at_least(feed.sign[i] * difference, limits.zero);
    block.price[i] = canonical(block.discount[i] * (value + intrinsic));
  }
}

template <std::size_t lanes>
void bachelier_probability(BachelierBlock& block, const OptionFeed& feed) noexcept {
  TICKMARGIN_EACH_ROW(i, lanes) {
    const double sign = feed.sign[i];
    const bool above_half = sign * block.d[i] > 0.0;
    block.probability[i] = sign * (above_half ? 1.0 - block.tail[i] : block.tail[i]);
  }
}

template <std::size_t lanes>
void bachelier_first_order(const BachelierBlock& block, const OptionFeed& feed,
                           const OptionOutputs& out) noexcept {
  const double* vol = feed.vol.rows;
  const double* expiry = feed.expiry.rows;
  const double* rate = feed.rate.rows;
  if (out.price != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) out.price[i] = block.price[i];
  }
  if (out.delta != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      out.delta[i] = canonical(block.discount[i] * block.probability[i]);
    }
  }
  if (out.vega != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      out.vega[i] = canonical(block.discount[i] * (block.density[i] * block.root_expiry[i]));
    }
  }
  if (out.rho != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) out.rho[i] = canonical(-expiry[i] * block.price[i]);
  }
  if (out.theta != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double decay = block.density[i] * (0.5 * vol[i]) * (vol[i] * block.inv_deviation[i]);
      out.theta[i] = canonical(fma(rate[i], block.price[i], -block.discount[i] * decay));
    }
  }
}

template <std::size_t lanes>
void bachelier_second_order(const BachelierBlock& block, const OptionFeed& feed,
                            const OptionOutputs& out) noexcept {
  const double* vol = feed.vol.rows;
  const double* rate = feed.rate.rows;
  double phi[lanes];
  TICKMARGIN_EACH_ROW(i, lanes) phi[i] = block.discount[i] * block.density[i];
  if (out.gamma != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) out.gamma[i] = canonical(phi[i] * block.inv_deviation[i]);
  }
  if (out.vanna != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double ratio = block.d[i] * block.inv_deviation[i];
      out.vanna[i] = canonical(-phi[i] * (ratio * block.root_expiry[i]));
    }
  }
  if (out.volga != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double root = block.root_expiry[i];
      const double product = block.d[i] * block.d[i] * block.inv_deviation[i];
      out.volga[i] = canonical(phi[i] * root * (product * root));
    }
  }
  if (out.charm != nullptr) {
    TICKMARGIN_EACH_ROW(i, lanes) {
      const double inv_root = vol[i] * block.inv_deviation[i];
      const double drift = phi[i] * (0.5 * block.d[i]) * inv_root * inv_root;
      const double carry = rate[i] * (block.discount[i] * block.probability[i]);
      out.charm[i] = canonical(carry + drift);
    }
  }
}

struct BachelierCall {
  const OptionRows& rows;
  const OptionOutputs& out;
  OptionFeed& feed;

  template <std::size_t lanes>
  void run(std::size_t first, std::size_t filled) const noexcept {
    BachelierBlock block;
    OutputWindow window;
    advance_options(feed, rows, first, filled, lanes);
    open_window(window, out, first, filled < lanes);
    bachelier_discount<lanes>(block, feed);
    bachelier_tails<lanes>(block, feed);
    bachelier_probability<lanes>(block, feed);
    bachelier_first_order<lanes>(block, feed, window.at);
    bachelier_second_order<lanes>(block, feed, window.at);
    if (filled < lanes) close_window(window, out, first, filled);
  }
};

void bachelier(const OptionRows& rows, const OptionOutputs& out, std::size_t count) noexcept {
  if (count == 0) return;
  OptionFeed feed;
  open_options(feed, rows);
  for_each_block(count, BachelierCall{rows, out, feed});
}
