// Trigger bands: between which prices of one index a pocket's state is proven not to change.
#pragma once

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

struct PriceBand {
  double lower;
  double upper;
};

// Narrows the band to where a positive gap cannot have fallen by `border.spend`.
void keep_above(const margin::UnitLines& unit, const Border& border, PriceBand& band) noexcept;

// Narrows it to where a negative gap cannot have risen by `border.spend`.
void keep_below(const margin::UnitLines& unit, const Border& border, PriceBand& band) noexcept;

// What the gap can change by for each unit of wear.
double wear_exposure(const margin::UnitLines& unit, const Border& border) noexcept;

}  // namespace tickmargin::monitor
