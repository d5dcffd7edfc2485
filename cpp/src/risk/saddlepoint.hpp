// Value at risk and expected shortfall of a quadratic loss of normal moves by saddle point, and how
// they change with each of its coefficients:
//
//   loss = sum over u of linear_u x_u + square_u x_u^2 / 2, x ~ N(0, C)
//
// Tail probability, density and the mean above a level are integrals of exp(K(s) - s x), K the
// cumulant generating function, along a curve through its saddle point, taken to some 1e-10 of the
// standard deviation: Lugannani and Rice's formula (1980), their first term, is where the search
// begins, and alone is a quarter off where long gamma outweighs short gamma. Both measures are
// homogeneous of degree 1 in the coefficients, so coefficients times derivatives, integrals of the
// same kind, add up to them (Euler). Own exp, log, root and sine, a fixed order of sums: the same
// bits everywhere.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "risk/complex.hpp"

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
  std::vector<Complex> turned;
  void reserve(std::size_t n);
};

// The measure, and its derivative by each coefficient into two columns of n. A loss that never
// varies has measure and derivatives 0; one that is not finite has NaN. tail in (0, 0.5].
double saddlepoint_tail(const QuadraticLoss& loss, double tail, bool shortfall,
                        SaddleScratch& scratch, std::span<double> by_linear,
                        std::span<double> by_square) noexcept;

}  // namespace tickmargin::risk
