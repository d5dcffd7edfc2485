#include "risk/normal.hpp"

#include <cmath>

#include "kernels/one_value.hpp"

namespace tickmargin::risk {
namespace {

using kernels::normal_cdf;

double density(double x) noexcept {
  return kernels::exp_of(-0.5 * x * x) * 0.3989422804014327;  // 1 / sqrt(2 pi)
}

}  // namespace

double normal_quantile(double probability) noexcept {
  // Bisection gets within Newton's reach from anywhere; 12 halvings of [-40, 40] leave 0.02.
  double low = -40, high = 40;
  for (int i = 0; i < 12; ++i) {
    const double middle = 0.5 * (low + high);
    (normal_cdf(middle) < probability ? low : high) = middle;
  }
  double x = 0.5 * (low + high);
  for (int i = 0; i < 8; ++i) {
    const double slope = density(x);
    if (!(slope > 0)) break;
    const double step = (normal_cdf(x) - probability) / slope;
    x -= std::fmin(std::fmax(step, -1.0), 1.0);
  }
  return x;
}

ShortfallMoves lognormal_shortfall(double s, double confidence) noexcept {
  const double tail = 1.0 - confidence;
  const double z = normal_quantile(tail);
  return {1.0 - normal_cdf(z - s) / tail, normal_cdf(z + s) / tail - 1.0};
}

}  // namespace tickmargin::risk
