#include "live/world.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/assert.hpp"
#include "margin/bounds.hpp"
#include "margin/wear.hpp"

namespace tickmargin::live {
namespace {

// An index at a round number of cells, as at creation, lies well inside one.
constexpr double node_offset = 0.5;

void depend_on(Dependencies& d, UnderlyingIndex u) {
  for (int k = 0; k < d.count; ++k) {
    if (d.underlying[static_cast<std::size_t>(k)] == u) return;
  }
  if (d.count == static_cast<int>(d.underlying.size())) {
    throw std::invalid_argument("an instrument's value follows more than four indices");
  }
  d.underlying[static_cast<std::size_t>(d.count++)] = u;
}

void depend_on_asset(const MarketColumns& c, AssetIndex asset, Dependencies& d) {
  while (asset >= 0) {
    const UnderlyingIndex link = c.asset_underlying[static_cast<std::size_t>(asset)];
    if (link < 0) return;
    depend_on(d, link);
    asset = c.quote_asset[static_cast<std::size_t>(link)];
  }
}

// Whether value and profits are linear, or convex per contract held long, in the one index the
// instrument follows, ratios of forwards and marks to it held.
bool is_bounded(const InstrumentColumns& instruments, const MarketColumns& c, std::size_t i,
                const Dependencies& depends) {
  if (depends.count != 1 || instruments.is_everlasting(i)) return false;
  const AssetIndex settlement = instruments.settlement_asset[i];
  const bool settles_in_index =
      settlement >= 0 && c.asset_underlying[static_cast<std::size_t>(settlement)] >= 0;
  const Payoff payoff = instruments.payoff[i];
  const bool needs_index = payoff == Payoff::inverse || payoff == Payoff::coin;
  return settles_in_index == needs_index;
}

}  // namespace

World::World(market::Market market, InstrumentColumns columns, WorldCapacity capacity,
             double cell_ratio)
    : instruments(std::move(columns)),
      reval{std::move(market), instruments, {}, {}},
      capacity_(capacity),
      node_values_(pricing::make_values(capacity.instruments)) {
  const std::size_t n = reval.market.underlying_count();
  const MarketColumns& c = reval.market.columns;
  reval.values = pricing::make_values(capacity.instruments);
  pricing::value_assets(reval.market, reval.values);
  instrument_version_.assign(capacity.instruments, 0);
  index_version_.assign(n, 1);
  curve_version_.assign(n, 1);
  contents_version_.assign(n, 1);
  value_stamp_.assign(capacity.instruments, 0);
  row_of.reserve(capacity.instruments);
  depends.reserve(capacity.instruments);
  bounded.reserve(capacity.instruments);
  instruments_of.resize(n);
  assets_of_.resize(n);
  for (std::size_t a = 0; a < c.asset_price.size(); ++a) {
    Dependencies d;
    depend_on_asset(c, static_cast<AssetIndex>(a), d);
    for (int k = 0; k < d.count; ++k) {
      const auto u = static_cast<std::size_t>(d.underlying[static_cast<std::size_t>(k)]);
      assets_of_[u].push_back(static_cast<AssetIndex>(a));
    }
    asset_link.push_back(c.asset_underlying[a]);
    asset_simple.push_back(d.count <= 1);
  }
  // An underlying may come to hold every instrument that is still to be listed.
  const std::size_t spare = capacity.instruments - instruments.size();
  slots_.resize(n);
  for (std::size_t i = 0; i < instruments.size(); ++i) describe(static_cast<std::uint32_t>(i));
  for (std::size_t u = 0; u < n; ++u) {
    const std::size_t rows = instruments_of[u].size() + spare;
    instruments_of[u].reserve(rows);
    cell_width_.push_back(c.index_price[u] * cell_ratio);
    for (NodeSlot& slot : slots_[u]) {
      slot.value.assign(rows, 0.0);
      slot.stamp.assign(rows, 0);
    }
  }
  const std::size_t most = std::max(capacity.instruments, capacity.pocket_positions);
  stale_values_.reserve(most);
  stale_rows_.reserve(most);
  value_scratch_.reserve(most);
}

void World::describe(std::uint32_t instrument) {
  const MarketColumns& c = reval.market.columns;
  const auto u = static_cast<std::size_t>(instruments.underlying[instrument]);
  Dependencies d;
  depend_on(d, instruments.underlying[instrument]);
  depend_on_asset(c, c.quote_asset[u], d);
  depend_on_asset(c, instruments.settlement_asset[instrument], d);
  depends.push_back(d);
  bounded.push_back(is_bounded(instruments, c, instrument, d));
  row_of.push_back(static_cast<std::uint32_t>(instruments_of[u].size()));
  instruments_of[u].push_back(instrument);
}

void World::list(std::uint32_t instrument) {
  TICKMARGIN_ASSERT(instrument == depends.size() && instrument < capacity_.instruments);
  describe(instrument);
  ++version_;
}

std::unique_ptr<PolicyWorld> World::prepare(std::uint64_t epoch, PolicySet set) {
  auto world = std::make_unique<PolicyWorld>();
  world->epoch = epoch;
  world->set = std::move(set);
  std::size_t shocks = 1, scenarios = 8;
  for (const Policy& policy : world->set.policies) {
    PolicyGrid grid;
    grid.state = {&policy, &margin::method_of(policy.method), collateral::weights_of(policy), {}};
    grid.state.prepared.policy = &policy;
    grid.wanted.reserve(capacity_.instruments);
    grid.want_mark.assign(capacity_.instruments, 0);
    grid.wear_value.assign(capacity_.instruments, 0.0);
    grid.wear_node.assign(capacity_.instruments, 0.0);
    grid.wear_stamp.assign(capacity_.instruments, 0);
    margin::prepare_grid(context(), grid.state.prepared);
    if (policy.method == MethodId::fixed) {
      grid.state.prepared.short_option.resize(capacity_.instruments);
      grid.stamp.assign(capacity_.instruments, 0);
    }
    risk::ScenarioTable& table = grid.state.prepared.table;
    if (table.stride != 0) {
      table.grid = base::AlignedBuffer<double>(capacity_.instruments * table.stride);
      // Without bands nothing is drawn to nodes.
      const std::size_t width = margin::policy_is_bounded(policy) ? table.stride : 0;
      grid.wear_stressed = base::AlignedBuffer<double>(capacity_.instruments * width);
      grid.stamp.assign(capacity_.instruments, 0);
      grid.nodes.resize(underlying_count());
      for (std::size_t u = 0; u < underlying_count(); ++u) {
        for (PolicyGrid::Node& node : grid.nodes[u]) {
          const std::size_t rows = slots_[u][0].value.size();
          node.profit = base::AlignedBuffer<double>(rows * width);
          node.stamp.assign(rows, 0);
        }
        shocks = std::max(shocks, table.underlying[u].shocks.shock.size());
        scenarios = std::max(scenarios, table.underlying[u].grid.size());
      }
    }
    world->grids.push_back(std::move(grid));
  }
  table_scratch_.reserve(capacity_.instruments, shocks, scenarios);
  previous_scenarios_.grid.price_move.reserve(scenarios);
  return world;
}

std::uint64_t World::stamp_of(std::uint32_t i) const noexcept {
  std::uint64_t stamp = instrument_version_[i];
  const Dependencies& d = depends[i];
  for (int k = 0; k < d.count; ++k) {
    const auto u = static_cast<std::size_t>(d.underlying[static_cast<std::size_t>(k)]);
    stamp += index_version_[u] + curve_version_[u];
  }
  return stamp;
}

std::uint64_t World::node_stamp_of(std::uint32_t i, const NodeSlot& slot) const noexcept {
  const auto u = static_cast<std::size_t>(instruments.underlying[i]);
  return instrument_version_[i] + curve_version_[u] + slot.version;
}

void World::refresh_value(std::uint32_t i) noexcept {
  const std::uint64_t stamp = stamp_of(i);
  if (value_stamp_[i] == stamp) return;
  value_stamp_[i] = stamp;
  pricing::value_rows(reval.market, instruments, {&i, 1}, value_scratch_, reval.values);
}

void World::refresh_profits(std::uint32_t i, PolicyGrid& grid) noexcept {
  refresh_value(i);
  if (grid.stamp.empty() || grid.stamp[i] == value_stamp_[i]) return;
  grid.stamp[i] = value_stamp_[i];
  fill({&i, 1}, grid);
}

void World::fill(std::span<const std::uint32_t> rows, PolicyGrid& grid) noexcept {
  if (grid.nodes.empty()) return margin::fill_charges(context(), rows, grid.state.prepared);
  const risk::Valued valued{reval.market, instruments, reval.values};
  for (std::size_t first = 0; first < rows.size();) {
    const UnderlyingIndex u = instruments.underlying[rows[first]];
    std::size_t end = first + 1;
    while (end < rows.size() && instruments.underlying[rows[end]] == u) ++end;
    risk::fill_grid_rows(valued, u, rows.subspan(first, end - first), table_scratch_,
                         grid.state.prepared.table);
    first = end;
  }
}

void World::refresh(const book::PocketRows& rows, PolicyGrid& grid) noexcept {
  const std::int64_t first = rows.first_position();
  refresh({rows.instrument + first, static_cast<std::size_t>(rows.end_position() - first)}, grid);
}

void World::refresh(std::span<const std::uint32_t> instruments_held, PolicyGrid& grid) noexcept {
  if (grid.fresh_version == version_) return;
  stale_values_.clear();
  stale_rows_.clear();
  const bool has_rows = !grid.stamp.empty();
  for (const std::uint32_t i : instruments_held) {
    const std::uint64_t stamp = stamp_of(i);
    if (value_stamp_[i] != stamp) {
      value_stamp_[i] = stamp;
      stale_values_.push_back(i);
    }
    if (has_rows && grid.stamp[i] != stamp) {
      grid.stamp[i] = stamp;
      stale_rows_.push_back(i);
    }
  }
  if (!stale_values_.empty()) {
    pricing::value_rows(reval.market, instruments, stale_values_, value_scratch_, reval.values);
  }
  if (!stale_rows_.empty()) fill(stale_rows_, grid);
}

void World::want(std::span<const std::uint32_t> instruments_held, std::uint64_t record,
                 PolicyGrid& grid) noexcept {
  for (const std::uint32_t i : instruments_held) {
    if (grid.want_mark[i] == record) continue;
    grid.want_mark[i] = record;
    grid.wanted.push_back(i);
  }
}

void World::refresh_wanted(bool with_nodes, PolicyGrid& grid) noexcept {
  std::sort(grid.wanted.begin(), grid.wanted.end(), [&](std::uint32_t a, std::uint32_t b) {
    const UnderlyingIndex x = instruments.underlying[a], y = instruments.underlying[b];
    return x != y ? x < y : a < b;
  });
  refresh(grid.wanted, grid);
  for (std::size_t first = 0; with_nodes && first < grid.wanted.size();) {
    const UnderlyingIndex u = instruments.underlying[grid.wanted[first]];
    std::size_t end = first + 1;
    while (end < grid.wanted.size() && instruments.underlying[grid.wanted[end]] == u) ++end;
    const std::span<const std::uint32_t> rows(grid.wanted.data() + first, end - first);
    first = end;
    refresh_around(u, rows, grid);
  }
  grid.wanted.clear();
}

// What bands are drawn with.
void World::refresh_around(UnderlyingIndex u, std::span<const std::uint32_t> rows,
                           PolicyGrid& grid) noexcept {
  const std::int64_t step = step_of(u);
  if (step < 1) return;
  const std::size_t below = node(u, step - 1), above = node(u, step + 2);
  refresh_node(u, below, rows, grid);
  refresh_node(u, above, rows, grid);
  refresh_wear(u, below, above, rows, grid);
}

void World::refresh_all(bool with_nodes, PolicyGrid& grid) noexcept {
  for (const std::vector<std::uint32_t>& rows : instruments_of) refresh(rows, grid);
  grid.fresh_version = version_;
  for (std::size_t u = 0; with_nodes && u < instruments_of.size(); ++u) {
    refresh_around(static_cast<UnderlyingIndex>(u), instruments_of[u], grid);
  }
}

std::int64_t World::step_of(UnderlyingIndex u) const noexcept {
  return static_cast<std::int64_t>(std::floor(index(u) / cell_width(u) - node_offset));
}

std::size_t World::node(UnderlyingIndex underlying, std::int64_t step) noexcept {
  const auto u = static_cast<std::size_t>(underlying);
  const auto s = static_cast<std::size_t>(step) % node_slots;
  NodeSlot& slot = slots_[u][s];
  if (slot.step != step) {
    slot.step = step;
    slot.price = (static_cast<double>(step) + node_offset) * cell_width_[u];
    ++slot.version;
  }
  return s;
}

void World::refresh_node(UnderlyingIndex underlying, std::size_t slot_index,
                         std::span<const std::uint32_t> rows, PolicyGrid& grid) noexcept {
  const auto u = static_cast<std::size_t>(underlying);
  NodeSlot& slot = slots_[u][slot_index];
  const bool has_grid = !grid.nodes.empty();
  PolicyGrid::Node* const node = has_grid ? &grid.nodes[u][slot_index] : nullptr;
  stale_values_.clear();
  for (const std::uint32_t i : rows) {
    const std::uint64_t stamp = node_stamp_of(i, slot);
    const std::uint32_t row = row_of[i];
    if (slot.stamp[row] == stamp && (!has_grid || node->stamp[row] == stamp)) continue;
    slot.stamp[row] = stamp;
    if (has_grid) node->stamp[row] = stamp;
    stale_values_.push_back(i);
  }
  if (stale_values_.empty()) return;
  // The market stands at the node for as long as its rows are computed.
  double& index = reval.market.columns.index_price[u];
  const double now = index;
  index = slot.price;
  pricing::value_rows(reval.market, instruments, stale_values_, value_scratch_, node_values_);
  for (const std::uint32_t i : stale_values_)
    slot.value[row_of[i]] = node_values_.contract[i].value;
  if (has_grid) {
    const risk::ScenarioTable& table = grid.state.prepared.table;
    risk::fill_rows({reval.market, instruments, node_values_}, underlying, stale_values_,
                    table.underlying[u], table_scratch_, row_of.data(), table.stride,
                    node->profit.data());
  }
  index = now;
}

void World::refresh_wear(UnderlyingIndex underlying, std::size_t below, std::size_t above,
                         std::span<const std::uint32_t> rows, PolicyGrid& grid) noexcept {
  const auto& slots = slots_[static_cast<std::size_t>(underlying)];
  const std::uint64_t nodes = slots[below].version + slots[above].version;
  const std::size_t stride = grid.state.prepared.table.stride;
  for (const std::uint32_t i : rows) {
    const std::uint64_t stamp =
        nodes + instrument_version_[i] + curve_version_[static_cast<std::size_t>(underlying)];
    if (grid.wear_stamp[i] == stamp) continue;
    grid.wear_stamp[i] = stamp;
    const margin::OptionWear wear =
        margin::option_wear(context(), grid.state.prepared, i, slots[below].price,
                            slots[above].price, grid.wear_stressed.data() + i * stride);
    grid.wear_value[i] = wear.value;
    grid.wear_node[i] = wear.node;
  }
}

void World::move_index(UnderlyingIndex underlying, double price) noexcept {
  const auto u = static_cast<std::size_t>(underlying);
  reval.market.columns.index_price[u] = price;
  ++version_;
  ++index_version_[u];
  for (const AssetIndex a : assets_of_[u]) {
    reval.values.asset_price[static_cast<std::size_t>(a)] = market::asset_price(reval.market, a);
  }
}

void World::touch_curve(UnderlyingIndex underlying) noexcept {
  ++version_;
  ++curve_version_[static_cast<std::size_t>(underlying)];
  ++contents_version_[static_cast<std::size_t>(underlying)];
}

void World::touch_instrument(std::uint32_t instrument) noexcept {
  ++version_;
  ++instrument_version_[instrument];
  ++contents_version_[static_cast<std::size_t>(instruments.underlying[instrument])];
}

void World::touch_all() noexcept {
  ++version_;
  for (std::uint64_t& version : curve_version_) ++version;
  for (std::uint64_t& version : contents_version_) ++version;
}

bool World::refresh_scenarios(PolicyGrid& grid, UnderlyingIndex underlying) noexcept {
  if (!grid.state.method->follows_market) return false;
  const auto u = static_cast<std::size_t>(underlying);
  risk::UnderlyingScenarios& scenarios = grid.state.prepared.table.underlying[u];
  Status& status = grid.state.prepared.underlying_status[u];
  previous_scenarios_.grid.price_move.assign(scenarios.grid.price_move.begin(),
                                             scenarios.grid.price_move.end());
  const Status previous = status;
  grid.state.method->scenarios(context(), *grid.state.policy, u, false, scenarios, status);
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  if (previous == status &&
      std::equal(scenarios.grid.price_move.begin(), scenarios.grid.price_move.end(),
                 previous_scenarios_.grid.price_move.begin(), same)) {
    return false;
  }
  ++contents_version_[u];
  grid.fresh_version = 0;
  // Rows of this policy alone are out of date: no stamp is ever 0.
  for (const std::uint32_t i : instruments_of[u]) {
    grid.stamp[i] = grid.wear_stamp[i] = 0;
    for (PolicyGrid::Node& node : grid.nodes[u]) node.stamp[row_of[i]] = 0;
  }
  return true;
}

}  // namespace tickmargin::live
