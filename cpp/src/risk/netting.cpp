#include "risk/netting.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace tickmargin::risk {
namespace {

double larger_side(const TwoSidedLoss& unit) noexcept {
  return std::max(unit.up, unit.down);
}

// Correlation of two different units moved by `shift` towards 0 (negative) or towards 1 (positive).
double broken(double rho, double shift) noexcept {
  return shift < 0 ? rho * (1.0 + shift) : rho + shift * (1.0 - rho);
}

double worst_over_signs(std::span<const TwoSidedLoss> units, const NettingParameters& parameters,
                        std::size_t underlying_count, double shift) noexcept {
  double worst = 0;
  const std::size_t n = units.size();
  for (std::size_t signs = 0; signs < (std::size_t{1} << n); ++signs) {
    double variance = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const bool up_i = (signs >> i) & 1;
      const double loss_i = up_i ? units[i].up : units[i].down;
      variance += loss_i * loss_i;
      for (std::size_t j = 0; j < i; ++j) {
        const bool up_j = (signs >> j) & 1;
        const double loss_j = up_j ? units[j].up : units[j].down;
        const double rho =
            parameters
                .correlation[static_cast<std::size_t>(units[i].underlying) * underlying_count +
                             static_cast<std::size_t>(units[j].underlying)];
        const double sign = up_i == up_j ? 2.0 : -2.0;
        variance += sign * broken(rho, shift) * loss_i * loss_j;
      }
    }
    worst = std::max(worst, variance);
  }
  return std::sqrt(worst);
}

}  // namespace

double netted_loss(std::span<const TwoSidedLoss> units, const NettingParameters& parameters,
                   std::size_t underlying_count) {
  double sum = 0;
  for (const TwoSidedLoss& unit : units) sum += larger_side(unit);
  if (parameters.rule == NettingRule::sum || units.size() < 2) return sum;

  std::array<TwoSidedLoss, netted_units_max> largest;
  const std::size_t n = std::min(units.size(), netted_units_max);
  std::partial_sort_copy(units.begin(), units.end(), largest.begin(), largest.begin() + n,
                         [](const TwoSidedLoss& a, const TwoSidedLoss& b) {
                           const double x = larger_side(a), y = larger_side(b);
                           return x != y ? x > y : a.underlying < b.underlying;
                         });
  const std::span<const TwoSidedLoss> netted(largest.data(), n);
  double rest = sum;
  for (const TwoSidedLoss& unit : netted) rest -= larger_side(unit);
  double loss = larger_side(netted[0]);
  for (const double shift : {0.0, -parameters.correlation_break, parameters.correlation_break}) {
    loss = std::max(loss, worst_over_signs(netted, parameters, underlying_count, shift));
  }
  loss += std::max(rest, 0.0);
  return std::min(sum, std::max(loss, (1.0 - parameters.credit_cap_ratio) * sum));
}

}  // namespace tickmargin::risk
