#include "risk/delta_gamma.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/one_value.hpp"
#include "risk/contour.hpp"
#include "risk/normal.hpp"
#include "risk/symmetric.hpp"

namespace tickmargin::risk {
namespace {

using kernels::exp_of;
using kernels::log_of;

constexpr double pi = 3.141592653589793;

struct Derivatives {
  double value, first, second;
};

// The cumulant generating function and its derivatives, for real s inside its strip.
Derivatives cumulants_at(const QuadraticForm& form, double s) noexcept {
  Derivatives k{0, 0, 0};
  for (std::size_t i = 0; i < form.linear.size(); ++i) {
    const double a = form.square[i], b2 = form.linear[i] * form.linear[i];
    const double q = 1.0 / (1.0 - a * s);
    k.value += 0.5 * b2 * s * s * q + 0.5 * log_of(q);
    k.first += 0.5 * a * q + b2 * s * q + 0.5 * b2 * a * s * s * q * q;
    k.second += 0.5 * a * a * q * q + b2 * q * q * q;
  }
  return k;
}

struct Strip {
  double low, high;
};

Strip strip_of(const QuadraticForm& form) noexcept {
  double most = 0, least = 0;
  for (const double a : form.square) {
    most = std::fmax(most, a);
    least = std::fmin(least, a);
  }
  return {least < 0 ? 1.0 / least : -HUGE_VAL, most > 0 ? 1.0 / most : HUGE_VAL};
}

// Where the derivative of the cumulant generating function is x; it rises over the strip.
double saddle_of(const QuadraticForm& form, double x) noexcept {
  const Strip strip = strip_of(form);
  const double unit = 1.0 / std::sqrt(cumulants_at(form, 0).second);
  double low = std::isinf(strip.low) ? -unit : strip.low;
  double high = std::isinf(strip.high) ? unit : strip.high;
  const auto above = [&](double s) { return cumulants_at(form, s).first > x; };
  for (int i = 0; i < 1000 && std::isinf(strip.low) && above(low); ++i) low *= 2.0;
  for (int i = 0; i < 1000 && std::isinf(strip.high) && !above(high); ++i) high *= 2.0;
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (above(middle) ? high : low) = middle;
  }
  return 0.5 * (low + high);
}

double bisect(double low, double high, double wanted, auto survival) {
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (survival(middle) > wanted ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

QuadraticForm quadratic_form(std::span<const double> delta, std::span<const double> gamma,
                             std::span<const double> covariance, std::size_t n) {
  const std::vector<double> root = square_root_of(covariance, n);
  std::vector<double> left(n * n, 0.0), middle(n * n, 0.0), moved(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) {
      moved[i] += root[k * n + i] * delta[k];
      for (std::size_t j = 0; j < n; ++j) left[i * n + j] += root[i * n + k] * gamma[k * n + j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t j = 0; j < n; ++j) middle[i * n + j] += left[i * n + k] * root[k * n + j];
    }
  }
  const Eigen eigen = eigen_of(middle, n);
  QuadraticForm form{std::vector<double>(n, 0.0), eigen.value};
  double largest = 0;
  for (const double a : form.square) largest = std::fmax(largest, std::fabs(a));
  for (std::size_t k = 0; k < n; ++k) {
    // What rounding leaves of a zero eigenvalue would be a branch point of its own.
    if (std::fabs(form.square[k]) < 1e-14 * largest) form.square[k] = 0.0;
    for (std::size_t i = 0; i < n; ++i) form.linear[k] += eigen.vector[i * n + k] * moved[i];
  }
  return form;
}

double saddlepoint_survival(const QuadraticForm& form, double x) noexcept {
  const double s = saddle_of(form, x);
  const Derivatives k = cumulants_at(form, s);
  const double size = std::sqrt(std::fmax(2.0 * (s * x - k.value), 0.0));
  const double w = s < 0 ? -size : size;
  const double u = s * std::sqrt(k.second);
  if (std::fabs(u) < 1e-4) {  // at the mean the two poles cancel: skewness alone is left
    double third = 0;
    for (std::size_t i = 0; i < form.linear.size(); ++i) {
      const double a = form.square[i];
      third += a * a * a + 3.0 * a * form.linear[i] * form.linear[i];
    }
    return 0.5 - third / (6.0 * std::sqrt(2.0 * pi) * k.second * std::sqrt(k.second));
  }
  const double density = exp_of(-0.5 * w * w) / std::sqrt(2.0 * pi);
  return kernels::normal_cdf(-w) + density * (1.0 / u - 1.0 / w);
}

double delta_gamma_quantile(const QuadraticForm& form, double p, DeltaGammaMethod method) {
  double mean = 0, variance = 0, third = 0, fourth = 0;
  for (std::size_t i = 0; i < form.linear.size(); ++i) {
    const double a = form.square[i], b2 = form.linear[i] * form.linear[i];
    mean += 0.5 * a;
    variance += b2 + 0.5 * a * a;
    third += a * a * a + 3.0 * a * b2;
    fourth += 3.0 * a * a * a * a + 12.0 * a * a * b2;
  }
  if (!(variance > 0)) return mean;
  const double deviation = std::sqrt(variance);
  const double z = -normal_quantile(1.0 - p);
  if (method == DeltaGammaMethod::cornish_fisher) {
    const double skew = third / (variance * deviation), excess = fourth / (variance * variance);
    const double w = z + skew / 6.0 * (z * z - 1.0) + excess / 24.0 * z * (z * z - 3.0) -
                     skew * skew / 36.0 * z * (2.0 * z * z - 5.0);
    return mean + deviation * w;
  }
  if (method == DeltaGammaMethod::exact) {
    QuadraticForm unit = form;
    for (auto* column : {&unit.linear, &unit.square}) {
      for (double& x : *column) x /= deviation;
    }
    const contour::Form scaled{unit.linear, unit.square};
    return deviation * contour::quantile(scaled, contour::solve(scaled, 1.0 - p), 1.0 - p);
  }
  const auto survival = [&](double x) { return saddlepoint_survival(form, x); };
  // A form of one sign is bounded by its vertex on one side.
  bool rises = true, falls = true;
  double vertex = 0;
  for (std::size_t i = 0; i < form.linear.size(); ++i) {
    const double a = form.square[i], b = form.linear[i];
    if (a == 0 && b != 0) rises = falls = false;
    if (a > 0) falls = false;
    if (a < 0) rises = false;
    if (a != 0) vertex -= 0.5 * b * b / a;
  }
  double low = mean - deviation, high = mean + deviation;
  while (!rises && survival(low) < 1.0 - p) low -= high - low;
  while (!falls && survival(high) > 1.0 - p) high += high - low;
  if (rises) low = vertex;
  if (falls) high = vertex;
  return bisect(low, high, 1.0 - p, survival);
}

}  // namespace tickmargin::risk
