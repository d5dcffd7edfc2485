// Volatilities in doubt: taken at once, as liabilities follow marks, but nothing irreversible is
// done and no new risk taken on them until a second update confirms them, an operator does, or
// time is up.
#include <algorithm>
#include <limits>

#include "live/state.hpp"

namespace tickmargin {

namespace {

constexpr auto vol_ready = static_cast<std::uint8_t>(MarkState::ready);
constexpr auto vol_degraded = static_cast<std::uint8_t>(MarkState::degraded);

}  // namespace

bool LiveEngine::State::holds_doubtful_vol(std::size_t pocket,
                                           UnderlyingIndex underlying) const noexcept {
  if (underlyings[static_cast<std::size_t>(underlying)].vol_doubts == 0) return false;
  for (const std::uint32_t i : store.instruments(pocket)) {
    if (vol_doubt_until[i] != 0 && world.instruments.underlying[i] == underlying) return true;
  }
  return false;
}

bool LiveEngine::State::vol_doubt_changes(std::size_t instrument, bool doubt) const noexcept {
  return (vol_doubt_until[instrument] != 0) != doubt;
}

// A doubt that goes on is as old as it was.
void LiveEngine::State::set_vol_doubt(std::size_t instrument, bool doubt) noexcept {
  if (!vol_doubt_changes(instrument, doubt)) return;
  TimeNs until = 0;
  if (doubt && __builtin_add_overflow(now_ns, settings.vol_doubt_limit_ns, &until)) {
    until = std::numeric_limits<TimeNs>::max();
  }
  vol_doubt_until[instrument] = until;
  const auto u = static_cast<std::size_t>(world.instruments.underlying[instrument]);
  underlyings[u].vol_doubts += doubt ? 1 : -1;
}

void LiveEngine::State::tell_vol_state(UnderlyingIndex underlying,
                                       std::int32_t doubts_before) noexcept {
  const std::int32_t doubts = underlyings[static_cast<std::size_t>(underlying)].vol_doubts;
  if ((doubts == 0) == (doubts_before == 0)) return;
  push_market_event(EventType::vol_state, underlying, doubts_before == 0 ? vol_ready : vol_degraded,
                    doubts == 0 ? vol_ready : vol_degraded);
}

// Pockets of underlyings with doubts that have lasted their time; how many events will be told.
std::size_t LiveEngine::State::collect_outlived_vols() noexcept {
  std::size_t events = 0;
  for (std::size_t u = 0; u < underlyings.size(); ++u) {
    if (underlyings[u].vol_doubts == 0) continue;
    const auto& listed = world.instruments_of[u];
    const bool outlived = std::any_of(listed.begin(), listed.end(), [&](std::uint32_t i) {
      return vol_doubt_until[i] != 0 && vol_doubt_until[i] <= now_ns;
    });
    if (!outlived) continue;
    collect_all_of(static_cast<UnderlyingIndex>(u));
    tell_all = true;
    events += 2;
  }
  return events;
}

// Nobody has confirmed them; an operator is told that they count from here on.
void LiveEngine::State::end_outlived_vols() noexcept {
  for (std::size_t u = 0; u < underlyings.size(); ++u) {
    const std::int32_t before = underlyings[u].vol_doubts;
    if (before == 0) continue;
    for (const std::uint32_t i : world.instruments_of[u]) {
      if (vol_doubt_until[i] <= now_ns) set_vol_doubt(i, false);
    }
    if (underlyings[u].vol_doubts == before) continue;
    const auto underlying = static_cast<UnderlyingIndex>(u);
    push_market_event(EventType::escalation, underlying, vol_degraded, vol_degraded);
    tell_vol_state(underlying, before);
  }
}

RecordStatus LiveEngine::State::release_volatilities_of(UnderlyingIndex underlying) noexcept {
  const auto u = static_cast<std::size_t>(underlying);
  const std::int32_t before = underlyings[u].vol_doubts;
  if (before == 0) return RecordStatus::out_of_range;  // there is nothing to release
  start_collecting();
  collect_all_of(underlying);
  if (const RecordStatus room = room_for_touched(1); room != RecordStatus::ok) return room;
  ++applied_seq;
  for (const std::uint32_t i : world.instruments_of[u]) set_vol_doubt(i, false);
  tell_vol_state(underlying, before);
  tell_all = true;
  settle();
  return RecordStatus::ok;
}

}  // namespace tickmargin
