// Which pockets a record touches. Nothing here changes a number or a state.
#include <algorithm>

#include "base/reserved.hpp"
#include "live/state.hpp"

namespace tickmargin {

void LiveEngine::State::collect(std::int32_t pocket) noexcept {
  live::PocketState& p = pockets[static_cast<std::size_t>(pocket)];
  if (p.touched == collecting) return;
  p.touched = collecting;
  base::put(touched, pocket);
}

void LiveEngine::State::collect_watched(UnderlyingIndex underlying) noexcept {
  const std::size_t before = touched.size();
  ladders[static_cast<std::size_t>(underlying)].watched(
      links, [&](std::int32_t link) { collect_link(link); });
  counters.watched += touched.size() - before;
}

void LiveEngine::State::collect_crossed(UnderlyingIndex underlying, double price) noexcept {
  const std::size_t before = touched.size();
  const margin::Wear wear = underlyings[static_cast<std::size_t>(underlying)].wear;
  ladders[static_cast<std::size_t>(underlying)].crossed(
      links, world.index(underlying), price,
      [&](std::int32_t link) { collect_or_ease(link, price, wear); });
  counters.crossed += touched.size() - before;
}

// `alone`: no other underlying's clocks run on with the same record.
void LiveEngine::State::collect_worn(UnderlyingIndex underlying, margin::Wear to,
                                     bool alone) noexcept {
  const auto u = static_cast<std::size_t>(underlying);
  const margin::Wear from = underlyings[u].wear;
  if (!live::Ladder::wears_most(from, to)) {
    const double price = world.index(underlying);
    ladders[u].worn(links, from, to, [&](std::int32_t link) {
      alone ? collect_or_ease(link, price, to) : collect_link(link);
    });
    return;
  }
  // Pocket by pocket, as they lie in memory.
  for (std::size_t p = 0; p < store.pocket_count(); ++p) {
    for (std::int32_t l = pockets[p].first_link; l >= 0; l = links[l].next_of_pocket) {
      const live::Link& link = links[l];
      if (link.underlying != underlying || link.watched) continue;
      if (link.wear_limit[0] < to.vol || link.wear_limit[1] < to.curve) {
        collect(static_cast<std::int32_t>(p));
      }
    }
  }
}

void LiveEngine::State::collect_all_of(UnderlyingIndex underlying) noexcept {
  for (std::size_t p = 0; p < store.pocket_count(); ++p) {
    for (std::int32_t l = pockets[p].first_link; l >= 0; l = links[l].next_of_pocket) {
      if (links[l].underlying == underlying) collect(static_cast<std::int32_t>(p));
    }
  }
}

void LiveEngine::State::collect_everyone() noexcept {
  for (std::size_t p = 0; p < store.pocket_count(); ++p) collect(static_cast<std::int32_t>(p));
}

// Room for an event of every account that may change, and for those of the market.
RecordStatus LiveEngine::State::room_for_touched(std::size_t market_events) noexcept {
  return room_for(std::min(touched.size(), accounts.size()) + market_events);
}

// Room for events and, of an engine that records, for the record itself: asked for before anything
// changes, so that what changed is always in the journal.
RecordStatus LiveEngine::State::room_for(std::size_t events) noexcept {
  if (ring.room() < events) return RecordStatus::ring_full;
  if (journal == nullptr) return RecordStatus::ok;
  if (journal->state() != journal::JournalState::running) return RecordStatus::not_durable;
  return journal->has_room() ? RecordStatus::ok : RecordStatus::ring_full;
}

void LiveEngine::State::push_market_event(EventType type, std::int32_t subject, std::uint8_t before,
                                          std::uint8_t after) noexcept {
  Event event{};
  event.type = type;
  event.account = -1;
  event.applied_seq = applied_seq;
  event.ts_ns = current.ts_ns;
  event.before = before;
  event.after = after;
  event.subject = subject;
  event.epoch = policies->epoch;
  ring.push(event);
}

}  // namespace tickmargin
