// Trigger bands: between which prices of one index a pocket's state is proven not to change.
#pragma once

#include <cmath>

#include "margin/bounds.hpp"
#include "tickmargin/policy.hpp"

namespace tickmargin::monitor {

// A border of the present state on the side of danger or of recovery:
//   gap(S) = equity(S) - level x maintenance margin(S), or the value after close-out.
// `spend` is the part of the present gap that this index may use up, positive.
struct Border {
  double level = 0;
  double spend = 0;
  bool value_only = false;  // the gap is the value after close-out, without maintenance
};

// How far the index alone, or either clock alone, may go before a border's gap can be used up:
// every line of the proof is linear in what it may spend, so any split between them holds.
struct Reach {
  double lower = 0, upper = INFINITY;
  margin::Wear wear{INFINITY, INFINITY};
};

// Narrows the reach to where a positive gap cannot have fallen by `border.spend`.
void keep_above(const margin::UnitLines& unit, const Border& border, Reach& reach) noexcept;

// Narrows it to where a negative gap cannot have risen by `border.spend`.
void keep_below(const margin::UnitLines& unit, const Border& border, Reach& reach) noexcept;

// How a link has been used: squared log moves of the index and wear, of the same stretch of
// records.
struct Activity {
  double variance = 0;
  margin::Wear wear;
};

// The parts of a gap that the two clocks may use up; the rest is the index's.
struct Split {
  double vol = 0;
  double curve = 0;
};

// The split that is expected to be touched least often: a band of half width h (1 - rho) is left
// after h^2 (1 - rho)^2 / variance, a limit w rho after w rho / wear.
Split split_of(const Reach& reach, double index, const Activity& activity) noexcept;

}  // namespace tickmargin::monitor
