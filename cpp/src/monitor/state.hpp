// From numbers to a state, in integers.
#pragma once

#include "base/ticks.hpp"
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

}  // namespace tickmargin::monitor
