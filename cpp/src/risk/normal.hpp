#pragma once

namespace tickmargin::risk {

// Quantile of the standard normal distribution, probability in (0, 1), refined by Newton steps to
// the last ulps on the project's own erfc: confidence factors have the same bits everywhere.
double normal_quantile(double probability) noexcept;

// Expected shortfall of a lognormal move with mean 1 and standard deviation s of its logarithm, at
// a confidence: how far the price falls (rises) on average in the worst (1 - confidence) share of
// cases. Fall 1 - Phi(z - s) / p, rise Phi(z + s) / p - 1, with p = 1 - confidence, z = Phi^-1(p).
struct ShortfallMoves {
  double fall_ratio;
  double rise_ratio;
};
ShortfallMoves lognormal_shortfall(double s, double confidence) noexcept;

}  // namespace tickmargin::risk
