// What the charges by sensitivities share with the proof of how far they move.
#pragma once

#include <cstddef>

namespace tickmargin::margin {

// Keys of `vega_charge`, in order.
enum VegaKey : std::size_t {
  vega_initial_up,
  vega_maintenance_up,
  vega_initial_down,
  vega_maintenance_down,
  vega_reference_days,
  vega_power,
  vega_min_days
};

// How much of a shock an option with so many years to go feels.
double vega_term(const double* values, double years) noexcept;

}  // namespace tickmargin::margin
