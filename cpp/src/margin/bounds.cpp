#include "margin/bounds_unit.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "collateral/valuation.hpp"
#include "kernels/kernels.hpp"
#include "margin/add_ons.hpp"

namespace tickmargin::margin {
namespace {

constexpr double phi_0 = 0.3989422804014327;  // density of the standard normal at 0
// Below this volatility x sqrt(T) a delta turns so fast that no bound of it is of use.
constexpr double deviation_min = 1e-3;
// Of the way to where a strike node comes or goes.
constexpr double edge_wear_share = 0.125;

// Linear parts of equity: balances that follow this index, futures, perpetuals and spot.
void add_linear_equity(const BoundsUnit& unit, const collateral::Weights& weights,
                       double& collateral) {
  const Context& c = unit.context;
  const MarketColumns& market = c.market.columns;
  const double index = unit.out.index;
  double gross = 0;
  for (std::size_t j = 0; j < unit.rows.balance_asset.size(); ++j) {
    const auto asset = static_cast<std::size_t>(unit.rows.balance_asset[j]);
    if (market.asset_underlying[asset] != unit.q.underlying) continue;
    const double slope = unit.rows.balance_amount[j] * c.values.asset_price[asset] / index;
    const bool halted = unit.q.initial && market.asset_halted[asset] != 0;
    const bool whole = slope < 0 || (unit.policy().simulated_collateral && !halted);
    const double weight =
        unit.q.initial ? collateral::initial_weight(c, weights, static_cast<AssetIndex>(asset))
                       : weights.maintenance[asset];
    unit.out.equity_slope += whole ? slope : slope * weight;
    unit.out.unweighted_slope += slope;
    collateral += slope;
  }
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    const pricing::ContractValue& v = c.values.contract[i];
    const bool inverse = c.instruments.payoff[i] == Payoff::inverse;
    if (!inverse) gross += std::fabs(unit.rows.quantity[k]) * v.notional;
    if (unit.is_option(i)) continue;
    const double moving = inverse ? v.entry_factor * unit.rows.entry[k] : v.value;
    const double slope = unit.rows.quantity[k] * moving / index;
    unit.out.equity_slope += slope;
    unit.out.unweighted_slope += slope;
    const AssetIndex settlement = c.instruments.settlement_asset[i];
    if (settlement >= 0 && c.instruments.kind[i] != Kind::spot &&
        market.asset_underlying[static_cast<std::size_t>(settlement)] == unit.q.underlying) {
      collateral += slope;
    }
  }
  // The cost of closing out follows gross notional, which of an inverse contract is constant.
  unit.out.unweighted_slope -= unit.policy().close_out_cost_ratio * gross / index;
}

void add_option_values(const BoundsUnit& unit) {
  double convex[3] = {0, 0, 0}, concave[3] = {0, 0, 0};
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    if (!unit.is_option(i)) continue;
    const double quantity = unit.rows.quantity[k];
    double* const sum = quantity > 0 ? convex : concave;
    const std::uint32_t row = unit.q.below.row_of[i];
    sum[0] += quantity * unit.q.below.value[row];
    sum[1] += quantity * unit.context.values.contract[i].value;
    sum[2] += quantity * unit.q.above.value[row];
  }
  unit.out.option_value = slopes_of(convex, concave, unit.q, unit.out.index);
}

// Sums over the positions at one price: options held long and everything linear first, options held
// short in the second half; to each, weight x option value is added, which leaves what is stressed.
void sum_scenarios(const BoundsUnit& unit, const risk::Scenarios& grid, const double* profit,
                   const std::vector<std::uint32_t>& rows, std::size_t long_count,
                   const double* option_values, std::vector<double>& sums) {
  const std::size_t stride = unit.prepared.table.stride;
  sums.assign(2 * stride, 0.0);
  const auto middle = static_cast<std::int64_t>(long_count);
  const std::int64_t offsets[3] = {0, middle, static_cast<std::int64_t>(rows.size())};
  const kernels::PositionGroups groups{2, offsets, rows.data(), unit.scratch.quantity.data()};
  kernels::kernels().portfolio_scan(groups, profit, stride, grid.size(), sums.data(), nullptr,
                                    nullptr);
  for (std::size_t s = 0; s < grid.size(); ++s) {
    sums[s] += grid.weight[s] * option_values[0];
    sums[stride + s] += grid.weight[s] * option_values[1];
  }
}

struct LongShort {
  double sums[2] = {0, 0};
};

// The rows of the unit, options held long and linear instruments first.
std::size_t split_rows(const BoundsUnit& unit, LongShort& below, LongShort& now, LongShort& above) {
  LineScratch& s = unit.scratch;
  s.now_row.clear();
  s.node_row.clear();
  s.quantity.clear();
  std::size_t long_count = 0;
  for (const bool shorts : {false, true}) {
    for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
      const std::uint32_t i = unit.rows.instrument[k];
      const double quantity = unit.rows.quantity[k];
      const bool option = unit.is_option(i);
      if ((option && quantity < 0) != shorts) continue;
      const std::uint32_t row = unit.q.below.row_of[i];
      s.now_row.push_back(i);
      s.node_row.push_back(row);
      s.quantity.push_back(quantity);
      if (!option) continue;
      below.sums[shorts] += quantity * unit.q.below.value[row];
      now.sums[shorts] += quantity * unit.context.values.contract[i].value;
      above.sums[shorts] += quantity * unit.q.above.value[row];
    }
    if (!shorts) long_count = s.now_row.size();
  }
  return long_count;
}

void add_grid_lines(const BoundsUnit& unit, std::size_t first_column, double collateral) {
  const risk::ScenarioTable& table = unit.prepared.table;
  const risk::Scenarios& grid = table.underlying[unit.u()].grid;
  LineScratch& s = unit.scratch;
  LongShort below, now, above;
  const std::size_t long_count = split_rows(unit, below, now, above);
  sum_scenarios(unit, grid, unit.q.below.profit, s.node_row, long_count, below.sums, s.below);
  sum_scenarios(unit, grid, table.grid.data(), s.now_row, long_count, now.sums, s.now);
  sum_scenarios(unit, grid, unit.q.above.profit, s.node_row, long_count, above.sums, s.above);
  const std::size_t half = table.stride;
  for (std::size_t c = first_column; c < grid.size(); ++c) {
    const double convex[3] = {s.below[c], s.now[c], s.above[c]};
    const double concave[3] = {s.below[half + c], s.now[half + c], s.above[half + c]};
    ScenarioLine line;
    const double move = grid.price_move[c];
    line.weight = grid.weight[c];
    line.stressed = slopes_of(convex, concave, unit.q, unit.out.index);
    line.stressed.low += line.weight * (collateral * move);
    line.stressed.high += line.weight * (collateral * move);
    line.profit = (convex[1] + concave[1]) - line.weight * (now.sums[0] + now.sums[1]) +
                  line.weight * (collateral * move * unit.out.index);
    line.up = move >= 0;
    line.down = move <= 0;
    unit.out.lines.push_back(line);
  }
}

// At a strike node the forward stands at the strike, so what is stressed does not follow the index;
// a linear contract's profit falls by its own slope. The cell ends where a strike comes into the
// scanned range or leaves it, and, where sides matter, where it changes side.
void add_node_lines(const BoundsUnit& unit, const ScenarioParameters& p, double collateral) {
  UnitLines& out = unit.out;
  const double index = out.index;
  double slope = -collateral;
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    if (!unit.is_option(i)) {
      slope -= unit.rows.quantity[k] * unit.context.values.scale[i] / index;
      continue;
    }
    if (!(unit.rows.quantity[k] > 0)) continue;
    const double at_strike =
        unit.context.instruments.strike[i] * (index / unit.context.values.forward[i]);
    const double edges[3] = {at_strike / (1.0 + p.price_range), at_strike / (1.0 - p.price_range),
                             at_strike};
    for (int e = 0; e < (out.correlated ? 3 : 2); ++e) {
      // The forward may wear an eighth of the way while the index goes the rest.
      const double away = std::log(edges[e] / index);
      const double edge = index * std::exp((1.0 - edge_wear_share) * away);
      out.curve_wear_max = std::min(out.curve_wear_max, edge_wear_share * std::fabs(away));
      if (away > 0) out.cell_upper = std::min(out.cell_upper, edge * (1.0 - 1e-12));
      if (away <= 0) out.cell_lower = std::max(out.cell_lower, edge * (1.0 + 1e-12));
    }
  }
  for (const bool up : {true, false}) {
    const double profit = up ? unit.q.requirement->node_up : unit.q.requirement->node_down;
    if (!std::isfinite(profit)) continue;
    ScenarioLine line;
    line.profit = profit;
    line.stressed = {slope, slope};
    line.up = up;
    line.down = !up;
    out.lines.push_back(line);
  }
}

bool add_scenario(const BoundsUnit& unit, double collateral) {
  const ScenarioParameters& p = unit.policy().scenario[unit.u()];
  UnitLines& out = unit.out;
  const UnitRequirement& requirement = *unit.q.requirement;
  out.scans = true;
  out.factor = unit.q.initial ? p.initial_factor : p.maintenance_factor;
  out.correlated = unit.policy().netting.rule == NettingRule::correlation && unit.q.unit_count > 1;
  out.loss_up = requirement.loss_up;
  out.loss_down = requirement.loss_down;
  out.scan = std::max(out.loss_up, out.loss_down);
  add_grid_lines(unit, 0, collateral);
  const bool upnl_in_coin = unit.policy().simulated_collateral;
  if (p.strike_nodes) {
    if (upnl_in_coin && unit.q.begin != unit.q.end) return false;
    add_node_lines(unit, p, collateral);
  }
  const auto& charges = unit.q.initial ? requirement.initial : requirement.maintenance;
  const double charge = charges[static_cast<std::size_t>(Component::short_option)] / out.index;
  widen(out.other, charge, charge);
  const bool by_expiry = p.roll_ratio_annual != 0 || p.roll_ratio_min != 0 || p.basis_ratio != 0;
  if (!by_expiry) return true;
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    const double reach = std::fabs(unit.rows.quantity[k]) * unit.reach(i);
    const double ratio =
        std::max(p.roll_ratio_annual * unit.context.values.years[i], p.roll_ratio_min) +
        p.basis_ratio;
    double turn = 1.0;
    if (unit.is_option(i)) {
      const double s = unit.deviation(i);
      if (!(s >= deviation_min)) return false;
      turn = 2.0 + phi_0 / s;
    }
    widen(out.other, out.factor * ratio * turn * reach / out.index);
  }
  return true;
}

// Slopes of the loss of one position alone, the worst of its columns and nothing: those of every
// column that can be the worst somewhere in the cell.
Slopes loss_slopes(const BoundsUnit& unit, std::int64_t position, std::size_t first_column) {
  const risk::ScenarioTable& table = unit.prepared.table;
  const risk::Scenarios& grid = table.underlying[unit.u()].grid;
  const std::uint32_t i = unit.rows.instrument[position];
  const double quantity = unit.rows.quantity[position];
  const std::uint32_t row = unit.q.below.row_of[i];
  const bool option = unit.is_option(i);
  const double width =
      std::max(unit.out.index - unit.out.cell_lower, unit.out.cell_upper - unit.out.index);
  const double base[3] = {option ? unit.q.below.value[row] : 0.0,
                          option ? unit.context.values.contract[i].value : 0.0,
                          option ? unit.q.above.value[row] : 0.0};
  const double none[3] = {0, 0, 0};
  const Slopes held = slopes_of(base, none, unit.q, unit.out.index);
  constexpr std::size_t most = 4;
  const std::size_t count = grid.size() - first_column;
  TICKMARGIN_ASSERT(count <= most);
  double loss[most], worst = 0, others = 0;
  Slopes slopes[most];
  for (std::size_t c = 0; c < count; ++c) {
    const std::size_t s = first_column + c;
    const double profit[3] = {unit.q.below.profit[row * table.stride + s], table.row(i)[s],
                              unit.q.above.profit[row * table.stride + s]};
    const double weight = grid.weight[s];
    const double stressed[3] = {profit[0] + weight * base[0], profit[1] + weight * base[1],
                                profit[2] + weight * base[2]};
    const Slopes after = slopes_of(stressed, none, unit.q, unit.out.index);
    const double low = after.low - weight * held.high, high = after.high - weight * held.low;
    slopes[c] = quantity > 0 ? Slopes{-quantity * high, -quantity * low}
                             : Slopes{-quantity * low, -quantity * high};
    loss[c] = -quantity * profit[1];
    worst = std::max(worst, loss[c]);
    others = std::max({others, std::fabs(slopes[c].low), std::fabs(slopes[c].high)});
  }
  Slopes hull{INFINITY, -INFINITY};
  for (std::size_t c = 0; c <= count; ++c) {
    const Slopes slope = c < count ? slopes[c] : Slopes{};
    const double now = c < count ? loss[c] : 0.0;
    const double steepest = std::max(std::fabs(slope.low), std::fabs(slope.high));
    if (now < worst - (steepest + others) * width) continue;
    hull.low = std::min(hull.low, slope.low);
    hull.high = std::max(hull.high, slope.high);
  }
  return hull;
}

bool add_dynamic(const BoundsUnit& unit) {
  const std::size_t first_maintenance_column =
      unit.prepared.table.underlying[unit.u()].grid.size() / 2;
  const DynamicParameters& p = unit.policy().dynamic[unit.u()];
  UnitLines& out = unit.out;
  for (std::int64_t k = unit.q.begin; k < unit.q.end && !p.netting_underlying; ++k) {
    const Slopes loss = loss_slopes(unit, k, first_maintenance_column);
    widen(out.other, loss.low, loss.high);
  }
  if (!p.netting_underlying) return true;
  out.scans = true;
  add_grid_lines(unit, first_maintenance_column, 0.0);
  double worst = 0;
  for (const ScenarioLine& line : out.lines) worst = std::min(worst, line.profit);
  out.scan = -worst;
  return true;
}

}  // namespace

bool policy_is_bounded(const Policy& policy) noexcept {
  if (method_of(policy.method).bound == BoundKind::none) return false;
  return policy.safety_factor_ratio == 1 && add_ons_are_bounded(policy) &&
         (policy.method != MethodId::fixed || fixed_is_bounded(policy));
}

bool unit_lines(const Context& context, const Prepared& prepared,
                const collateral::Weights& weights, const PocketRows& rows,
                const UnitQuestion& question, LineScratch& scratch, UnitLines& out) {
  const double index =
      context.market.columns.index_price[static_cast<std::size_t>(question.underlying)];
  std::vector<ScenarioLine> lines = std::move(out.lines);
  lines.clear();
  out = {};
  out.lines = std::move(lines);
  out.underlying = question.underlying;
  out.index = index;
  out.cell_lower = question.below.price;
  out.cell_upper = question.above.price;
  const Policy& policy = *prepared.policy;
  out.options_in_equity = policy.option_value_in_equity;
  const BoundsUnit unit{context, prepared, rows, question, scratch, out};
  double collateral = 0;
  add_linear_equity(unit, weights, collateral);
  add_option_values(unit);
  out.close_out_ratio = policy.close_out_cost_ratio;
  bool bounded = question.requirement == nullptr;
  if (!bounded) {
    switch (policy.method) {
      case MethodId::portfolio:
      case MethodId::standard:
      case MethodId::var:
      case MethodId::es:
      case MethodId::protocol: break;
      case MethodId::fixed: bounded = add_fixed(unit); break;
      case MethodId::dynamic: bounded = add_dynamic(unit); break;
      case MethodId::scenario:
        bounded = add_scenario(unit, policy.simulated_collateral ? collateral : 0.0);
        break;
      case MethodId::matrix:
      case MethodId::span: break;
    }
  }
  if (bounded && question.requirement != nullptr) bounded = add_add_ons(unit);
  if (bounded) add_wear(context, prepared, rows, question, scratch, out);
  return bounded;
}

}  // namespace tickmargin::margin
