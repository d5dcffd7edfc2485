#include "monitor/bands.hpp"

#include <algorithm>
#include <cmath>

namespace tickmargin::monitor {
namespace {

using margin::ScenarioLine;
using margin::Slopes;
using margin::UnitLines;

// Slopes of `factor` x the option values, whichever sign the factor has.
Slopes scaled(double factor, Slopes values) noexcept {
  if (factor >= 0) return {factor * values.low, factor * values.high};
  return {factor * values.high, factor * values.low};
}

// The gap as it moves if this scenario is the one that counts: equity's linear part, options, and
// level x factor x (stressed - weight x options).
Slopes gap_slopes(const UnitLines& unit, double level, const ScenarioLine& line) noexcept {
  const double scale = level * unit.factor;
  const double in_equity = unit.options_in_equity ? 1.0 : 0.0;
  const Slopes options = scaled(in_equity - scale * line.weight, unit.option_value);
  return {unit.equity_slope + scale * line.stressed.low + options.low,
          unit.equity_slope + scale * line.stressed.high + options.high};
}

Slopes value_slopes(const UnitLines& unit) noexcept {
  return {unit.unweighted_slope + unit.option_value.low,
          unit.unweighted_slope + unit.option_value.high};
}

// No scenario counts: equity alone.
Slopes equity_slopes(const UnitLines& unit) noexcept {
  const Slopes options = scaled(unit.options_in_equity ? 1.0 : 0.0, unit.option_value);
  return {unit.equity_slope + options.low, unit.equity_slope + options.high};
}

// A gap that falls by at most `right` per unit of price upwards and `left` downwards has used up
// `room` no earlier than here. Rates that are no number end the band where it stands.
void narrow(const UnitLines& unit, double room, double right, double left,
            PriceBand& band) noexcept {
  if (!(right <= 0)) band.upper = std::min(band.upper, unit.index + room / right);
  if (!(left <= 0)) band.lower = std::max(band.lower, unit.index - room / left);
}

// By how much a scenario is better than what binds now, in the gap's own units: that much more it
// can lose before it binds.
double slack_of(const UnitLines& unit, double level, const ScenarioLine& line) noexcept {
  double loss = unit.scan;
  if (unit.correlated) {
    loss = line.up && line.down ? std::min(unit.loss_up, unit.loss_down)
           : line.up            ? unit.loss_up
                                : unit.loss_down;
  }
  return level * unit.factor * std::max(loss + line.profit, 0.0);
}

const ScenarioLine* binding(const UnitLines& unit, bool up, bool down) noexcept {
  const ScenarioLine* worst = nullptr;
  for (const ScenarioLine& line : unit.lines) {
    if (!((up && line.up) || (down && line.down)) || line.profit >= 0) continue;
    if (worst == nullptr || line.profit < worst->profit) worst = &line;
  }
  return worst;
}

}  // namespace

void keep_above(const UnitLines& unit, const Border& border, PriceBand& band) noexcept {
  band.lower = std::max(band.lower, unit.cell_lower);
  band.upper = std::min(band.upper, unit.cell_upper);
  if (border.value_only) {
    const Slopes s = value_slopes(unit);
    return narrow(unit, border.spend, -s.low, s.high, band);
  }
  const Slopes rest = scaled(border.level, unit.other);
  const Slopes none = equity_slopes(unit);
  // A scan floored at nothing: with several units its fall does not help the others.
  const double room =
      unit.correlated ? border.spend : border.spend + border.level * unit.factor * unit.scan;
  narrow(unit, room, rest.high - none.low, none.high - rest.low, band);
  if (!unit.scans) return;
  for (const ScenarioLine& line : unit.lines) {
    const Slopes s = gap_slopes(unit, border.level, line);
    narrow(unit, border.spend + slack_of(unit, border.level, line), rest.high - s.low,
           s.high - rest.low, band);
  }
}

void keep_below(const UnitLines& unit, const Border& border, PriceBand& band) noexcept {
  band.lower = std::max(band.lower, unit.cell_lower);
  band.upper = std::min(band.upper, unit.cell_upper);
  if (border.value_only) {
    const Slopes s = value_slopes(unit);
    return narrow(unit, border.spend, s.high, -s.low, band);
  }
  const Slopes rest = scaled(border.level, unit.other);
  const auto hold = [&](const Slopes& s) {
    narrow(unit, border.spend, s.high - rest.low, rest.high - s.low, band);
  };
  // The gap lies below that of any one scenario, so that of the one that binds now is enough; a
  // norm over two-sided losses falls at most as fast as the faster of the two.
  const ScenarioLine* const both = unit.correlated ? nullptr : binding(unit, true, true);
  if (both != nullptr) return hold(gap_slopes(unit, border.level, *both));
  hold(equity_slopes(unit));
  if (!unit.correlated) return;
  for (const bool up : {true, false}) {
    const ScenarioLine* const line = binding(unit, up, !up);
    if (line != nullptr) hold(gap_slopes(unit, border.level, *line));
  }
}

double wear_exposure(const UnitLines& unit, const Border& border) noexcept {
  if (border.value_only) return unit.equity_exposure;
  return unit.equity_exposure + border.level * unit.maintenance_exposure;
}

}  // namespace tickmargin::monitor
