#include "margin/wear.hpp"

#include <algorithm>
#include <cmath>

namespace tickmargin::margin {
namespace {

constexpr double phi_0 = 0.3989422804014327;  // density of the standard normal at 0
constexpr double vol_growth = 1.1;            // e^vol_wear_max
// e^curve_wear_max, which discounts and coin prices per forward may grow by, and rounding.
constexpr double scale_growth = 1.0101;

// A volatility x sqrt(T), where it may go, and how fast it does by the volatility clock. A shocked
// volatility moves no faster than the larger of itself and the one it is made of: relative and
// absolute shocks, their terms, floor and zero taken one by one.
struct Deviation {
  double low, high, speed;
};

Deviation deviation(double vol, double shocked, double root_years) noexcept {
  const double speed = vol_growth * std::max(vol, shocked) * root_years;
  const double now = shocked * root_years;
  return {std::max(now - vol_wear_max * speed, 0.0), now + vol_wear_max * speed, speed};
}

}  // namespace

double largest_vega(double strike, double m_low, double m_high, double s_low,
                    double s_high) noexcept {
  double d = 0;
  if (!(s_high > 0)) return strike * phi_0;
  if (m_low > 0.5 * s_high * s_high) {
    d = m_low / s_high - 0.5 * s_high;
  } else if (m_high < 0.5 * s_low * s_low) {
    double s = s_low;
    if (m_high < 0) s = std::min(std::max(std::sqrt(-2.0 * m_high), s_low), s_high);
    d = m_high / s - 0.5 * s;
  }
  return strike * phi_0 * std::exp(-0.5 * d * d);
}

OptionWear option_wear(const Context& context, const Prepared& prepared, std::uint32_t instrument,
                       double lower, double upper, double* stressed) noexcept {
  const pricing::InstrumentValues& values = context.values;
  const auto u = static_cast<std::size_t>(context.instruments.underlying[instrument]);
  const bool has_table = prepared.table.stride != 0;
  if (context.instruments.kind[instrument] != Kind::option) {
    if (has_table) std::fill_n(stressed, prepared.table.underlying[u].grid.size(), 0.0);
    return {0, 0};
  }
  const double strike = context.instruments.strike[instrument];
  const double forward_per_index =
      values.forward[instrument] / context.market.columns.index_price[u];
  const double m_low = std::log(lower * forward_per_index / strike) - curve_wear_max;
  const double m_high = std::log(upper * forward_per_index / strike) + curve_wear_max;
  const double vol = values.vol_annual[instrument], years = values.years[instrument];
  const double root_years = std::sqrt(years);
  const double scale = scale_growth * std::fabs(values.scale[instrument]);
  const auto moved = [&](double from, double to, const Deviation& s) {
    return scale * s.speed * largest_vega(strike, m_low + from, m_high + to, s.low, s.high);
  };
  OptionWear wear{moved(0, 0, deviation(vol, vol, root_years)), 0};
  if (!has_table) return wear;

  const risk::UnderlyingScenarios& scenarios = prepared.table.underlying[u];
  const risk::Scenarios& grid = scenarios.grid;
  double move = 0, log_move = 0;
  for (std::size_t v = 0; v < scenarios.shocks.shock.size(); ++v) {
    const double shocked =
        risk::shocked_vol(scenarios.shocks, scenarios.shocks.shock[v], vol, years);
    const Deviation s = deviation(vol, shocked, root_years);
    for (std::size_t c = 0; c < grid.size(); ++c) {
      if (grid.vol_index[c] != v) continue;
      if (grid.price_move[c] != move) {
        move = grid.price_move[c];
        log_move = std::log1p(move);
      }
      stressed[c] = moved(log_move, log_move, s);
    }
    if (prepared.policy->method != MethodId::scenario) continue;
    const double range = prepared.policy->scenario[u].price_range;
    wear.node = std::max(wear.node, moved(std::log1p(-range), std::log1p(range), s));
  }
  return wear;
}

}  // namespace tickmargin::margin
