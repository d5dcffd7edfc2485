// Records of instruments and policies: listing, epochs.
#include <algorithm>
#include <cmath>

#include "base/reserved.hpp"
#include "live/state.hpp"

namespace tickmargin {

// ---- listing ------------------------------------------------------------------------------------

RecordStatus LiveEngine::State::apply_instrument_listing(const Record& r) noexcept {
  const std::size_t n = world.instruments.size();
  const auto packed = static_cast<std::uint32_t>(r.detail);
  const auto kind = static_cast<std::uint8_t>(packed & 0xff);
  const auto payoff = static_cast<std::uint8_t>(packed >> 8 & 0xff);
  const auto is_call = static_cast<std::uint8_t>(packed >> 16 & 0xff);
  const auto bachelier = static_cast<std::uint8_t>(packed >> 24 & 0xff);
  const auto expiry = static_cast<TimeNs>(r.sequence);
  const bool option = kind == static_cast<std::uint8_t>(Kind::option);
  // An id is given once: the next row, never one that was there.
  if (static_cast<std::size_t>(r.subject) < n) return RecordStatus::conflicting;
  if (expiry != 0 && expiry <= now_ns) return RecordStatus::expired;
  if (n == capacity.instruments) return RecordStatus::capacity;
  if (const RecordStatus room = room_for(0); room != RecordStatus::ok) return room;
  InstrumentColumns& c = world.instruments;
  base::put(c.kind, static_cast<Kind>(kind));
  base::put(c.payoff, static_cast<Payoff>(payoff));
  base::put(c.underlying, r.account);
  base::put(c.settlement_asset, r.pocket);
  base::put(c.multiplier, r.value[0]);
  base::put(c.strike, option ? r.value[1] : 0.0);
  base::put(c.expiry_ns, expiry);
  base::put(c.is_call, is_call);
  base::put(c.bachelier, bachelier);
  base::put(c.funding_period_years, 0);
  base::put(c.funding_rate_annual, 0);
  MarketColumns& m = world.reval.market.columns;
  const double index = world.index(r.account);
  const bool marked = !option && r.value[2] > 0;
  base::put(m.mark_price, marked ? r.value[2] : base::canonical_nan);
  base::put(m.mark_vol_annual, option && r.value[2] > 0 ? r.value[2] : base::canonical_nan);
  base::put(m.mark_vol_normal_annual, base::canonical_nan);
  if (!m.mark_confidence.empty()) base::put(m.mark_confidence, base::canonical_nan);
  base::put(m.settled_share, 0.0);
  base::put(m.settled_average, 0.0);
  base::put(world.reval.market.mark_ratio, marked ? r.value[2] / index : base::canonical_nan);
  world.list(static_cast<std::uint32_t>(n));
  base::put(expired, 0);
  ++applied_seq;
  return RecordStatus::ok;
}

// ---- blocked liquidations ----------------------------------------------------------------------

// A guard that blocks has a time limit: past it, the account is told again, as an escalation.
void LiveEngine::State::collect_blocked_too_long() noexcept {
  escalating.clear();
  for (std::size_t a = 0; a < accounts.size(); ++a) {
    const live::AccountState& account = accounts[a];
    if (account.blocked && !account.escalated &&
        now_ns - account.blocked_since_ns >= settings.liquidation_block_limit_ns) {
      base::put(escalating, static_cast<AccountIndex>(a));
    }
  }
}

void LiveEngine::State::escalate_blocked() noexcept {
  for (const AccountIndex account : escalating) {
    live::AccountState& told = accounts[static_cast<std::size_t>(account)];
    if (!told.blocked) continue;  // settled by this very record
    told.escalated = true;
    Event event{};
    event.type = EventType::escalation;
    event.flags = event_liquidation_blocked;
    event.account = account;
    event.applied_seq = applied_seq;
    event.ts_ns = current.ts_ns;
    event.before = event.after = static_cast<std::uint8_t>(told.state);
    event.subject = -1;
    event.epoch = policies->epoch;
    ring.push(event);
  }
}

// ---- policies -----------------------------------------------------------------------------------

RecordStatus LiveEngine::State::apply_policy_epoch(const Record& r) noexcept {
  const bool rollback = (r.flags & flag_rollback) != 0;
  std::unique_ptr<live::PolicyWorld>* next = nullptr;
  if (rollback) {
    if (previous_policies && previous_policies->epoch == r.sequence) next = &previous_policies;
  } else {
    for (std::unique_ptr<live::PolicyWorld>& waiting : staged) {
      if (r.sequence == live::retired_epoch) break;
      if (waiting && waiting->epoch == r.sequence) next = &waiting;
    }
  }
  if (next == nullptr) return RecordStatus::unknown_epoch;
  const auto grace_ns = static_cast<TimeNs>(r.value[0] * 1e9 + 0.5);
  // There is one figure to come from, not two.
  if (ramping() && grace_ns != 0) return RecordStatus::conflicting;
  start_collecting();
  collect_everyone();
  if (const RecordStatus room = room_for_touched(1); room != RecordStatus::ok) return room;
  ++applied_seq;
  std::swap(policies, *next);
  grace = grace_ns != 0 ? live::GracePeriod{r.ts_ns, grace_ns} : live::GracePeriod{};
  // What was in force is what a rollback returns to; what was before that is gone.
  if (!rollback) {
    std::swap(previous_policies, *next);
    if (*next) (*next)->epoch = live::retired_epoch;
  }
  for (std::size_t u = 0; u < world.underlying_count(); ++u) {
    for (live::PolicyGrid& grid : policies->grids) {
      world.refresh_scenarios(grid, static_cast<UnderlyingIndex>(u));
    }
  }
  measure_shocks();
  push_market_event(EventType::epoch, rollback ? 1 : 0, 0, 0);
  settle();
  return RecordStatus::ok;
}

}  // namespace tickmargin
