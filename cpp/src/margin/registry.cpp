#include "base/assert.hpp"
#include "margin/methods.hpp"

namespace tickmargin::margin {
namespace {

// One line per base method, in the order of MethodId.
constexpr Method methods[] = {
    {"fixed", BoundKind::piecewise_linear, prepare_fixed, evaluate_fixed},
    {"dynamic", BoundKind::scenario_lines, prepare_dynamic, evaluate_dynamic},
    {"scenario", BoundKind::scenario_lines, prepare_scenario, evaluate_scenario},
};

constexpr const char* component_names[component_count] = {
    "futures", "options", "fee", "scan", "short_option", "roll", "basis", "depth", "netting"};

double total(const PocketRequirement& requirement,
             std::array<double, component_count> UnitRequirement::* side, double netting) noexcept {
  double sum = 0;
  for (const UnitRequirement& unit : requirement.units) {
    for (const double amount : unit.*side) sum += amount;
  }
  return sum + netting;
}

}  // namespace

const Method& method_of(MethodId id) noexcept {
  const auto i = static_cast<std::size_t>(id);
  TICKMARGIN_ASSERT(i < std::size(methods));
  return methods[i];
}

const char* component_name(Component component) noexcept {
  return component_names[static_cast<std::size_t>(component)];
}

double initial_total(const PocketRequirement& requirement) noexcept {
  return total(requirement, &UnitRequirement::initial, requirement.netting_initial);
}

double maintenance_total(const PocketRequirement& requirement) noexcept {
  return total(requirement, &UnitRequirement::maintenance, requirement.netting_maintenance);
}

}  // namespace tickmargin::margin
