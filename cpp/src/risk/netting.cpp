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

// One unit's loss on the side its index moves to under a sign vector.
double side_loss(const TwoSidedLoss& unit, std::size_t signs, std::size_t i) noexcept {
  return (signs >> i) & 1 ? unit.up : unit.down;
}

struct Norm {
  double loss = 0;
  std::size_t signs = 0;
  double shift = 0;
};

// s_i s_j rho_ij for two different units.
double signed_rho(std::span<const TwoSidedLoss> units, const NettingParameters& parameters,
                  std::size_t underlying_count, const Norm& norm, std::size_t i, std::size_t j) {
  const double rho =
      parameters.correlation[static_cast<std::size_t>(units[i].underlying) * underlying_count +
                             static_cast<std::size_t>(units[j].underlying)];
  const bool same = ((norm.signs >> i) & 1) == ((norm.signs >> j) & 1);
  return same ? broken(rho, norm.shift) : -broken(rho, norm.shift);
}

// The largest norm over sign vectors and over the correlation as given and broken both ways.
Norm worst_norm(std::span<const TwoSidedLoss> units, const NettingParameters& parameters,
                std::size_t underlying_count) {
  Norm worst;
  double worst_variance = -1;
  const std::size_t n = units.size();
  for (const double shift : {0.0, -parameters.correlation_break, parameters.correlation_break}) {
    for (std::size_t signs = 0; signs < (std::size_t{1} << n); ++signs) {
      const Norm norm{0, signs, shift};
      double variance = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double loss = side_loss(units[i], signs, i);
        variance += loss * loss;
        for (std::size_t j = 0; j < i; ++j) {
          variance += 2.0 * signed_rho(units, parameters, underlying_count, norm, i, j) * loss *
                      side_loss(units[j], signs, j);
        }
      }
      if (!(variance > worst_variance)) continue;
      worst_variance = variance;
      worst = norm;
    }
  }
  worst.loss = std::sqrt(std::max(worst_variance, 0.0));
  return worst;
}

struct Largest {
  std::array<TwoSidedLoss, netted_units_max> units;
  std::size_t count;

  std::span<const TwoSidedLoss> span() const noexcept { return {units.data(), count}; }
};

Largest largest_units(std::span<const TwoSidedLoss> units) {
  Largest largest{};
  largest.count = std::min(units.size(), netted_units_max);
  std::partial_sort_copy(units.begin(), units.end(), largest.units.begin(),
                         largest.units.begin() + static_cast<std::ptrdiff_t>(largest.count),
                         [](const TwoSidedLoss& a, const TwoSidedLoss& b) {
                           const double x = larger_side(a), y = larger_side(b);
                           return x != y ? x > y : a.underlying < b.underlying;
                         });
  return largest;
}

}  // namespace

double netted_loss(std::span<const TwoSidedLoss> units, const NettingParameters& parameters,
                   std::size_t underlying_count) {
  double sum = 0;
  for (const TwoSidedLoss& unit : units) sum += larger_side(unit);
  if (parameters.rule == NettingRule::sum || units.size() < 2) return sum;

  const Largest largest = largest_units(units);
  double rest = sum;
  for (const TwoSidedLoss& unit : largest.span()) rest -= larger_side(unit);
  const Norm norm = worst_norm(largest.span(), parameters, underlying_count);
  const double loss = std::max(larger_side(largest.units[0]), norm.loss) + std::max(rest, 0.0);
  return std::min(sum, std::max(loss, (1.0 - parameters.credit_cap_ratio) * sum));
}

std::vector<double> euler_shares(std::span<const TwoSidedLoss> units,
                                 const NettingParameters& parameters,
                                 std::size_t underlying_count) {
  std::vector<double> shares(units.size());
  if (units.empty()) return shares;
  const Largest largest = largest_units(units);
  const std::span<const TwoSidedLoss> netted = largest.span();
  const Norm norm = worst_norm(netted, parameters, underlying_count);
  double total = 0;
  for (std::size_t u = 0; u < units.size(); ++u) {
    shares[u] = larger_side(units[u]);
    for (std::size_t i = 0; i < netted.size(); ++i) {
      if (netted[i].underlying != units[u].underlying || !(norm.loss > 0)) continue;
      const double loss = side_loss(netted[i], norm.signs, i);
      double slope = loss;
      for (std::size_t j = 0; j < netted.size(); ++j) {
        if (j == i) continue;
        slope += signed_rho(netted, parameters, underlying_count, norm, i, j) *
                 side_loss(netted[j], norm.signs, j);
      }
      shares[u] = loss * slope / norm.loss;
    }
    total += shares[u];
  }
  for (double& share : shares) share = total > 0 ? share / total : 0.0;
  return shares;
}

}  // namespace tickmargin::risk
