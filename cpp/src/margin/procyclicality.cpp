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

}  // namespace tickmargin::margin
