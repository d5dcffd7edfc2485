#include "margin/clearing_rules.hpp"

#include <algorithm>
#include <cmath>

namespace tickmargin::margin {

double schedule_percent(ScheduleClass of, double maturity_years) noexcept {
  const int band = maturity_years <= 2 ? 0 : maturity_years <= 5 ? 1 : 2;
  constexpr double rates[] = {1, 2, 4};
  constexpr double credit[] = {2, 5, 10};
  switch (of) {
    case ScheduleClass::rates: return rates[band];
    case ScheduleClass::credit: return credit[band];
    case ScheduleClass::fx: return 6;
    case ScheduleClass::equity:
    case ScheduleClass::commodity:
    case ScheduleClass::other: return 15;
  }
  return std::nan("");
}

ScheduleMargin schedule_margin(std::span<const ScheduleTrade> trades) noexcept {
  double gross = 0, net_value = 0, gross_value = 0;
  for (const ScheduleTrade& trade : trades) {
    gross += std::fabs(trade.notional) * schedule_percent(trade.of, trade.maturity_years) / 100.0;
    net_value += trade.present_value;
    gross_value += std::max(trade.present_value, 0.0);
  }
  const double ratio = gross_value == 0 ? 1.0 : std::max(net_value, 0.0) / gross_value;
  return {gross, ratio, 0.4 * gross + 0.6 * ratio * gross};
}

std::vector<double> valuation_points(double range_down, double range_up, std::int32_t count) {
  const std::int32_t half = count / 2;
  std::vector<double> points;
  for (std::int32_t i = half; i > 0; --i) points.push_back(-(range_down * i / half));
  for (std::int32_t i = 1; i <= half; ++i) points.push_back(range_up * i / half);
  return points;
}

double blended_total(double historical, double stress, double weight, double liquidity,
                     double concentration) noexcept {
  return weight * historical + (1.0 - weight) * stress + liquidity + concentration;
}

}  // namespace tickmargin::margin
