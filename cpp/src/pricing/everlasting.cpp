#include "pricing/everlasting.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"

namespace tickmargin::pricing {
namespace {

using base::canonical_nan;

constexpr double infinity = std::numeric_limits<double>::infinity();

// The roots, and how they move with v.
struct Exponents {
  double upper, lower;
  double upper_slope, lower_slope;
};

Exponents exponents(double v, double rate, double killing) noexcept {
  const double middle = 0.5 - rate / v;
  const double product = 2.0 * killing / v;  // - m+ m-
  const double half_width = std::sqrt(middle * middle + product);
  Exponents m;
  // The larger root in size first, the other from the product: neither cancels.
  if (middle >= 0) {
    m.upper = middle + half_width;
    m.lower = -product / m.upper;
  } else {
    m.lower = middle - half_width;
    m.upper = -product / m.lower;
  }
  const double width = m.upper - m.lower;
  m.upper_slope = -m.upper * (m.upper - 1.0) / (v * width);
  m.lower_slope = m.lower * (m.lower - 1.0) / (v * width);
  return m;
}

// 1 - rho m, of the root it is small for without subtracting.
double one_less(double rho, double rate_period, double m, double other) noexcept {
  return rho * m > 0 ? 1.0 / (1.0 + rate_period - rate_period * other) : 1.0 - rho * m;
}

// What there is beside the straight line of its side: scale x^m with its derivatives.
struct Power {
  double value, delta, gamma, by_variance;
};

Power curved(const EverlastingTerms& t, double x, const Exponents& m) noexcept {
  const double rate_period = t.rate * t.period_years;
  const double rho = rate_period / (1.0 + rate_period);
  const double width = m.upper - m.lower;
  const bool below = x < 1.0;
  const double root = below ? m.upper : m.lower, root_slope = below ? m.upper_slope : m.lower_slope;
  const double other = below ? m.lower : m.upper;
  const double other_slope = below ? m.lower_slope : m.upper_slope;
  const double share = one_less(rho, rate_period, other, root) / width;
  const double share_slope = (-rho * other_slope - share * (m.upper_slope - m.lower_slope)) / width;
  const double log_x = kernels::log_of(x);
  const double power = t.strike * kernels::exp_of(root * log_x);
  const double value = share * power;
  return {value, root * value / t.index, root * (root - 1.0) * value / (t.index * t.index),
          power * (share_slope + share * root_slope * log_x)};
}

// Without volatility the index grows at `rate`: the option is in the money from the start, from
// some day on, until some day, or never.
Power curved_still(const EverlastingTerms& t, double x) noexcept {
  const double rate_period = t.rate * t.period_years;
  if (t.rate == 0 || (x < 1.0) != (t.rate > 0)) return {0, 0, 0, 0};
  const double rho = rate_period / (1.0 + rate_period);
  const double root = 1.0 / rho;
  const double value = t.strike * std::fabs(rho) * kernels::exp_of(root * kernels::log_of(x));
  return {value, root * value / t.index, root * (root - 1.0) * value / (t.index * t.index), 0};
}

}  // namespace

EverlastingValue everlasting_value(const EverlastingTerms& t) noexcept {
  const double x = t.index / t.strike;
  const double v = t.vol_annual * t.vol_annual;
  if (!(std::isfinite(x) && std::isfinite(v) && std::isfinite(t.period_years) &&
        std::isfinite(t.rate))) {
    return {canonical_nan, canonical_nan, canonical_nan, canonical_nan,
            canonical_nan, canonical_nan, canonical_nan};
  }
  Power p;
  double width = infinity;
  if (v > 0) {
    const Exponents m = exponents(v, t.rate, t.rate + 1.0 / t.period_years);
    p = curved(t, x, m);
    width = m.upper - m.lower;
  } else {
    p = curved_still(t, x);
  }
  const double rate_period = t.rate * t.period_years;
  const double line = t.index - t.strike / (1.0 + rate_period);
  const double line_less_payoff = t.strike * (rate_period / (1.0 + rate_period));
  EverlastingValue out;
  out.price = out.time_value = p.value;
  out.delta = p.delta;
  if (t.is_call && x >= 1.0) {
    out.price += line;
    out.time_value += line_less_payoff;
    out.delta += 1.0;
  } else if (!t.is_call && x < 1.0) {
    out.price -= line;
    out.time_value -= line_less_payoff;
    out.delta -= 1.0;
  }
  out.gamma = p.gamma;
  out.vega = 2.0 * t.vol_annual * p.by_variance;
  out.funding = -out.time_value / t.period_years;
  out.exponent_width = width;
  return out;
}

double everlasting_sum(const EverlastingTerms& t, int per_period) noexcept {
  const double n = per_period;
  const double keep = n / (n + 1.0);
  double weight = 1.0 / (n + 1.0), sum = 0;
  const std::uint8_t is_call = t.is_call;
  // What is left after all terms weighs less than a rounding of the sum.
  for (int k = 1; weight > 0x1p-60 / (n + 1.0); ++k, weight *= keep) {
    const double years = k * t.period_years / n;
    const double forward = t.index * kernels::exp_of(t.rate * years);
    double price;
    kernels::OptionOutputs outputs{};
    outputs.price = &price;
    const kernels::OptionRows rows{&is_call,           0,           {&forward, 0}, {&t.strike, 0},
                                   {&t.vol_annual, 0}, {&years, 0}, {&t.rate, 0}};
    kernels::kernels().black76(rows, outputs, 1);
    sum += weight * price;
  }
  return sum;
}

double power_perpetual_mark(double index, double power, double vol_annual, double period_years,
                            double rate, bool once) noexcept {
  const double growth = (power - 1.0) * (rate + 0.5 * power * vol_annual * vol_annual);
  const double now = kernels::exp_of(power * kernels::log_of(index));
  if (once) return now * kernels::exp_of(growth * period_years);
  const double left = 1.0 - growth * period_years;
  return left > 0 ? now / left : canonical_nan;
}

}  // namespace tickmargin::pricing
