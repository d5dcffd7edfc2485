// Value at risk and expected shortfall of a quadratic loss of normal moves by saddle point, and how
// they change with each of its coefficients:
//
//   loss = sum over u of linear_u x_u + square_u x_u^2 / 2, x ~ N(0, C)
//
// Value at risk is where Lugannani and Rice's tail probability is `tail` (1980). The shortfall is
// value at risk + C / tail, C the mean of what the loss is above it, expanded at the same saddle
// point with the double pole of its integral taken out (Butler and Wood 2004). Both are homogeneous
// of degree 1 in the coefficients, so coefficients times derivatives add up to them (Euler). Own
// exp, log and normal distribution, a fixed order of sums: the same bits everywhere.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tickmargin::risk {

struct QuadraticLoss {
  std::span<const double> linear;
  std::span<const double> square;
  std::span<const double> covariance;  // [n x n], positive semi-definite
};

// Working columns; nothing is allocated for losses of up to as many moves as were reserved for.
struct SaddleScratch {
  std::vector<double> factor, form, vector, loading;  // [n x n]
  std::vector<double> linear, square;                 // of independent standard normals
  void reserve(std::size_t n);
};

// The measure, and its derivative by each coefficient into two columns of n. A loss that never
// varies has measure and derivatives 0; one that is not finite has NaN. tail in (0, 0.5].
double saddlepoint_tail(const QuadraticLoss& loss, double tail, bool shortfall,
                        SaddleScratch& scratch, std::span<double> by_linear,
                        std::span<double> by_square) noexcept;

}  // namespace tickmargin::risk
