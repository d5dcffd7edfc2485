#include "market/mark_basis.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/one_value.hpp"

namespace tickmargin::market {

RecordStatus update(const GuardSettings& settings, BasisState& state, double observed_price,
                    double index, TimeNs ts_ns) noexcept {
  if (!std::isfinite(observed_price) || !std::isfinite(index)) return RecordStatus::not_finite;
  if (observed_price <= 0 || index <= 0) return RecordStatus::not_positive;
  if (ts_ns < 0) return RecordStatus::out_of_range;
  if (state.seen != 0 && ts_ns < state.ts_ns) return RecordStatus::time_reversed;
  const double cap = settings.mark_basis_cap_ratio;
  const double observed = std::clamp(observed_price / index - 1.0, -cap, cap);
  if (state.seen == 0) {
    state.average_ratio = observed;
  } else {
    // After a silence the last observation is not taken for what stood all that time.
    const TimeNs stood_ns = std::min<TimeNs>(ts_ns - state.ts_ns, settings.heartbeat_ns);
    const double kept = kernels::exp_of(-static_cast<double>(stood_ns) /
                                        static_cast<double>(settings.mark_basis_window_ns));
    const double average = kept * state.average_ratio + (1.0 - kept) * state.observed_ratio;
    state.average_ratio = std::clamp(average, -cap, cap);
  }
  state.observed_ratio = observed;
  state.ts_ns = ts_ns;
  state.seen = 1;
  return RecordStatus::ok;
}

}  // namespace tickmargin::market
