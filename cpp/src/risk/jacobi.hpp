// Cyclic Jacobi rotations in place: nothing is allocated, and their order is fixed, so that bits
// are the same everywhere.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace tickmargin::risk {

struct Rotation {
  std::size_t p, q;
  double cosine, sine;
};

inline void rotate(std::span<double> m, std::size_t n, const Rotation& r, bool rows) noexcept {
  for (std::size_t k = 0; k < n; ++k) {
    double& x = rows ? m[r.p * n + k] : m[k * n + r.p];
    double& y = rows ? m[r.q * n + k] : m[k * n + r.q];
    const double before = x;
    x = r.cosine * before - r.sine * y;
    y = r.sine * before + r.cosine * y;
  }
}

inline double off_diagonal(std::span<const double> m, std::size_t n) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) sum += m[i * n + j] * m[i * n + j];
  }
  return sum;
}

// Leaves the eigenvalues on the diagonal of m [n x n], in no order, and multiplies the rotations
// into the columns of `vectors`, the identity at first.
inline void diagonalise(std::span<double> m, std::span<double> vectors, std::size_t n) noexcept {
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
}

}  // namespace tickmargin::risk
