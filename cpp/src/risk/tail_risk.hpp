// Value at risk and expected shortfall in closed form, and the pieces historical ones are made of.
// Losses are positive; a confidence is that the loss is not exceeded. Own exp, log and normal
// distribution: the same bits everywhere.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tickmargin::risk {

struct TailRisk {
  double var;
  double es;
};

// Of a standard normal loss; tail = 1 - confidence in (0, 0.5]. Relative error below 1e-13.
TailRisk normal_tail(double tail) noexcept;

// Of a Student t loss with `freedom` > 1 degrees of freedom; `standardised` scales it to variance 1
// (freedom > 2). Relative error below 1e-12 for freedom up to 1e6 and tail >= 1e-9.
TailRisk student_tail(double tail, double freedom, bool standardised) noexcept;

// P(T > t) of Student's t, for t >= 0.
double student_survival(double t, double freedom) noexcept;

// A generalised Pareto tail over `threshold`, exceeded by `exceedances` of `count` observations
// (McNeil 1999); shape < 1, or the shortfall is infinite.
struct ParetoTail {
  double threshold;
  double shape;
  double scale;
  double count;
  double exceedances;
};
TailRisk pareto_tail(const ParetoTail& fit, double tail) noexcept;

// Returns rescaled to the volatility forecast for the next period: r_t sigma_{T+1} / sigma_t with
// sigma_t the forecast before r_t is seen (Hull and White 1998; Barone-Adesi et al. 1999), of
//   sigma^2_{t+1} = omega + alpha r_t^2 + beta sigma^2_t
// (EWMA: omega 0, alpha 1 - decay, beta decay). Returns the next volatility.
struct Garch {
  double omega;
  double alpha;
  double beta;
  double first_variance;
};
double filtered_returns(std::span<const double> returns, const Garch& model, double* rescaled);

// A linear portfolio under normal factors: amounts[i] the value exposed to factor i.
struct ComponentRisk {
  double total;
  std::vector<double> individual;  // of each amount alone
  std::vector<double> marginal;    // d total / d amount
  std::vector<double> component;   // amount x marginal, which add up to the total
};
// `multiple` standard deviations of the portfolio; covariance [n x n].
ComponentRisk component_risk(std::span<const double> amounts, std::span<const double> covariance,
                             double multiple);

}  // namespace tickmargin::risk
