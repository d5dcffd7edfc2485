// Rules of clearing houses and regulators on plain numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tickmargin::margin {

// BCBS-IOSCO (d499, appendix A) and its grid of percents of notional.
enum class ScheduleClass : std::uint8_t { rates, credit, fx, equity, commodity, other };
double schedule_percent(ScheduleClass of, double maturity_years) noexcept;

struct ScheduleTrade {
  ScheduleClass of;
  double maturity_years;
  double notional;
  double present_value;
};
struct ScheduleMargin {
  double gross, net_to_gross, net;
};
// net = 0.4 gross + 0.6 x net-to-gross ratio x gross; without any gross value the ratio is 1.
ScheduleMargin schedule_margin(std::span<const ScheduleTrade> trades) noexcept;

// OCC TIMS: equidistant valuation points, half of them up to +range, half to -range, 0 left out.
std::vector<double> valuation_points(double range_down, double range_up, std::int32_t count);

// CME SPAN 2: weight x historical + (1 - weight) x stress + liquidity + concentration.
double blended_total(double historical, double stress, double weight, double liquidity,
                     double concentration) noexcept;

}  // namespace tickmargin::margin
