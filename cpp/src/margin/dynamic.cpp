// Margin that follows the market: each position is repriced at the index's expected-shortfall moves
// over a horizon, from the streaming volatility; what the book's depth cannot take is added.
//
//   s      = max(volatility, floor) x sqrt(horizon / 365)
//   measure= lognormal expected shortfall of s at the confidence, down and up   (risk/normal.hpp)
//   move   = clamp(measure x (1 + buffer), floor_ratio, cap_ratio)              (initial)
//   maintenance's buffer may rise by a bounded ratio per day; the measure itself is never slowed,
//   and nothing slows initial margin: that is all the anti-procyclicality rules allow.
// Depth (initial only): notional x min(cap, factor x sqrt(notional / depth)); an unknown depth
// counts as none, so the cap applies.
#include <algorithm>
#include <cmath>

#include "margin/methods.hpp"
#include "margin/procyclicality.hpp"
#include "risk/normal.hpp"

namespace tickmargin::margin {
namespace {

// The moves of initial margin, then those of maintenance, each down and up. With a section against
// procyclicality each half has the moves of the bare measure behind the damped ones: the worst of
// both counts, and what the damped ones add to the measure is a line of its own.
constexpr std::size_t most_columns = 8;

double clamped(double x, const DynamicParameters& p) noexcept {
  return std::min(std::max(x, p.floor_ratio), p.cap_ratio);
}

risk::ShortfallMoves measure(double vol, double days, double confidence) noexcept {
  return risk::lognormal_shortfall(vol * std::sqrt(days / 365.0), confidence);
}

// The measure and its buffer. Without a section against procyclicality that is all there is.
struct Moves {
  risk::ShortfallMoves measured, buffered;
};

Moves moves_of(const Policy& policy, std::size_t u, double vol, double days, double confidence) {
  Moves moves;
  moves.measured = moves.buffered = measure(vol, days, confidence);
  if (policy.procyclicality.empty()) {
    const double size = 1.0 + policy.dynamic[u].buffer_ratio;
    moves.buffered.fall_ratio *= size;
    moves.buffered.rise_ratio *= size;
  } else {
    moves.buffered = damped(policy.procyclicality[u], moves.measured, days, confidence);
  }
  return moves;
}

// The buffered maintenance move under the speed limit.
double limited(double measured, double buffered, const DynamicParameters& p, double previous_ratio,
               double days) noexcept {
  if (std::isnan(p.max_mm_increase_per_day_ratio) || std::isnan(previous_ratio)) return buffered;
  const double allowed = previous_ratio + p.max_mm_increase_per_day_ratio * std::max(days, 0.0);
  return std::max(measured, std::min(buffered, allowed));
}

void write_moves(const market::Market& market, const Policy& policy, std::size_t u, double vol,
                 risk::UnderlyingScenarios& out) {
  const MarketColumns& c = market.columns;
  const DynamicParameters& p = policy.dynamic[u];
  const Moves im = moves_of(policy, u, vol, p.horizon_initial_days, p.confidence_initial);
  const Moves mm = moves_of(policy, u, vol, p.horizon_maintenance_days, p.confidence_maintenance);
  const double days =
      static_cast<double>(c.as_of_ns - c.previous_ts_ns[u]) / static_cast<double>(ns_per_day);
  const double previous = c.previous_mm_ratio[u];
  const auto slowed = [&](double measured, double buffered) {
    return clamped(limited(measured, buffered, p, previous, days), p);
  };
  std::vector<double>& moves = out.grid.price_move;
  const bool split = !policy.procyclicality.empty();
  const auto add_measure = [&](const risk::ShortfallMoves& m) {
    if (!split) return;
    moves.push_back(-clamped(m.fall_ratio, p));
    moves.push_back(clamped(m.rise_ratio, p));
  };
  moves.clear();
  moves.push_back(-clamped(im.buffered.fall_ratio, p));
  moves.push_back(clamped(im.buffered.rise_ratio, p));
  add_measure(im.measured);
  moves.push_back(-slowed(mm.measured.fall_ratio, mm.buffered.fall_ratio));
  moves.push_back(slowed(mm.measured.rise_ratio, mm.buffered.rise_ratio));
  add_measure(mm.measured);
  out.grid.vol_index.assign(moves.size(), 0);
  out.grid.weight.assign(moves.size(), 1.0);
}

struct Losses {
  double initial = 0;
  double maintenance = 0;
};

// Initial margin sees all four moves: a book long gamma can lose most at the narrower ones, and it
// must not need less to open than to keep.
Losses worst_of(const double* sums, std::size_t columns) noexcept {
  const std::size_t half = columns / 2;
  const double maintenance = std::max(0.0, -*std::min_element(sums + half, sums + columns));
  const double initial = std::max(0.0, -*std::min_element(sums, sums + half));
  return {std::max(initial, maintenance), maintenance};
}

// The same of the bare measure alone, the last two columns of each half.
Losses measured_of(const double* sums, std::size_t columns) noexcept {
  const std::size_t half = columns / 2;
  const double maintenance = std::max(0.0, -std::min(sums[columns - 2], sums[columns - 1]));
  const double initial = std::max(0.0, -std::min(sums[half - 2], sums[half - 1]));
  return {std::max(initial, maintenance), maintenance};
}

void evaluate_unit(const Context& context, const Prepared& prepared, const PocketRows& rows,
                   std::size_t u, UnitRequirement& unit, PositionTrace* trace) {
  const auto underlying = static_cast<std::size_t>(unit.underlying);
  const DynamicParameters& p = prepared.policy->dynamic[underlying];
  const risk::Scenarios& grid = prepared.table.underlying[underlying].grid;
  const std::size_t columns = grid.size(), half = columns / 2;
  const bool split = columns == most_columns;
  double sums[most_columns] = {};
  Losses gross, gross_measured;
  double delta = 0;
  for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
    const double* row = prepared.table.row(rows.instrument[k]);
    double gains[most_columns];
    for (std::size_t s = 0; s < columns; ++s) {
      gains[s] = rows.quantity[k] * row[s];
      sums[s] += gains[s];
    }
    const Losses alone = worst_of(gains, columns);
    const Losses bare = split ? measured_of(gains, columns) : alone;
    gross.initial += alone.initial;
    gross.maintenance += alone.maintenance;
    gross_measured.initial += bare.initial;
    gross_measured.maintenance += bare.maintenance;
    delta += rows.quantity[k] * context.values.contract[rows.instrument[k]].delta_base;
    if (trace != nullptr) trace->add(rows, k, alone.maintenance);
  }
  if (trace != nullptr && p.netting_underlying) {
    const auto binding = std::min_element(sums + half, sums + columns) - sums;
    for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
      trace->add(rows, k, -(rows.quantity[k] * prepared.table.row(rows.instrument[k])[binding]));
    }
  }
  const Losses loss = p.netting_underlying ? worst_of(sums, columns) : gross;
  const Losses bare = p.netting_underlying ? measured_of(sums, columns) : gross_measured;
  const auto scan = static_cast<std::size_t>(Component::scan);
  unit.initial[scan] = split ? bare.initial : loss.initial;
  unit.maintenance[scan] = split ? bare.maintenance : loss.maintenance;
  if (split) {
    const auto added = static_cast<std::size_t>(Component::anti_procyclicality);
    unit.initial[added] = loss.initial - bare.initial;
    unit.maintenance[added] = loss.maintenance - bare.maintenance;
  }
  unit.initial[static_cast<std::size_t>(Component::depth)] =
      depth_charge(context, p, underlying, delta);
  unit.worst_scenario = static_cast<std::int32_t>(std::min_element(sums, sums + columns) - sums);
  unit.worst_price_move = grid.price_move[static_cast<std::size_t>(unit.worst_scenario)];
  unit.loss_up = std::max(0.0, -sums[1]);
  unit.loss_down = std::max(0.0, -sums[0]);
}

}  // namespace

double depth_charge(const Context& context, const DynamicParameters& p, std::size_t u,
                    double delta_base) noexcept {
  if (p.depth_factor == 0) return 0.0;
  const MarketColumns& c = context.market.columns;
  const double notional = std::fabs(delta_base) * c.index_price[u] *
                          market::quote_price(context.market, static_cast<UnderlyingIndex>(u));
  const double impact = p.depth_factor * std::sqrt(notional / c.depth_notional[u]);
  return notional * (impact < p.depth_cap_ratio ? impact : p.depth_cap_ratio);
}

void dynamic_scenarios(const Context& context, const Policy& policy, std::size_t u, bool,
                       risk::UnderlyingScenarios& out, Status& status) {
  const DynamicParameters& p = policy.dynamic[u];
  double vol = context.market.columns.realised_vol_annual[u];
  status = std::isnan(vol) ? Status::missing_vol : Status::ok;
  if (vol < p.vol_floor_annual) vol = p.vol_floor_annual;
  write_moves(context.market, policy, u, vol, out);
}

void evaluate_dynamic(const Context& context, const Prepared& prepared, const PocketRows& rows,
                      Scratch&, PocketRequirement& out, PositionTrace* trace) {
  make_units(rows.unit_underlying, out);
  out.netting_initial = out.netting_maintenance = 0;
  for (std::size_t u = 0; u < rows.unit_underlying.size(); ++u) {
    evaluate_unit(context, prepared, rows, u, out.units[u], trace);
  }
}

}  // namespace tickmargin::margin
