#include "margin/procyclicality.hpp"

#include <algorithm>
#include <cmath>

namespace tickmargin::margin {
namespace {

risk::ShortfallMoves at(double vol, double days, double confidence) noexcept {
  return risk::lognormal_shortfall(vol * std::sqrt(days / 365.0), confidence);
}

template <class Rule>
void both(risk::ShortfallMoves& out, const risk::ShortfallMoves& now,
          const risk::ShortfallMoves& other, Rule rule) noexcept {
  out.fall_ratio = std::max(out.fall_ratio, rule(now.fall_ratio, other.fall_ratio));
  out.rise_ratio = std::max(out.rise_ratio, rule(now.rise_ratio, other.rise_ratio));
}

}  // namespace

risk::ShortfallMoves damped(const ProcyclicalityParameters& p, const risk::ShortfallMoves& measured,
                            double days, double confidence) noexcept {
  risk::ShortfallMoves out = measured;
  const double size = 1.0 + p.buffer_ratio;
  const bool calm = std::isnan(p.pre_stress_vol_annual);
  both(out, measured, calm ? measured : at(p.pre_stress_vol_annual, days, confidence),
       [&](double now, double before) { return std::min(now, before) * size; });
  if (!std::isnan(p.stressed_vol_annual)) {
    both(out, measured, at(p.stressed_vol_annual, days, confidence),
         [&](double now, double stressed) {
           return (1.0 - p.stress_weight) * now + p.stress_weight * stressed;
         });
  }
  if (!std::isnan(p.long_run_vol_annual)) {
    both(out, measured, at(p.long_run_vol_annual, days, confidence),
         [](double, double long_run) { return long_run; });
  }
  return out;
}

bool damps_own_lines(const Policy& policy) noexcept {
  return !policy.procyclicality.empty() && policy.method != MethodId::dynamic;
}

namespace {

// What the three tools leave beyond a unit's own lines.
double beyond(const ProcyclicalityParameters& p, double own, double gross, double vol) noexcept {
  const double left =
      std::isnan(p.pre_stress_vol_annual) ? 1.0 : std::min(1.0, p.pre_stress_vol_annual / vol);
  return std::max({0.0, own * ((1.0 + p.buffer_ratio) * left - 1.0),
                   p.stress_weight * (p.stressed_ratio * gross - own),
                   p.long_run_ratio * gross - own});
}

}  // namespace

Charge damped_own(const Holding& held) noexcept {
  const ProcyclicalityParameters& p = held.policy.procyclicality[held.u];
  const MarketColumns& c = held.context.market.columns;
  const double vol = c.realised_vol_annual[held.u], gross = held.exposure.gross_notional;
  if (!std::isnan(p.pre_stress_vol_annual) && std::isnan(vol)) {
    return {0, 0, Status::missing_vol};
  }
  Charge charge{beyond(p, held.own.initial, gross, vol),
                beyond(p, held.own.maintenance, gross, vol)};
  const double previous = c.previous_mm_ratio[held.u];
  if (std::isnan(p.max_mm_increase_per_day_ratio) || std::isnan(previous)) return charge;
  const double days =
      static_cast<double>(c.as_of_ns - c.previous_ts_ns[held.u]) / static_cast<double>(ns_per_day);
  const double allowed = previous + p.max_mm_increase_per_day_ratio * std::max(days, 0.0);
  const double room = std::max(allowed * gross - held.own.maintenance, 0.0);
  charge.maintenance = std::min(charge.maintenance, room);
  return charge;
}

double damped_with_orders(const Holding& held, const UnitRequirement* unit) noexcept {
  if (!damps_own_lines(held.policy)) return 0.0;
  const ProcyclicalityParameters& p = held.policy.procyclicality[held.u];
  double sum = unit == nullptr
                   ? 0.0
                   : unit->initial[static_cast<std::size_t>(Component::anti_procyclicality)];
  for (const book::OrderRow& order : held.orders) {
    const double delta =
        std::fabs(order.quantity * held.context.values.contract[order.instrument].delta_base);
    sum += delta * held.index_price() * (p.stress_weight * p.stressed_ratio + p.long_run_ratio);
  }
  return sum;
}

double damped_more(const Policy& policy, double own_added) noexcept {
  if (!damps_own_lines(policy)) return 0.0;
  double largest = 0;
  for (const ProcyclicalityParameters& p : policy.procyclicality) {
    largest = std::max(largest, p.buffer_ratio);
  }
  return largest * own_added;
}

}  // namespace tickmargin::margin
