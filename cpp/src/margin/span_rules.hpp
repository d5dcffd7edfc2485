// The arithmetic of a SPAN-style scan on plain numbers, shared by the method `span` and the public
// functions. Losses are positive, per long contract. Source: CME's published definitions ("SPAN" is
// CME's trademark; nothing here comes from a risk parameter file).
#pragma once

#include <array>
#include <cstddef>

#include "tickmargin/policy_venues.hpp"

namespace tickmargin::margin {

inline constexpr std::size_t span_scenario_count = 16;
inline constexpr std::size_t span_point_count = 7;
using SpanArray = std::array<double, span_scenario_count>;

struct SpanScenario {
  double price_move;
  double vol_move;
  double cover;  // share of the loss that counts
};

// Price moves of 0, a third, two thirds and the whole range, each with volatility up and down, then
// the two extreme moves with volatility as it is.
std::array<SpanScenario, span_scenario_count> span_scenarios(double price_range, double vol_range,
                                                             double extreme_multiple,
                                                             double extreme_cover) noexcept;

// What a long future of one unit loses.
SpanArray span_linear_array(double price_range, double extreme_multiple,
                            double extreme_cover) noexcept;

struct SpanOption {
  bool is_call;
  double forward, strike, years, vol;
  bool normal = false;  // by Bachelier: its volatility is shocked in proportion
};

// The terms of a scan: the range in price units, the shock of volatility, the time that passes.
struct SpanScanTerms {
  double price_range;
  double vol_range;
  bool vol_relative;
  double extreme_multiple;
  double extreme_cover;
  double lookahead_years;
};

// What a long option loses, in price units, undiscounted.
SpanArray span_option_array(const SpanOption& option, const SpanScanTerms& terms) noexcept;

// Deltas at the seven price points 0, +-1/3, +-2/3, +-1 of the range after the time that passes.
std::array<double, span_point_count> span_option_deltas(const SpanOption& option,
                                                        const SpanScanTerms& terms) noexcept;

inline constexpr std::array<double, span_point_count> span_delta_weights{0.27, 0.217, 0.217, 0.11,
                                                                         0.11, 0.037, 0.037};

double span_composite_delta(const std::array<double, span_point_count>& deltas,
                            const std::array<double, span_point_count>& weights) noexcept;

struct SpanScan {
  double risk = 0;  // largest loss, at least 0
  int active = 0;   // its first scenario, from 0
  int paired = 0;   // the same price move with the other volatility
  double vol_adjusted = 0;
  double time_risk = 0;
  double price_risk = 0;
};
SpanScan span_scan(const SpanArray& losses) noexcept;

// Spreads that two deltas of opposite sign form, `per_a` and `per_b` deltas each; both shrink.
double span_form_spreads(double& a, double& b, double per_a, double per_b) noexcept;

double span_short_minimum(double short_calls, double short_puts, double rate,
                          ShortMinimum rule) noexcept;

struct SpanTotal {
  double requirement;
  double excess;  // long option value beyond the risk
};
SpanTotal span_total(double risk, double net_option_value) noexcept;

}  // namespace tickmargin::margin
