// The no-arbitrage price of a perpetual future (Ackerer, Hugonnier and Jermann, "Perpetual Futures
// Pricing", 2024, with constant coefficients).
//
// A long is paid the change of the futures price f and pays funding; entering costs nothing, so the
// expected payment of every period is 0. With x the index, funding of a period is
// premium_factor (f - x) + interest_factor x, on the index at the period's start ("previous") or
// at its end ("current"); f = c x gives, with k, i the two factors and G the expected growth of x,
//   previous    c = (k - i) / (1 + k - G)
//   current     c = (k - i) G / (1 + k G - G)
//   continuous  c = (k - i) / (k - g)      factors per year, g the expected growth rate
// linear   x in quote currency: g = r - q
// inverse  the same for 1 / f and 1 / x in the other currency: g = q - r and f = x / c
// quanto   paid in a third asset at a fixed rate: g = r - q + covariance, the annual covariance of
//          the log returns of the index and of the settlement asset, both in quote currency
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.hpp"

namespace tickmargin::pricing {

enum class PerpetualPayoff : std::uint8_t { linear = 0, inverse = 1, quanto = 2 };
enum class FundingIndex : std::uint8_t { previous = 0, current = 1 };

struct PerpetualRows {
  kernels::Column index;
  kernels::Column rate_annual;
  kernels::Column dividend_yield_annual;
  kernels::Column premium_factor;   // k: per period, or per year where period_years is 0
  kernels::Column interest_factor;  // i: likewise
  kernels::Column period_years;     // 0: continuous funding
  kernels::Column covariance_annual;
};

// NaN where funding is too weak to hold the price to the index (a denominator or k - i that is not
// positive: the expected payments have no finite sum).
void perpetual_fair_price(const PerpetualRows& rows, PerpetualPayoff payoff, FundingIndex funding,
                          double* price, std::size_t count) noexcept;

}  // namespace tickmargin::pricing
