// A policy is plain data, dense by underlying and by asset. It is written as TOML, validated by the
// caller and compiled to this table; `margin/` holds the formulas that read it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tickmargin/policy_add_ons.hpp"
#include "tickmargin/policy_protocols.hpp"
#include "tickmargin/policy_tail.hpp"
#include "tickmargin/policy_venues.hpp"

namespace tickmargin {

enum class MethodId : std::uint8_t {
  fixed = 0,
  dynamic = 1,
  scenario = 2,
  matrix = 3,
  span = 4,
  portfolio = 5,
  standard = 6,
  var = 7,
  es = 8,
  protocol = 9
};
enum class FuturesNetting : std::uint8_t { none = 0, max_side = 1, net = 2 };
enum class SizeScaling : std::uint8_t { none = 0, step = 1, linear = 2, sqrt = 3, power45 = 4 };
enum class MarkFloor : std::uint8_t { none = 0, put = 1, both = 2 };
// What a scenario of method `portfolio` does to volatilities: the last two turn the smile.
enum class VolMove : std::uint8_t { none = 0, up = 1, down = 2, linear = 3, absolute = 4 };
enum class NettingRule : std::uint8_t { sum = 0, correlation = 1 };

// Borders of the states as multiples of maintenance margin: a state holds while equity is below.
struct Levels {
  double warning = 1.5;
  double margin_call = 1.2;
  double liquidation = 1.0;
};

struct Bracket {
  double notional_cap;
  double initial_ratio;
  double maintenance_ratio;
};

// Percent-of-notional rule of futures, perpetuals and spot positions.
struct FuturesParameters {
  double initial_ratio = 0;
  double maintenance_ratio = 0;
  bool notional_at_entry = false;
  FuturesNetting netting = FuturesNetting::none;
  double taker_fee_ratio = 0;
  SizeScaling scaling = SizeScaling::none;
  double scaling_free_size = 0;
  double scaling_step_size = 0;
  double scaling_initial = 0;
  double scaling_maintenance = 0;
  std::vector<Bracket> brackets;
  bool bracket_whole = false;
};

// Standard formula of short options, U the index or the forward:
//   initial = max(otm_a U - OTM, otm_b U), maintenance = maintenance_c U, each x margin_factor.
struct OptionParameters {
  bool base_forward = false;
  double otm_a = 0;
  double otm_b = 0;
  double maintenance_c = 0;
  MarkFloor maintenance_mark_floor = MarkFloor::none;
  bool initial_at_least_maintenance = true;
  double margin_factor = 1;
  double liquidation_fee_ratio = 0;
  bool initial_uses_entry = false;
};

struct DynamicParameters {
  double horizon_initial_days = 0;
  double horizon_maintenance_days = 0;
  double confidence_initial = 0;
  double confidence_maintenance = 0;
  double floor_ratio = 0;
  double cap_ratio = 1;
  double buffer_ratio = 0;
  double vol_floor_annual = 0;
  double depth_factor = 0;
  double depth_cap_ratio = 0;
  double max_mm_increase_per_day_ratio = 0;  // NaN: no limit
  bool netting_underlying = false;
};

struct ScenarioParameters {
  std::vector<double> price_move;
  std::vector<std::uint8_t> vol_index;
  std::vector<double> weight;
  VolShock vol_shock_kind = VolShock::relative;
  std::vector<double> vol_shock;  // signed, 0 for unchanged
  double vol_reference_days = 30;
  double vol_power_short = 0;
  double vol_power_long = 0;
  double vol_up_floor_annual = 0;
  double min_days = 1;
  bool strike_nodes = true;
  double price_range = 0;
  double initial_factor = 1;
  double maintenance_factor = 1;
  double short_option_ratio = 0;
  double roll_ratio_annual = 0;
  double roll_ratio_min = 0;
  double basis_ratio = 0;
};

// A cap on how far a smile may turn, and how far from the money it is reached.
struct SkewParameters {
  double linear_base = 0;  // cap = base + slope x sqrt(T)
  double linear_slope = 0;
  double absolute_base = 0;
  double absolute_slope = 0;
  double min_reach = 1;  // reach = max(min_reach, sqrt(T) width (vol + vol_slope sqrt(T)))
  double width = 0;
  double vol = 0;
  double vol_slope = 0;
};

// Worth of an expiry above 0 counts base exp(-T (r rate_factor + add)) times, below 0
// min(exp(r T), base exp(T (r rate_factor + add))) times.
struct DiscountParameters {
  double base = 1;
  double rate_factor = 0;
  double add = 0;
};

struct PortfolioParameters {
  std::vector<double> price_move;
  std::vector<VolMove> vol_move;
  std::vector<double> weight;
  double vol_up = 0;
  double vol_down = 0;
  double vol_reference_days = 30;
  double vol_power_short = 0;
  double vol_power_long = 0;
  double vol_up_floor_annual = 0;
  double min_days = 1;
  SkewParameters skew;
  DiscountParameters long_discount;
  DiscountParameters short_discount;
  double basis_up = 0;
  double basis_down = 0;
  double basis_add = 0;
  double basis_factor = 0;  // per year
  double initial_factor = 1;
  double maintenance_factor = 1;
  double peg_threshold = 0;
  double peg_factor = 0;
  double confidence_threshold = 0;
  double confidence_ratio = 0;
  double perpetual_ratio = 0;
  double perpetual_initial_add = 0;
  double short_option_ratio = 0;
  double short_option_initial_add = 0;
  double minimum_net_ratio = 0;  // least loss, of the net delta and of what offsets in it
  double minimum_offset_ratio = 0;
  double offset_ratio = 0;          // of collateral that follows the index
  bool offset_collateral = true;    // such collateral moves in the scenarios
  bool contingency_scaled = false;  // the factors multiply the contingencies too
};

// Isolated short options or the worst pay-off of an expiry, whichever asks for less.
struct StandardParameters {
  double spot_max = 0;
  double spot_min = 0;
  double call_maintenance = 0;
  double put_maintenance = 0;
  double put_mark_maintenance = 0;
  double put_initial_scale = 1;
  double unpaired_initial = 1;
  double unpaired_maintenance = 1;
  double perpetual_initial = 0;
  double perpetual_maintenance = 0;
  double peg_threshold = 0;
  double peg_factor = 0;
  double confidence_threshold = 0;
  double confidence_ratio = 0;
};

struct NettingParameters {
  NettingRule rule = NettingRule::sum;
  std::vector<double> correlation;  // [underlying x underlying], row-major
  double credit_cap_ratio = 0;
  double correlation_break = 0;
};

// quality, volatility, depth, bridge, contract, governance, wrong-way
inline constexpr std::size_t haircut_component_count = 7;
using Haircut = std::array<double, haircut_component_count>;

struct Policy {
  std::string name;
  MethodId method = MethodId::fixed;
  bool simulated_collateral = false;
  bool option_value_in_equity = true;
  double close_out_cost_ratio = 0;
  double safety_factor_ratio = 1;  // of the loss, to cover a more exact rule
  Levels levels;
  std::vector<Haircut> haircut_initial;      // by asset
  std::vector<Haircut> haircut_maintenance;  // by asset
  std::vector<FuturesParameters> futures;    // by underlying, as the next three
  std::vector<OptionParameters> options;
  std::vector<DynamicParameters> dynamic;
  std::vector<ScenarioParameters> scenario;
  std::vector<MatrixParameters> matrix;
  std::vector<SpanParameters> span;
  std::vector<SpanCredit> span_credits;  // by priority
  std::vector<PortfolioParameters> portfolio;
  std::vector<StandardParameters> standard;
  TailParameters tail;  // of `var` and `es`
  std::vector<ProtocolParameters> protocol;
  std::vector<TokenParameters> tokens;  // by asset, rule drift_v2 only
  NettingParameters netting;
  std::vector<AddOnParameters> add_ons;                  // those charged, in the order of their ids
  std::vector<PegParameters> pegs;                       // by asset, or empty
  std::vector<ProcyclicalityParameters> procyclicality;  // by underlying, or empty
};

}  // namespace tickmargin
