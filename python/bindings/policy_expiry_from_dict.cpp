#include "policy_expiry_from_dict.hpp"

#include "policy_values.hpp"

namespace tickmargin::bindings {
namespace {

SkewParameters skew(const py::dict& d) {
  SkewParameters p;
  p.linear_base = get<double>(d, "linear_base");
  p.linear_slope = get<double>(d, "linear_slope");
  p.absolute_base = get<double>(d, "absolute_base");
  p.absolute_slope = get<double>(d, "absolute_slope");
  p.min_reach = get<double>(d, "min_reach");
  p.width = get<double>(d, "width");
  p.vol = get<double>(d, "vol");
  p.vol_slope = get<double>(d, "vol_slope");
  return p;
}

DiscountParameters discount(const py::dict& d) {
  return {get<double>(d, "base"), get<double>(d, "rate_factor"), get<double>(d, "add")};
}

PortfolioParameters portfolio(const py::dict& d) {
  PortfolioParameters p;
  p.price_move = take_column<double>(d, "price_move");
  for (const std::uint8_t move : take_column<std::uint8_t>(d, "vol_move")) {
    p.vol_move.push_back(static_cast<VolMove>(move));
  }
  p.weight = take_column<double>(d, "weight");
  p.skew = skew(get<py::dict>(d, "skew"));
  p.long_discount = discount(get<py::dict>(d, "long_discount"));
  p.short_discount = discount(get<py::dict>(d, "short_discount"));
  p.vol_up = get<double>(d, "vol_up");
  p.vol_down = get<double>(d, "vol_down");
  p.vol_reference_days = get<double>(d, "vol_reference_days");
  p.vol_power_short = get<double>(d, "vol_power_short");
  p.vol_power_long = get<double>(d, "vol_power_long");
  p.vol_up_floor_annual = get<double>(d, "vol_up_floor_annual");
  p.min_days = get<double>(d, "min_days");
  p.basis_up = get<double>(d, "basis_up");
  p.basis_down = get<double>(d, "basis_down");
  p.basis_add = get<double>(d, "basis_add");
  p.basis_factor = get<double>(d, "basis_factor");
  p.initial_factor = get<double>(d, "initial_factor");
  p.maintenance_factor = get<double>(d, "maintenance_factor");
  p.peg_threshold = get<double>(d, "peg_threshold");
  p.peg_factor = get<double>(d, "peg_factor");
  p.confidence_threshold = get<double>(d, "confidence_threshold");
  p.confidence_ratio = get<double>(d, "confidence_ratio");
  p.perpetual_ratio = get<double>(d, "perpetual_ratio");
  p.perpetual_initial_add = get<double>(d, "perpetual_initial_add");
  p.short_option_ratio = get<double>(d, "short_option_ratio");
  p.short_option_initial_add = get<double>(d, "short_option_initial_add");
  p.minimum_net_ratio = get<double>(d, "minimum_net_ratio");
  p.minimum_offset_ratio = get<double>(d, "minimum_offset_ratio");
  p.offset_ratio = get<double>(d, "offset_ratio");
  p.offset_collateral = get<bool>(d, "offset_collateral");
  p.contingency_scaled = get<bool>(d, "contingency_scaled");
  return p;
}

StandardParameters standard(const py::dict& d) {
  StandardParameters p;
  p.spot_max = get<double>(d, "spot_max");
  p.spot_min = get<double>(d, "spot_min");
  p.call_maintenance = get<double>(d, "call_maintenance");
  p.put_maintenance = get<double>(d, "put_maintenance");
  p.put_mark_maintenance = get<double>(d, "put_mark_maintenance");
  p.put_initial_scale = get<double>(d, "put_initial_scale");
  p.unpaired_initial = get<double>(d, "unpaired_initial");
  p.unpaired_maintenance = get<double>(d, "unpaired_maintenance");
  p.perpetual_initial = get<double>(d, "perpetual_initial");
  p.perpetual_maintenance = get<double>(d, "perpetual_maintenance");
  p.peg_threshold = get<double>(d, "peg_threshold");
  p.peg_factor = get<double>(d, "peg_factor");
  p.confidence_threshold = get<double>(d, "confidence_threshold");
  p.confidence_ratio = get<double>(d, "confidence_ratio");
  return p;
}

}  // namespace

void read_expiry(const py::dict& d, Policy& policy) {
  for (const py::handle item : get<py::list>(d, "portfolio")) {
    policy.portfolio.push_back(portfolio(item.cast<py::dict>()));
  }
  for (const py::handle item : get<py::list>(d, "standard")) {
    policy.standard.push_back(standard(item.cast<py::dict>()));
  }
}

}  // namespace tickmargin::bindings
