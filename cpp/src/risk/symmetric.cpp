#include "risk/symmetric.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tickmargin::risk {
namespace {

struct Rotation {
  std::size_t p, q;
  double cosine, sine;
};

void rotate(std::vector<double>& m, std::size_t n, const Rotation& r, bool rows) {
  for (std::size_t k = 0; k < n; ++k) {
    double& x = rows ? m[r.p * n + k] : m[k * n + r.p];
    double& y = rows ? m[r.q * n + k] : m[k * n + r.q];
    const double before = x;
    x = r.cosine * before - r.sine * y;
    y = r.sine * before + r.cosine * y;
  }
}

double off_diagonal(const std::vector<double>& m, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) sum += m[i * n + j] * m[i * n + j];
  }
  return sum;
}

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
  double scale = 0;
  for (const double x : m) scale += x * x;
  constexpr int sweeps_max = 60;
  for (int sweep = 0; sweep < sweeps_max && off_diagonal(m, n) > 1e-34 * scale; ++sweep) {
    for (std::size_t p = 0; p + 1 < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        const double apq = m[p * n + q];
        if (apq == 0) continue;
        const double theta = (m[q * n + q] - m[p * n + p]) / (2.0 * apq);
        const double size = std::fabs(theta) + std::sqrt(theta * theta + 1.0);
        const double t = (theta < 0 ? -1.0 : 1.0) / size;
        const double cosine = 1.0 / std::sqrt(t * t + 1.0);
        const Rotation r{p, q, cosine, t * cosine};
        rotate(m, n, r, true);
        rotate(m, n, r, false);
        m[p * n + q] = m[q * n + p] = 0.0;
        rotate(vectors, n, r, false);
      }
    }
  }
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
