// Links between pockets and indices, and the bands on them.
#include <algorithm>
#include <cmath>

#include "base/reserved.hpp"
#include "live/state.hpp"
#include "monitor/bands.hpp"

namespace tickmargin {
namespace {

using live::Evaluated;
using live::Link;

// What rounding may add up to in one pocket's sums, of the amounts that enter them.
constexpr double rounding_ratio = 1e-11;

struct Borders {
  monitor::Border danger, recovery[2];
  bool has_danger = false;
  int recoveries = 0;
};

// The borders of the present state. `usable` is the room between the amounts and the border.
Borders borders_of(const Evaluated& e, State state, double hysteresis, double guard) {
  const monitor::Amounts& a = e.amounts;
  const Levels& levels = e.grid->state.policy->levels;
  Borders b;
  const auto danger = [&](double level) {
    b.danger = {level, a.equity_maintenance - level * a.maintenance_margin - guard, false};
    b.has_danger = true;
  };
  const auto recovery = [&](double level) {
    const double at = level * (1.0 + hysteresis);
    b.recovery[b.recoveries++] = {at, at * a.maintenance_margin - a.equity_maintenance - guard,
                                  false};
  };
  switch (state) {
    case State::healthy: danger(levels.warning); break;
    case State::warning: danger(levels.margin_call), recovery(levels.warning); break;
    case State::margin_call: danger(levels.liquidation), recovery(levels.margin_call); break;
    case State::liquidating:
      b.danger = {0, a.value_after_close_out - guard, true};
      b.has_danger = true;
      recovery(levels.liquidation);
      break;
    case State::bankrupt:
      b.recovery[b.recoveries++] = {0, -a.value_after_close_out - guard, true};
      recovery(levels.liquidation);
      break;
    case State::undecidable: break;
  }
  return b;
}

bool has_slack(const Borders& b) {
  bool positive = !b.has_danger || b.danger.spend > 0;
  for (int r = 0; r < b.recoveries; ++r) positive = positive && b.recovery[r].spend > 0;
  return positive;
}

}  // namespace

std::size_t LiveEngine::State::links_needed(std::size_t pocket) const noexcept {
  return 4 * store.position_count(pocket) + store.assets(pocket).size();
}

// One link for every index that the pocket's value depends on.
void LiveEngine::State::link_pocket(std::size_t pocket) noexcept {
  const auto add = [&](UnderlyingIndex u) {
    for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
      if (links[l].underlying == u) return;
    }
    const std::int32_t link = links.take();
    links[link].pocket = static_cast<std::int32_t>(pocket);
    links[link].underlying = u;
    links[link].next_of_pocket = pockets[pocket].first_link;
    pockets[pocket].first_link = link;
    ladders[static_cast<std::size_t>(u)].watch(links, link);
  };
  for (const std::uint32_t i : store.instruments(pocket)) {
    const live::Dependencies& d = world.depends[i];
    for (int k = 0; k < d.count; ++k) add(d.underlying[static_cast<std::size_t>(k)]);
  }
  const MarketColumns& c = world.reval.market.columns;
  for (AssetIndex asset : store.assets(pocket)) {
    while (asset >= 0 && c.asset_underlying[static_cast<std::size_t>(asset)] >= 0) {
      const UnderlyingIndex u = c.asset_underlying[static_cast<std::size_t>(asset)];
      add(u);
      asset = c.quote_asset[static_cast<std::size_t>(u)];
    }
  }
}

void LiveEngine::State::unlink_pocket(std::size_t pocket) noexcept {
  std::int32_t l = pockets[pocket].first_link;
  while (l >= 0) {
    const std::int32_t next = links[l].next_of_pocket;
    ladders[static_cast<std::size_t>(links[l].underlying)].remove(links, l);
    links.give_back(l);
    l = next;
  }
  pockets[pocket].first_link = -1;
}

void LiveEngine::State::watch_pocket(std::size_t pocket) noexcept {
  for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
    if (links[l].watched) continue;
    live::Ladder& ladder = ladders[static_cast<std::size_t>(links[l].underlying)];
    ladder.remove(links, l);
    ladder.watch(links, l);
  }
}

bool LiveEngine::State::can_band(std::size_t pocket, const Evaluated& e) noexcept {
  if (!settings.bands || ramping()) return false;
  if (e.decision.state == tickmargin::State::undecidable || pockets[pocket].vast) return false;
  if (!margin::policy_is_bounded(*e.grid->state.policy)) return false;
  const MarketColumns& c = world.reval.market.columns;
  for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
    if (c.doubt_ratio[static_cast<std::size_t>(links[l].underlying)] != 0) return false;
    if (world.step_of(links[l].underlying) < 1) return false;
  }
  for (const std::uint32_t i : store.instruments(pocket)) {
    if (world.reval.values.model[i] != pricing::OptionModel::black76) return false;
  }
  return has_bounded_rows(pocket);
}

// What can be said without an evaluation: every contract and balance follows one index in a way
// that has bounds, and lives for long enough.
bool LiveEngine::State::has_bounded_rows(std::size_t pocket) const noexcept {
  for (const std::uint32_t i : store.instruments(pocket)) {
    if (world.bounded[i] == 0) return false;
    const TimeNs expiry = world.instruments.expiry_ns[i];
    if (expiry != 0 && expiry - now_ns < near_expiry()) return false;
  }
  for (const AssetIndex asset : store.assets(pocket)) {
    if (world.asset_simple[static_cast<std::size_t>(asset)] == 0) return false;
  }
  return true;
}

// What the pocket's value rides on an index by, roughly: shares of the slack go by it, since the
// proof holds for any shares. Gross notional stands for the gamma that delta does not show.
double LiveEngine::State::exposed_to(std::size_t pocket, UnderlyingIndex u) const noexcept {
  constexpr double gross_share = 0.05;
  double exposed = 1e-9;
  for (const collateral::UnitValue& unit : work.value.units) {
    if (unit.underlying != u) continue;
    exposed +=
        std::fabs(unit.delta_base) * world.index(u) * market::quote_price(world.reval.market, u) +
        gross_share * unit.gross_notional;
  }
  const std::span<const AssetIndex> assets = store.assets(pocket);
  for (std::size_t b = 0; b < assets.size(); ++b) {
    const auto asset = static_cast<std::size_t>(assets[b]);
    if (world.asset_link[asset] != u) continue;
    exposed += std::fabs(store.amounts(pocket)[b]) * world.reval.values.asset_price[asset];
  }
  return exposed;
}

// One index's part of a pocket that has just been evaluated, with everything priced at the nodes
// below and above the index.
margin::UnitQuestion LiveEngine::State::question_of(UnderlyingIndex underlying,
                                                    const book::PocketRows& rows,
                                                    live::PolicyGrid& grid) noexcept {
  const auto u = static_cast<std::size_t>(underlying);
  margin::UnitQuestion q{underlying, 0, 0, work.requirement.units.size(), nullptr, {}, {}, {}};
  for (std::size_t n = 0; n < rows.unit_underlying.size(); ++n) {
    if (rows.unit_underlying[n] != underlying) continue;
    q.begin = rows.unit_positions[n];
    q.end = rows.unit_positions[n + 1];
  }
  for (const margin::UnitRequirement& unit : work.requirement.units) {
    if (unit.underlying == underlying) q.requirement = &unit;
  }
  held.clear();
  for (auto row = q.begin; row < q.end; ++row) base::put(held, rows.instrument[row]);
  const std::int64_t step = world.step_of(underlying);
  const std::size_t below = world.node(underlying, step - 1);
  const std::size_t above = world.node(underlying, step + 2);
  world.refresh_node(underlying, below, held, grid);
  world.refresh_node(underlying, above, held, grid);
  world.refresh_wear(underlying, below, above, held, grid);
  const auto prices = [&](std::size_t slot) {
    const live::NodeSlot& node = world.slot(underlying, slot);
    return margin::NodePrices{node.price, node.value.data(),
                              grid.nodes.empty() ? nullptr : grid.nodes[u][slot].profit.data(),
                              world.row_of.data()};
  };
  q.below = prices(below);
  q.above = prices(above);
  q.wear = {grid.wear_value.data(), grid.wear_node.data(), grid.wear_stressed.data()};
  return q;
}

// Puts the pocket on its ladders, with as much of the slack for each index as its share, or on the
// watch lists where nothing is proven. The evaluation just made is still in `work`.
void LiveEngine::State::renew(std::size_t pocket, const Evaluated& e) noexcept {
  pockets[pocket].vast = is_vast(e.amounts);
  if (!can_band(pocket, e)) return watch_pocket(pocket);
  const monitor::Amounts& a = e.amounts;
  const double guard =
      8.0 / scale.per_unit +
      rounding_ratio * (work.value.gross_notional + std::fabs(a.equity_maintenance) +
                        std::fabs(a.value_after_close_out) + a.maintenance_margin);
  Borders b = borders_of(e, pockets[pocket].state, settings.hysteresis_ratio, guard);
  if (!has_slack(b)) return watch_pocket(pocket);
  double all_exposed = 0;
  for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
    all_exposed += exposed_to(pocket, links[l].underlying);
  }
  ++counters.renewed;

  live::PolicyGrid& grid = grid_of(pocket);
  const book::PocketRows rows = store.rows(pocket, world.instruments, units);
  for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
    const UnderlyingIndex underlying = links[l].underlying;
    const margin::UnitQuestion q = question_of(underlying, rows, grid);
    if (!margin::unit_lines(world.context(), grid.state.prepared, grid.state.weights, rows, q,
                            line_scratch, lines)) {
      return watch_pocket(pocket);
    }
    const double share = exposed_to(pocket, underlying) / all_exposed;
    const auto reach_of = [&](double part) {
      monitor::Reach reach;
      const auto spend = [&](monitor::Border border) {
        border.spend *= part;
        return border;
      };
      if (b.has_danger) monitor::keep_above(lines, spend(b.danger), reach);
      for (int r = 0; r < b.recoveries; ++r) {
        monitor::keep_below(lines, spend(b.recovery[r]), reach);
      }
      return reach;
    };
    const monitor::Reach whole = reach_of(1.0);  // of one index alone, all there is to reckon
    const monitor::Reach reach = share == 1.0 ? whole : reach_of(share);
    if (!place(l, reach, whole, share, pocket)) return watch_pocket(pocket);
  }
}

// Puts one link on its ladder, the reach split between the index and the clocks; false where
// nothing is left of it.
bool LiveEngine::State::place(std::int32_t l, const monitor::Reach& reach,
                              const monitor::Reach& whole, double share,
                              std::size_t pocket) noexcept {
  Link& link = links[l];
  const auto u = static_cast<std::size_t>(link.underlying);
  const live::UnderlyingState& of = underlyings[u];
  const monitor::Split split = monitor::split_of(reach, lines.index, of.activity);
  const double price = 1.0 - split.vol - split.curve;
  // Cells end at the same prices for all pockets: each stops somewhat before, so that no one tick
  // touches all that have nothing else to stop them.
  const double stop = 0.75 + 0.25 * static_cast<double>((pocket * 2654435761u) >> 8 & 255) / 256.0;
  const double cell_lower = lines.index + stop * (lines.cell_lower - lines.index);
  const double cell_upper = lines.index + stop * (lines.cell_upper - lines.index);
  const double lower = std::max(lines.index + price * (reach.lower - lines.index), cell_lower);
  const double upper = std::min(lines.index + price * (reach.upper - lines.index), cell_upper);
  const margin::Wear wear{std::min(split.vol * reach.wear.vol, margin::vol_wear_max),
                          std::min(split.curve * reach.wear.curve, lines.curve_wear_max)};
  if (!(lower <= lines.index && lines.index <= upper && wear.vol > 0 && wear.curve > 0)) {
    return false;
  }
  ladders[u].remove(links, l);
  link.lower = lower;
  link.upper = upper;
  link.step = world.step_of(link.underlying);
  link.wear_limit[0] = of.wear.vol + wear.vol;
  link.wear_limit[1] = of.wear.curve + wear.curve;
  ladders[u].place(links, l);
  links.proof(l) = {lines.index,
                    of.wear,
                    lines.index - whole.lower,
                    whole.upper - lines.index,
                    whole.wear,
                    cell_lower,
                    cell_upper,
                    lines.curve_wear_max,
                    share,
                    {split.vol, split.curve}};
  return true;
}

void LiveEngine::State::queue(std::size_t pocket) noexcept {
  if (pockets[pocket].queued) return;
  pockets[pocket].queued = true;
  const std::size_t at = (queue_head + queue_count++) % renew_queue.size();
  renew_queue[at] = static_cast<std::int32_t>(pocket);
}

// A budgeted slice of the work that no record needs at once: pockets whose bands could not be
// renewed when they were touched, then bands drawn to a cell that the index has left.
void LiveEngine::State::renew_some() noexcept {
  while (budget > 0 && queue_count > 0) {
    const auto pocket = static_cast<std::size_t>(renew_queue[queue_head]);
    queue_head = (queue_head + 1) % renew_queue.size();
    --queue_count;
    pockets[pocket].queued = false;
    renew(pocket, evaluate(pocket));
    --budget;
  }
  constexpr std::size_t looked_at = 256;
  budget = std::min(budget, 8);
  for (std::size_t n = 0; n < looked_at && cursor_left > 0 && budget > 0; ++n, --cursor_left) {
    const std::size_t pocket = cursor;
    cursor = cursor + 1 == store.pocket_count() ? 0 : cursor + 1;
    bool stale = false;
    for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
      stale |= !links[l].watched && links[l].step != world.step_of(links[l].underlying);
    }
    if (!stale) continue;
    renew(pocket, evaluate(pocket));
    --budget;
  }
}

}  // namespace tickmargin
