// What the live engine keeps of one underlying.
#pragma once

#include <cstddef>
#include <cstdint>

#include "margin/bounds.hpp"
#include "market/oracle_guard.hpp"
#include "market/vol_guard.hpp"
#include "monitor/bands.hpp"
#include "tickmargin/units.hpp"

namespace tickmargin::live {

// The average of a mark before an expiry, from its integral over days since the window opened.
struct SettlementWindow {
  TimeNs expiry_ns = 0;  // 0: free
  TimeNs opened_ns = 0;
  double integral = 0;
  double average = 0;
  bool closed = false;
};
inline constexpr std::size_t settlement_windows = 8;

struct UnderlyingState {
  market::GuardSettings guard_settings;
  market::GuardState guard;
  market::VolGuardState vol_guard;
  std::int32_t staged = 0;      // volatilities that wait for their commit
  std::int32_t vol_doubts = 0;  // volatilities in doubt; derived
  double flow_signed = 0, flow_total = 0;
  TimeNs flow_ts_ns = 0;
  double integral = 0;        // of the mark over days, from which windows take their averages
  TimeNs integral_ts_ns = 0;  // until when
  SettlementWindow windows[settlement_windows];
  margin::Wear wear;           // both clocks, as far as they have run
  monitor::Activity activity;  // of late; derived, not saved, and no number follows from it
};

}  // namespace tickmargin::live
