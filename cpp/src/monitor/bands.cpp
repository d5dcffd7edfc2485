#include "monitor/bands.hpp"

#include <algorithm>
#include <cmath>

namespace tickmargin::monitor {
namespace {

using margin::ScenarioLine;
using margin::Slopes;
using margin::UnitLines;
using margin::Wear;

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

// The same by the clocks. What `weight` x option values maintenance takes off its lines comes off
// equity's first.
Wear wear_of(const UnitLines& unit, double level, double weight, Wear lines) noexcept {
  const double options = std::fabs((unit.options_in_equity ? 1.0 : 0.0) - level * weight);
  return {options * unit.option_wear + level * (lines.vol + unit.other_wear.vol),
          unit.linear_reach + options * unit.option_reach +
              level * (lines.curve + unit.other_wear.curve)};
}

Wear line_wear(const UnitLines& unit, double level, const ScenarioLine& line) noexcept {
  const Wear lines{unit.factor * line.wear.vol, unit.factor * line.wear.curve};
  return wear_of(unit, level, unit.factor * line.weight + unit.other_weight, lines);
}

Wear rest_wear(const UnitLines& unit, double level) noexcept {
  return wear_of(unit, level, unit.other_weight, {});
}

Wear value_wear(const UnitLines& unit) noexcept {
  return {unit.option_wear, (1.0 + unit.close_out_ratio) * (unit.linear_reach + unit.option_reach)};
}

// How far something that uses up `rate` a unit goes on `room`; not at all where either is no
// number.
double lasts(double room, double rate) noexcept {
  if (rate <= 0 && room == room) return INFINITY;
  const double far = room / rate;
  return far > 0 ? far : 0.0;
}

// A gap that falls by at most `right` per unit of price upwards and `left` downwards, and by `wear`
// for each unit of the clocks, has used up `room` no earlier than here. Rates that are no number
// end the band where it stands.
void narrow(const UnitLines& unit, double room, double right, double left, Wear wear,
            Reach& reach) noexcept {
  reach.upper = std::min(reach.upper, unit.index + lasts(room, right));
  reach.lower = std::max(reach.lower, unit.index - lasts(room, left));
  reach.wear.vol = std::min(reach.wear.vol, lasts(room, wear.vol));
  reach.wear.curve = std::min(reach.wear.curve, lasts(room, wear.curve));
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

void keep_above(const UnitLines& unit, const Border& border, Reach& reach) noexcept {
  if (border.value_only) {
    const Slopes s = value_slopes(unit);
    return narrow(unit, border.spend, -s.low, s.high, value_wear(unit), reach);
  }
  const Slopes rest = scaled(border.level, unit.other);
  const Slopes none = equity_slopes(unit);
  // A scan floored at nothing: with several units its fall does not help the others.
  const double room =
      unit.correlated ? border.spend : border.spend + border.level * unit.factor * unit.scan;
  narrow(unit, room, rest.high - none.low, none.high - rest.low, rest_wear(unit, border.level),
         reach);
  if (!unit.scans) return;
  for (const ScenarioLine& line : unit.lines) {
    const Slopes s = gap_slopes(unit, border.level, line);
    narrow(unit, border.spend + slack_of(unit, border.level, line), rest.high - s.low,
           s.high - rest.low, line_wear(unit, border.level, line), reach);
  }
}

void keep_below(const UnitLines& unit, const Border& border, Reach& reach) noexcept {
  if (border.value_only) {
    const Slopes s = value_slopes(unit);
    return narrow(unit, border.spend, s.high, -s.low, value_wear(unit), reach);
  }
  const Slopes rest = scaled(border.level, unit.other);
  const auto hold = [&](const Slopes& s, Wear wear) {
    narrow(unit, border.spend, s.high - rest.low, rest.high - s.low, wear, reach);
  };
  const auto hold_line = [&](const ScenarioLine& line) {
    hold(gap_slopes(unit, border.level, line), line_wear(unit, border.level, line));
  };
  // The gap lies below that of any one scenario, so that of the one that binds now is enough; a
  // norm over two-sided losses falls at most as fast as the faster of the two.
  const ScenarioLine* const both = unit.correlated ? nullptr : binding(unit, true, true);
  if (both != nullptr) return hold_line(*both);
  hold(equity_slopes(unit), rest_wear(unit, border.level));
  if (!unit.correlated) return;
  for (const bool up : {true, false}) {
    const ScenarioLine* const line = binding(unit, up, !up);
    if (line != nullptr) hold_line(*line);
  }
}

Split split_of(const Reach& reach, double index, const Activity& activity) noexcept {
  constexpr double least = 0.05, most = 0.8, first = 0.25;
  const double down = std::log(index / std::max(reach.lower, 0.1 * index));
  const double up = std::log(std::min(reach.upper, 10.0 * index) / index);
  const double price = activity.variance / (down * up);
  const double vol = std::sqrt(activity.wear.vol / reach.wear.vol);
  const double curve = std::sqrt(activity.wear.curve / reach.wear.curve);
  const double wear = (vol + curve) * (vol + curve);
  double part = first;
  if (price > 0 || wear > 0) {
    // price / (1 - rho)^2 + wear / rho is least where its slope, which rises, is 0.
    double low = least, high = most;
    for (int step = 0; step < 8; ++step) {
      part = 0.5 * (low + high);
      const double left = 1.0 - part;
      (2.0 * price * part * part < wear * left * left * left ? low : high) = part;
    }
  }
  // Some is kept for a clock that has stood still until now.
  const double share = vol + curve > 0 ? vol / (vol + curve) : 0.5;
  const double of_vol = std::min(std::max(share, 0.1), 0.9);
  return {part * of_vol, part * (1.0 - of_vol)};
}

}  // namespace tickmargin::monitor
