#include "policy_from_dict.hpp"

#include "margin/add_ons.hpp"
#include "policy_expiry_from_dict.hpp"
#include "policy_protocols_from_dict.hpp"
#include "policy_tail_from_dict.hpp"
#include "policy_values.hpp"
#include "policy_venues_from_dict.hpp"

namespace tickmargin::bindings {
namespace {

std::vector<Haircut> haircuts(const py::dict& d, const char* key) {
  const auto array = py::array_t<double, py::array::c_style>::ensure(d[key]);
  if (!array || array.ndim() != 2 || array.shape(1) != haircut_component_count) {
    throw py::value_error(std::string(key) + " must have a row per asset and 7 columns");
  }
  std::vector<Haircut> out(static_cast<std::size_t>(array.shape(0)));
  const auto values = array.unchecked<2>();
  for (std::size_t a = 0; a < out.size(); ++a) {
    for (std::size_t c = 0; c < haircut_component_count; ++c) {
      out[a][c] = values(static_cast<py::ssize_t>(a), static_cast<py::ssize_t>(c));
    }
  }
  return out;
}

FuturesParameters futures(const py::dict& d) {
  FuturesParameters p;
  p.initial_ratio = get<double>(d, "initial_ratio");
  p.maintenance_ratio = get<double>(d, "maintenance_ratio");
  p.notional_at_entry = get<bool>(d, "notional_at_entry");
  p.netting = get_enum<FuturesNetting>(d, "netting");
  p.taker_fee_ratio = get<double>(d, "taker_fee_ratio");
  p.scaling = get_enum<SizeScaling>(d, "scaling_kind");
  p.scaling_free_size = get<double>(d, "scaling_free_size");
  p.scaling_step_size = get<double>(d, "scaling_step_size");
  p.scaling_initial = get<double>(d, "scaling_initial");
  p.scaling_maintenance = get<double>(d, "scaling_maintenance");
  const auto cap = take_column<double>(d, "bracket_cap");
  const auto initial = take_column<double>(d, "bracket_initial");
  const auto maintenance = take_column<double>(d, "bracket_maintenance");
  for (std::size_t i = 0; i < cap.size(); ++i) {
    p.brackets.push_back({cap[i], initial.at(i), maintenance.at(i)});
  }
  p.bracket_whole = get<bool>(d, "bracket_whole");
  return p;
}

OptionParameters options(const py::dict& d) {
  OptionParameters p;
  p.base_forward = get<bool>(d, "base_forward");
  p.otm_a = get<double>(d, "otm_a");
  p.otm_b = get<double>(d, "otm_b");
  p.maintenance_c = get<double>(d, "maintenance_c");
  p.maintenance_mark_floor = get_enum<MarkFloor>(d, "maintenance_mark_floor");
  p.initial_at_least_maintenance = get<bool>(d, "initial_at_least_maintenance");
  p.margin_factor = get<double>(d, "margin_factor");
  p.liquidation_fee_ratio = get<double>(d, "liquidation_fee_ratio");
  p.initial_uses_entry = get<bool>(d, "initial_uses_entry");
  return p;
}

DynamicParameters dynamic(const py::dict& d) {
  DynamicParameters p;
  p.horizon_initial_days = get<double>(d, "horizon_initial_days");
  p.horizon_maintenance_days = get<double>(d, "horizon_maintenance_days");
  p.confidence_initial = get<double>(d, "confidence_initial");
  p.confidence_maintenance = get<double>(d, "confidence_maintenance");
  p.floor_ratio = get<double>(d, "floor_ratio");
  p.cap_ratio = get<double>(d, "cap_ratio");
  p.buffer_ratio = get<double>(d, "buffer_ratio");
  p.vol_floor_annual = get<double>(d, "vol_floor_annual");
  p.depth_factor = get<double>(d, "depth_factor");
  p.depth_cap_ratio = get<double>(d, "depth_cap_ratio");
  p.max_mm_increase_per_day_ratio = get<double>(d, "max_mm_increase_per_day_ratio");
  p.netting_underlying = get<bool>(d, "netting_underlying");
  return p;
}

ScenarioParameters scenario(const py::dict& d) {
  ScenarioParameters p;
  p.price_move = take_column<double>(d, "price_move");
  p.vol_index = take_column<std::uint8_t>(d, "vol_index");
  p.weight = take_column<double>(d, "weight");
  p.vol_shock_kind = get_enum<VolShock>(d, "vol_shock_kind");
  p.vol_shock = take_column<double>(d, "vol_shock");
  p.vol_reference_days = get<double>(d, "vol_reference_days");
  p.vol_power_short = get<double>(d, "vol_power_short");
  p.vol_power_long = get<double>(d, "vol_power_long");
  p.vol_up_floor_annual = get<double>(d, "vol_up_floor_annual");
  p.min_days = get<double>(d, "min_days");
  p.strike_nodes = get<bool>(d, "strike_nodes");
  p.price_range = get<double>(d, "price_range");
  p.initial_factor = get<double>(d, "initial_factor");
  p.maintenance_factor = get<double>(d, "maintenance_factor");
  p.short_option_ratio = get<double>(d, "short_option_ratio");
  p.roll_ratio_annual = get<double>(d, "roll_ratio_annual");
  p.roll_ratio_min = get<double>(d, "roll_ratio_min");
  p.basis_ratio = get<double>(d, "basis_ratio");
  return p;
}

std::vector<AddOnParameters> add_ons(const py::dict& d) {
  std::vector<AddOnParameters> out;
  for (const py::handle item : get<py::list>(d, "add_ons")) {
    const auto [id, values] = item.cast<std::pair<std::uint8_t, std::vector<double>>>();
    if (id >= margin::add_on_count) throw py::value_error("policy names an unknown add-on");
    const std::size_t keys = margin::add_on_of(static_cast<margin::AddOnId>(id)).keys.size();
    if (values.empty() || values.size() % keys != 0) {
      throw py::value_error("an add-on's values must be whole rows of its keys");
    }
    out.push_back({id, values});
  }
  return out;
}

PegParameters peg(const py::dict& d) {
  return {get<std::int32_t>(d, "asset"), get<double>(d, "value"), get<double>(d, "threshold"),
          get<double>(d, "factor"), get<double>(d, "collateral_factor")};
}

ProcyclicalityParameters procyclicality(const py::dict& d) {
  return {get<double>(d, "buffer_ratio"),        get<double>(d, "pre_stress_vol_annual"),
          get<double>(d, "stress_weight"),       get<double>(d, "stressed_vol_annual"),
          get<double>(d, "long_run_vol_annual"), get<double>(d, "stressed_ratio"),
          get<double>(d, "long_run_ratio"),      get<double>(d, "max_mm_increase_per_day_ratio")};
}

NettingParameters netting(const py::dict& d) {
  NettingParameters p;
  p.rule = get_enum<NettingRule>(d, "rule");
  const auto array = py::array_t<double, py::array::c_style>::ensure(d["correlation"]);
  p.correlation.assign(array.data(), array.data() + array.size());
  p.credit_cap_ratio = get<double>(d, "credit_cap_ratio");
  p.correlation_break = get<double>(d, "correlation_break");
  return p;
}

template <class T, class Read>
std::vector<T> by_underlying(const py::dict& d, const char* key, Read read) {
  std::vector<T> out;
  for (const py::handle item : get<py::list>(d, key)) out.push_back(read(item.cast<py::dict>()));
  return out;
}

}  // namespace

Policy policy_from_dict(const py::dict& d) {
  Policy p;
  p.name = get<std::string>(d, "name");
  p.method = get_enum<MethodId>(d, "method");
  p.simulated_collateral = get<bool>(d, "simulated_collateral");
  p.option_value_in_equity = get<bool>(d, "option_value_in_equity");
  p.close_out_cost_ratio = get<double>(d, "close_out_cost_ratio");
  p.safety_factor_ratio = get<double>(d, "safety_factor_ratio");
  const auto levels = get<py::dict>(d, "levels");
  p.levels = {get<double>(levels, "warning"), get<double>(levels, "margin_call"),
              get<double>(levels, "liquidation")};
  p.haircut_initial = haircuts(d, "haircut_initial");
  p.haircut_maintenance = haircuts(d, "haircut_maintenance");
  p.futures = by_underlying<FuturesParameters>(d, "futures", futures);
  p.options = by_underlying<OptionParameters>(d, "options", options);
  p.dynamic = by_underlying<DynamicParameters>(d, "dynamic", dynamic);
  p.scenario = by_underlying<ScenarioParameters>(d, "scenario", scenario);
  read_venues(d, p);
  read_expiry(d, p);
  read_tail(d, p);
  read_protocols(d, p);
  p.netting = netting(get<py::dict>(d, "netting"));
  p.add_ons = add_ons(d);
  p.pegs = by_underlying<PegParameters>(d, "pegs", peg);
  p.procyclicality =
      by_underlying<ProcyclicalityParameters>(d, "anti_procyclicality", procyclicality);
  return p;
}

}  // namespace tickmargin::bindings
