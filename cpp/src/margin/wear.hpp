// What volatilities, forwards, rates, marks and time can do to a pocket between two looks at it.
//
// Every change is measured on one of two clocks of its underlying, the largest over the contracts:
//   volatility   |d ln vol| + (1/2 + p) dT / T     p: the power that scales shocks by term
//   curve        |d ln forward or mark| + |d (rate T)| + dT
// A proof is drawn with a limit on each clock, at most those below, so that while it holds every
// contract stays in a box: the index between two nodes, forwards within e^curve of their ratio to
// it, vol sqrt(T) within e^volatility of what it was. No number of the pocket then changes by more
// than its largest derivative over the box times the clock.
#pragma once

#include <cstdint>

#include "margin/method.hpp"

namespace tickmargin::margin {

inline constexpr double vol_wear_max = 0.0953101798043248;  // ln 1.1
inline constexpr double curve_wear_max = 0.01;

struct Wear {
  double vol = 0;
  double curve = 0;
};

// The largest F phi(d1) = K phi(d2) over ln(F/K) in [m_low, m_high] and s in [s_low, s_high]: what
// a price moves by for each unit of s = vol sqrt(T).
//
// d2 = m/s - s/2 rises with m, so the smallest |d2| is
//   0                       where [m_low, m_high] meets [s_low^2/2, s_high^2/2]
//   m_low/s_high - s_high/2 where all of the box lies above: d2 > 0 falls with s
//   -d2(m_high, s)          where it lies below: for m_high >= 0 d2 falls with s, so at s_low; for
//                           m_high < 0 it is greatest at s = sqrt(2 |m_high|), or the nearer end.
double largest_vega(double strike, double m_low, double m_high, double s_low,
                    double s_high) noexcept;

// Numeraire that one option moves by for each unit on the volatility clock. Of another contract, 0.
struct OptionWear {
  double value;  // as it stands
  double node;   // wherever in the scanned range, under any shock
};

// The same for the revalued option under every scenario into `stressed`, as long as the index stays
// between two prices. All by instrument; rows of `stride`.
OptionWear option_wear(const Context& context, const Prepared& prepared, std::uint32_t instrument,
                       double lower, double upper, double* stressed) noexcept;

}  // namespace tickmargin::margin
