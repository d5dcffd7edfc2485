#include "policy_protocols_from_dict.hpp"

#include "policy_values.hpp"

namespace tickmargin::bindings {
namespace {

ProtocolParameters protocol(const py::dict& d) {
  ProtocolParameters p;
  p.rule = get_enum<ProtocolRule>(d, "rule");
  p.size_decimals = get<std::uint32_t>(d, "size_decimals");
  p.price_decimals = get<std::uint32_t>(d, "price_decimals");
  p.quote_decimals = get<std::uint32_t>(d, "quote_decimals");
  p.initial_ppm = get<double>(d, "initial_margin_ppm");
  p.maintenance_fraction_ppm = get<double>(d, "maintenance_fraction_ppm");
  p.custom_ppm = get<double>(d, "custom_initial_margin_ppm");
  p.interest_lower_cap = get<double>(d, "open_interest_lower_cap");
  p.interest_upper_cap = get<double>(d, "open_interest_upper_cap");
  p.open_interest_base = get<double>(d, "open_interest_base");
  p.risk_long = get<double>(d, "risk_long");
  p.risk_short = get<double>(d, "risk_short");
  p.linear_slippage = get<double>(d, "linear_slippage");
  p.quadratic_slippage = get<double>(d, "quadratic_slippage");
  p.funding_per_unit = get<double>(d, "funding_per_unit");
  p.initial_scaling = get<double>(d, "initial_scaling");
  p.initial_ratio = get<double>(d, "initial_ratio");
  p.maintenance_ratio = get<double>(d, "maintenance_ratio");
  p.size_factor = get<double>(d, "size_factor");
  p.profit_initial_weight = get<double>(d, "profit_initial_weight");
  p.profit_maintenance_weight = get<double>(d, "profit_maintenance_weight");
  p.profit_size_factor = get<double>(d, "profit_size_factor");
  return p;
}

TokenParameters token(const py::dict& d) {
  return {get<std::uint32_t>(d, "decimals"),
          get<double>(d, "initial_debt_weight"),
          get<double>(d, "maintenance_debt_weight"),
          get<double>(d, "size_factor"),
          get<double>(d, "scale_start"),
          get<double>(d, "deposits")};
}

}  // namespace

void read_protocols(const py::dict& d, Policy& policy) {
  for (const py::handle item : get<py::list>(d, "protocol")) {
    policy.protocol.push_back(protocol(item.cast<py::dict>()));
  }
  for (const py::handle item : get<py::list>(d, "tokens")) {
    policy.tokens.push_back(token(item.cast<py::dict>()));
  }
}

}  // namespace tickmargin::bindings
