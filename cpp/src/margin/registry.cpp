#include <cstring>
#include <numeric>
#include <type_traits>

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
    {"var", BoundKind::none, tail_scenarios, false, evaluate_tail},
    {"es", BoundKind::none, tail_scenarios, false, evaluate_tail},
    {"protocol", BoundKind::none, nullptr, false, evaluate_protocol},
};

constexpr const char* component_names[component_count] = {"futures",
                                                          "options",
                                                          "fee",
                                                          "scan",
                                                          "short_option",
                                                          "roll",
                                                          "basis",
                                                          "depth",
                                                          "delta_shock",
                                                          "correlation",
                                                          "vega",
                                                          "rates",
                                                          "hedge",
                                                          "spread",
                                                          "credit",
                                                          "minimum",
                                                          "contingency",
#define TICKMARGIN_ADD_ON(name) #name,
#include "margin/add_on_list.inc"
#undef TICKMARGIN_ADD_ON
                                                          "anti_procyclicality",
                                                          "oracle",
                                                          "safety",
                                                          "netting",
                                                          "orders",
                                                          "ramp"};

double total(const PocketRequirement& requirement,
             std::array<double, component_count> UnitRequirement::* side, double netting,
             const std::array<double, component_count>& whole) noexcept {
  // Most lines are 0, and adding that takes as long as any addition but changes no bit: they are
  // passed over, four at a time where all of them are.
  constexpr std::size_t together = 4, tail = component_count % together;
  double sum = 0;
  for (const UnitRequirement& unit : requirement.units) {
    const double* const lines = (unit.*side).data();
    for (std::size_t c = 0; c < component_count - tail; c += together) {
      std::uint64_t bits[together];
      std::memcpy(bits, lines + c, sizeof bits);
      if ((bits[0] | bits[1] | bits[2] | bits[3]) == 0) continue;
      for (std::size_t n = c; n < c + together; ++n) {
        if (lines[n] != 0) sum += lines[n];
      }
    }
    for (std::size_t c = component_count - tail; c < component_count; ++c) sum += lines[c];
  }
  sum += netting;
  if (!requirement.whole_lines) return sum;
  for (const double amount : whole) {
    if (amount != 0) sum += amount;
  }
  return sum;
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

void make_units(std::span<const std::int32_t> underlying, PocketRequirement& out) {
  // Cleared by the library's memset: what a compiler makes of a whole unit assigned takes longer
  // than most of what is then written into it.
  static_assert(std::is_trivially_copyable_v<UnitRequirement>);
  out.units.resize(underlying.size());
  if (underlying.empty()) return;
  std::memset(static_cast<void*>(out.units.data()), 0, out.units.size() * sizeof out.units[0]);
  for (std::size_t u = 0; u < underlying.size(); ++u) {
    UnitRequirement& unit = out.units[u];
    unit.underlying = underlying[u];
    unit.worst_scenario = -1;
    unit.node_up = unit.node_down = std::numeric_limits<double>::infinity();
  }
}

const char* component_name(Component component) noexcept {
  return component_names[static_cast<std::size_t>(component)];
}

double initial_total(const PocketRequirement& requirement) noexcept {
  return total(requirement, &UnitRequirement::initial, requirement.netting_initial,
               requirement.whole_initial) +
         requirement.orders_initial;
}

double maintenance_total(const PocketRequirement& requirement) noexcept {
  return total(requirement, &UnitRequirement::maintenance, requirement.netting_maintenance,
               requirement.whole_maintenance) +
         requirement.ramp_maintenance;
}

}  // namespace tickmargin::margin
