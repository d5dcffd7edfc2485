// Parameters of what any method may be charged on top.
#pragma once

#include <cstdint>
#include <vector>

namespace tickmargin {

// One add-on: its place in margin/add_on_list.inc, and the values of its keys in the order that its
// own file has them in: a row by underlying, or one where it is charged on the pocket as a whole.
struct AddOnParameters {
  std::uint8_t id = 0;
  std::vector<double> values;
};

// What an asset is meant to be worth, for the add-on `peg`: the price of another, or an amount
// of the numeraire. 0 and no asset: it is not pegged; NaN: what it is pegged to is not known.
struct PegParameters {
  std::int32_t asset = -1;
  double value = 0;
  double threshold = 0;  // of that worth, below which it is charged
  double factor = 0;
  double collateral_factor = 0;
};

// Volatilities are annual; NaN: not given. `dynamic` measures at the two volatilities below, the
// other methods take the two ratios after them, of the gross delta at the index.
struct ProcyclicalityParameters {
  double buffer_ratio = 0;
  double pre_stress_vol_annual = 0;
  double stress_weight = 0;
  double stressed_vol_annual = 0;
  double long_run_vol_annual = 0;
  double stressed_ratio = 0;
  double long_run_ratio = 0;
  double max_mm_increase_per_day_ratio = 0;  // NaN: no limit; of `dynamic` its own key
};

}  // namespace tickmargin
