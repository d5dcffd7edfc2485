#include "pricing/delta_convention.hpp"

#include <algorithm>
#include <cmath>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"

namespace tickmargin::pricing {
namespace {

using kernels::Column;
using kernels::exp_of;
using kernels::log_of;
using kernels::normal_cdf;

constexpr std::size_t block_rows = 128;
constexpr double smallest_deviation = 1e-150;  // as in the kernels: below it s is 0
constexpr double furthest = 38;  // N(-38) is the smallest that float64 holds with all its digits

double at(const Column& column, std::size_t i) noexcept {
  return column.data[static_cast<std::ptrdiff_t>(i) * column.step];
}

bool positive_finite(double x) noexcept {
  return x > 0 && std::isfinite(x);
}

bool is_premium_adjusted(DeltaConvention convention) noexcept {
  return convention == DeltaConvention::premium_adjusted_spot ||
         convention == DeltaConvention::premium_adjusted_forward;
}

bool is_spot(DeltaConvention convention) noexcept {
  return convention == DeltaConvention::spot ||
         convention == DeltaConvention::premium_adjusted_spot;
}

// One block's inputs at full width.
struct Block {
  std::uint8_t is_call[block_rows];
  double forward[block_rows];
  double strike[block_rows];
  double asset_discount[block_rows];  // exp(-q T)
  double delta[block_rows];
};

void fill(Block& block, const SpotRows& in, bool swap, std::size_t first, std::size_t n) noexcept {
  double carry[block_rows], yield[block_rows];
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = static_cast<std::ptrdiff_t>(first + i);
    const bool call = in.is_call[row * in.is_call_step] != 0;
    block.is_call[i] = call != swap;
    block.strike[i] = at(in.strike, first + i);
    const double years = at(in.expiry_years, first + i);
    const double q = at(in.dividend_yield_annual, first + i);
    carry[i] = (at(in.rate_annual, first + i) - q) * years;
    yield[i] = -q * years;
  }
  kernels::kernels().exp(carry, block.forward, n);
  kernels::kernels().exp(yield, block.asset_discount, n);
  for (std::size_t i = 0; i < n; ++i) block.forward[i] *= at(in.spot, first + i);
}

// The unknown of the search is x with K = F exp(s^2 / 2 - x s) (x = d1) or, premium-adjusted,
// K = F exp(-x s - s^2 / 2) (x = d2).
struct Quote {
  bool call;
  double s;
  double target;  // delta without its sign and without exp(-q T)
};

double normal_density(double x) noexcept {
  return 0.3989422804014327 * exp_of(-0.5 * x * x);
}

struct Curve {
  double value;
  double slope;
};

// Premium-adjusted delta by d2; exp(-d2 s - s^2 / 2) phi(d2) = phi(d1).
Curve premium_adjusted(const Quote& quote, double d2) noexcept {
  const double ratio = exp_of(-d2 * quote.s - 0.5 * quote.s * quote.s);
  const double value = ratio * normal_cdf(quote.call ? d2 : -d2);
  const double density = normal_density(d2 + quote.s);
  return {value, (quote.call ? density : -density) - quote.s * value};
}

// Where a curve that crosses `target` once between low and high does: Newton's steps, halving the
// bracket where a step would leave it or is not half the one before (far tails).
template <class Function>
double cross(double low, double high, bool rising, double target, const Function& f) noexcept {
  double x = low + 0.5 * (high - low);
  double last_step = high - low;
  while (true) {
    const Curve at_x = f(x);
    ((at_x.value < target) == rising ? low : high) = x;
    double next = x - (at_x.value - target) / at_x.slope;
    if (!(next > low && next < high && std::fabs(next - x) < 0.5 * last_step)) {
      next = low + 0.5 * (high - low);
    }
    last_step = std::fabs(next - x);
    if (!(last_step > 4e-16 * (1.0 + std::fabs(x)))) return next;  // NaN ends it too
    x = next;
  }
}

// d2 at which a premium-adjusted call delta is largest: s N(d2) = phi(d2), one crossing.
double top_of_call(double s) noexcept {
  return cross(-furthest, furthest, true, 0.0, [s](double x) noexcept -> Curve {
    const double density = normal_density(x);
    return {s * normal_cdf(x) - density, (s + x) * density};
  });
}

StrikeStatus solve_premium_adjusted(const Quote& quote, double& log_ratio) noexcept {
  const auto f = [&quote](double d2) noexcept { return premium_adjusted(quote, d2); };
  if (!(quote.target > 0)) return StrikeStatus::unreachable_delta;
  const double high = quote.call ? top_of_call(quote.s) : furthest;
  double low = -furthest;
  // Deep in the money a put's delta is K / F itself, however many deviations away that is.
  if (!quote.call) low = std::fmin(low, -log_of(quote.target) / quote.s - 0.5 * quote.s - 1.0);
  const bool rising = quote.call;
  const double smallest = f(rising ? low : high).value;
  const double largest = f(rising ? high : low).value;
  if (!(quote.target > smallest && quote.target <= largest)) return StrikeStatus::unreachable_delta;
  const double d2 = cross(low, high, rising, quote.target, f);
  log_ratio = -d2 * quote.s - 0.5 * quote.s * quote.s;
  return StrikeStatus::ok;
}

StrikeStatus solve_plain(const Quote& quote, double& log_ratio) noexcept {
  if (!(quote.target > 0 && quote.target < 1)) return StrikeStatus::unreachable_delta;
  const double x = cross(-furthest, furthest, true, quote.target, [](double u) noexcept -> Curve {
    return {normal_cdf(u), normal_density(u)};
  });
  const double d1 = quote.call ? x : -x;
  log_ratio = 0.5 * quote.s * quote.s - d1 * quote.s;
  return StrikeStatus::ok;
}

}  // namespace

void delta_from_strike(const SpotRows& rows, DeltaConvention convention, double* delta,
                       std::size_t count) noexcept {
  const bool adjusted = is_premium_adjusted(convention);
  static constexpr double zero = 0;
  Block block;
  for (std::size_t first = 0; first < count; first += block_rows) {
    const std::size_t n = std::min(block_rows, count - first);
    fill(block, rows, adjusted, first, n);
    // The derivative in the strike is a delta with F and K exchanged: no difference of a delta and
    // a premium that nearly cancel.
    const Column forward{adjusted ? block.strike : block.forward, 1};
    const Column strike{adjusted ? block.forward : block.strike, 1};
    const auto shift = static_cast<std::ptrdiff_t>(first);
    const Column vol{rows.vol_annual.data + shift * rows.vol_annual.step, rows.vol_annual.step};
    const Column years{rows.expiry_years.data + shift * rows.expiry_years.step,
                       rows.expiry_years.step};
    kernels::OptionOutputs outputs{};
    outputs.delta = block.delta;
    kernels::kernels().black76({block.is_call, 1, forward, strike, vol, years, {&zero, 0}}, outputs,
                               n);
    for (std::size_t i = 0; i < n; ++i) {
      double value = block.delta[i];
      if (adjusted) value *= -(block.strike[i] / block.forward[i]);
      if (is_spot(convention)) value *= block.asset_discount[i];
      delta[first + i] = value == value ? value : base::canonical_nan;
    }
  }
}

void strike_from_delta(const SpotRows& rows, Column delta, DeltaConvention convention,
                       double* strike, StrikeStatus* status, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const double spot = at(rows.spot, i);
    const double years = at(rows.expiry_years, i);
    const double q = at(rows.dividend_yield_annual, i);
    const double s = at(rows.vol_annual, i) * std::sqrt(years);
    const double forward = spot * exp_of((at(rows.rate_annual, i) - q) * years);
    const double discount = is_spot(convention) ? exp_of(-q * years) : 1.0;
    const bool call = rows.is_call[static_cast<std::ptrdiff_t>(i) * rows.is_call_step] != 0;
    const double quoted = at(delta, i);
    strike[i] = base::canonical_nan;
    if (!(spot > 0 && years > 0 && positive_finite(s) && s > smallest_deviation &&
          positive_finite(forward) && positive_finite(discount) && std::isfinite(quoted))) {
      status[i] = StrikeStatus::invalid_input;
      continue;
    }
    const Quote quote{call, s, (call ? quoted : -quoted) / discount};
    double log_ratio = 0;
    status[i] = is_premium_adjusted(convention) ? solve_premium_adjusted(quote, log_ratio)
                                                : solve_plain(quote, log_ratio);
    if (status[i] != StrikeStatus::ok) continue;
    const double found = forward * exp_of(log_ratio);
    if (positive_finite(found)) {
      strike[i] = found;
    } else {
      status[i] = StrikeStatus::unreachable_delta;
    }
  }
}

}  // namespace tickmargin::pricing
