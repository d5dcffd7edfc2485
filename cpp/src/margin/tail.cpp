// Value at risk or expected shortfall of the whole pocket: scenario s moves every underlying at
// once, so what offsets across underlyings is what offset in history, or in the draw.
//
//   profit_s = sum over positions of q x row_s, + sum over units of collateral x move_s
//   measure  = sum over the scenarios of the tail of share x -profit_s, at least 0
//   margin   = factor x sum over samples of share x measure; initial at least maintenance
//
// The requirement is never computed but as its parts: each position's losses in the tail, which are
// its Euler share, are added to its unit's `scan`, and the units' lines are the requirement.
#include "margin/tail.hpp"

#include <algorithm>
#include <cmath>

#include "base/ticks.hpp"
#include "kernels/kernels.hpp"
#include "margin/charges.hpp"
#include "margin/methods.hpp"
#include "margin/tail_lines.hpp"

namespace tickmargin::margin {
namespace {

// What q contracts with this row of profits lose in the tail.
LossPair tail_loss(const std::vector<TailPick>& picks, double quantity,
                   const double* row) noexcept {
  LossPair loss;
  for (const TailPick& pick : picks) {
    const double profit = quantity * row[pick.column];
    loss.initial += pick.initial * -profit;
    loss.maintenance += pick.maintenance * -profit;
  }
  return loss;
}

LossPair collateral_loss(const std::vector<TailPick>& picks, double worth,
                         const std::vector<double>& move) noexcept {
  LossPair loss;
  for (const TailPick& pick : picks) {
    const double profit = worth * move[pick.column];
    loss.initial += pick.initial * -profit;
    loss.maintenance += pick.maintenance * -profit;
  }
  return loss;
}

// The tail of one sample in one requirement, added to the picks from `begin` on, which are of the
// same sample.
void pick_tail(const Policy& policy, std::size_t set_index, const TailMargin& margin,
               double TailPick::* side, std::size_t begin, TailScratch& scratch) {
  const TailSet& set = policy.tail.sets[set_index];
  for (const TailTerm& term : margin.terms) {
    if (term.set != set_index) continue;
    if (!(tail_measure(policy, set, margin, scratch) > 0)) continue;
    const double weight = margin.factor * term.share;
    for (std::size_t n = 0; n < scratch.shares.size(); ++n) {
      const risk::TailShare& part = scratch.shares[n];
      const auto column = static_cast<std::uint32_t>(set.first) + part.scenario;
      // Both tails begin with the worst loss: mostly the same scenario stands there already.
      const std::size_t at = begin + n;
      if (at < scratch.picks.size() && scratch.picks[at].column == column) {
        scratch.picks[at].*side += weight * part.share;
        continue;
      }
      TailPick pick{column, 0.0, 0.0};
      pick.*side = weight * part.share;
      scratch.picks.push_back(pick);
    }
  }
}

// The column with the largest loss among the picks from `begin` on that a requirement looks at; -1
// without any. The quantile between two losses names the smaller one first.
std::int32_t worst_picked(const TailSet& set, double TailPick::* side, std::size_t begin,
                          const TailScratch& scratch) noexcept {
  std::int32_t worst = -1;
  double most = 0;
  for (std::size_t at = begin; at < scratch.picks.size(); ++at) {
    const TailPick& pick = scratch.picks[at];
    const double loss = scratch.losses[pick.column - static_cast<std::uint32_t>(set.first)];
    if (pick.*side == 0 || (worst >= 0 && loss <= most)) continue;
    worst = static_cast<std::int32_t>(pick.column);
    most = loss;
  }
  return worst;
}

// The tails of both requirements; false if a loss is not known. What is told of is the worst of
// maintenance margin's first sample that has a tail, or of initial margin's.
bool pick_tails(const Policy& policy, TailScratch& scratch) {
  scratch.picks.clear();
  scratch.told = -1;
  std::int32_t of_initial = -1;
  for (std::size_t n = 0; n < policy.tail.sets.size(); ++n) {
    const TailSet& set = policy.tail.sets[n];
    if (!tail_losses(set, scratch)) return false;
    const std::size_t begin = scratch.picks.size();
    pick_tail(policy, n, policy.tail.maintenance, &TailPick::maintenance, begin, scratch);
    pick_tail(policy, n, policy.tail.initial, &TailPick::initial, begin, scratch);
    if (scratch.told < 0) {
      scratch.told = worst_picked(set, &TailPick::maintenance, begin, scratch);
    }
    if (of_initial < 0) of_initial = worst_picked(set, &TailPick::initial, begin, scratch);
  }
  if (scratch.told < 0) scratch.told = of_initial;
  return true;
}

void make_tail_units(const PocketRows& rows, const Scratch& scratch, PocketRequirement& out) {
  out.netting_initial = out.netting_maintenance = 0;
  out.units.assign(rows.unit_underlying.size(), {});
  for (std::size_t u = 0; u < out.units.size(); ++u) {
    out.units[u].underlying = rows.unit_underlying[u];
  }
  add_collateral_units(scratch, out);
}

}  // namespace

void tail_profits(const Prepared& prepared, const PocketRows& rows, Scratch& scratch) {
  const risk::ScenarioTable& table = prepared.table;
  std::vector<double>& profit = scratch.tail.profit;
  profit.resize(table.stride);
  const std::int64_t first = rows.first_position();
  const std::int64_t offsets[2] = {0, rows.end_position() - first};
  const kernels::PositionGroups groups{1, offsets, rows.instrument + first, rows.quantity + first};
  kernels::kernels().portfolio_scan(groups, table.grid.data(), table.stride, table.stride,
                                    profit.data(), nullptr, nullptr);
  for (const pricing::IndexedCollateral& held : scratch.collateral) {
    const std::vector<double>& move =
        table.underlying[static_cast<std::size_t>(held.underlying)].grid.price_move;
    for (std::size_t s = 0; s < move.size(); ++s) profit[s] += held.worth * move[s];
  }
}

bool tail_losses(const TailSet& set, TailScratch& scratch) noexcept {
  scratch.losses.resize(set.count);
  scratch.order.sorted = 0;
  bool known = true;
  for (std::size_t s = 0; s < set.count; ++s) {
    const double loss = -scratch.profit[set.first + s];
    scratch.losses[s] = loss;
    known &= loss == loss;
  }
  return known;
}

double tail_measure(const Policy& policy, const TailSet& set, const TailMargin& margin,
                    TailScratch& scratch) {
  if (policy.method == MethodId::es) {
    risk::es_shares(scratch.losses, set.weight, margin.confidence, scratch.order, scratch.shares);
  } else {
    risk::var_shares(scratch.losses, set.weight, margin.confidence,
                     static_cast<risk::QuantileRule>(margin.quantile), scratch.order,
                     scratch.shares);
  }
  return risk::tail_value(scratch.losses, scratch.shares);
}

void tail_scenarios(const Context&, const Policy& policy, std::size_t u, bool,
                    risk::UnderlyingScenarios& out, Status& status) {
  const TailParameters& p = policy.tail;
  const TailMoves& moves = p.moves[u];
  status = moves.known ? Status::ok : Status::missing_history;
  out.grid.price_move = moves.price_move;
  out.grid.vol_index.assign(moves.price_move.size(), 0);
  out.grid.weight.assign(moves.price_move.size(), 1.0);
  out.shocks = {
      p.vol_shock_kind,      {0.0},     p.vol_reference_days, p.vol_power_short, p.vol_power_long,
      p.vol_up_floor_annual, p.min_days};
  if (!moves.vol_shock.empty()) {
    out.shocks.shock = moves.vol_shock;
    out.shocks.by_scenario = true;
  }
}

void evaluate_tail(const Context& context, const Prepared& prepared, const PocketRows& rows,
                   Scratch& scratch, PocketRequirement& out, PositionTrace* trace) {
  const Policy& policy = *prepared.policy;
  make_tail_units(rows, scratch, out);
  if (is_parametric(policy.tail)) {
    return evaluate_parametric(context, prepared, rows, scratch, out, trace);
  }
  if (out.units.empty()) return;
  const risk::ScenarioTable& table = prepared.table;
  tail_profits(prepared, rows, scratch);
  if (!pick_tails(policy, scratch.tail)) return set_unknown(out);
  const std::vector<TailPick>& picks = scratch.tail.picks;
  const auto move_of = [&](std::size_t u) -> const risk::UnderlyingScenarios& {
    return table.underlying[static_cast<std::size_t>(out.units[u].underlying)];
  };
  const bool raised = write_requirement(
      rows, scratch,
      [&](std::size_t, std::int64_t k) {
        return tail_loss(picks, rows.quantity[k], table.row(rows.instrument[k]));
      },
      [&](std::size_t u, double worth) {
        return collateral_loss(picks, worth, move_of(u).grid.price_move);
      },
      out, trace);
  for (std::size_t n = 0; trace != nullptr && n < picks.size(); ++n) {
    const TailPick& pick = picks[n];
    trace->tail.push_back({pick.column, -scratch.tail.profit[pick.column],
                           raised ? pick.maintenance : pick.initial, pick.maintenance});
  }
  const std::int32_t told = scratch.tail.told;
  for (std::size_t u = 0; told >= 0 && u < out.units.size(); ++u) {
    UnitRequirement& unit = out.units[u];
    unit.worst_scenario = told;
    unit.worst_price_move = move_of(u).grid.price_move[static_cast<std::size_t>(told)];
    unit.worst_vol_shock = move_of(u).shock_of(static_cast<std::size_t>(told));
  }
}

void reserve_tail(const std::vector<Policy>& policies, std::size_t units, Scratch& scratch) {
  std::size_t scenarios = 0, picks = 0;
  bool quadratic = false;
  for (const Policy& policy : policies) {
    if (!is_tail(policy.method)) continue;
    for (const TailMoves& moves : policy.tail.moves) {
      scenarios = std::max(scenarios, moves.price_move.size());
    }
    quadratic |= policy.tail.quadratic;
    std::size_t own = 0;
    for (const TailMargin* margin : {&policy.tail.initial, &policy.tail.maintenance}) {
      for (const TailTerm& term : margin->terms) own += policy.tail.sets[term.set].count;
    }
    picks = std::max(picks, own);
  }
  TailScratch& tail = scratch.tail;
  for (auto* column : {&tail.profit, &tail.hurt, &tail.losses}) column->reserve(scenarios + 8);
  for (auto* column :
       {&tail.exposure, &tail.curvature, &tail.lost_linear, &tail.lost_square, &tail.initial.delta,
        &tail.initial.gamma, &tail.maintenance.delta, &tail.maintenance.gamma}) {
    column->reserve(units);
  }
  tail.held.reserve(units);
  if (quadratic) {
    tail.covariance.reserve(units * units);
    tail.saddle.reserve(units);
  }
  tail.order.reserve(scenarios);
  tail.shares.reserve(scenarios);
  tail.picks.reserve(picks);
}

}  // namespace tickmargin::margin
