#include "engine/explain.hpp"

#include <cmath>

#include "margin/matrix.hpp"
#include "margin/tail.hpp"
#include "risk/netting.hpp"

namespace tickmargin::engine {
namespace {

struct Explainer {
  const Revaluation& world;
  const PolicyState& policy;
  base::TickScale scale;
  Explanation& out;
};

void explain_equity(const Explainer& e, std::int32_t pocket, const book::PocketRows& rows,
                    const Workspace& work, const monitor::Decision& decision) {
  const pricing::Context context = e.world.context();
  for (std::size_t j = 0; j < rows.balance_asset.size(); ++j) {
    const AssetIndex asset = rows.balance_asset[j];
    const collateral::Worth worth = collateral::balance_worth(
        context, *e.policy.policy, e.policy.weights, asset, rows.balance_amount[j]);
    e.out.equity.push_back({pocket, "balance", asset, rows.balance_amount[j],
                            context.values.asset_price[static_cast<std::size_t>(asset)],
                            worth.initial, worth.maintenance});
  }
  for (std::int64_t k = rows.first_position(); k < rows.end_position(); ++k) {
    const std::uint32_t i = rows.instrument[k];
    if (!collateral::counts_in_equity(context, *e.policy.policy, i)) continue;
    const double worth = collateral::position_worth(context, i, rows.quantity[k], rows.entry[k]);
    e.out.equity.push_back({pocket, "position", static_cast<std::int32_t>(i), rows.quantity[k],
                            worth / rows.quantity[k], worth, worth});
  }
  if (work.value.ramp_maintenance != 0) {
    e.out.equity.push_back({pocket, "ramp", -1, 0.0, 0.0, 0.0, work.value.ramp_maintenance});
  }
  if (decision.state == State::undecidable) return;
  e.out.equity.push_back(
      {pocket, "rounding", -1, 0.0, 0.0,
       base::ticks_to_amount(decision.equity_initial, e.scale) - work.value.equity_initial,
       base::ticks_to_amount(decision.equity, e.scale) - work.value.equity_maintenance});
}

void explain_requirement(const Explainer& e, std::int32_t pocket, const Workspace& work,
                         const monitor::Decision& decision) {
  for (const margin::UnitRequirement& unit : work.requirement.units) {
    for (std::size_t c = 0; c < margin::component_count; ++c) {
      if (unit.initial[c] == 0 && unit.maintenance[c] == 0) continue;
      e.out.requirement.push_back({pocket, unit.underlying,
                                   margin::component_name(static_cast<margin::Component>(c)),
                                   unit.initial[c], unit.maintenance[c]});
    }
  }
  if (work.requirement.netting_initial != 0 || work.requirement.netting_maintenance != 0) {
    e.out.requirement.push_back({pocket, -1, margin::component_name(margin::Component::netting),
                                 work.requirement.netting_initial,
                                 work.requirement.netting_maintenance});
  }
  for (std::size_t c = 0; c < margin::component_count && work.requirement.whole_lines; ++c) {
    const double initial = work.requirement.whole_initial[c];
    const double maintenance = work.requirement.whole_maintenance[c];
    if (initial == 0 && maintenance == 0) continue;
    e.out.requirement.push_back({pocket, -1,
                                 margin::component_name(static_cast<margin::Component>(c)), initial,
                                 maintenance});
  }
  if (work.requirement.orders_initial != 0) {
    e.out.requirement.push_back({pocket, -1, margin::component_name(margin::Component::orders),
                                 work.requirement.orders_initial, 0.0});
  }
  if (work.requirement.ramp_maintenance != 0) {
    e.out.requirement.push_back({pocket, -1, margin::component_name(margin::Component::ramp), 0.0,
                                 work.requirement.ramp_maintenance});
  }
  if (decision.state == State::undecidable) return;
  e.out.requirement.push_back({pocket, -1, "rounding",
                               base::ticks_to_amount(decision.initial_margin, e.scale) -
                                   margin::initial_total(work.requirement),
                               base::ticks_to_amount(decision.maintenance_margin, e.scale) -
                                   margin::maintenance_total(work.requirement)});
}

// A unit's profit under one scenario, by the same additions the scan makes; `profit_of` gives that
// of a contract.
template <class ProfitOf>
double unit_profit(const book::PocketRows& rows, std::size_t u, ProfitOf profit_of) {
  double profit = 0;
  if (u >= rows.unit_underlying.size()) return profit;  // a unit of collateral alone
  for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
    profit += rows.quantity[k] * profit_of(rows.instrument[k]);
  }
  return profit;
}

// The same of a risk matrix, whose profits are what its gains and dampener leave.
void explain_matrix(const Explainer& e, std::int32_t pocket, const book::PocketRows& rows) {
  margin::MatrixScratch scratch;
  for (std::size_t u = 0; u < rows.unit_underlying.size(); ++u) {
    const UnderlyingIndex underlying = rows.unit_underlying[u];
    const MatrixParameters& p = e.policy.policy->matrix[static_cast<std::size_t>(underlying)];
    margin::matrix_charges(e.world.context(), e.policy.prepared, rows,
                           {underlying, rows.unit_positions[u], rows.unit_positions[u + 1], {}},
                           scratch);
    for (std::size_t s = 0; s < scratch.total.size(); ++s) {
      e.out.scenarios.push_back({pocket, underlying, p.price_move[s], p.vol_shock[p.vol_index[s]],
                                 margin::matrix_weight(p, s, false), scratch.total[s]});
    }
  }
}

// Profit of each unit in every scenario of its grid, and in the strike node that binds, if any.
void explain_scenarios(const Explainer& e, std::int32_t pocket, const book::PocketRows& rows,
                       const Workspace& work, const margin::PositionTrace& trace) {
  if (e.policy.policy->method == MethodId::matrix) return explain_matrix(e, pocket, rows);
  const risk::ScenarioTable& table = e.policy.prepared.table;
  for (const margin::TracedScenario& s : trace.scenarios) {
    e.out.scenarios.push_back(
        {pocket, s.underlying, s.price_move, s.vol_shock, s.weight, s.profit});
  }
  if (table.stride == 0) return;
  for (std::size_t u = 0; u < work.requirement.units.size(); ++u) {
    const margin::UnitRequirement& unit = work.requirement.units[u];
    const auto underlying = static_cast<std::size_t>(unit.underlying);
    const risk::UnderlyingScenarios& scenarios = table.underlying[underlying];
    const double collateral = pricing::worth_in(work.value.indexed, unit.underlying);
    for (std::size_t s = 0; s < scenarios.grid.size(); ++s) {
      const double move = scenarios.grid.price_move[s];
      const double weight = scenarios.grid.weight[s];
      const double profit = unit_profit(rows, u, [&](std::uint32_t i) { return table.row(i)[s]; }) +
                            weight * (collateral * move);
      e.out.scenarios.push_back(
          {pocket, unit.underlying, move, scenarios.shock_of(s), weight, profit});
    }
    const auto node = static_cast<std::ptrdiff_t>(unit.worst_scenario) -
                      static_cast<std::ptrdiff_t>(scenarios.grid.size());
    if (node < 0) continue;
    const double profit = unit_profit(
        rows, u, [&](std::uint32_t i) { return table.node_profits(underlying, i)[node]; });
    e.out.scenarios.push_back({pocket, unit.underlying, unit.worst_price_move, unit.worst_vol_shock,
                               1.0, profit + collateral * unit.worst_price_move});
  }
}

// How the units share what netting leaves of them.
void explain_netting(const Explainer& e, std::int32_t pocket, const Workspace& work) {
  const NettingParameters& netting = e.policy.policy->netting;
  const auto& units = work.requirement.units;
  if (netting.rule == NettingRule::sum || units.size() < 2) return;
  constexpr auto scan = static_cast<std::size_t>(margin::Component::scan);
  constexpr auto safety = static_cast<std::size_t>(margin::Component::safety);
  std::vector<risk::TwoSidedLoss> losses;
  double initial = 0, maintenance = 0;
  for (const margin::UnitRequirement& unit : units) {
    losses.push_back({unit.underlying, unit.loss_up, unit.loss_down});
    initial += unit.initial[scan] + unit.initial[safety];
    maintenance += unit.maintenance[scan] + unit.maintenance[safety];
  }
  const std::vector<double> shares =
      risk::euler_shares(losses, netting, e.world.market.underlying_count());
  for (std::size_t u = 0; u < units.size(); ++u) {
    e.out.netting.push_back({pocket, units[u].underlying,
                             units[u].initial[scan] + units[u].initial[safety],
                             (initial + work.requirement.netting_initial) * shares[u],
                             units[u].maintenance[scan] + units[u].maintenance[safety],
                             (maintenance + work.requirement.netting_maintenance) * shares[u]});
  }
}

// Positions unit by unit; after a unit's own, the collateral that is simulated with it. In this
// order the contributions are the additions of the scan.
void explain_positions(const Explainer& e, std::int32_t pocket, const book::PocketRows& rows,
                       const Workspace& work, const margin::PositionTrace& trace) {
  const pricing::Context context = e.world.context();
  for (std::size_t u = 0; u < work.requirement.units.size(); ++u) {
    const margin::UnitRequirement& unit = work.requirement.units[u];
    if (u < rows.unit_underlying.size()) {
      for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
        const std::uint32_t i = rows.instrument[k];
        e.out.positions.push_back(
            {pocket, unit.underlying, static_cast<InstrumentIndex>(i), rows.quantity[k],
             collateral::position_worth(context, i, rows.quantity[k], rows.entry[k]),
             trace.contribution[static_cast<std::size_t>(k - rows.first_position())]});
      }
    }
    for (const margin::TracedCollateral& held : trace.collateral) {
      if (held.underlying != unit.underlying) continue;
      e.out.positions.push_back(
          {pocket, unit.underlying, -1, base::canonical_nan, held.worth, held.contribution});
    }
    const double collateral = pricing::worth_in(work.value.indexed, unit.underlying);
    if (collateral == 0 || unit.worst_scenario < 0 || e.policy.prepared.table.stride == 0) continue;
    if (margin::is_tail(e.policy.policy->method)) continue;  // traced with the positions
    const risk::Scenarios& grid =
        e.policy.prepared.table.underlying[static_cast<std::size_t>(unit.underlying)].grid;
    const auto s = static_cast<std::size_t>(unit.worst_scenario);
    const double weight = s < grid.size() ? grid.weight[s] : 1.0;
    e.out.positions.push_back({pocket, unit.underlying, -1, base::canonical_nan, collateral,
                               -(weight * (collateral * unit.worst_price_move))});
  }
}

}  // namespace

Explanation explain_account(const Revaluation& world, const book::Book& book,
                            const PolicySet& policies, base::TickScale scale,
                            AccountIndex account) {
  Explanation out;
  const auto a = static_cast<std::size_t>(account);
  out.policy = policies.account_policy[a];
  out.state = State::healthy;
  const Explainer e{world, world.policies[static_cast<std::size_t>(out.policy)], scale, out};
  Workspace work;
  for (std::int64_t p = book.account_pockets[a]; p < book.account_pockets[a + 1]; ++p) {
    const auto pocket = static_cast<std::size_t>(p);
    const book::PocketRows rows = book::pocket_rows(book, pocket);
    margin::PositionTrace trace;
    trace.contribution.resize(
        static_cast<std::size_t>(rows.end_position() - rows.first_position()));
    const monitor::Decision decision =
        evaluate_pocket(world, e.policy, rows, scale, work, &trace, world.ramp_of(a));
    out.state = std::max(out.state, decision.state);
    out.status = first_of(out.status, decision.status);
    const std::int32_t name = book.pocket_name[pocket];
    explain_equity(e, name, rows, work, decision);
    explain_requirement(e, name, work, decision);
    explain_positions(e, name, rows, work, trace);
    explain_scenarios(e, name, rows, work, trace);
    for (const margin::TracedTail& t : trace.tail) {
      out.tail.push_back({name, static_cast<std::int32_t>(t.scenario), t.loss, t.initial_share,
                          t.maintenance_share});
    }
    explain_netting(e, name, work);
    for (std::int64_t k = rows.first_position(); k < rows.end_position(); ++k) {
      if (is_supported(world, e.policy, rows.instrument[k])) continue;
      out.unsupported.push_back(static_cast<InstrumentIndex>(rows.instrument[k]));
    }
  }
  return out;
}

}  // namespace tickmargin::engine
