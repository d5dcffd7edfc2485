// Memory of the live engine, all of it taken at creation and when a policy is staged.
#include <algorithm>
#include <cmath>

#include "live/fields.hpp"
#include "live/state.hpp"
#include "margin/tail.hpp"

namespace tickmargin {

// Memory for the longest of everything: from here on nothing allocates.
void LiveEngine::State::reserve() {
  const std::size_t n = capacity.instruments, k = capacity.pocket_positions;
  const std::size_t u = underlyings.size(), a = world.reval.market.asset_count();
  for (auto* const list : {&touched, &eased, &to_tell}) list->reserve(capacity.pockets);
  escalating.reserve(accounts.size());
  for (std::size_t row = orders.size(); row-- > 0;) {
    free_orders.push_back(static_cast<std::int32_t>(row));
  }
  order_rows.reserve(orders.size());
  constexpr std::size_t anchored_pockets = 16;
  anchors.resize(anchored_pockets);
  for (live::Anchor& anchor : anchors) anchor.units.resize(u);
  work.orders.reserve(orders.size());
  work.filled.reserve(k + orders.size(), a + 1);
  work.of_filled.units.reserve(u);
  work.worst.units.reserve(u);
  expired.reserve(n);
  surface.row.resize(n);
  for (auto* column :
       {&surface.old_vol, &surface.staged, &surface.new_vol, &surface.log_moneyness}) {
    column->resize(n);
  }
  surface.scratch.resize(2 * n);
  surface.expiry_ns.resize(n);
  scratch.reserve(k + 1, a + 1);
  units.underlying.reserve(u);
  units.positions.reserve(u + 1);
  held.reserve(k);
  for (auto* column : {&line_scratch.now_row, &line_scratch.node_row}) column->reserve(k);
  line_scratch.quantity.reserve(k);
  work.value.units.reserve(u), work.value.indexed.reserve(u);
  work.requirement.units.reserve(u);
  margin::Scratch& s = work.scratch;
  s.collateral.reserve(u);
  for (auto* losses : {&s.initial_losses, &s.maintenance_losses}) losses->reserve(u);
  for (auto* by_expiry : {&s.expiry_delta, &s.expiry_up, &s.expiry_down}) by_expiry->reserve(n + 1);
  s.expiry.reserve(n + 1);
  InstrumentColumns& c = world.instruments;
  for (auto* column : {&c.funding_period_years, &c.funding_rate_annual}) column->resize(c.size());
  const auto reserve_rows = [n](auto& column) { column.reserve(n); };
  live::fields(reserve_rows, c);
  MarketColumns& m = world.reval.market.columns;
  m.index_ts_ns.resize(u, 0);
  for (auto* flow : {&m.flow_signed, &m.flow_total}) {  // nothing traded yet, unless given
    flow->resize(u, 0.0);
    std::replace_if(flow->begin(), flow->end(), [](double x) { return std::isnan(x); }, 0.0);
  }
  for (auto* column : {&m.mark_price, &m.mark_vol_annual, &m.mark_vol_normal_annual,
                       &m.settled_share, &m.settled_average, &m.mark_confidence}) {
    column->reserve(n);
  }
  world.reval.market.mark_ratio.reserve(n);
}

// The same for what depends on a policy's scenarios.
void LiveEngine::State::reserve_for(const live::PolicyWorld& world_of) {
  const std::size_t k = capacity.pocket_positions;
  std::size_t rows = 0, nodes = 0, shocks = 1, columns = 2;
  for (std::size_t u = 0; u < underlyings.size(); ++u) {
    rows = std::max(rows, world.slot(static_cast<UnderlyingIndex>(u), 0).value.size());
  }
  for (const live::PolicyGrid& grid : world_of.grids) {
    for (const risk::UnderlyingScenarios& s : grid.state.prepared.table.underlying) {
      shocks = std::max(shocks, s.shocks.shock.size());
      columns = std::max(columns, s.grid.size() + 2);
    }
  }
  nodes = std::max(rows, k) * shocks;
  for (live::Anchor& anchor : anchors) {
    for (live::AnchorUnit& unit : anchor.units) {
      if (unit.nodes.node_of.empty()) unit.nodes.node_of.assign(rows, -1);
      unit.nodes.at_strike.reserve(rows);
      unit.nodes.longs.reserve(rows);
      unit.nodes.profit.reserve(nodes);
      unit.lines.lines.reserve(columns);
    }
  }
  anchor_losses.reserve(underlyings.size());
  lines.lines.reserve(columns);
  for (auto* column :
       {&anchor_row, &anchor_profit, &work.scratch.profit, &work.scratch.row_profit,
        &work.scratch.sums, &work.scratch.node_grid.price_move, &work.scratch.node_grid.weight}) {
    column->reserve(std::max({nodes, columns + 8, margin::node_profits_per_call}));
  }
  margin::reserve_portfolio(world_of.set.policies, k + orders.size(), work.scratch);
  margin::reserve_tail(world_of.set.policies, underlyings.size(), work.scratch);
  std::size_t tiers = 0, table = 0;
  for (const Policy& policy : world_of.set.policies) {
    for (const SpanParameters& p : policy.span) tiers = std::max(tiers, p.tier_end_days.size());
    for (const MatrixParameters& p : policy.matrix) table = std::max(table, p.price_move.size());
  }
  work.scratch.span.tier_delta.reserve(tiers + 1);
  work.scratch.span.units.reserve(underlyings.size());
  work.scratch.held.units.reserve(underlyings.size());
  margin::MatrixScratch& matrix = work.scratch.matrix;  // a pair by asset that settles something
  matrix.pairs.reserve(world.reval.market.asset_count());
  for (auto* sums : {&matrix.raw, &matrix.hurt}) {
    sums->reserve(world.reval.market.asset_count() * table);
  }
  matrix.total.reserve(table);
  matrix.expiries.reserve(capacity.instruments + 1);
  work.scratch.node_grid.vol_index.reserve(nodes);
  work.scratch.node_move.reserve(std::max(rows, k));
  for (auto* column : {&line_scratch.below, &line_scratch.now, &line_scratch.above}) {
    column->reserve(2 * (columns + 8));
  }
  work.scratch.expiry_delta.reserve(k);
  work.scratch.expiry_up.reserve(k);
  work.scratch.expiry_down.reserve(k);
  work.scratch.expiry.reserve(k);
  constexpr std::size_t together = margin::node_rows_per_call(1);
  work.scratch.table.reserve(1, shocks, std::max(nodes, columns));
  work.scratch.table.reserve(together, shocks, 2 * margin::node_profits_per_call / together);
}

}  // namespace tickmargin
