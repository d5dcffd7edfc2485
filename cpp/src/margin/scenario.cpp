// Portfolio margin: the worst loss of each unit over a price x volatility grid with damped tails,
// the strikes it is long inside the range as extra nodes, plus per-expiry and short-option charges.
//
//   scan         max(0, - worst scenario sum)
//   short_option ratio x index x contracts net short, per option series
//   roll         sum over expiries of |net delta| x index x max(annual ratio x years, minimum);
//                perpetuals and spot are an expiry of their own, deltas premium-adjusted
//   basis        ratio x index x min(long deltas, short deltas) over expiries, which cancel
//   initial = initial_factor x lines, maintenance = maintenance_factor x lines
//
// Why only long strikes are nodes: for a fixed volatility shock the pocket's value is a sum of
// functions of the index with curvature only where options are; a minimum inside the range needs
// positive curvature, and that sits at the strikes of options held long.
#include <algorithm>
#include <cmath>
#include <span>

#include "kernels/kernels.hpp"
#include "margin/charges.hpp"
#include "margin/methods.hpp"

namespace tickmargin::margin {
namespace {

// The worst scenario of a unit so far.
struct Worst {
  double profit = 0;
  double loss_up = 0;
  double loss_down = 0;
  std::int32_t scenario = -1;
  double price_move = 0;
  std::size_t vol_index = 0;
  double node_up = std::numeric_limits<double>::infinity();
  double node_down = std::numeric_limits<double>::infinity();

  void see_node(double sum, std::int32_t index, double move, std::size_t vol) noexcept {
    see(sum, index, move, vol);
    if (move >= 0 && sum < node_up) node_up = sum;
    if (move <= 0 && sum < node_down) node_down = sum;
  }

  void see(double sum, std::int32_t index, double move, std::size_t vol) noexcept {
    // Written so that a NaN sum replaces any number and stays.
    if (!(sum >= profit)) {
      profit = sum;
      scenario = index;
      price_move = move;
      vol_index = vol;
    }
    if (move >= 0 && !(-sum <= loss_up)) loss_up = -sum;
    if (move <= 0 && !(-sum <= loss_down)) loss_down = -sum;
  }
};

struct UnitRows {
  std::int64_t begin;
  std::int64_t end;
  double collateral;  // numeraire worth of assets that follow this index
};

// What see() makes of the grid when there is nothing but numbers to see, `lowest` at `column` the
// first smallest of them: without branches on the sums.
void see_numbers(const risk::Scenarios& grid, const double* sums, double lowest,
                 std::uint32_t column, Worst& worst) noexcept {
  // Four maxima of each side at once: the largest of numbers is the same in any order.
  constexpr std::size_t lanes = 4;
  double up[lanes] = {}, down[lanes] = {};
  for (std::size_t s = 0; s < grid.size(); s += lanes) {
    for (std::size_t n = 0; n < lanes && s + n < grid.size(); ++n) {
      const double loss = -sums[s + n], move = grid.price_move[s + n];
      up[n] = std::max(up[n], move >= 0 ? loss : 0.0);
      down[n] = std::max(down[n], move <= 0 ? loss : 0.0);
    }
  }
  worst.loss_up = std::max(std::max(up[0], up[1]), std::max(up[2], up[3]));
  worst.loss_down = std::max(std::max(down[0], down[1]), std::max(down[2], down[3]));
  if (!(lowest < 0)) return;
  worst.profit = lowest;
  worst.scenario = static_cast<std::int32_t>(column);
  worst.price_move = grid.price_move[column];
  worst.vol_index = grid.vol_index[column];
}

void scan_grid(const risk::UnderlyingScenarios& scenarios, const risk::ScenarioTable& table,
               const PocketRows& rows, const UnitRows& unit, Scratch& scratch, Worst& worst) {
  const risk::Scenarios& grid = scenarios.grid;
  scratch.sums.resize(table.stride);
  const std::int64_t offsets[2] = {0, unit.end - unit.begin};
  const kernels::PositionGroups groups{1, offsets, rows.instrument + unit.begin,
                                       rows.quantity + unit.begin};
  double lowest;
  std::uint32_t column;
  kernels::kernels().portfolio_scan(groups, table.grid.data(), table.stride, grid.size(),
                                    scratch.sums.data(), &lowest, &column);
  if (unit.collateral == 0 && !std::isnan(lowest)) {
    return see_numbers(grid, scratch.sums.data(), lowest, column, worst);
  }
  for (std::size_t s = 0; s < grid.size(); ++s) {
    const double sum = scratch.sums[s] + grid.weight[s] * (unit.collateral * grid.price_move[s]);
    worst.see(sum, static_cast<std::int32_t>(s), grid.price_move[s], grid.vol_index[s]);
  }
}

// Nodes of the options held long, ascending, each once.
void collect_nodes(const risk::ScenarioTable& table, const PocketRows& rows, const UnitRows& unit,
                   std::vector<std::int32_t>& nodes) {
  nodes.clear();
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::int32_t node = table.node_of_strike[rows.instrument[k]];
    if (node >= 0 && rows.quantity[k] > 0) nodes.push_back(node);
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
}

// Sums over the positions for the wanted nodes, into scratch.sums at [node x vol shock]. A pocket
// that wants many nodes adds whole rows with the scan kernel, one that wants few picks them: both
// add the same products in the same order.
void add_node_profits(const risk::ScenarioTable& table, std::size_t u, const PocketRows& rows,
                      const UnitRows& unit, Scratch& scratch) {
  const risk::UnderlyingScenarios& scenarios = table.underlying[u];
  const std::size_t vols = scenarios.shocks.shock.size();
  scratch.sums.resize(table.node_stride[u]);
  constexpr std::size_t picked_cost = 16;
  if (scratch.nodes.size() * picked_cost > scenarios.node_move.size()) {
    scratch.rows.clear();
    for (std::int64_t k = unit.begin; k < unit.end; ++k) {
      scratch.rows.push_back(table.node_row[rows.instrument[k]]);
    }
    const std::int64_t offsets[2] = {0, unit.end - unit.begin};
    const kernels::PositionGroups groups{1, offsets, scratch.rows.data(),
                                         rows.quantity + unit.begin};
    kernels::kernels().portfolio_scan(groups, table.node_table(u), table.node_stride[u],
                                      scenarios.node_move.size() * vols, scratch.sums.data(),
                                      nullptr, nullptr);
    return;
  }
  for (const std::int32_t node : scratch.nodes) {
    const std::size_t first = static_cast<std::size_t>(node) * vols;
    for (std::size_t s = first; s < first + vols; ++s) {
      double sum = 0;
      for (std::int64_t k = unit.begin; k < unit.end; ++k) {
        sum += rows.quantity[k] * table.node_profits(u, rows.instrument[k])[s];
      }
      scratch.sums[s] = sum;
    }
  }
}

void scan_nodes(const risk::ScenarioTable& table, std::size_t u, const PocketRows& rows,
                const UnitRows& unit, Scratch& scratch, Worst& worst) {
  const risk::UnderlyingScenarios& scenarios = table.underlying[u];
  collect_nodes(table, rows, unit, scratch.nodes);
  if (scratch.nodes.empty()) return;
  add_node_profits(table, u, rows, unit, scratch);
  const std::size_t vols = scenarios.shocks.shock.size();
  for (const std::int32_t n : scratch.nodes) {
    const auto node = static_cast<std::size_t>(n);
    const double move = scenarios.node_move[node];
    for (std::size_t v = 0; v < vols; ++v) {
      const double sum = scratch.sums[node * vols + v] + unit.collateral * move;
      worst.see_node(sum, static_cast<std::int32_t>(scenarios.grid.size() + node * vols + v), move,
                     v);
    }
  }
}

// The moves that bring the forwards of options held long to their strikes, ascending, each once.
void collect_node_moves(const Context& context, const ScenarioParameters& p, const PocketRows& rows,
                        const UnitRows& unit, std::vector<double>& moves) {
  moves.clear();
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = rows.instrument[k];
    if (context.instruments.kind[i] != Kind::option || !(rows.quantity[k] > 0)) continue;
    const double move = risk::strike_move(context.market, context.instruments, context.values, i);
    if (std::fabs(move) <= p.price_range) moves.push_back(move);
  }
  std::sort(moves.begin(), moves.end());
  moves.erase(std::unique(moves.begin(), moves.end()), moves.end());
}

// scan_nodes() for a table without node rows: each position's profits at the nodes of this pocket
// alone, added in the same order.
void scan_own_nodes(const Context& context, const ScenarioParameters& p,
                    const risk::UnderlyingScenarios& scenarios, const PocketRows& rows,
                    const UnitRows& unit, Scratch& scratch, Worst& worst) {
  risk::Scenarios& nodes = scratch.node_grid;
  collect_node_moves(context, p, rows, unit, scratch.node_move);
  if (scratch.node_move.empty()) return;
  const std::size_t vols = scenarios.shocks.shock.size();
  nodes.price_move.clear();
  nodes.vol_index.clear();
  for (const double move : scratch.node_move) {
    for (std::size_t v = 0; v < vols; ++v) {
      nodes.price_move.push_back(move);
      nodes.vol_index.push_back(static_cast<std::uint8_t>(v));
    }
  }
  nodes.weight.assign(nodes.size(), 1.0);
  scratch.sums.assign(nodes.size(), 0.0);
  const risk::Valued valued{context.market, context.instruments, context.values};
  const auto rows_per_call = static_cast<std::int64_t>(node_rows_per_call(nodes.size()));
  for (std::int64_t first = unit.begin; first < unit.end; first += rows_per_call) {
    const std::int64_t end = std::min(first + rows_per_call, unit.end);
    const std::span<const std::uint32_t> held(rows.instrument + first,
                                              static_cast<std::size_t>(end - first));
    scratch.profit.resize(held.size() * nodes.size());
    risk::profits_in_order(valued, held, scenarios.shocks, nodes, scratch.table,
                           scratch.profit.data());
    for (std::int64_t k = first; k < end; ++k) {
      const double* const profit =
          scratch.profit.data() + static_cast<std::size_t>(k - first) * nodes.size();
      for (std::size_t s = 0; s < nodes.size(); ++s) {
        scratch.sums[s] += rows.quantity[k] * profit[s];
      }
    }
  }
  for (std::size_t s = 0; s < nodes.size(); ++s) {
    const double sum = scratch.sums[s] + unit.collateral * nodes.price_move[s];
    worst.see_node(sum, static_cast<std::int32_t>(scenarios.grid.size() + s), nodes.price_move[s],
                   nodes.vol_index[s]);
  }
}

double short_option_charge(const Context& context, const ScenarioParameters& p,
                           const PocketRows& rows, const UnitRows& unit) noexcept {
  if (p.short_option_ratio == 0) return 0.0;
  double charge = 0;
  for (std::int64_t k = unit.begin; k < unit.end;) {
    const std::uint32_t i = rows.instrument[k];
    double net = 0;
    for (; k < unit.end && rows.instrument[k] == i; ++k) net += rows.quantity[k];
    if (context.instruments.kind[i] != Kind::option || net >= 0) continue;
    charge += -net * context.values.contract[i].notional * p.short_option_ratio;
  }
  return charge;
}

struct ExpiryCharges {
  double roll = 0;
  double basis = 0;
};

ExpiryCharges expiry_charges(const Context& context, const ScenarioParameters& p,
                             const PocketRows& rows, const UnitRows& unit, std::size_t u,
                             Scratch& scratch) {
  if (p.roll_ratio_annual == 0 && p.roll_ratio_min == 0 && p.basis_ratio == 0) return {};
  scratch.expiry.clear();
  scratch.expiry_delta.clear();
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = rows.instrument[k];
    const TimeNs expiry = context.instruments.expiry_ns[i];  // 0: perpetuals and spot
    const auto at = std::lower_bound(scratch.expiry.begin(), scratch.expiry.end(), expiry);
    const auto slot = at - scratch.expiry.begin();
    if (at == scratch.expiry.end() || *at != expiry) {
      scratch.expiry.insert(at, expiry);
      scratch.expiry_delta.insert(scratch.expiry_delta.begin() + slot, 0.0);
    }
    scratch.expiry_delta[static_cast<std::size_t>(slot)] +=
        rows.quantity[k] * context.values.contract[i].roll_delta;
  }
  const double index = context.market.columns.index_price[u] *
                       market::quote_price(context.market, static_cast<UnderlyingIndex>(u));
  ExpiryCharges charges;
  double longs = 0, shorts = 0;
  for (std::size_t e = 0; e < scratch.expiry.size(); ++e) {
    const TimeNs expiry = scratch.expiry[e];
    const double years =
        expiry == 0 ? 0.0
                    : static_cast<double>(expiry - context.market.columns.as_of_ns) / ns_per_year;
    const double ratio = std::max(p.roll_ratio_annual * years, p.roll_ratio_min);
    const double delta = scratch.expiry_delta[e];
    charges.roll += std::fabs(delta) * index * ratio;
    (delta >= 0 ? longs : shorts) += std::fabs(delta);
  }
  charges.basis = p.basis_ratio * index * std::min(longs, shorts);
  return charges;
}

void trace_positions(const risk::ScenarioTable& table, const PocketRows& rows,
                     const UnitRows& unit_rows, const UnitRequirement& unit, PositionTrace& trace) {
  const auto u = static_cast<std::size_t>(unit.underlying);
  const auto grid_size = static_cast<std::int32_t>(table.underlying[u].grid.size());
  const std::int32_t scenario = unit.worst_scenario;
  for (std::int64_t k = unit_rows.begin; k < unit_rows.end; ++k) {
    const std::uint32_t i = rows.instrument[k];
    double profit = 0;
    if (scenario >= grid_size) {
      profit = table.node_profits(u, i)[scenario - grid_size];
    } else if (scenario >= 0) {
      profit = table.row(i)[scenario];
    }
    trace.add(rows, k, -(rows.quantity[k] * profit));
  }
}

void set_component(const ScenarioParameters& p, Component component, double amount,
                   UnitRequirement& unit) noexcept {
  unit.initial[static_cast<std::size_t>(component)] = p.initial_factor * amount;
  unit.maintenance[static_cast<std::size_t>(component)] = p.maintenance_factor * amount;
}

void evaluate_unit(const Context& context, const Prepared& prepared, const PocketRows& rows,
                   const UnitRows& unit_rows, Scratch& scratch, UnitRequirement& unit) {
  const auto u = static_cast<std::size_t>(unit.underlying);
  const ScenarioParameters& p = prepared.policy->scenario[u];
  const risk::UnderlyingScenarios& scenarios = prepared.table.underlying[u];
  Worst worst;
  scan_grid(scenarios, prepared.table, rows, unit_rows, scratch, worst);
  if (!prepared.table.node_of_strike.empty()) {
    scan_nodes(prepared.table, u, rows, unit_rows, scratch, worst);
  } else if (p.strike_nodes) {
    scan_own_nodes(context, p, scenarios, rows, unit_rows, scratch, worst);
  }
  unit.loss_up = worst.loss_up;
  unit.loss_down = worst.loss_down;
  unit.node_up = worst.node_up;
  unit.node_down = worst.node_down;
  unit.worst_scenario = worst.scenario;
  unit.worst_price_move = worst.price_move;
  unit.worst_vol_shock = scenarios.shocks.shock[worst.vol_index];
  set_component(p, Component::scan, worst.profit == 0 ? 0.0 : -worst.profit, unit);
  set_component(p, Component::short_option, short_option_charge(context, p, rows, unit_rows), unit);
  const ExpiryCharges charges = expiry_charges(context, p, rows, unit_rows, u, scratch);
  set_component(p, Component::roll, charges.roll, unit);
  set_component(p, Component::basis, charges.basis, unit);
}

void net_units(const Policy& policy, std::size_t underlying_count, Scratch& scratch,
               PocketRequirement& out) {
  out.netting_initial = out.netting_maintenance = 0;
  if (policy.netting.rule == NettingRule::sum || out.units.size() < 2) return;
  scratch.initial_losses.clear();
  scratch.maintenance_losses.clear();
  double initial_sum = 0, maintenance_sum = 0;
  for (const UnitRequirement& unit : out.units) {
    const ScenarioParameters& p = policy.scenario[static_cast<std::size_t>(unit.underlying)];
    scratch.initial_losses.push_back(
        {unit.underlying, p.initial_factor * unit.loss_up, p.initial_factor * unit.loss_down});
    scratch.maintenance_losses.push_back({unit.underlying, p.maintenance_factor * unit.loss_up,
                                          p.maintenance_factor * unit.loss_down});
    initial_sum += unit.initial[static_cast<std::size_t>(Component::scan)];
    maintenance_sum += unit.maintenance[static_cast<std::size_t>(Component::scan)];
  }
  out.netting_initial =
      risk::netted_loss(scratch.initial_losses, policy.netting, underlying_count) - initial_sum;
  out.netting_maintenance =
      risk::netted_loss(scratch.maintenance_losses, policy.netting, underlying_count) -
      maintenance_sum;
}

}  // namespace

void scenario_scenarios(const Context& context, const Policy& policy, std::size_t u,
                        bool with_nodes, risk::UnderlyingScenarios& out, Status&) {
  const ScenarioParameters& p = policy.scenario[u];
  out.grid = {p.price_move, p.vol_index, p.weight};
  out.shocks = {p.vol_shock_kind,  p.vol_shock,      p.vol_reference_days,
                p.vol_power_short, p.vol_power_long, p.vol_up_floor_annual,
                p.min_days};
  if (with_nodes && p.strike_nodes) {
    risk::add_strike_nodes(context.market, context.instruments, context.values,
                           static_cast<UnderlyingIndex>(u), p.price_range, out);
  }
}

void evaluate_scenario(const Context& context, const Prepared& prepared, const PocketRows& rows,
                       Scratch& scratch, PocketRequirement& out, PositionTrace* trace) {
  const std::size_t held_units = rows.unit_underlying.size();
  make_units(rows.unit_underlying, out);
  add_collateral_units(scratch, out);
  for (std::size_t u = 0; u < out.units.size(); ++u) {
    UnitRequirement& unit = out.units[u];
    UnitRows unit_rows{0, 0, 0.0};
    if (u < held_units) unit_rows = {rows.unit_positions[u], rows.unit_positions[u + 1], 0.0};
    unit_rows.collateral = pricing::worth_in(scratch.collateral, unit.underlying);
    evaluate_unit(context, prepared, rows, unit_rows, scratch, unit);
    if (trace != nullptr && u < held_units) {
      trace_positions(prepared.table, rows, unit_rows, unit, *trace);
    }
  }
  net_units(*prepared.policy, context.market.underlying_count(), scratch, out);
}

}  // namespace tickmargin::margin
