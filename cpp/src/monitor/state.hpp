// From numbers to a state, in integers.
#pragma once

#include "base/ticks.hpp"
#include "base/wide.hpp"
#include "tickmargin/policy.hpp"
#include "tickmargin/status.hpp"

namespace tickmargin::monitor {

struct Amounts {
  double equity_initial;
  double equity_maintenance;
  double initial_margin;
  double maintenance_margin;
  double value_after_close_out;  // no haircuts, close-out cost deducted
};

// Equity rounded down, requirements up. When `status` is not ok every tick count is 0.
struct Decision {
  Ticks equity = 0;
  Ticks equity_initial = 0;
  Ticks initial_margin = 0;
  Ticks maintenance_margin = 0;
  Ticks slack = 0;  // equity - ceil(liquidation level x maintenance margin): safe iff >= 0
  State state = State::undecidable;
  Status status = Status::ok;
};

// `bankrupt` is judged without haircuts and after the cost of closing out, and only on an account
// that is below its liquidation border, or the fund would pay for solvent accounts.
Decision decide(const Amounts& amounts, const Levels& levels, base::TickScale scale,
                Status status) noexcept;

// Whether an order may trade though equity does not cover initial margin after it: the margin does
// not rise and what equity has above it does not fall, so nobody falls below it and no shortfall
// grows. Both decided.
inline bool eases(const Decision& before, const Decision& then) noexcept {
  const auto above = [](const Decision& d) {
    return base::Int128{d.equity_initial} - d.initial_margin;
  };
  return then.initial_margin <= before.initial_margin && above(then) >= above(before);
}

// The state after `previous`: a state that was entered is left only where equity clears its border
// times (1 + hysteresis). Hysteresis holds a state and makes none worse: `bankrupt` is entered by
// decide() alone. `decision` is what decide() made of the same amounts; `previous` is the last
// state that was decidable. An undecidable decision stays undecidable.
State next_state(State previous, const Decision& decision, const Amounts& amounts,
                 const Levels& levels, double hysteresis_ratio, base::TickScale scale) noexcept;

}  // namespace tickmargin::monitor
