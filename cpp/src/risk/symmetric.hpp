// Small dense symmetric matrices, row-major: eigenvalues, square roots, nearest correlation.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tickmargin::risk {

struct Eigen {
  std::vector<double> value;   // ascending
  std::vector<double> vector;  // [n x n], column k belongs to value k
};

// Cyclic Jacobi: a fixed order of rotations, so the same bits everywhere. Values are accurate to a
// few ulp of the largest.
Eigen eigen_of(std::span<const double> matrix, std::size_t n);

// The symmetric square root, eigenvalues below 0 counted as 0.
std::vector<double> square_root_of(std::span<const double> matrix, std::size_t n);

// Whether no eigenvalue is below -tolerance times the largest in size.
bool positive_semidefinite(std::span<const double> matrix, std::size_t n, double tolerance);

// The correlation matrix nearest in the Frobenius norm: alternating projections with Dykstra's
// correction (Higham 2002), until a round moves no element by more than 1e-13 or 10,000 rounds.
std::vector<double> nearest_correlation(std::span<const double> matrix, std::size_t n);

}  // namespace tickmargin::risk
