// Orders decided by proof, from an anchor (anchor.hpp).
#include <algorithm>
#include <cmath>

#include "collateral/valuation.hpp"
#include "live/state.hpp"
#include "margin/add_ons.hpp"

namespace tickmargin {
namespace {

using live::Anchor;
using live::AnchorNodes;
using live::AnchorUnit;
using margin::Slopes;

// Further from the anchor the lines are too far apart to be of use.
constexpr double reach_ratio = 0.002;
// What has moved less is kept when another unit's anchor is dropped anew.
constexpr double kept_ratio = 0.001;
// Strikes this far outside the scanned range may come into it before the anchor is left.
constexpr double range_margin = 0.01;
// A strike this close to the end of the range or to the index is taken on both sides of it.
constexpr double edge_ratio = 1e-9;
constexpr double rounding_ratio = 1e-11;

double least(const Slopes& slopes, double moved) noexcept {
  return moved >= 0 ? slopes.low * moved : slopes.high * moved;
}
double most(const Slopes& slopes, double moved) noexcept {
  return moved >= 0 ? slopes.high * moved : slopes.low * moved;
}

// Slopes of a scenario's profit: what is stressed less what the options are worth now.
Slopes profit_slopes(const margin::UnitLines& lines, const margin::ScenarioLine& line) noexcept {
  return {line.stressed.low - line.weight * lines.option_value.high,
          line.stressed.high - line.weight * lines.option_value.low};
}

void see(risk::TwoSidedLoss& losses, double profit, bool up, bool down) noexcept {
  if (up) losses.up = std::max(losses.up, -profit);
  if (down) losses.down = std::max(losses.down, -profit);
}

}  // namespace

// ---- anchors ------------------------------------------------------------------------------------

live::Anchor* LiveEngine::State::anchor_of(std::size_t pocket) noexcept {
  for (Anchor& anchor : anchors) {
    if (anchor.pocket == static_cast<std::int32_t>(pocket)) return &anchor;
  }
  return nullptr;
}

bool LiveEngine::State::holds(const Anchor& anchor) const noexcept {
  const auto pocket = static_cast<std::size_t>(anchor.pocket);
  if (anchor.pocket_version != pockets[pocket].version || anchor.epoch != policies->epoch) {
    return false;
  }
  return std::all_of(anchor.units.begin(), anchor.units.begin() + anchor.unit_count,
                     [&](const AnchorUnit& unit) { return holds(unit, reach_ratio); });
}

bool LiveEngine::State::holds(const AnchorUnit& unit, double reach) const noexcept {
  const double index = world.index(unit.underlying);
  return unit.contents == world.contents_version(unit.underlying) &&
         std::fabs(index - unit.lines.index) <= reach * unit.lines.index &&
         index >= unit.lines.cell_lower && index <= unit.lines.cell_upper;
}

// Whether a pocket is of the kind that proofs are for: many positions under a scenario policy.
bool LiveEngine::State::may_anchor(std::size_t pocket) noexcept {
  constexpr std::size_t few_positions = 32;  // evaluated in a few microseconds
  const Policy& policy = *grid_of(pocket).state.policy;
  return settings.bands && policy.method == MethodId::scenario && !policy.simulated_collateral &&
         policy.safety_factor_ratio == 1 && !margin::has_add_ons(policy) &&
         store.position_count(pocket) > few_positions &&
         accounts[static_cast<std::size_t>(store.account_of(pocket))].first_order < 0;
}

// Every listed strike near the scanned range, and what the unit's positions gain at it.
void LiveEngine::State::anchor_nodes(const book::PocketRows& rows, const margin::UnitQuestion& q,
                                     live::PolicyGrid& grid, AnchorUnit& unit) noexcept {
  const auto u = static_cast<std::size_t>(unit.underlying);
  const ScenarioParameters& p = grid.state.policy->scenario[u];
  const risk::UnderlyingScenarios& scenarios = grid.state.prepared.table.underlying[u];
  AnchorNodes& nodes = unit.nodes;
  const pricing::InstrumentValues& values = world.reval.values;
  const double index = unit.lines.index;
  nodes.at_strike.clear();
  std::fill(nodes.node_of.begin(), nodes.node_of.end(), -1);
  nodes.count = 0;
  if (!p.strike_nodes) return;
  const auto near = [&](std::uint32_t i) {
    if (world.instruments.kind[i] != Kind::option || expired[i]) return false;
    world.refresh_value(i);
    if (values.status[i] != Status::ok) return false;
    if (values.model[i] != pricing::OptionModel::black76) return false;
    const double move = risk::strike_move(world.reval.market, world.instruments, values, i);
    return std::fabs(move) <= p.price_range + range_margin;
  };
  const auto at_strike = [&](std::uint32_t i) {
    return world.instruments.strike[i] * (index / values.forward[i]);
  };
  for (const std::uint32_t i : world.instruments_of[u]) {
    if (near(i)) nodes.at_strike.push_back(at_strike(i));
  }
  std::sort(nodes.at_strike.begin(), nodes.at_strike.end());
  nodes.at_strike.erase(std::unique(nodes.at_strike.begin(), nodes.at_strike.end()),
                        nodes.at_strike.end());
  nodes.count = nodes.at_strike.size();
  nodes.longs.assign(nodes.count, 0);
  for (const std::uint32_t i : world.instruments_of[u]) {
    if (!near(i)) continue;
    const auto at = std::lower_bound(nodes.at_strike.begin(), nodes.at_strike.end(), at_strike(i));
    nodes.node_of[world.row_of[i]] = static_cast<std::int32_t>(at - nodes.at_strike.begin());
  }
  risk::Scenarios& list = work.scratch.node_grid;
  list.price_move.clear();
  list.vol_index.clear();
  const std::size_t vols = scenarios.shocks.shock.size();
  for (const double strike : nodes.at_strike) {
    for (std::size_t v = 0; v < vols; ++v) {
      list.price_move.push_back(strike / index - 1.0);
      list.vol_index.push_back(static_cast<std::uint8_t>(v));
    }
  }
  list.weight.assign(list.size(), 1.0);
  nodes.profit.assign(list.size(), 0.0);
  const risk::Valued valued{world.reval.market, world.instruments, values};
  const std::size_t together = margin::node_rows_per_call(std::max<std::size_t>(list.size(), 1));
  double slope = 0;
  for (std::int64_t k = q.begin; k < q.end; ++k) {
    const std::uint32_t i = rows.instrument[k];
    const std::size_t at = static_cast<std::size_t>(k - q.begin) % together;
    if (at == 0) {
      const std::size_t count = std::min(together, static_cast<std::size_t>(q.end - k));
      anchor_row.resize(count * list.size());
      risk::profits_in_order(valued, {rows.instrument + k, count}, scenarios.shocks, list,
                             work.scratch.table, anchor_row.data());
    }
    const double* const profit = anchor_row.data() + at * list.size();
    for (std::size_t s = 0; s < list.size(); ++s) {
      nodes.profit[s] += rows.quantity[k] * profit[s];
    }
    const std::int32_t node = nodes.node_of[world.row_of[i]];
    if (world.instruments.kind[i] != Kind::option) {
      slope -= rows.quantity[k] * values.scale[i] / index;
    } else if (node >= 0 && rows.quantity[k] > 0) {
      ++nodes.longs[static_cast<std::size_t>(node)];
    }
  }
  nodes.slope = {slope - unit.lines.option_value.high, slope - unit.lines.option_value.low};
}

// Evaluates the pocket and keeps what was found in the anchor used longest ago; null where no bound
// holds. Of an anchor that it had the units still good are kept, their options' profits at nodes
// being most of the work; equity is taken anew.
live::Anchor* LiveEngine::State::drop_anchor(std::size_t pocket) noexcept {
  if (!has_bounded_rows(pocket)) return nullptr;
  Anchor* anchor = anchor_of(pocket);
  const bool same = anchor != nullptr && anchor->pocket_version == pockets[pocket].version &&
                    anchor->epoch == policies->epoch;
  if (anchor == nullptr) {
    anchor = &*std::min_element(anchors.begin(), anchors.end(),
                                [](const auto& a, const auto& b) { return a.used < b.used; });
  }
  anchor->pocket = -1;
  const live::Evaluated e = evaluate(pocket);
  if (!can_band(pocket, e)) return nullptr;
  live::PolicyGrid& grid = grid_of(pocket);
  const book::PocketRows rows = rows_of(pocket);
  anchor->equity_initial = e.amounts.equity_initial;
  anchor->gross_notional = work.value.gross_notional;
  anchor->unit_count = 0;
  // Collateral that follows an index without a position in it would move equity unseen.
  for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
    AnchorUnit& unit = anchor->units[anchor->unit_count++];
    unit.equity_index = world.index(links[l].underlying);
    if (same && unit.underlying == links[l].underlying && holds(unit, kept_ratio)) continue;
    unit.underlying = links[l].underlying;
    unit.contents = world.contents_version(unit.underlying);
    margin::UnitQuestion q = question_of(unit.underlying, rows, grid);
    q.initial = true;
    if (!margin::unit_lines(world.context(), grid.state.prepared, grid.state.weights, rows, q,
                            line_scratch, unit.lines)) {
      return nullptr;
    }
    unit.line_count =
        q.requirement == nullptr
            ? 0
            : grid.state.prepared.table.underlying[static_cast<std::size_t>(unit.underlying)]
                  .grid.size();
    // Only the grid's lines: nodes have their own below, and end no cell.
    unit.lines.lines.resize(unit.line_count);
    unit.lines.cell_lower = q.below.price;
    unit.lines.cell_upper = q.above.price;
    unit.other_now = 0;
    if (q.requirement == nullptr) {
      unit.nodes.count = 0;
      continue;
    }
    for (std::size_t c = 0; c < margin::component_count; ++c) {
      if (c != static_cast<std::size_t>(margin::Component::scan)) {
        unit.other_now += q.requirement->initial[c];
      }
    }
    anchor_nodes(rows, q, grid, unit);
  }
  anchor->used = anchor->made = anchor_uses;
  anchor->pocket = static_cast<std::int32_t>(pocket);
  anchor->pocket_version = pockets[pocket].version;
  anchor->epoch = policies->epoch;
  return anchor;
}

// A record that changed what an anchor in use stands on drops it anew, so that the next order need
// not: one a record, and one between two orders at most.
void LiveEngine::State::anchor_ahead() noexcept {
  for (Anchor& anchor : anchors) {
    if (anchor.pocket < 0 || anchor.used == anchor.made || holds(anchor)) continue;
    const auto pocket = static_cast<std::size_t>(anchor.pocket);
    if (anchor.pocket_version != pockets[pocket].version || !may_anchor(pocket)) continue;
    drop_anchor(pocket);
    return;
  }
}

// ---- proofs -------------------------------------------------------------------------------------

// The least that the order adds to equity under initial weights: what is paid counts in full, what
// comes in with its asset's weight, and profit that leaves a position for a balance likewise.
double LiveEngine::State::least_gain(const Order& order, std::size_t pocket,
                                     const live::PolicyGrid& grid) const noexcept {
  const auto i = static_cast<std::uint32_t>(order.instrument);
  const double gain = margin::equity_of_fill(world.context(), *grid.state.policy,
                                             grid.state.weights, {i, order.quantity, order.price});
  const Kind kind = world.instruments.kind[i];
  if (kind == Kind::option || kind == Kind::spot) return gain;
  const double weight = collateral::initial_weight(world.context(), grid.state.weights,
                                                   world.instruments.settlement_asset[i]);
  const double entry = book::entry_term(world.instruments.payoff[i], order.price);
  const double factor = std::fabs(world.reval.values.contract[i].entry_factor);
  const auto held_instruments = store.instruments(pocket);
  double moved = 0;
  for (std::size_t k = 0; k < held_instruments.size(); ++k) {
    const double quantity = store.quantities(pocket)[k];
    if (held_instruments[k] != i || (quantity < 0) == (order.quantity < 0)) continue;
    moved += std::min(std::fabs(quantity), std::fabs(order.quantity)) * factor *
             std::fabs(entry - store.entries(pocket)[k]);
  }
  return gain - (1.0 - weight) * moved;
}

// The most that the order adds to the charges beside the scan.
double LiveEngine::State::most_charges(const Order& order, std::size_t pocket,
                                       const live::PolicyGrid& grid) const noexcept {
  const auto i = static_cast<std::uint32_t>(order.instrument);
  const UnderlyingIndex underlying = world.instruments.underlying[i];
  const ScenarioParameters& p = grid.state.policy->scenario[static_cast<std::size_t>(underlying)];
  const pricing::ContractValue& v = world.reval.values.contract[i];
  double charge = 0;
  if (world.instruments.kind[i] == Kind::option && p.short_option_ratio != 0) {
    double net = 0;
    const auto held_instruments = store.instruments(pocket);
    for (std::size_t k = 0; k < held_instruments.size(); ++k) {
      if (held_instruments[k] == i) net += store.quantities(pocket)[k];
    }
    const double more = std::max(-(net + order.quantity), 0.0) - std::max(-net, 0.0);
    charge += p.short_option_ratio * more * v.notional;
  }
  const double ratio =
      std::max(p.roll_ratio_annual * world.reval.values.years[i], p.roll_ratio_min) + p.basis_ratio;
  charge += ratio * std::fabs(order.quantity * v.roll_delta) * world.index(underlying) *
            market::quote_price(world.reval.market, underlying);
  return p.initial_factor * charge;
}

// Raises the losses to what the unit can lose at its strike nodes with the order traded.
void LiveEngine::State::see_nodes(const AnchorUnit& unit, const Order* order,
                                  const live::PolicyGrid& grid,
                                  risk::TwoSidedLoss& losses) noexcept {
  const auto u = static_cast<std::size_t>(unit.underlying);
  const ScenarioParameters& p = grid.state.policy->scenario[u];
  const risk::VolShocks& shocks = grid.state.prepared.table.underlying[u].shocks;
  const AnchorNodes& nodes = unit.nodes;
  const double index = world.index(unit.underlying);
  const double moved = index - unit.lines.index;
  const auto i = order == nullptr ? 0u : static_cast<std::uint32_t>(order->instrument);
  const bool option = order != nullptr && world.instruments.kind[i] == Kind::option;
  const std::int32_t bought = option && order->quantity > 0 ? nodes.node_of[world.row_of[i]] : -1;
  // No contract brings less than this at any node: what it is worth at the far end of the range.
  double row_least = 0;
  if (order != nullptr) {
    const double reach =
        std::fabs(world.reval.values.scale[i]) * (option ? world.reval.values.forward[i] : 1.0);
    row_least = -std::fabs(order->quantity) * reach * (1.0 + p.price_range);
  }
  risk::Scenarios& list = work.scratch.node_grid;
  list.price_move.clear();
  list.vol_index.clear();
  anchor_profit.clear();
  const double enough = std::min(losses.up, losses.down);
  const std::size_t vols = shocks.shock.size();
  for (std::size_t n = 0; n < nodes.count; ++n) {
    if (nodes.longs[n] == 0 && static_cast<std::int32_t>(n) != bought) continue;
    const double move = nodes.at_strike[n] / index - 1.0;
    if (std::fabs(move) > p.price_range + edge_ratio) continue;
    for (std::size_t v = 0; v < vols; ++v) {
      const double profit = nodes.profit[n * vols + v] + least(nodes.slope, moved);
      // A node that cannot be the worst on either side needs no exact row.
      if (-(profit + row_least) <= enough) continue;
      list.price_move.push_back(move);
      list.vol_index.push_back(static_cast<std::uint8_t>(v));
      anchor_profit.push_back(profit);
    }
  }
  list.weight.assign(list.size(), 1.0);
  anchor_row.assign(list.size(), 0.0);
  if (order != nullptr && list.size() > 0) {
    risk::contract_profits({world.reval.market, world.instruments, world.reval.values}, i, shocks,
                           list, work.scratch.table, anchor_row.data());
  }
  const double quantity = order == nullptr ? 0.0 : order->quantity;
  for (std::size_t s = 0; s < list.size(); ++s) {
    see(losses, anchor_profit[s] + quantity * anchor_row[s], list.price_move[s] >= -edge_ratio,
        list.price_move[s] <= edge_ratio);
  }
}

// What the pocket can need at most, were the order filled; NaN where the anchor cannot say.
double LiveEngine::State::most_initial(const Anchor& anchor, const Order& order,
                                       const live::PolicyGrid& grid) noexcept {
  const Policy& policy = *grid.state.policy;
  const auto i = static_cast<std::size_t>(order.instrument);
  const UnderlyingIndex traded = world.instruments.underlying[i];
  anchor_losses.clear();
  double charges = most_charges(order, static_cast<std::size_t>(anchor.pocket), grid);
  bool seen = false;
  for (std::size_t n = 0; n < anchor.unit_count; ++n) {
    const AnchorUnit& unit = anchor.units[n];
    if (unit.line_count == 0) continue;
    const bool trades = unit.underlying == traded;
    seen |= trades;
    const double moved = world.index(unit.underlying) - unit.lines.index;
    charges += unit.other_now + most(unit.lines.other, moved);
    risk::TwoSidedLoss losses{unit.underlying, 0, 0};
    const double* const row = trades ? grid.state.prepared.table.row(i) : nullptr;
    for (std::size_t s = 0; s < unit.line_count; ++s) {
      const margin::ScenarioLine& line = unit.lines.lines[s];
      double profit = line.profit + least(profit_slopes(unit.lines, line), moved);
      if (row != nullptr) profit += order.quantity * row[s];
      see(losses, profit, line.up, line.down);
    }
    see_nodes(unit, trades ? &order : nullptr, grid, losses);
    const double factor = policy.scenario[static_cast<std::size_t>(unit.underlying)].initial_factor;
    anchor_losses.push_back({unit.underlying, factor * losses.up, factor * losses.down});
  }
  // An order in an underlying without positions makes a unit of its own.
  if (!seen) return base::canonical_nan;
  return charges + risk::netted_loss(anchor_losses, policy.netting, world.underlying_count());
}

double LiveEngine::State::least_equity(const Anchor& anchor) const noexcept {
  double equity = anchor.equity_initial;
  for (std::size_t n = 0; n < anchor.unit_count; ++n) {
    const AnchorUnit& unit = anchor.units[n];
    const double moved = world.index(unit.underlying) - unit.equity_index;
    equity += unit.lines.equity_slope * moved;
    if (unit.lines.options_in_equity) equity += least(unit.lines.option_value, moved);
  }
  return equity;
}

// Whether it is proven that equity covers initial margin once the order has traded. A refusal is
// never proven: it names its scenario and its shortfall, from an evaluation.
bool LiveEngine::State::proves(const Order& order, std::size_t pocket) noexcept {
  if (!may_anchor(pocket)) return false;
  Anchor* anchor = anchor_of(pocket);
  if (anchor == nullptr || !holds(*anchor)) anchor = drop_anchor(pocket);
  if (anchor == nullptr) return false;
  anchor->used = ++anchor_uses;
  const auto i = static_cast<std::uint32_t>(order.instrument);
  live::PolicyGrid& grid = grid_of(pocket);
  world.refresh_profits(i, grid);
  if (world.reval.values.status[i] != Status::ok || world.bounded[i] == 0 ||
      world.reval.values.model[i] != pricing::OptionModel::black76 || mark_in_doubt(i) ||
      marks_in_doubt(pocket) || pockets[pocket].state >= tickmargin::State::liquidating) {
    return false;
  }
  const double initial = most_initial(*anchor, order, grid);
  const double equity = least_equity(*anchor) + least_gain(order, pocket, grid);
  const double guard =
      8.0 / scale.per_unit + rounding_ratio * (anchor->gross_notional + std::fabs(equity) +
                                               std::fabs(order.quantity * order.price));
  return equity - initial >= guard;
}

}  // namespace tickmargin
