#include <numeric>

#include "base/assert.hpp"
#include "margin/methods.hpp"

namespace tickmargin::margin {
namespace {

// One line per base method, in the order of MethodId.
constexpr Method methods[] = {
    {"fixed", BoundKind::piecewise_linear, nullptr, false, evaluate_fixed},
    {"dynamic", BoundKind::scenario_lines, dynamic_scenarios, true, evaluate_dynamic},
    {"scenario", BoundKind::scenario_lines, scenario_scenarios, false, evaluate_scenario},
    {"matrix", BoundKind::none, matrix_scenarios, false, evaluate_matrix},
    {"span", BoundKind::none, nullptr, false, evaluate_span},
    {"portfolio", BoundKind::none, nullptr, false, evaluate_portfolio},
    {"standard", BoundKind::none, nullptr, false, evaluate_standard},
};

constexpr const char* component_names[component_count] = {
    "futures",    "options",       "fee",         "scan",        "short_option", "roll",
    "basis",      "depth",         "delta_shock", "correlation", "vega",         "rates",
    "hedge",      "spread",        "credit",      "minimum",     "contingency",  "liquidity",
    "fast_depth", "concentration", "oracle",      "netting",     "orders",       "ramp"};

double total(const PocketRequirement& requirement,
             std::array<double, component_count> UnitRequirement::* side, double netting) noexcept {
  double sum = 0;
  for (const UnitRequirement& unit : requirement.units) {
    // Most lines are 0, and adding that takes as long as any addition but changes no bit.
    for (const double amount : unit.*side) {
      if (amount != 0) sum += amount;
    }
  }
  return sum + netting;
}

}  // namespace

const Method& method_of(MethodId id) noexcept {
  const auto i = static_cast<std::size_t>(id);
  TICKMARGIN_ASSERT(i < std::size(methods));
  return methods[i];
}

namespace {

std::vector<risk::UnderlyingScenarios> all_scenarios(const Context& context, Prepared& prepared,
                                                     bool with_nodes) {
  const Policy& policy = *prepared.policy;
  const ScenariosOf scenarios_of = method_of(policy.method).scenarios;
  const std::size_t n = context.market.underlying_count();
  prepared.underlying_status.assign(n, Status::ok);
  std::vector<risk::UnderlyingScenarios> scenarios(scenarios_of != nullptr ? n : 0);
  for (std::size_t u = 0; u < scenarios.size(); ++u) {
    scenarios_of(context, policy, u, with_nodes, scenarios[u], prepared.underlying_status[u]);
  }
  return scenarios;
}

}  // namespace

void prepare(const Context& context, Prepared& prepared) {
  if (prepared.policy->method == MethodId::fixed) {
    std::vector<std::uint32_t> rows(context.instruments.size());
    std::iota(rows.begin(), rows.end(), 0u);
    prepared.short_option.resize(rows.size());
    fill_charges(context, rows, prepared);
  }
  std::vector<risk::UnderlyingScenarios> scenarios = all_scenarios(context, prepared, true);
  if (scenarios.empty()) return;
  prepared.table = risk::build_scenario_table(context.market, context.instruments, context.values,
                                              std::move(scenarios));
}

void prepare_grid(const Context& context, Prepared& prepared) {
  std::vector<risk::UnderlyingScenarios> scenarios = all_scenarios(context, prepared, false);
  if (scenarios.empty()) return;
  prepared.table = risk::make_grid(context.instruments.size(), std::move(scenarios));
}

const char* component_name(Component component) noexcept {
  return component_names[static_cast<std::size_t>(component)];
}

double initial_total(const PocketRequirement& requirement) noexcept {
  return total(requirement, &UnitRequirement::initial, requirement.netting_initial) +
         requirement.orders_initial;
}

double maintenance_total(const PocketRequirement& requirement) noexcept {
  return total(requirement, &UnitRequirement::maintenance, requirement.netting_maintenance) +
         requirement.ramp_maintenance;
}

}  // namespace tickmargin::margin
