// Parameters of the rules that on-chain protocols state in whole numbers.
#pragma once

#include <cstdint>

namespace tickmargin {

enum class ProtocolRule : std::uint8_t { dydx_v4 = 0, vega = 1, drift_v2 = 2 };

// A protocol's perpetual market. Amounts enter its rule as whole parts of 10^-decimals, ratios in
// the unit the protocol gives them.
struct ProtocolParameters {
  ProtocolRule rule = ProtocolRule::dydx_v4;
  std::uint32_t size_decimals = 0;   // of base units
  std::uint32_t price_decimals = 0;  // of quote units a base unit
  std::uint32_t quote_decimals = 6;  // of quote units: the money of the rule
  // dYdX v4: parts per million; caps in quote units, an upper one of 0: no scaling.
  double initial_ppm = 0;
  double maintenance_fraction_ppm = 0;
  double custom_ppm = 0;
  double interest_lower_cap = 0;
  double interest_upper_cap = 0;
  double open_interest_base = 0;
  // Vega: ratios, cut to nine decimals; funding in quote units owed by a long of one base unit.
  double risk_long = 0;
  double risk_short = 0;
  double linear_slippage = 0;
  double quadratic_slippage = 0;
  double funding_per_unit = 0;
  double initial_scaling = 1;
  // Drift v2: ratios of ten thousand, factors of size of a million. Vega isolated: initial_ratio.
  double initial_ratio = 0;
  double maintenance_ratio = 0;
  double size_factor = 0;
  double profit_initial_weight = 1;
  double profit_maintenance_weight = 1;
  double profit_size_factor = 0;
};

// A token that Drift v2 lends on, by asset. Its weights as collateral are 1 less its haircuts.
struct TokenParameters {
  std::uint32_t decimals = 6;
  double initial_debt_weight = 1;
  double maintenance_debt_weight = 1;
  double size_factor = 0;
  double scale_start = 0;  // quote units of deposits from which the initial weight falls; 0: never
  double deposits = 0;     // tokens deposited with the protocol
};

}  // namespace tickmargin
