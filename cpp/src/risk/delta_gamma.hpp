// Quantiles of a quadratic form of normal moves: profit = d'x + x'G x / 2 with x ~ N(0, C).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tickmargin::risk {

enum class DeltaGammaMethod : std::uint8_t { exact, cornish_fisher, saddlepoint };

// In independent standard normals y: sum of b_i y_i + a_i y_i^2 / 2.
struct QuadraticForm {
  std::vector<double> linear;
  std::vector<double> square;
};
QuadraticForm quadratic_form(std::span<const double> delta, std::span<const double> gamma,
                             std::span<const double> covariance, std::size_t n);

// P(profit > x) by Lugannani and Rice's formula.
double saddlepoint_survival(const QuadraticForm& form, double x) noexcept;

// The `probability` quantile of the profit. Exact: by integration through the saddle point
// (contour.hpp), to 1e-9 of the standard deviation. Cornish-Fisher takes four cumulants, and fails
// where one square dominates (short gamma): it is here to be compared with.
double delta_gamma_quantile(const QuadraticForm& form, double probability, DeltaGammaMethod method);

}  // namespace tickmargin::risk
