// The tail of sum over k of b_k y_k + a_k y_k^2 / 2 in independent standard normals y, by integrals
// along curves through the saddle point of exp(K(s) - s x). With q_k = 1 / (1 - a_k s) the cumulant
// generating function is K(s) = sum of (b_k^2 s^2 q_k + log q_k) / 2.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include "kernels/one_value.hpp"
#include "risk/complex.hpp"

namespace tickmargin::risk::contour {

using kernels::exp_of;
using kernels::log_of;

inline constexpr double root_two_pi = 2.5066282746310002;

// sum over k of b_k y_k + a_k y_k^2 / 2, of variance 1.
struct Form {
  std::span<const double> linear;  // b
  std::span<const double> square;  // a
};

struct Range {
  double low, high;
};

// At s: K' less the mean, K'', and w with w^2 / 2 = s K' - K, of the sign of s.
struct Saddle {
  double moved, variance, w;
};

inline Saddle saddle_at(const Form& form, double s) noexcept {
  Saddle at{0, 0, 0};
  double distance = 0;
  for (std::size_t k = 0; k < form.linear.size(); ++k) {
    const double a = form.square[k], b2 = form.linear[k] * form.linear[k];
    const double q = 1.0 / (1.0 - a * s);
    const double t = s * q, e = a * t, q2 = q * q;
    at.moved += 0.5 * (a * e + b2 * t * (1.0 + q));
    at.variance += q2 * (0.5 * a * a + b2 * q);
    distance += e - log_of(q) + b2 * t * t;
  }
  const double size = std::sqrt(std::fmax(distance, 0.0));
  at.w = s < 0 ? -size : size;
  return at;
}

inline double density(double w) noexcept {
  return exp_of(-0.5 * w * w) / root_two_pi;
}

// Lugannani and Rice: the probability of a loss above K'(s).
inline double survival(const Form& form, double s) noexcept {
  const Saddle at = saddle_at(form, s);
  constexpr double nothing = 1e-3;  // where poles cancel, and a search may begin anywhere near
  if (std::fabs(s) < nothing) return 0.5 - s / root_two_pi;
  const double u = s * std::sqrt(at.variance);
  return kernels::normal_cdf(-at.w) + density(at.w) * ((at.w - u) / (at.w * u));
}

inline Range strip_of(const Form& form) noexcept {
  double most = 0, least = 0;
  for (const double a : form.square) {
    most = std::fmax(most, a);
    least = std::fmin(least, a);
  }
  return {least < 0 ? 1.0 / least : -HUGE_VAL, most > 0 ? 1.0 / most : HUGE_VAL};
}

// The s whose tail probability is `tail`, which falls over the strip.
inline double solve(const Form& form, double tail) noexcept {
  const auto [first, last] = strip_of(form);
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

inline double mean_of(const Form& form) noexcept {
  double mean = 0;
  for (const double a : form.square) mean += 0.5 * a;
  return mean;
}

// A place for the curve to cross the real axis: clear of the pole at 0 and of the strip's ends.
inline double away_from_poles(const Form& form, double s) noexcept {
  constexpr double from_pole = 0.3;  // the variance being 1
  const Range strip = strip_of(form);
  if (std::fabs(s) < from_pole) s = s < 0 ? -from_pole : from_pole;
  return std::fmin(std::fmax(s, 0.95 * strip.low), 0.95 * strip.high);
}

// A curve through the point c of the real axis whose upper half is followed: straight up, or bent
// into one of the half-planes, c + bend (sqrt(scale^2 + t^2) - scale) + i t.
struct Contour {
  double c, scale, bend;
};

struct Place {
  Complex s, ds;
};

// v runs over the real numbers: at the near end t vanishes like exp(-exp(-v)), at the far one it
// grows like exp(v / 2), so that a sum over equal steps converges exponentially.
inline Place place_at(const Contour& path, double v) noexcept {
  const double f = exp_of(-v);
  const double t = path.scale * exp_of(0.5 * (v - f));
  const double dt = t * 0.5 * (1.0 + f);
  const double h = std::sqrt(path.scale * path.scale + t * t);
  return {{path.c + path.bend * (h - path.scale), t}, {path.bend * t / h * dt, dt}};
}

// exp(K(s) - s x).
inline Complex weight_at(const Form& form, double x, Complex s) noexcept {
  Complex exponent{-s.re * x, -s.im * x};
  Complex product{1.0, 0.0};
  const Complex square = s * s;
  for (std::size_t k = 0; k < form.linear.size(); ++k) {
    const double a = form.square[k], b = form.linear[k];
    const Complex left{1.0 - a * s.re, -a * s.im};
    exponent = exponent + 0.5 * b * b * (square / left);
    product = product * root_of(left);
  }
  const Complex phase = turn(exponent.im);
  const double size = exp_of(exponent.re);
  return Complex{size * phase.re, size * phase.im} / product;
}

// Goes along the curve in steps of v, giving each place and exp(K - s x) ds / pi of its step, until
// what is left no longer counts. The imaginary part of the sum of g x that is what the integral of
// g exp(K - s x) over the whole curve is, by 2 pi i.
template <class Visit>
void follow(const Form& form, double x, const Contour& path, double begin, double step,
            Visit visit) noexcept {
  constexpr double end = 40.0, nothing = 1e-17;
  double most = 0;
  for (double v = begin; v <= end; v += step) {
    const Place place = place_at(path, v);
    const Complex weight = step / (2.0 * half_pi) * (weight_at(form, x, place.s) * place.ds);
    const double size = size_of(weight) * size_of(place.s);
    most = std::fmax(most, size);
    if (!(size > nothing * most) && place.s.im > path.scale) break;
    visit(place.s, weight);
  }
}

// The curve on which least cancels: where it bends against the descent the integrand grows, and
// where it does not bend it may swing for long.
inline Contour contour_of(const Form& form, double x, double c) noexcept {
  Contour best{c, 1.0 / std::sqrt(saddle_at(form, c).variance), 0.0};
  double least = HUGE_VAL;
  for (const double bend : {0.0, 0.5, -0.5}) {
    const Contour path{c, best.scale, bend};
    double mass = 0;
    follow(form, x, path, -2.0, 1.0,
           [&](Complex s, Complex weight) { mass += size_of(weight) * size_of(s); });
    if (!(mass < least)) continue;
    least = mass;
    best.bend = bend;
  }
  return best;
}

inline constexpr double first_place = -4.25, between_places = 1.0 / 6;

// P(loss > x), and the density there.
struct Above {
  double probability, density;
};

inline Above above_at(const Form& form, double x, const Contour& path) noexcept {
  Above at{path.c < 0 ? 1.0 : 0.0, 0.0};
  follow(form, x, path, first_place, between_places, [&](Complex s, Complex weight) {
    at.probability += (weight / s).im;
    at.density += weight.im;
  });
  return at;
}

// Where the loss can be at all: beyond its vertex on one side if all squares have one sign.
inline Range range_of(const Form& form) noexcept {
  bool rises = true, falls = true;
  double vertex = 0;
  for (std::size_t k = 0; k < form.linear.size(); ++k) {
    const double a = form.square[k], b = form.linear[k];
    if (a == 0 && b != 0) rises = falls = false;
    if (a > 0) falls = false;
    if (a < 0) rises = false;
    if (a != 0) vertex -= 0.5 * b * b / a;
  }
  return {rises ? vertex : -HUGE_VAL, falls ? vertex : HUGE_VAL};
}

// Newton's steps from the level of s, which is close, to where the tail probability is `tail`;
// halves of what is left where they lead outside.
inline double quantile(const Form& form, double s, double tail) noexcept {
  Range range = range_of(form);
  double x = mean_of(form) + saddle_at(form, s).moved;
  const double c = away_from_poles(form, s);
  constexpr double close = 2.0;     // standard deviations
  constexpr double enough = 1e-12;  // the next step squares it
  range.low = std::fmax(range.low, x - close);
  range.high = std::fmin(range.high, x + close);
  for (int i = 0; i < 60; ++i) {
    const Above at = above_at(form, x, contour_of(form, x, c));
    const double gap = at.probability - tail;
    double next = x + gap / at.density;
    if (std::fabs(next - x) <= enough * std::fmax(1.0, std::fabs(x))) return next;
    (gap > 0 ? range.low : range.high) = x;
    if (!(next > range.low && next < range.high)) next = 0.5 * (range.low + range.high);
    if (next == x) break;
    x = next;
  }
  return x;
}

}  // namespace tickmargin::risk::contour
