#include "market/oracle_guard.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tickmargin::market {
namespace {

bool same_bits(double a, double b) noexcept {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

double scale_of(const GuardSettings& settings, double price) noexcept {
  return std::max(std::fabs(price), settings.price_scale_min);
}

bool within(const GuardSettings& settings, double ratio, double price, double reference) noexcept {
  return std::fabs(price - reference) <= ratio * scale_of(settings, reference);
}

// Capped, so that a price of a million times the mark, or a mark of 0, stays a number.
double distance(const GuardSettings& settings, double price, double reference) noexcept {
  const double gap = std::fabs(price - reference);
  const double scale = scale_of(settings, reference);
  return gap < doubt_ratio_max * scale ? gap / scale : doubt_ratio_max;
}

bool legal_price(const GuardSettings& settings, double price) noexcept {
  return std::isfinite(price) && (settings.signed_prices || price > 0);
}

RecordStatus check_price(const GuardSettings& settings, double price) noexcept {
  if (!std::isfinite(price)) return RecordStatus::not_finite;
  return legal_price(settings, price) ? RecordStatus::ok : RecordStatus::not_positive;
}

// The sources that count.
struct Census {
  std::array<double, guard_sources_max> prices{};  // ascending
  int count = 0;
  int saturated = 0;

  double median() const noexcept {
    const int middle = count / 2;
    return count % 2 != 0 ? prices[middle] : 0.5 * prices[middle - 1] + 0.5 * prices[middle];
  }
};

bool counts(const GuardSource& source) noexcept {
  return source.fresh && !source.saturated && source.set_aside_until_ns == 0;
}

Census take_census(const GuardSettings& settings, GuardState& state) noexcept {
  Census census;
  for (GuardSource& source : state.sources) {
    if (!source.seen) continue;
    source.fresh = state.now_ns - source.ts_ns <= settings.heartbeat_ns;
    source.saturated = source.price <= settings.feed_min || source.price >= settings.feed_max;
    const bool agrees = within(settings, settings.source_clamp_ratio, source.price, state.mark);
    if (agrees || state.now_ns >= source.set_aside_until_ns) source.set_aside_until_ns = 0;
    if (counts(source)) census.prices[census.count++] = source.price;
    if (source.fresh && source.saturated && source.set_aside_until_ns == 0) ++census.saturated;
  }
  std::sort(census.prices.begin(), census.prices.begin() + census.count);
  return census;
}

struct Aggregate {
  double price = 0.0;
  TimeNs ts_ns = 0;  // newest of the supporters
  int supporters = 0;
  bool backed = false;
};

Aggregate aggregate(const GuardSettings& settings, const GuardState& state,
                    const Census& census) noexcept {
  Aggregate result;
  result.price = census.median();
  for (const GuardSource& source : state.sources) {
    if (!counts(source)) continue;
    if (!within(settings, settings.source_clamp_ratio, source.price, result.price)) continue;
    ++result.supporters;
    result.ts_ns = std::max(result.ts_ns, source.ts_ns);
  }
  result.backed = result.supporters >= settings.quorum && 2 * result.supporters > census.count;
  return result;
}

bool inside_band(const GuardSettings& settings, const GuardState& state, double price) noexcept {
  const double seconds =
      static_cast<double>(std::max<TimeNs>(state.now_ns - state.trusted_ts_ns, 0)) / 1e9;
  const double grown =
      settings.band_ratio + settings.velocity_ratio_per_sqrt_second * std::sqrt(seconds);
  return within(settings, std::min(settings.band_cap_ratio, grown), price, state.trusted);
}

void set_mark(GuardState& state, double price, TimeNs ts_ns) noexcept {
  state.mark = price;
  state.mark_ts_ns = ts_ns;
}

void accept(const GuardSettings& settings, GuardState& state, const Aggregate& found) noexcept {
  // One source renews the reference of its own band only once a heartbeat.
  if (found.supporters >= 2 || !state.has_mark ||
      found.ts_ns - state.trusted_ts_ns >= settings.heartbeat_ns) {
    state.trusted = found.price;
    state.trusted_ts_ns = found.ts_ns;
  }
  set_mark(state, found.price, found.ts_ns);
  state.has_mark = state.ever_ready = state.usable = true;
  state.waiting = state.unconfirmed = false;
}

// The price farthest from the mark; of two equally far ones the higher, whoever sent it.
double farthest(const GuardState& state, const Census& census) noexcept {
  double found = census.prices[0];
  for (int i = 1; i < census.count; ++i) {
    const double price = census.prices[i];
    if (std::fabs(price - state.mark) >= std::fabs(found - state.mark)) found = price;
  }
  return found;
}

struct Verdict {
  MarkState state;
  bool escalated = false;
};

// Lines 6 to 8 of the table.
Verdict wait(const GuardSettings& settings, GuardState& state, const Census& census,
             const Aggregate& found) noexcept {
  if (!state.has_mark) return {MarkState::unusable};
  state.candidate = found.backed ? found.price : farthest(state, census);
  if (!state.waiting) state.quarantine_since_ns = state.now_ns;
  state.waiting = true;
  if (state.now_ns - state.quarantine_since_ns < settings.quarantine_limit_ns) {
    return {MarkState::quarantined};
  }
  if (census.count > 1) return {MarkState::degraded};
  set_mark(state, found.price, found.ts_ns);
  state.usable = state.unconfirmed = true;
  state.waiting = false;
  return {MarkState::degraded, true};
}

Verdict follow(const GuardSettings& settings, GuardState& state, const Census& census) noexcept {
  const Aggregate found = aggregate(settings, state, census);
  if (!found.backed) return wait(settings, state, census, found);
  if (found.supporters >= 2 || !state.has_mark || inside_band(settings, state, found.price)) {
    accept(settings, state, found);
    return {MarkState::ready};
  }
  if (state.unconfirmed && within(settings, settings.band_ratio, found.price, state.mark)) {
    set_mark(state, found.price, found.ts_ns);
    state.usable = true;
    state.waiting = false;
    return {MarkState::degraded};
  }
  return wait(settings, state, census, found);
}

double doubt(const GuardSettings& settings, const GuardState& state) noexcept {
  if (state.mark_state == MarkState::ready) return 0.0;
  if (state.mark_state == MarkState::unusable) return doubt_ratio_max;
  double ratio = settings.doubt_ratio_degraded;
  for (const GuardSource& source : state.sources) {
    if (counts(source)) ratio = std::max(ratio, distance(settings, source.price, state.mark));
  }
  if (state.unconfirmed) ratio = std::max(ratio, distance(settings, state.trusted, state.mark));
  return std::min(ratio, doubt_ratio_max);
}

bool time_to_escalate(const GuardSettings& settings, GuardState& state) noexcept {
  if (state.mark_state == MarkState::ready) {
    state.doubtful = state.escalated = false;
    state.doubtful_since_ns = 0;
    return false;
  }
  if (!state.ever_ready) return false;
  if (!state.doubtful) state.doubtful_since_ns = state.now_ns;
  state.doubtful = true;
  return !state.escalated && state.now_ns - state.doubtful_since_ns >= settings.quarantine_limit_ns;
}

void mark_outliers(const GuardSettings& settings, GuardState& state) noexcept {
  for (GuardSource& source : state.sources) {
    if (!source.fresh || !state.has_mark) continue;
    source.outlier = source.saturated ||
                     !within(settings, settings.source_clamp_ratio, source.price, state.mark);
  }
}

GuardResult judge(const GuardSettings& settings, GuardState& state, double mark_before) noexcept {
  const MarkState state_before = state.mark_state;
  const Census census = take_census(settings, state);
  const bool silent = state.now_ns - state.heard_ns > settings.unusable_after_ns;
  Verdict verdict{MarkState::degraded};
  if (census.saturated >= settings.quorum || silent) {
    state.usable = state.waiting = false;
  } else if (census.count < settings.quorum) {
    state.waiting = false;
  } else {
    verdict = follow(settings, state, census);
  }
  state.mark_state = state.usable ? verdict.state : MarkState::unusable;
  if (!state.waiting) {
    state.candidate = 0.0;
    state.quarantine_since_ns = 0;
  }
  const bool escalated = time_to_escalate(settings, state) || verdict.escalated;
  state.escalated = state.escalated || (escalated && state.doubtful);
  state.doubt_ratio = doubt(settings, state);
  mark_outliers(settings, state);

  GuardResult result{};
  result.mark_moved = !same_bits(state.mark, mark_before);
  result.before = state_before;
  result.after = state.mark_state;
  result.state_changed = result.before != result.after;
  result.escalated = escalated;
  return result;
}

GuardResult refused(const GuardState& state, RecordStatus status) noexcept {
  return {status, false, false, state.mark_state, state.mark_state, false};
}

// Of all that was heard and the clock.
bool leads_too_far(const GuardSettings& settings, const GuardState& state, TimeNs ts_ns) noexcept {
  return is_too_far_ahead(ts_ns, std::max(state.now_ns, state.clock_ns), settings.lead_max_ns);
}

RecordStatus check_tick(const GuardSettings& settings, const GuardState& state,
                        std::uint16_t source_index, std::uint64_t sequence, double price,
                        TimeNs ts_ns) noexcept {
  if (source_index >= guard_sources_max) return RecordStatus::unknown_source;
  const RecordStatus status = check_price(settings, price);
  if (status != RecordStatus::ok) return status;
  if (ts_ns < 0) return RecordStatus::out_of_range;
  if (leads_too_far(settings, state, ts_ns)) return RecordStatus::out_of_range;
  const GuardSource& last = state.sources[source_index];
  if (!last.seen) return RecordStatus::ok;
  if (ts_ns < last.ts_ns) return RecordStatus::time_reversed;
  if (sequence < last.sequence) return RecordStatus::out_of_order;
  if (sequence > last.sequence) return RecordStatus::ok;
  const bool same = ts_ns == last.ts_ns && same_bits(price, last.price);
  return same ? RecordStatus::duplicate : RecordStatus::conflicting;
}

RecordStatus check_clock(const GuardState& state, TimeNs now_ns) noexcept {
  if (now_ns < 0) return RecordStatus::out_of_range;
  return now_ns < state.clock_ns ? RecordStatus::time_reversed : RecordStatus::ok;
}

RecordStatus check_release(const GuardSettings& settings, const GuardState& state,
                           TimeNs now_ns) noexcept {
  const RecordStatus status = check_clock(state, now_ns);
  if (status != RecordStatus::ok) return status;
  return leads_too_far(settings, state, now_ns) ? RecordStatus::out_of_range : RecordStatus::ok;
}

void advance_clock(GuardState& state, TimeNs now_ns) noexcept {
  state.clock_ns = now_ns;
  state.now_ns = std::max(state.now_ns, now_ns);
}

TimeNs later(TimeNs now_ns, std::int64_t by_ns) noexcept {
  TimeNs sum;
  const bool overflow = __builtin_add_overflow(now_ns, by_ns, &sum);
  return overflow ? std::numeric_limits<TimeNs>::max() : sum;
}

}  // namespace

bool valid(const GuardSettings& s) noexcept {
  const auto ratio = [](double x, double most) { return x >= 0 && x <= most; };
  return s.quorum >= 1 && s.quorum <= guard_sources_max && std::isfinite(s.price_scale_min) &&
         s.price_scale_min >= 0 && (!s.signed_prices || s.price_scale_min > 0) &&
         s.heartbeat_ns > 0 && s.unusable_after_ns >= s.heartbeat_ns && s.lead_max_ns >= 0 &&
         s.source_clamp_ratio > 0 && ratio(s.source_clamp_ratio, 1) && s.feed_min < s.feed_max &&
         s.band_ratio >= 0 && s.band_cap_ratio >= s.band_ratio && std::isfinite(s.band_cap_ratio) &&
         s.velocity_ratio_per_sqrt_second >= 0 && std::isfinite(s.velocity_ratio_per_sqrt_second) &&
         s.quarantine_limit_ns > 0 && ratio(s.doubt_ratio_degraded, doubt_ratio_max) &&
         s.mark_basis_window_ns > 0 && ratio(s.mark_basis_cap_ratio, 1);
}

GuardState cold_start(const GuardSettings& settings, double mark, TimeNs ts_ns) noexcept {
  GuardState state;
  if (!legal_price(settings, mark) || ts_ns < 0) return state;
  set_mark(state, mark, ts_ns);
  state.trusted = mark;
  state.trusted_ts_ns = ts_ns;
  state.has_mark = true;
  return state;
}

GuardResult on_index_tick(const GuardSettings& settings, GuardState& state,
                          std::uint16_t source_index, std::uint64_t sequence, double price,
                          TimeNs ts_ns) noexcept {
  const RecordStatus status = check_tick(settings, state, source_index, sequence, price, ts_ns);
  if (status != RecordStatus::ok) return refused(state, status);
  const double mark_before = state.mark;
  GuardSource& source = state.sources[source_index];
  source.price = price;
  source.sequence = sequence;
  source.ts_ns = ts_ns;
  source.seen = true;
  state.now_ns = std::max(state.now_ns, ts_ns);
  state.heard_ns = std::max(state.heard_ns, ts_ns);
  GuardResult result = judge(settings, state, mark_before);
  result.status = state.waiting ? RecordStatus::quarantined : RecordStatus::ok;
  return result;
}

GuardResult on_clock(const GuardSettings& settings, GuardState& state, TimeNs now_ns) noexcept {
  const RecordStatus status = check_clock(state, now_ns);
  if (status != RecordStatus::ok) return refused(state, status);
  const double mark_before = state.mark;
  advance_clock(state, now_ns);
  return judge(settings, state, mark_before);
}

GuardResult on_release(const GuardSettings& settings, GuardState& state, TimeNs now_ns,
                       std::optional<double> operator_price) noexcept {
  if (!operator_price && !state.waiting && !state.unconfirmed) {
    return refused(state, RecordStatus::out_of_range);  // there is nothing to release
  }
  const double price = operator_price  ? *operator_price
                       : state.waiting ? state.candidate
                                       : state.mark;
  RecordStatus status = check_price(settings, price);
  if (status == RecordStatus::ok) status = check_release(settings, state, now_ns);
  if (status != RecordStatus::ok) return refused(state, status);
  const double mark_before = state.mark;
  advance_clock(state, now_ns);
  set_mark(state, price, now_ns);
  state.trusted = price;
  state.trusted_ts_ns = now_ns;
  state.heard_ns = std::max(state.heard_ns, now_ns);
  state.has_mark = state.usable = true;
  state.waiting = state.unconfirmed = false;
  const TimeNs until_ns = later(state.now_ns, settings.quarantine_limit_ns);
  for (GuardSource& source : state.sources) {
    const bool apart = !within(settings, settings.source_clamp_ratio, source.price, price);
    source.set_aside_until_ns = source.seen && apart ? until_ns : 0;
  }
  return judge(settings, state, mark_before);
}

GuardResult on_source_release(const GuardSettings& settings, GuardState& state,
                              std::uint16_t source_index, TimeNs now_ns) noexcept {
  if (source_index >= guard_sources_max) return refused(state, RecordStatus::unknown_source);
  if (!state.sources[source_index].seen) return refused(state, RecordStatus::out_of_range);
  const RecordStatus status = check_release(settings, state, now_ns);
  if (status != RecordStatus::ok) return refused(state, status);
  state.sources[source_index] = {};
  state.clock_ns = state.now_ns = now_ns;
  for (const GuardSource& source : state.sources) {
    if (source.seen) state.now_ns = std::max(state.now_ns, source.ts_ns);
  }
  for (TimeNs* kept : {&state.mark_ts_ns, &state.trusted_ts_ns, &state.quarantine_since_ns,
                       &state.doubtful_since_ns, &state.heard_ns}) {
    *kept = std::min(*kept, state.now_ns);
  }
  const TimeNs until_ns = later(state.now_ns, settings.quarantine_limit_ns);
  for (GuardSource& source : state.sources) {
    source.set_aside_until_ns = std::min(source.set_aside_until_ns, until_ns);
  }
  return judge(settings, state, state.mark);
}

}  // namespace tickmargin::market
