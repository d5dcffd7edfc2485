#include "engine/revaluation.hpp"

#include <algorithm>
#include <cmath>

#include "margin/add_ons.hpp"
#include "margin/charges.hpp"
#include "margin/methods.hpp"
#include "margin/order_costs.hpp"
#include "margin/orders.hpp"
#include "margin/safety.hpp"

namespace tickmargin::engine {
namespace {

std::vector<PolicyState> prepared(const Revaluation& world, const std::vector<Policy>& policies) {
  std::vector<PolicyState> states;
  for (const Policy& policy : policies) {
    PolicyState state{
        &policy, &margin::method_of(policy.method), collateral::weights_of(policy), {}};
    state.prepared.policy = &policy;
    margin::prepare(world.context(), state.prepared);
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace

Revaluation revalue(market::Market market, const InstrumentColumns& instruments,
                    const std::vector<Policy>& policies, const PolicyRamp* ramp) {
  pricing::InstrumentValues values = pricing::value_instruments(market, instruments);
  Revaluation world{std::move(market), instruments, std::move(values), {}, ramp};
  world.policies = prepared(world, policies);
  if (ramp != nullptr) world.ramp_policies = prepared(world, ramp->from.policies);
  return world;
}

Ramp Revaluation::ramp_of(std::size_t account) const noexcept {
  if (ramp == nullptr) return {};
  return {&ramp_policies[static_cast<std::size_t>(ramp->from.account_policy[account])], ramp->left};
}

void move_index(market::Market& market, const std::vector<IndexMove>& moves) {
  for (const IndexMove& move : moves) {
    market.columns.index_price[static_cast<std::size_t>(move.underlying)] = move.index_price;
  }
}

namespace {

// Positions count with the index off by its doubt, each against itself: nothing is netted on a
// price that may be wrong.
void add_doubt(const pricing::Context& context, const book::PocketRows& rows,
               margin::PocketRequirement& requirement) noexcept {
  for (std::size_t u = 0; u < rows.unit_underlying.size(); ++u) {
    const auto underlying = static_cast<std::size_t>(rows.unit_underlying[u]);
    const double doubt = context.market.columns.doubt_ratio[underlying];
    if (doubt == 0) continue;
    double exposed_base = 0;
    for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
      exposed_base +=
          std::fabs(rows.quantity[k] * context.values.contract[rows.instrument[k]].delta_base);
    }
    const double charge = doubt * exposed_base * context.market.columns.index_price[underlying] *
                          market::quote_price(context.market, rows.unit_underlying[u]);
    constexpr auto oracle = static_cast<std::size_t>(margin::Component::oracle);
    requirement.units[u].initial[oracle] += charge;
    requirement.units[u].maintenance[oracle] += charge;
  }
}

// Which orders of a pocket are taken as filled.
enum class Filled { none, larger_side, buys, sells };

// Of an instrument's orders those that leave its position larger; both sides where both are held
// and not netted; of an option's, which needs margin when short only, the sells.
bool is_larger_side(const InstrumentColumns& instruments, const book::PocketRows& rows,
                    const book::OrderRow& order, bool nets) noexcept {
  if (instruments.kind[order.instrument] == Kind::option) return order.quantity < 0;
  const margin::Reach reach = margin::reach_of(rows, order.instrument);
  if (reach.hedged() && !nets) return true;
  const double net = reach.longs + reach.shorts;
  return (std::fabs(net + reach.buys) >= std::fabs(net + reach.sells)) == (order.quantity > 0);
}

// Keeps of each unit's lines the larger.
void keep_larger(const margin::PocketRequirement& filled, margin::PocketRequirement& worst) {
  for (const margin::UnitRequirement& unit : filled.units) {
    std::size_t n = 0;
    while (n < worst.units.size() && worst.units[n].underlying != unit.underlying) ++n;
    if (n == worst.units.size()) {
      worst.units.push_back({});
      worst.units.back().underlying = unit.underlying;
    }
    for (std::size_t c = 0; c < margin::component_count; ++c) {
      double& line = worst.units[n].initial[c];
      if (line == line && !(unit.initial[c] <= line)) line = unit.initial[c];  // a NaN stays
    }
  }
}

// Percent rules have no scenarios in which a subset of orders could hurt most: each unit takes,
// line by line, the largest of what it needs as it is and of three fills. Whichever orders trade,
// a long or net position is at most that of all buys, a short one that of all sells, and a gross
// one that of the larger sides.
void worst_if_filled(const Revaluation& world, const PolicyState& policy,
                     const book::PocketRows& rows, Workspace& work) {
  const bool nets = policy.policy->method == MethodId::protocol;
  work.worst.units.clear();
  for (const Filled which : {Filled::none, Filled::larger_side, Filled::buys, Filled::sells}) {
    work.filled.assign(rows);
    for (const book::OrderRow& order : rows.orders) {
      const bool taken =
          which == Filled::larger_side
              ? is_larger_side(world.instruments, rows, order, nets)
              : which != Filled::none && (order.quantity > 0) == (which == Filled::buys);
      if (!taken) continue;
      const double entry =
          book::entry_term(world.instruments.payoff[order.instrument], order.price);
      work.filled.fill(world.instruments, {order.instrument, order.quantity, entry});
    }
    policy.method->evaluate(world.context(), policy.prepared, work.filled.rows(world.instruments),
                            work.scratch, work.of_filled, nullptr);
    keep_larger(work.of_filled, work.worst);
  }
}

// Initial margin by the policy's method, whichever orders trade, and what of the orders' own costs
// it leaves to be added.
struct WithOrders {
  double initial = 0;
  double own = 0;           // of it, without a safety factor: what add-ons take shares of
  bool has_doubt = false;   // of doubtful indices
  bool has_losses = false;  // of orders against the mark
};

WithOrders method_with_orders(const Revaluation& world, const PolicyState& policy,
                              const book::PocketRows& rows, Workspace& work) {
  const pricing::Context context = world.context();
  const auto alike = [](double initial, bool has_doubt, bool has_losses) {
    return WithOrders{initial, initial, has_doubt, has_losses};
  };
  const auto by_scan = [&] {
    return margin::initial_with_orders(context, policy.prepared, policy.weights, rows,
                                       work.scratch);
  };
  switch (policy.policy->method) {
    case MethodId::dynamic:
    case MethodId::scenario:
    case MethodId::var:
    case MethodId::es: return alike(by_scan(), true, true);
    case MethodId::matrix:
    case MethodId::span: return alike(by_scan(), false, true);
    case MethodId::portfolio:
      return alike(
          margin::portfolio_initial_with_orders(context, policy.prepared, rows, work.scratch),
          false, false);
    case MethodId::standard:
      return alike(
          margin::standard_initial_with_orders(context, policy.prepared, rows, work.scratch), false,
          false);
    case MethodId::fixed:
    case MethodId::protocol: break;
  }
  worst_if_filled(world, policy, rows, work);
  const double own = margin::initial_total(work.worst);
  margin::apply_safety(*policy.policy, work.worst);
  return {margin::initial_total(work.worst), own};
}

// What resting orders could add to initial margin at their worst. An order on a contract that has
// no value now, or none of the policy's scenarios, counts nothing: or it would keep its account
// from being decided, and liquidated. `plain` is what is needed without them and without a safety
// factor: of a scan that they widen the factor multiplies all that they add.
void add_orders(const Revaluation& world, const PolicyState& policy, book::PocketRows rows,
                double plain, Workspace& work) {
  work.orders.clear();
  for (const book::OrderRow& order : rows.orders) {
    const auto u = static_cast<std::size_t>(world.instruments.underlying[order.instrument]);
    const Status scenarios = policy.prepared.underlying_status[u];
    if (first_of(world.values.status[order.instrument], scenarios) == Status::ok &&
        is_supported(world, policy, order.instrument)) {
      work.orders.push_back(order);
    }
  }
  if (work.orders.empty()) return;
  rows.orders = work.orders;
  const pricing::Context context = world.context();
  const WithOrders method = method_with_orders(world, policy, rows, work);
  double initial =
      method.initial + margin::add_ons_with_orders(context, *policy.policy, rows, work.scratch,
                                                   work.requirement, method.own);
  if (!method.has_doubt) initial += margin::doubt_with_orders(context, rows);
  double lost = margin::lost_to_haircuts(context, *policy.policy, policy.weights, rows);
  if (!method.has_losses) {
    lost += margin::lost_to_mark(context, *policy.policy, policy.weights, rows);
  }
  // A fill is margined with its safety factor; elsewhere it multiplies what a scan widens by.
  const bool filled =
      policy.policy->method == MethodId::fixed || policy.policy->method == MethodId::protocol;
  const double without = filled ? margin::initial_total(work.requirement) : plain;
  const double factor = filled ? 1.0 : policy.policy->safety_factor_ratio;
  const double more = factor * (initial - without) + lost;
  // Written so that a NaN stays one.
  work.requirement.orders_initial = more <= 0 ? 0.0 : more;
}

}  // namespace

void require_pocket(const Revaluation& world, const PolicyState& policy,
                    const book::PocketRows& rows, Workspace& work, margin::PositionTrace* trace) {
  work.scratch.collateral = work.value.indexed;
  policy.method->evaluate(world.context(), policy.prepared, rows, work.scratch, work.requirement,
                          trace);
  margin::apply_add_ons(world.context(), *policy.policy, rows, work.scratch, work.requirement);
  add_doubt(world.context(), rows, work.requirement);
  work.requirement.orders_initial = 0;
  work.requirement.ramp_maintenance = 0;
  const double plain = rows.orders.empty() ? 0.0 : margin::initial_total(work.requirement);
  margin::apply_safety(*policy.policy, work.requirement);
  if (!rows.orders.empty()) add_orders(world, policy, rows, plain, work);
}

bool is_supported(const Revaluation& world, const PolicyState& policy, std::uint32_t instrument) {
  return world.values.status[instrument] != Status::ok ||
         margin::is_known_to(policy.policy->method, world.context(), instrument);
}

Status method_status(const PolicyState& policy, const book::PocketRows& rows, Status status) {
  for (const std::int32_t underlying : rows.unit_underlying) {
    status =
        first_of(status, policy.prepared.underlying_status[static_cast<std::size_t>(underlying)]);
  }
  return status;
}

monitor::Amounts amounts_of(const PolicyState& policy, const Workspace& work) noexcept {
  const double close_out = policy.policy->close_out_cost_ratio * work.value.gross_notional;
  return {work.value.equity_initial, work.value.equity_maintenance,
          margin::initial_total(work.requirement), margin::maintenance_total(work.requirement),
          work.value.value_unweighted - close_out};
}

namespace {

// A pocket as the policy before sees it.
struct Before {
  double equity = 0, maintenance = 0;
  bool known = false;
};

Before evaluate_before(const Revaluation& world, const PolicyState& policy,
                       const book::PocketRows& rows, Workspace& work) {
  collateral::value_pocket(world.context(), *policy.policy, policy.weights, rows, work.value);
  require_pocket(world, policy, rows, work, nullptr);
  const double maintenance = margin::maintenance_total(work.requirement);
  const bool known = method_status(policy, rows, Status::ok) == Status::ok &&
                     work.requirement.missing == Status::ok &&
                     std::isfinite(work.value.equity_maintenance) && std::isfinite(maintenance);
  return {work.value.equity_maintenance, maintenance, known};
}

// Gives back what the new policy asks for beyond the old one, as far as the grace period still
// runs. A relief holds at once, and so does all of it where the old figure is unknown.
void add_ramp(const Policy& policy, Ramp ramp, const Before& before, Workspace& work) noexcept {
  if (!before.known) return;
  const double maintenance = margin::maintenance_total(work.requirement);
  const double more = maintenance - before.maintenance;
  const double less = before.equity - work.value.equity_maintenance;
  const Policy& from = *ramp.from->policy;
  if (policy.option_value_in_equity == from.option_value_in_equity &&
      policy.simulated_collateral == from.simulated_collateral) {
    if (more > 0) work.requirement.ramp_maintenance = -(ramp.left * more);
    if (less > 0) work.value.ramp_maintenance = ramp.left * less;
    work.value.equity_maintenance += work.value.ramp_maintenance;
    return;
  }
  // What one counts in equity the other counts in the requirement: only the two together compare.
  const double worse = more + less;
  if (worse > 0) work.requirement.ramp_maintenance = -std::min(ramp.left * worse, maintenance);
}

Status contract_status(const Revaluation& world, const PolicyState& policy,
                       const book::PocketRows& rows) {
  for (std::int64_t k = rows.first_position(); k < rows.end_position(); ++k) {
    if (!is_supported(world, policy, rows.instrument[k])) return Status::unsupported_contract;
  }
  return Status::ok;
}

}  // namespace

Measured measure_pocket(const Revaluation& world, const PolicyState& policy,
                        const book::PocketRows& rows, Workspace& work, margin::PositionTrace* trace,
                        Ramp ramp) {
  Before before;
  if (ramp.from != nullptr) before = evaluate_before(world, *ramp.from, rows, work);
  collateral::value_pocket(world.context(), *policy.policy, policy.weights, rows, work.value);
  require_pocket(world, policy, rows, work, trace);
  if (ramp.from != nullptr) add_ramp(*policy.policy, ramp, before, work);
  const monitor::Amounts amounts = amounts_of(policy, work);
  const Status inputs = first_of(work.value.status, work.requirement.missing);
  const Status status = method_status(policy, rows, inputs);
  // A contract without a place in the rules leaves no number: only then is it looked for.
  const bool decided =
      std::isfinite(amounts.initial_margin) && std::isfinite(amounts.maintenance_margin);
  if (status != Status::ok || decided) return {amounts, status};
  return {amounts, contract_status(world, policy, rows)};
}

UnitRow unit_row(const Workspace& work, std::size_t u, std::int32_t pocket) noexcept {
  using base::canonical;
  const collateral::UnitValue& value = work.value.units[u];
  const margin::UnitRequirement& requirement = work.requirement.units[u];
  return {pocket,
          value.underlying,
          canonical(value.delta_base),
          canonical(value.gamma),
          canonical(value.vega),
          canonical(value.theta),
          canonical(value.gross_notional),
          canonical(value.value),
          canonical(margin::sum_of(requirement.initial)),
          canonical(margin::sum_of(requirement.maintenance)),
          canonical(requirement.worst_price_move),
          canonical(requirement.worst_vol_shock)};
}

monitor::Decision evaluate_pocket(const Revaluation& world, const PolicyState& policy,
                                  const book::PocketRows& rows, base::TickScale scale,
                                  Workspace& work, margin::PositionTrace* trace, Ramp ramp) {
  const Measured measured = measure_pocket(world, policy, rows, work, trace, ramp);
  return monitor::decide(measured.amounts, policy.policy->levels, scale, measured.status);
}

}  // namespace tickmargin::engine
