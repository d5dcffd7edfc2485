#include "risk/symmetric.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "risk/jacobi.hpp"

namespace tickmargin::risk {
namespace {

// value^power parts put together: sum over k of factor[k] v_k v_k'.
std::vector<double> compose(const Eigen& eigen, const std::vector<double>& factor, std::size_t n) {
  std::vector<double> out(n * n, 0.0);
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      const double left = factor[k] * eigen.vector[i * n + k];
      for (std::size_t j = 0; j < n; ++j) out[i * n + j] += left * eigen.vector[j * n + k];
    }
  }
  return out;
}

}  // namespace

Eigen eigen_of(std::span<const double> matrix, std::size_t n) {
  std::vector<double> m(matrix.begin(), matrix.end());
  std::vector<double> vectors(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) vectors[i * n + i] = 1.0;
  diagonalise(m, vectors, n);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return m[a * n + a] < m[b * n + b]; });
  Eigen out{std::vector<double>(n), std::vector<double>(n * n)};
  for (std::size_t k = 0; k < n; ++k) {
    out.value[k] = m[order[k] * n + order[k]];
    for (std::size_t i = 0; i < n; ++i) out.vector[i * n + k] = vectors[i * n + order[k]];
  }
  return out;
}

std::vector<double> square_root_of(std::span<const double> matrix, std::size_t n) {
  const Eigen eigen = eigen_of(matrix, n);
  std::vector<double> root(n);
  for (std::size_t k = 0; k < n; ++k) root[k] = std::sqrt(std::fmax(eigen.value[k], 0.0));
  return compose(eigen, root, n);
}

bool positive_semidefinite(std::span<const double> matrix, std::size_t n, double tolerance) {
  if (n == 0) return true;
  const Eigen eigen = eigen_of(matrix, n);
  const double largest = std::fmax(std::fabs(eigen.value.front()), std::fabs(eigen.value.back()));
  return eigen.value.front() >= -tolerance * largest;
}

std::vector<double> nearest_correlation(std::span<const double> matrix, std::size_t n) {
  std::vector<double> y(matrix.begin(), matrix.end());
  std::vector<double> correction(n * n, 0.0), r(n * n), factor(n);
  constexpr int rounds_max = 10'000;
  for (int round = 0; round < rounds_max; ++round) {
    for (std::size_t i = 0; i < n * n; ++i) r[i] = y[i] - correction[i];
    const Eigen eigen = eigen_of(r, n);
    for (std::size_t k = 0; k < n; ++k) factor[k] = std::fmax(eigen.value[k], 0.0);
    const std::vector<double> x = compose(eigen, factor, n);
    double moved = 0;
    for (std::size_t i = 0; i < n * n; ++i) {
      correction[i] = x[i] - r[i];
      const double next = i % (n + 1) == 0 ? 1.0 : x[i];
      moved = std::fmax(moved, std::fabs(next - y[i]));
      y[i] = next;
    }
    if (moved <= 1e-13) break;
  }
  return y;
}

}  // namespace tickmargin::risk
