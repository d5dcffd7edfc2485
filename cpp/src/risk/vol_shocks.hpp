// What a scenario does to implied volatilities.
#pragma once

#include <vector>

#include "tickmargin/policy.hpp"

namespace tickmargin::risk {

// Volatility shocks scaled by term: vol (1 + shock (reference / days)^power), or vol + shock x ...
struct VolShocks {
  VolShock kind = VolShock::relative;
  std::vector<double> shock{0.0};
  double reference_days = 30;
  double power_short = 0;  // below the reference
  double power_long = 0;   // at or above it
  double up_floor_annual = 0;
  double min_days = 1;
  bool by_scenario = false;  // `shock` has one for each scenario, and vol_index is not looked at
};

// Volatility of an option under one shock. Floored at 0; an upward relative or absolute shock also
// at `up_floor_annual`.
double shocked_vol(const VolShocks& shocks, double shock, double vol_annual, double years) noexcept;

// The same with the term's part done once for many shocks: scaled_vol(shock, term_scale).
double term_scale(const VolShocks& shocks, double years) noexcept;
double scaled_vol(const VolShocks& shocks, double shock, double scale, double vol_annual) noexcept;

}  // namespace tickmargin::risk
