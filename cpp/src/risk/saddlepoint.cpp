// A move x_u is the sum over k of v_uk y_k in contour.hpp's independent normals. With
// t_k = s / (1 - a_k s) its K(s) changes by s T_u with a linear coefficient and by
// (S_u + s T_u^2) / 2 with a square one, T_u = sum of v_uk b_k t_k and S_u = sum of v_uk^2 t_k.
#include "risk/saddlepoint.hpp"

#include <cmath>

#include "base/ticks.hpp"
#include "risk/contour.hpp"
#include "risk/jacobi.hpp"

namespace tickmargin::risk {
namespace {

using namespace contour;

// What each coefficient changes of K at s: by a linear one s T, by a square one (S + s T^2) / 2.
struct Change {
  Complex T, S;
};

Change change_of(const Form& form, const SaddleScratch& scratch, std::size_t u) noexcept {
  const std::size_t n = form.linear.size();
  Change out{{0.0, 0.0}, {0.0, 0.0}};
  for (std::size_t k = 0; k < n; ++k) {
    const double v = scratch.loading[u * n + k];
    out.T = out.T + v * form.linear[k] * scratch.turned[k];
    out.S = out.S + v * v * scratch.turned[k];
  }
  return out;
}

struct Question {
  double tail;
  bool shortfall;
};

// Of value at risk: the change of the tail probability over the density; of the shortfall: that of
// the mean above x over the tail, as what x itself changes cancels.
void derive(const Form& form, const Question& asked, double x, const Contour& path,
            SaddleScratch& scratch, std::span<double> by_linear,
            std::span<double> by_square) noexcept {
  const std::size_t n = form.linear.size();
  const bool shortfall = asked.shortfall;
  double density = 0;
  follow(form, x, path, first_place, between_places, [&](Complex s, Complex weight) {
    density += weight.im;
    const Complex over = shortfall ? weight / s : weight;
    for (std::size_t k = 0; k < n; ++k) {
      const double a = form.square[k];
      scratch.turned[k] = s / Complex{1.0 - a * s.re, -a * s.im};
    }
    for (std::size_t u = 0; u < n; ++u) {
      const Change change = change_of(form, scratch, u);
      by_linear[u] += (over * change.T).im;
      by_square[u] += 0.5 * (over * (change.S / s + change.T * change.T)).im;
    }
  });
  const double whole = shortfall ? asked.tail : density;
  for (std::size_t u = 0; u < n; ++u) {
    if (shortfall && path.c < 0) {  // the pole that lies to the right: the mean's own change
      for (std::size_t k = 0; k < n; ++k) {
        const double v = scratch.loading[u * n + k];
        by_square[u] += 0.5 * v * v;
      }
    }
    by_linear[u] /= whole;
    by_square[u] /= whole;
  }
}

// Lower triangle F with F F' the matrix; a direction without variance is left out.
void lower_factor(std::span<const double> matrix, std::size_t n,
                  std::span<double> factor) noexcept {
  constexpr double nothing = 1e-12;
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = matrix[j * n + j];
    for (std::size_t k = 0; k < j; ++k) pivot -= factor[j * n + k] * factor[j * n + k];
    if (!(pivot > nothing * matrix[j * n + j])) continue;
    factor[j * n + j] = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = matrix[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= factor[i * n + k] * factor[j * n + k];
      factor[i * n + j] = sum / factor[j * n + j];
    }
  }
}

// The loss in independent normals; its variance, which both kinds of coefficient are divided by the
// root of.
double make_form(const QuadraticLoss& loss, SaddleScratch& scratch) noexcept {
  const std::size_t n = loss.linear.size();
  for (auto* matrix : {&scratch.factor, &scratch.form, &scratch.vector, &scratch.loading}) {
    matrix->assign(n * n, 0.0);
  }
  scratch.linear.assign(n, 0.0);
  scratch.square.assign(n, 0.0);
  scratch.turned.assign(n, {0.0, 0.0});
  lower_factor(loss.covariance, n, scratch.factor);
  for (std::size_t i = 0; i < n; ++i) {
    scratch.vector[i * n + i] = 1.0;
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t u = 0; u < n; ++u) {
        scratch.form[i * n + j] +=
            scratch.factor[u * n + i] * (loss.square[u] * scratch.factor[u * n + j]);
      }
    }
  }
  diagonalise(scratch.form, scratch.vector, n);
  double largest = 0, variance = 0;
  for (std::size_t k = 0; k < n; ++k) {
    scratch.square[k] = scratch.form[k * n + k];
    largest = std::fmax(largest, std::fabs(scratch.square[k]));
  }
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t u = 0; u < n; ++u) {
      double& v = scratch.loading[u * n + k];
      for (std::size_t j = 0; j < n; ++j) {
        v += scratch.factor[u * n + j] * scratch.vector[j * n + k];
      }
      scratch.linear[k] += v * loss.linear[u];
    }
    // What rounding leaves of a zero eigenvalue would be a branch point of its own.
    if (std::fabs(scratch.square[k]) < 1e-14 * largest) scratch.square[k] = 0.0;
    const double a = scratch.square[k], b = scratch.linear[k];
    variance += b * b + 0.5 * a * a;
  }
  const double unit = 1.0 / std::sqrt(variance);
  for (std::size_t k = 0; k < n; ++k) {
    scratch.square[k] *= unit;
    scratch.linear[k] *= unit;
  }
  return variance;
}

void fill(std::span<double> by_linear, std::span<double> by_square, double value) noexcept {
  for (double& x : by_linear) x = value;
  for (double& x : by_square) x = value;
}

}  // namespace

void SaddleScratch::reserve(std::size_t n) {
  for (auto* matrix : {&factor, &form, &vector, &loading}) matrix->reserve(n * n);
  linear.reserve(n);
  square.reserve(n);
  turned.reserve(n);
}

double saddlepoint_tail(const QuadraticLoss& loss, double tail, bool shortfall,
                        SaddleScratch& scratch, std::span<double> by_linear,
                        std::span<double> by_square) noexcept {
  fill(by_linear, by_square, 0.0);
  const double variance = make_form(loss, scratch);
  if (variance == 0) return 0.0;
  if (!std::isfinite(variance)) {
    fill(by_linear, by_square, base::canonical_nan);
    return base::canonical_nan;
  }
  const Form form{scratch.linear, scratch.square};
  const double s = solve(form, tail);
  const double x = quantile(form, s, tail);
  derive(form, {tail, shortfall}, x, contour_of(form, x, away_from_poles(form, s)), scratch,
         by_linear, by_square);
  double measure = 0;
  for (std::size_t u = 0; u < by_linear.size(); ++u) {
    measure += loss.linear[u] * by_linear[u] + loss.square[u] * by_square[u];
  }
  return measure;
}

}  // namespace tickmargin::risk
