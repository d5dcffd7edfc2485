// Netting across underlyings by the two-sided correlation rule.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tickmargin/policy.hpp"

namespace tickmargin::risk {

// The worst losses (>= 0) of one unit over upward and over downward moves of its index.
struct TwoSidedLoss {
  std::int32_t underlying;
  double up;
  double down;
};

inline constexpr std::size_t netted_units_max = 8;

// Loss of the whole pocket,
//   M = max over sign vectors s of sqrt(sum_uv s_u s_v rho_uv R_u R_v),
//   R_u = up if s_u > 0 else down,
// the sign vector being the direction each index moves in. Exact for up to eight units: of more,
// the eight largest are netted and the rest are added. Then, so that no credit outlives its reason,
// M is taken again with the correlation broken towards 0 and towards 1 (by `correlation_break`) and
// the largest holds; it is never below the largest single unit, nor below (1 - credit_cap) of the
// sum. `correlation` must be positive semi-definite, which the door has checked; both broken
// matrices then are too. Returns the sum of the larger sides where the rule is `sum`.
double netted_loss(std::span<const TwoSidedLoss> units, const NettingParameters& parameters,
                   std::size_t underlying_count);

// The share of each unit in the netted loss, adding up to 1: R_u dM/dR_u / M at the sign vector and
// correlation that bind (M is homogeneous in the losses, so these add up to M), units beyond the
// eight largest in proportion to what they add. Equal to loss shares where nothing binds.
std::vector<double> euler_shares(std::span<const TwoSidedLoss> units,
                                 const NettingParameters& parameters, std::size_t underlying_count);

}  // namespace tickmargin::risk
