#include "margin/span_rules.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/kernels.hpp"

namespace tickmargin::margin {
namespace {

// In thirds of the range, in the order of the scenarios' price moves.
constexpr double thirds[span_point_count] = {0, 1, -1, 2, -2, 3, -3};

double moved(double third, double price_range) noexcept {
  return third * price_range / 3.0;
}

// A volatility after a shock, at least 0.
double shocked(double vol, double shock, bool relative) noexcept {
  return std::max(relative ? vol * (1.0 + shock) : vol + shock, 0.0);
}

double value_of(const SpanOption& o, double forward, double vol, double years,
                double* delta) noexcept {
  const std::uint8_t call = o.is_call;
  const double zero = 0;
  double price = 0;
  kernels::OptionOutputs outputs{};
  outputs.price = &price;
  outputs.delta = delta;
  const kernels::OptionRows rows{&call,     0,           {&forward, 0}, {&o.strike, 0},
                                 {&vol, 0}, {&years, 0}, {&zero, 0}};
  const auto& k = kernels::kernels();
  (o.normal ? k.bachelier : k.black76)(rows, outputs, 1);
  return price;
}

double years_left(const SpanOption& option, const SpanScanTerms& terms) noexcept {
  return std::max(option.years - terms.lookahead_years, 0.0);
}

// A price of Black-76 is not scanned through 0.
double moved_forward(const SpanOption& o, double move) noexcept {
  constexpr double lowest = 1e-12;
  const double forward = o.forward + move;
  return !o.normal && forward < lowest ? lowest : forward;
}

}  // namespace

std::array<SpanScenario, span_scenario_count> span_scenarios(double price_range, double vol_range,
                                                             double extreme_multiple,
                                                             double extreme_cover) noexcept {
  std::array<SpanScenario, span_scenario_count> out{};
  for (std::size_t p = 0; p < span_point_count; ++p) {
    out[2 * p] = {moved(thirds[p], price_range), vol_range, 1.0};
    out[2 * p + 1] = {moved(thirds[p], price_range), -vol_range, 1.0};
  }
  out[14] = {extreme_multiple * price_range, 0.0, extreme_cover};
  out[15] = {-extreme_multiple * price_range, 0.0, extreme_cover};
  return out;
}

SpanArray span_linear_array(double price_range, double extreme_multiple,
                            double extreme_cover) noexcept {
  const auto scenarios = span_scenarios(price_range, 0.0, extreme_multiple, extreme_cover);
  SpanArray out{};
  for (std::size_t s = 0; s < span_scenario_count; ++s) {
    out[s] = -(scenarios[s].price_move * scenarios[s].cover);
  }
  return out;
}

SpanArray span_option_array(const SpanOption& option, const SpanScanTerms& terms) noexcept {
  const auto scenarios = span_scenarios(terms.price_range, terms.vol_range, terms.extreme_multiple,
                                        terms.extreme_cover);
  const double now = value_of(option, option.forward, option.vol, option.years, nullptr);
  const bool relative = terms.vol_relative || option.normal;
  SpanArray out{};
  for (std::size_t s = 0; s < span_scenario_count; ++s) {
    const double then = value_of(option, moved_forward(option, scenarios[s].price_move),
                                 shocked(option.vol, scenarios[s].vol_move, relative),
                                 years_left(option, terms), nullptr);
    out[s] = scenarios[s].cover * (now - then);
  }
  return out;
}

std::array<double, span_point_count> span_option_deltas(const SpanOption& option,
                                                        const SpanScanTerms& terms) noexcept {
  std::array<double, span_point_count> out{};
  for (std::size_t p = 0; p < span_point_count; ++p) {
    value_of(option, moved_forward(option, moved(thirds[p], terms.price_range)), option.vol,
             years_left(option, terms), &out[p]);
  }
  return out;
}

double span_composite_delta(const std::array<double, span_point_count>& deltas,
                            const std::array<double, span_point_count>& weights) noexcept {
  double sum = 0;
  for (std::size_t p = 0; p < span_point_count; ++p) sum += weights[p] * deltas[p];
  return sum;
}

SpanScan span_scan(const SpanArray& losses) noexcept {
  SpanScan out;
  double largest = losses[0];
  for (std::size_t s = 1; s < span_scenario_count; ++s) {
    // Written so that a NaN replaces any number and stays.
    if (!(losses[s] <= largest)) {
      largest = losses[s];
      out.active = static_cast<int>(s);
    }
  }
  constexpr int first_extreme = 14;
  out.paired = out.active < first_extreme ? (out.active ^ 1) : out.active;
  out.risk = largest < 0 ? 0.0 : largest;
  out.vol_adjusted = (losses[static_cast<std::size_t>(out.active)] +
                      losses[static_cast<std::size_t>(out.paired)]) /
                     2.0;
  out.time_risk = (losses[0] + losses[1]) / 2.0;
  out.price_risk = out.vol_adjusted - out.time_risk;
  return out;
}

double span_form_spreads(double& a, double& b, double per_a, double per_b) noexcept {
  if (!(a * b < 0)) return 0.0;
  const double spreads = std::min(std::fabs(a) / per_a, std::fabs(b) / per_b);
  const auto take = [spreads](double& delta, double per) {
    const double left = std::max(std::fabs(delta) - spreads * per, 0.0);
    delta = std::copysign(left, delta);
  };
  take(a, per_a);
  take(b, per_b);
  return spreads;
}

double span_short_minimum(double short_calls, double short_puts, double rate,
                          ShortMinimum rule) noexcept {
  return rate *
         (rule == ShortMinimum::sum ? short_calls + short_puts : std::max(short_calls, short_puts));
}

SpanTotal span_total(double risk, double net_option_value) noexcept {
  const double requirement = risk - net_option_value;
  return {std::max(requirement, 0.0), std::max(-requirement, 0.0)};
}

}  // namespace tickmargin::margin
