#include "pricing/perpetual.hpp"

#include <cmath>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"

namespace tickmargin::pricing {
namespace {

double at(const kernels::Column& column, std::size_t i) noexcept {
  return column.data[static_cast<std::ptrdiff_t>(i) * column.step];
}

// exp(x) - 1. A funding period is hours, so x is near 1e-5 and the 1 must never be added.
double growth_less_one(double x) noexcept {
  if (std::fabs(x) > 0.25) return kernels::exp_of(x) - 1.0;
  double sum = 0;
  for (int k = 16; k >= 2; --k) sum = x / k * (1.0 + sum);
  return x * (1.0 + sum);
}

double ratio_to_index(double premium, double interest, double drift, double period,
                      FundingIndex funding) noexcept {
  double numerator = premium - interest;
  double denominator = premium - drift;
  if (period > 0) {
    const double growth = growth_less_one(drift * period);
    denominator = premium - growth;
    if (funding == FundingIndex::current) {
      numerator *= 1.0 + growth;
      denominator = premium * (1.0 + growth) - growth;
    }
  }
  return numerator > 0 && denominator > 0 ? numerator / denominator : base::canonical_nan;
}

}  // namespace

void perpetual_fair_price(const PerpetualRows& rows, PerpetualPayoff payoff, FundingIndex funding,
                          double* price, std::size_t count) noexcept {
  const bool inverse = payoff == PerpetualPayoff::inverse;
  for (std::size_t i = 0; i < count; ++i) {
    double drift = at(rows.rate_annual, i) - at(rows.dividend_yield_annual, i);
    if (inverse) drift = -drift;
    if (payoff == PerpetualPayoff::quanto) drift += at(rows.covariance_annual, i);
    const double ratio = ratio_to_index(at(rows.premium_factor, i), at(rows.interest_factor, i),
                                        drift, at(rows.period_years, i), funding);
    const double index = at(rows.index, i);
    const double fair = inverse ? index / ratio : index * ratio;
    price[i] = fair == fair ? fair : base::canonical_nan;
  }
}

}  // namespace tickmargin::pricing
