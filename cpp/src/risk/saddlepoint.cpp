// In independent standard normals y the loss is sum of b_k y_k + a_k y_k^2 / 2, whose cumulant
// generating function is, with q_k = 1 / (1 - a_k s) and t_k = s q_k,
//
//   K(s) = sum of (b_k^2 s t_k + log q_k) / 2
//
// x_u = sum over k of v_uk y_k. By a linear coefficient K changes by s T_u, by a square one by
// (S_u + s T_u^2) / 2, with T_u = sum of v_uk b_k t_k and S_u = sum of v_uk^2 t_k; dt / ds = q^2.
#include "risk/saddlepoint.hpp"

#include <cmath>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"
#include "risk/jacobi.hpp"

namespace tickmargin::risk {
namespace {

using kernels::exp_of;
using kernels::log_of;

constexpr double root_two_pi = 2.5066282746310002;

// Of variance 1.
struct Form {
  std::span<const double> linear;   // b
  std::span<const double> square;   // a
  std::span<const double> loading;  // v, [move x normal]
};

// (q - 1) - log q, for e = q - 1; without cancellation near 0.
double excess(double e, double q) noexcept {
  if (std::fabs(e) >= 1.0 / 8) return e - log_of(q);
  double sum = 0;
  for (int k = 20; k >= 2; --k) sum = (k % 2 == 0 ? 1.0 : -1.0) / k + e * sum;
  return e * e * sum;
}

// At s: K' less the mean, K'', K''', and w with w^2 / 2 = s K' - K, of the sign of s.
struct Saddle {
  double s, moved, variance, third, w;
};

Saddle saddle_at(const Form& form, double s) noexcept {
  Saddle at{s, 0, 0, 0, 0};
  double distance = 0;
  for (std::size_t k = 0; k < form.linear.size(); ++k) {
    const double a = form.square[k], b2 = form.linear[k] * form.linear[k];
    const double q = 1.0 / (1.0 - a * s);
    const double t = s * q, e = a * t, q2 = q * q;
    at.moved += 0.5 * (a * e + b2 * t * (1.0 + q));
    at.variance += q2 * (0.5 * a * a + b2 * q);
    at.third += a * q2 * q * (a * a + 3.0 * b2 * q);
    distance += excess(e, q) + b2 * t * t;
  }
  const double size = std::sqrt(distance);
  at.w = s < 0 ? -size : size;
  return at;
}

double density(double w) noexcept {
  return exp_of(-0.5 * w * w) / root_two_pi;
}

// Lugannani and Rice: the probability of a loss above K'(s).
double survival(const Form& form, double s) noexcept {
  const Saddle at = saddle_at(form, s);
  constexpr double nothing = 0x1p-20;  // the variance being 1
  if (std::fabs(s) < nothing) return 0.5 - (at.third / 6.0 + s) / root_two_pi;
  const double u = s * std::sqrt(at.variance);
  return kernels::normal_cdf(-at.w) + density(at.w) * ((at.w - u) / (at.w * u));
}

// The s whose tail probability is `tail`, which falls over the strip.
double solve(const Form& form, double tail) noexcept {
  double most = 0, least = 0;
  for (const double a : form.square) {
    most = std::fmax(most, a);
    least = std::fmin(least, a);
  }
  const double first = least < 0 ? 1.0 / least : -HUGE_VAL;
  const double last = most > 0 ? 1.0 / most : HUGE_VAL;
  const auto above = [&](double s) { return survival(form, s) > tail; };
  double low = 0, high = 0;
  constexpr int doublings_max = 1000;
  if (above(0.0)) {
    high = std::fmin(1.0, last);
    for (int i = 0; i < doublings_max && high < last && above(high); ++i) {
      low = high;
      high = std::fmin(2.0 * high, last);
    }
  } else {
    low = std::fmax(-1.0, first);
    for (int i = 0; i < doublings_max && low > first && !above(low); ++i) {
      high = low;
      low = std::fmax(2.0 * low, first);
    }
  }
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (above(middle) ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

// What a coefficient changes at a given s.
struct Change {
  double mean;    // of K'(0)
  double moved;   // of K' - K'(0)
  double second;  // of K''
  double gap;     // of s K' - K
};

struct Changes {
  Change linear, square;
};

Changes changes_of(const Form& form, double s, std::size_t u) noexcept {
  const std::size_t n = form.linear.size();
  double T = 0, T1 = 0, T2 = 0, mean = 0, S1 = 0, S2 = 0, gap = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const double a = form.square[k], v = form.loading[u * n + k];
    const double q = 1.0 / (1.0 - a * s);
    const double t = s * q, q2 = q * q, vb = v * form.linear[k], v2 = v * v;
    T += vb * t;
    T1 += vb * q2;
    T2 += vb * (2.0 * a) * (q2 * q);
    mean += v2;
    S1 += v2 * (a * t) * (q + 1.0);  // q^2 - 1
    S2 += v2 * (2.0 * a) * (q2 * q);
    gap += v2 * a * (t * t);
  }
  const double both = 2.0 * s * T * T1;
  return {{0.0, T + s * T1, 2.0 * T1 + s * T2, s * s * T1},
          {0.5 * mean, 0.5 * (S1 + T * T + both),
           0.5 * (S2 + 4.0 * T * T1 + 2.0 * s * (T1 * T1 + T * T2)), 0.5 * (gap + s * both)}};
}

// Derivatives of the two measures by a coefficient, the tail probability held. P is the tail
// probability, C the mean above, each as a function of K' less the mean, w, s and u = s sqrt(K'').
class Derivative {
 public:
  Derivative(const Saddle& at, double tail, bool shortfall) noexcept
      : at_(at), root_(std::sqrt(at.variance)), tail_(tail), shortfall_(shortfall) {
    const double s = at.s, w = at.w, u = s * root_, phi = density(w);
    p_w_ = phi * (1.0 / (w * w) - w / u);
    p_u_ = -phi / (u * u);
    by_s_ = p_w_ * s * at.variance / w + p_u_ * (root_ + s * at.third / (2.0 * root_));
    const double w3 = w * w * w;
    c_moved_ = phi * (1.0 / w - 1.0 / w3) - kernels::normal_cdf(-w);
    c_w_ = phi * (3.0 * at.moved / (w3 * w) - w / (s * u));
    c_s_ = -phi / (s * s * u);
    c_u_ = -phi / (s * u * u);
  }

  double of(const Change& d) const noexcept {
    const double s = at_.s;
    const double turn = s * d.second / (2.0 * root_);
    const double ds = -(p_w_ * d.gap / at_.w + p_u_ * turn) / by_s_;
    const double moved = d.moved + at_.variance * ds;
    if (!shortfall_) return d.mean + moved;
    const double w = (d.gap + s * at_.variance * ds) / at_.w;
    const double u = turn + (root_ + s * at_.third / (2.0 * root_)) * ds;
    const double above = c_moved_ * moved + c_w_ * w + c_s_ * ds + c_u_ * u;
    return d.mean + moved + above / tail_;
  }

 private:
  Saddle at_;
  double root_, tail_;
  bool shortfall_;
  double p_w_, p_u_, by_s_, c_moved_, c_w_, c_s_, c_u_;
};

struct Question {
  double tail;
  bool shortfall;
};

void add_derivatives(const Form& form, const Question& asked, double s, double weight,
                     std::span<double> by_linear, std::span<double> by_square) noexcept {
  const Derivative derivative(saddle_at(form, s), asked.tail, asked.shortfall);
  for (std::size_t u = 0; u < by_linear.size(); ++u) {
    const Changes changes = changes_of(form, s, u);
    by_linear[u] += weight * derivative.of(changes.linear);
    by_square[u] += weight * derivative.of(changes.square);
  }
}

// Near the mean the formulas are differences of poles: the polynomial through eight places around
// it, at which they are good to some 1e-10, is as good there (the variance is 1).
void add_near_mean(const Form& form, const Question& asked, double s, std::span<double> by_linear,
                   std::span<double> by_square, double step) noexcept {
  constexpr int places[] = {-4, -3, -2, -1, 1, 2, 3, 4};
  for (const int j : places) {
    double weight = 1.0;
    for (const int m : places) {
      if (m != j) weight *= (s / step - m) / (j - m);
    }
    add_derivatives(form, asked, j * step, weight, by_linear, by_square);
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
      for (std::size_t j = 0; j < n; ++j)
        v += scratch.factor[u * n + j] * scratch.vector[j * n + k];
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
  const Form form{scratch.linear, scratch.square, scratch.loading};
  const Question asked{tail, shortfall};
  const double s = solve(form, tail);
  constexpr double near = 0x1p-6;
  if (std::fabs(s) < near) {
    add_near_mean(form, asked, s, by_linear, by_square, near);
  } else {
    add_derivatives(form, asked, s, 1.0, by_linear, by_square);
  }
  double measure = 0;
  for (std::size_t u = 0; u < by_linear.size(); ++u) {
    measure += loss.linear[u] * by_linear[u] + loss.square[u] * by_square[u];
  }
  return measure;
}

}  // namespace tickmargin::risk
