// Parameters of the methods that follow an exchange's or a clearing house's own document.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace tickmargin {

enum class VolShock : std::uint8_t { relative = 0, absolute = 1 };

// A slice of an amount up to and including `cap`, counted `rate` times.
struct Tier {
  double cap;
  double rate;
};

// Risk matrix of an exchange's portfolio margin; the formulas are in cpp/src/margin/README.md.
struct MatrixParameters {
  // The standard table, prices from low to high and in each the volatilities; then the extended
  // one, from `standard` on.
  std::vector<double> price_move;
  std::vector<std::uint8_t> vol_index;
  std::uint64_t standard = 0;
  VolShock vol_shock_kind = VolShock::relative;
  std::vector<double> vol_shock;
  double vol_reference_days = 30;
  double vol_power_short = 0;
  double vol_power_long = 0;
  double vol_up_floor_annual = 0;
  double min_days = 1;
  double price_range = 0;
  bool in_coin = false;      // contracts settled in the underlying's coin gain and lose coins
  bool index_moves = false;  // linear futures move by the index's change, not their own price's
  double extended_factor = 1;
  bool extended_by_range = true;  // weight factor x range / |move|, else factor
  double extended_dampener = 0;   // numeraire
  double gain_offset_ratio = 1;
  double gain_offset_max = std::numeric_limits<double>::infinity();
  double initial_factor = 1;
  double maintenance_factor = 1;
  double roll_ratio_annual = 0;
  double roll_ratio_min = 0;
  double roll_ratio_perpetual = 0;
  bool roll_continuous = false;      // exp(annual x years) - 1
  double delta_shock_threshold = 0;  // numeraire
  double delta_shock_slope = 0;      // per base unit above it
  double delta_shock_max_ratio = 0;
  double correlation_ratio = 0;
  double theta_days = 0;
  double vega_shock_annual = 0;
  double rate_shock_annual = 0;
  double minimum_ratio = 0;
  std::vector<Tier> minimum_tiers;  // none: once
  std::vector<Tier> hedge_tiers;    // none: no charge
};

enum class ShortMinimum : std::uint8_t { larger = 0, sum = 1 };

struct SpanSpread {
  std::uint32_t first, second;  // expiry tiers
  double charge;                // a spread of one delta each, numeraire
};

// Scan of 16 scenarios with spreads and credits, in the style of a clearing house.
struct SpanParameters {
  double scan_ratio = 0;   // price scan range, of the index
  double scan_points = 0;  // or in quote units, where above 0
  double vol_range = 0;
  bool vol_relative = true;
  double extreme_multiple = 3;
  double extreme_cover = 0.33;
  double lookahead_days = 1;
  std::vector<double>
      tier_end_days;                // an expiry belongs to the first tier whose end it is not past
  std::vector<SpanSpread> spreads;  // by priority
  double short_minimum = 0;         // numeraire a short option contract
  ShortMinimum short_minimum_rule = ShortMinimum::larger;
  double spot_charge = 0;  // numeraire a delta that expires within spot_days
  double spot_days = 0;
  double initial_factor = 1;
  double maintenance_factor = 1;
};

// A credit between two underlyings that offset each other.
struct SpanCredit {
  std::int32_t first, second;        // underlyings
  double first_delta, second_delta;  // per spread
  double rate;
};

}  // namespace tickmargin
