#include "monitor/state.hpp"

#include <cmath>

namespace tickmargin::monitor {
namespace {

Decision undecidable(Status status) noexcept {
  Decision decision;
  decision.status = status;
  return decision;
}

struct Border {
  Ticks slack;
  bool ok;
};

Border slack_at(Ticks equity, double level, double maintenance_margin,
                base::TickScale scale) noexcept {
  const base::TicksResult needed = base::ceil_ticks(level * maintenance_margin, scale);
  Border border{0, needed.ok};
  if (needed.ok) border.ok = base::checked_subtract(equity, needed.value, &border.slack);
  return border;
}

}  // namespace

Decision decide(const Amounts& a, const Levels& levels, base::TickScale scale,
                Status status) noexcept {
  if (status != Status::ok) return undecidable(status);
  for (const double x : {a.equity_initial, a.equity_maintenance, a.initial_margin,
                         a.maintenance_margin, a.value_after_close_out}) {
    if (!std::isfinite(x)) return undecidable(Status::not_finite);
  }
  const base::TicksResult equity = base::floor_ticks(a.equity_maintenance, scale);
  const base::TicksResult equity_initial = base::floor_ticks(a.equity_initial, scale);
  const base::TicksResult initial = base::ceil_ticks(a.initial_margin, scale);
  const base::TicksResult maintenance = base::ceil_ticks(a.maintenance_margin, scale);
  const base::TicksResult value = base::floor_ticks(a.value_after_close_out, scale);
  const Border liquidation =
      slack_at(equity.value, levels.liquidation, a.maintenance_margin, scale);
  const Border call = slack_at(equity.value, levels.margin_call, a.maintenance_margin, scale);
  const Border warning = slack_at(equity.value, levels.warning, a.maintenance_margin, scale);
  if (!(equity.ok && equity_initial.ok && initial.ok && maintenance.ok && value.ok &&
        liquidation.ok && call.ok && warning.ok)) {
    return undecidable(Status::overflow);
  }
  Decision decision{equity.value,      equity_initial.value, initial.value, maintenance.value,
                    liquidation.slack, State::healthy,       Status::ok};
  if (liquidation.slack < 0) {
    decision.state = value.value < 0 ? State::bankrupt : State::liquidating;
  } else if (call.slack < 0) {
    decision.state = State::margin_call;
  } else if (warning.slack < 0) {
    decision.state = State::warning;
  }
  return decision;
}

State next_state(State previous, const Decision& decision, const Amounts& amounts,
                 const Levels& levels, double hysteresis_ratio, base::TickScale scale) noexcept {
  if (decision.state == State::undecidable || decision.state >= previous) return decision.state;
  const auto held = [&](double level) {
    const Border border = slack_at(decision.equity, level * (1.0 + hysteresis_ratio),
                                   amounts.maintenance_margin, scale);
    return !border.ok || border.slack < 0;
  };
  if (previous >= State::liquidating && held(levels.liquidation)) {
    const bool bankrupt = previous == State::bankrupt && amounts.value_after_close_out < 0;
    return bankrupt ? State::bankrupt : State::liquidating;
  }
  if (previous >= State::margin_call && decision.state < State::margin_call &&
      held(levels.margin_call)) {
    return State::margin_call;
  }
  if (decision.state < State::warning && held(levels.warning)) return State::warning;
  return decision.state;
}

}  // namespace tickmargin::monitor
