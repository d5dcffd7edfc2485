#include "risk/tail_risk.hpp"

#include <cmath>

#include "kernels/one_value.hpp"
#include "risk/normal.hpp"

namespace tickmargin::risk {
namespace {

using kernels::exp_of;
using kernels::log_of;

constexpr double sqrt_pi = 1.7724538509055159;

// log(1 + y) without what 1 + y rounds off.
double log1p_of(double y) noexcept {
  const double u = 1.0 + y;
  return u == 1.0 ? y : log_of(u) * (y / (u - 1.0));
}

// Gamma(x + 1/2) / Gamma(x): upwards by recurrence to x >= 100, where the series is exact to the
// last bit.
double gamma_half_ratio(double x) noexcept {
  double factor = 1.0;
  while (x < 100.0) {
    factor *= x / (x + 0.5);
    x += 1.0;
  }
  const double w = 1.0 / x;
  const double series =
      1.0 + w * (-1.0 / 8 +
                 w * (1.0 / 128 + w * (5.0 / 1024 + w * (-21.0 / 32768 + w * (-399.0 / 262144)))));
  return factor * (std::sqrt(x) * series);
}

// The continued fraction of the incomplete beta function (Lentz), for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) noexcept {
  constexpr double tiny = 1e-300;
  const auto away = [](double v) { return std::fabs(v) < tiny ? tiny : v; };
  double c = 1.0;
  double d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
  double f = d;
  for (int i = 1; i < 10'000; ++i) {
    const double m = i;
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    d = 1.0 / away(1.0 + even * d);
    c = away(1.0 + even / c);
    f *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    d = 1.0 / away(1.0 + odd * d);
    c = away(1.0 + odd / c);
    const double step = d * c;
    f *= step;
    if (std::fabs(step - 1.0) < 1e-16) break;
  }
  return f;
}

// Density of Student's t.
double student_density(double t, double freedom) noexcept {
  const double log_kernel = -0.5 * (freedom + 1.0) * log1p_of(t * t / freedom);
  return gamma_half_ratio(0.5 * freedom) / (std::sqrt(freedom) * sqrt_pi) * exp_of(log_kernel);
}

}  // namespace

TailRisk normal_tail(double tail) noexcept {
  const double z = -normal_quantile(tail);
  const double density = exp_of(-0.5 * z * z) * 0.3989422804014327;  // 1 / sqrt(2 pi)
  return {z, density / tail};
}

double student_survival(double t, double freedom) noexcept {
  // I_x(freedom / 2, 1 / 2) / 2 with x = freedom / (freedom + t^2).
  const double a = 0.5 * freedom, b = 0.5;
  const double square = t * t;
  const double x = freedom / (freedom + square), y = square / (freedom + square);
  const double log_x = -log1p_of(square / freedom);
  const double front = gamma_half_ratio(a) / sqrt_pi * exp_of(a * log_x) * std::sqrt(y);
  if (x < (a + 1.0) / (a + b + 2.0)) return 0.5 * (front * beta_fraction(a, b, x) / a);
  return 0.5 * (1.0 - front * beta_fraction(b, a, y) / b);
}

TailRisk student_tail(double tail, double freedom, bool standardised) noexcept {
  double low = 0, high = 1;
  while (student_survival(high, freedom) > tail && high < 1e300) {
    low = high;
    high *= 2.0;
  }
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (student_survival(middle, freedom) > tail ? low : high) = middle;
  }
  const double t = 0.5 * (low + high);
  const double shortfall =
      student_density(t, freedom) * ((freedom + t * t) / ((freedom - 1.0) * tail));
  const double scale = standardised ? std::sqrt((freedom - 2.0) / freedom) : 1.0;
  return {scale * t, scale * shortfall};
}

TailRisk pareto_tail(const ParetoTail& fit, double tail) noexcept {
  const double ratio = fit.count / fit.exceedances * tail;
  const double reach = fit.shape == 0
                           ? -fit.scale * log_of(ratio)
                           : fit.scale / fit.shape * (exp_of(-fit.shape * log_of(ratio)) - 1.0);
  const double var = fit.threshold + reach;
  return {var, (var + fit.scale - fit.shape * fit.threshold) / (1.0 - fit.shape)};
}

double filtered_returns(std::span<const double> returns, const Garch& model, double* rescaled) {
  double variance = model.first_variance;
  for (std::size_t t = 0; t < returns.size(); ++t) {
    const double r = returns[t];
    rescaled[t] = r / std::sqrt(variance);
    variance = model.omega + model.alpha * (r * r) + model.beta * variance;
  }
  const double next = std::sqrt(variance);
  for (std::size_t t = 0; t < returns.size(); ++t) rescaled[t] *= next;
  return next;
}

ComponentRisk component_risk(std::span<const double> amounts, std::span<const double> covariance,
                             double multiple) {
  const std::size_t n = amounts.size();
  ComponentRisk out{0.0, std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)};
  double variance = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double with = 0;
    for (std::size_t j = 0; j < n; ++j) with += covariance[i * n + j] * amounts[j];
    out.marginal[i] = with;
    out.individual[i] = multiple * (std::fabs(amounts[i]) * std::sqrt(covariance[i * n + i]));
    variance += amounts[i] * with;
  }
  const double deviation = std::sqrt(std::fmax(variance, 0.0));
  out.total = multiple * deviation;
  for (std::size_t i = 0; i < n; ++i) {
    out.marginal[i] = deviation > 0 ? multiple * (out.marginal[i] / deviation) : 0.0;
    out.component[i] = amounts[i] * out.marginal[i];
  }
  return out;
}

}  // namespace tickmargin::risk
