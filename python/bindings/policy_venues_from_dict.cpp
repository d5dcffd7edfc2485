#include "policy_venues_from_dict.hpp"

#include "policy_values.hpp"

namespace tickmargin::bindings {
namespace {

std::vector<Tier> tiers(const py::dict& d, const char* key) {
  std::vector<Tier> out;
  for (const py::handle item : get<py::list>(d, key)) {
    const auto [cap, rate] = item.cast<std::pair<double, double>>();
    out.push_back({cap, rate});
  }
  return out;
}

MatrixParameters matrix(const py::dict& d) {
  MatrixParameters p;
  p.price_move = take_column<double>(d, "price_move");
  p.vol_index = take_column<std::uint8_t>(d, "vol_index");
  p.standard = get<std::uint64_t>(d, "standard");
  p.vol_shock_kind = get_enum<VolShock>(d, "vol_shock_kind");
  p.vol_shock = take_column<double>(d, "vol_shock");
  p.vol_reference_days = get<double>(d, "vol_reference_days");
  p.vol_power_short = get<double>(d, "vol_power_short");
  p.vol_power_long = get<double>(d, "vol_power_long");
  p.vol_up_floor_annual = get<double>(d, "vol_up_floor_annual");
  p.min_days = get<double>(d, "min_days");
  p.price_range = get<double>(d, "price_range");
  p.in_coin = get<bool>(d, "in_coin");
  p.index_moves = get<bool>(d, "index_moves");
  p.extended_factor = get<double>(d, "extended_factor");
  p.extended_by_range = get<bool>(d, "extended_by_range");
  p.extended_dampener = get<double>(d, "extended_dampener");
  p.gain_offset_ratio = get<double>(d, "gain_offset_ratio");
  p.gain_offset_max = get<double>(d, "gain_offset_max");
  p.initial_factor = get<double>(d, "initial_factor");
  p.maintenance_factor = get<double>(d, "maintenance_factor");
  p.roll_ratio_annual = get<double>(d, "roll_ratio_annual");
  p.roll_ratio_min = get<double>(d, "roll_ratio_min");
  p.roll_ratio_perpetual = get<double>(d, "roll_ratio_perpetual");
  p.roll_continuous = get<bool>(d, "roll_continuous");
  p.delta_shock_threshold = get<double>(d, "delta_shock_threshold");
  p.delta_shock_slope = get<double>(d, "delta_shock_slope");
  p.delta_shock_max_ratio = get<double>(d, "delta_shock_max_ratio");
  p.correlation_ratio = get<double>(d, "correlation_ratio");
  p.theta_days = get<double>(d, "theta_days");
  p.vega_shock_annual = get<double>(d, "vega_shock_annual");
  p.rate_shock_annual = get<double>(d, "rate_shock_annual");
  p.minimum_ratio = get<double>(d, "minimum_ratio");
  p.minimum_tiers = tiers(d, "minimum_tiers");
  p.hedge_tiers = tiers(d, "hedge_tiers");
  return p;
}

SpanParameters span(const py::dict& d) {
  SpanParameters p;
  p.scan_ratio = get<double>(d, "scan_ratio");
  p.scan_points = get<double>(d, "scan_points");
  p.vol_range = get<double>(d, "vol_range");
  p.vol_relative = get<bool>(d, "vol_relative");
  p.extreme_multiple = get<double>(d, "extreme_multiple");
  p.extreme_cover = get<double>(d, "extreme_cover");
  p.lookahead_days = get<double>(d, "lookahead_days");
  p.tier_end_days = take_column<double>(d, "tier_end_days");
  for (const py::handle item : get<py::list>(d, "spreads")) {
    const auto [first, second, charge] =
        item.cast<std::tuple<std::uint32_t, std::uint32_t, double>>();
    p.spreads.push_back({first, second, charge});
  }
  p.short_minimum = get<double>(d, "short_minimum");
  p.short_minimum_rule = get_enum<ShortMinimum>(d, "short_minimum_rule");
  p.spot_charge = get<double>(d, "spot_charge");
  p.spot_days = get<double>(d, "spot_days");
  p.initial_factor = get<double>(d, "initial_factor");
  p.maintenance_factor = get<double>(d, "maintenance_factor");
  return p;
}

}  // namespace

void read_venues(const py::dict& d, Policy& policy) {
  for (const py::handle item : get<py::list>(d, "matrix")) {
    policy.matrix.push_back(matrix(item.cast<py::dict>()));
  }
  for (const py::handle item : get<py::list>(d, "span")) {
    policy.span.push_back(span(item.cast<py::dict>()));
  }
  for (const py::handle item : get<py::list>(d, "span_credits")) {
    const auto [first, second, first_delta, second_delta, rate] =
        item.cast<std::tuple<std::int32_t, std::int32_t, double, double, double>>();
    policy.span_credits.push_back({first, second, first_delta, second_delta, rate});
  }
}

}  // namespace tickmargin::bindings
