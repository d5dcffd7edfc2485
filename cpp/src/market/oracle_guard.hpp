// Which price of an underlying is its mark, and how far the mark is trusted. The rules, with the
// table of transitions, are in README.md beside this file.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "tickmargin/records.hpp"
#include "tickmargin/units.hpp"

namespace tickmargin::market {

inline constexpr int guard_sources_max = 8;
inline constexpr double doubt_ratio_max = 1.0;

// Per underlying. Prices in its quote asset; ratios are fractions of a price.
struct GuardSettings {
  std::int32_t quorum = 2;       // sources that must be fresh and agree; 1 to guard_sources_max
  bool signed_prices = false;    // zero and negative prices are prices
  double price_scale_min = 0.0;  // distances are relative to at least this; above 0 if signed
  std::int64_t heartbeat_ns = 30'000'000'000;        // a source that is older is stale
  std::int64_t unusable_after_ns = 300'000'000'000;  // silence of all sources
  std::int64_t lead_max_ns = 0;      // a tick or release further ahead of `now` is refused; 0: none
  double source_clamp_ratio = 0.02;  // a source further than this from the median has no weight
  double feed_min = -std::numeric_limits<double>::infinity();  // the feed's own bounds: a price at
  double feed_max = std::numeric_limits<double>::infinity();   // or beyond one says nothing
  double band_ratio = 0.05;  // the move of the mark that one source alone may make at once,
  double velocity_ratio_per_sqrt_second = 0.0015;  // what time adds to it (10 x vol 80 % a year),
  double band_cap_ratio = 0.25;                    // and where that ends
  std::int64_t quarantine_limit_ns = 300'000'000'000;
  double doubt_ratio_degraded = 0.05;  // least doubt of a mark that is not ready
  std::int64_t mark_basis_window_ns = 300'000'000'000;
  double mark_basis_cap_ratio = 0.02;
};

// Whether the settings make sense; the guard is not called with others.
bool valid(const GuardSettings& settings) noexcept;

struct GuardSource {
  double price = 0.0;
  std::uint64_t sequence = 0;
  TimeNs ts_ns = 0;
  TimeNs set_aside_until_ns = 0;  // 0: not set aside
  bool seen = false;
  bool fresh = false;
  bool saturated = false;
  bool outlier = false;  // stood apart from the mark when it was last fresh
  std::uint32_t reserved = 0;
};

struct GuardState {
  std::array<GuardSource, guard_sources_max> sources{};
  double mark = 0.0;  // meaningful with has_mark
  TimeNs mark_ts_ns = 0;
  double trusted = 0.0;  // reference of the band
  TimeNs trusted_ts_ns = 0;
  double doubt_ratio = doubt_ratio_max;
  double candidate = 0.0;  // meaningful with waiting
  TimeNs quarantine_since_ns = 0;
  TimeNs doubtful_since_ns = 0;  // meaningful with doubtful
  TimeNs now_ns = 0;             // largest time stamp seen
  TimeNs clock_ns = 0;           // last clock record or release
  TimeNs heard_ns = 0;           // last tick or release
  MarkState mark_state = MarkState::unusable;
  bool has_mark = false;
  bool ever_ready = false;
  bool usable = false;       // neither cold, silent for too long nor at the feed's bound
  bool waiting = false;      // a candidate waits
  bool unconfirmed = false;  // the mark was released by time
  bool doubtful = false;     // was ready once, is not now
  bool escalated = false;    // this doubt has been reported
};
static_assert(std::is_trivially_copyable_v<GuardState>);
// No padding: equal states have equal bytes, so a hash over them means something.
static_assert(sizeof(GuardSource) == 40);
static_assert(sizeof(GuardState) == guard_sources_max * sizeof(GuardSource) + 11 * 8 + 8);

struct GuardResult {
  RecordStatus status;
  bool mark_moved;
  bool state_changed;
  MarkState before;
  MarkState after;
  bool escalated;  // tell an operator: the doubt has outlived its limit
};

// A guard that knows an earlier mark, from a snapshot or a loaded market: unusable until a quorum
// is fresh, but a source alone is held to the band around it. An illegal price or time stamp gives
// a guard without a mark.
GuardState cold_start(const GuardSettings& settings, double mark, TimeNs ts_ns) noexcept;

GuardResult on_index_tick(const GuardSettings& settings, GuardState& state, std::uint16_t source,
                          std::uint64_t sequence, double price, TimeNs ts_ns) noexcept;
GuardResult on_clock(const GuardSettings& settings, GuardState& state, TimeNs now_ns) noexcept;
GuardResult on_release(const GuardSettings& settings, GuardState& state, TimeNs now_ns,
                       std::optional<double> operator_price) noexcept;
// Forgets one source: its numbering and time stamp with its price.
GuardResult on_source_release(const GuardSettings& settings, GuardState& state,
                              std::uint16_t source, TimeNs now_ns) noexcept;

// Whether a time stamp is so far ahead that, taken, it would make all that follow older than the
// last. `most_ns` 0: none is; nor is one where there is no time yet to be ahead of.
constexpr bool is_too_far_ahead(TimeNs ts_ns, TimeNs now_ns, std::int64_t most_ns) noexcept {
  return most_ns > 0 && now_ns > 0 && ts_ns > now_ns && ts_ns - now_ns > most_ns;
}

constexpr bool may_liquidate(const GuardState& state) noexcept {
  return state.mark_state == MarkState::ready;
}
constexpr bool may_add_risk(const GuardState& state) noexcept {
  return state.mark_state == MarkState::ready;
}

}  // namespace tickmargin::market
