// Records of instruments and policies: listing, expiry and settlement, epochs.
#include <algorithm>
#include <cmath>

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
  InstrumentColumns& c = world.instruments;
  c.kind.push_back(static_cast<Kind>(kind));
  c.payoff.push_back(static_cast<Payoff>(payoff));
  c.underlying.push_back(r.account);
  c.settlement_asset.push_back(r.pocket);
  c.multiplier.push_back(r.value[0]);
  c.strike.push_back(option ? r.value[1] : 0.0);
  c.expiry_ns.push_back(expiry);
  c.is_call.push_back(is_call);
  c.bachelier.push_back(bachelier);
  MarketColumns& m = world.reval.market.columns;
  const double index = world.index(r.account);
  const bool marked = !option && r.value[2] > 0;
  m.mark_price.push_back(marked ? r.value[2] : base::canonical_nan);
  m.mark_vol_annual.push_back(option && r.value[2] > 0 ? r.value[2] : base::canonical_nan);
  m.mark_vol_normal_annual.push_back(base::canonical_nan);
  world.reval.market.mark_ratio.push_back(marked ? r.value[2] / index : base::canonical_nan);
  world.list(static_cast<std::uint32_t>(n));
  expired.push_back(0);
  ++applied_seq;
  return RecordStatus::ok;
}

// ---- expiry -------------------------------------------------------------------------------------

// A window is opened by the first clock inside it, from the newest time heard of the index on: what
// stood between the clock and a tick ahead of it is not known any more.
void LiveEngine::State::open_settlement_windows() noexcept {
  for (std::size_t i = 0; i < world.instruments.size(); ++i) {
    const TimeNs expiry = world.instruments.expiry_ns[i];
    if (expiry == 0 || expired[i] || now_ns > expiry ||
        now_ns < expiry - settings.settlement_window_ns) {
      continue;
    }
    live::UnderlyingState& u =
        underlyings[static_cast<std::size_t>(world.instruments.underlying[i])];
    live::SettlementWindow* free = nullptr;
    bool open = false;
    for (live::SettlementWindow& w : u.windows) {
      open |= w.expiry_ns == expiry;
      if (free == nullptr && w.expiry_ns == 0) free = &w;
    }
    if (open || free == nullptr) continue;
    *free = {expiry, u.integral_ts_ns, 0.0, 0.0, false};
  }
}

void LiveEngine::State::close_settlement_windows() noexcept {
  for (std::size_t u = 0; u < underlyings.size(); ++u) {
    for (live::SettlementWindow& w : underlyings[u].windows) {
      if (w.expiry_ns == 0 || w.closed || now_ns < w.expiry_ns) continue;
      const double days = static_cast<double>(w.expiry_ns - w.opened_ns) /
                          static_cast<double>(ns_per_day);
      w.average = days > 0 ? w.integral / days : world.index(static_cast<UnderlyingIndex>(u));
      w.closed = true;
    }
  }
}

// The window of an expiry is another's once all that settle by it have settled.
void LiveEngine::State::free_settlement_window(std::size_t instrument) noexcept {
  const InstrumentColumns& c = world.instruments;
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (!expired[i] && c.underlying[i] == c.underlying[instrument] &&
        c.expiry_ns[i] == c.expiry_ns[instrument]) {
      return;
    }
  }
  for (live::SettlementWindow& w :
       underlyings[static_cast<std::size_t>(c.underlying[instrument])].windows) {
    if (w.expiry_ns == c.expiry_ns[instrument]) w = {};
  }
}

double LiveEngine::State::settlement_price(std::size_t instrument) const noexcept {
  const auto u = static_cast<std::size_t>(world.instruments.underlying[instrument]);
  for (const live::SettlementWindow& w : underlyings[u].windows) {
    if (w.expiry_ns == world.instruments.expiry_ns[instrument] && w.closed) return w.average;
  }
  return base::canonical_nan;
}

// What one contract pays at expiry, in its settlement asset. `entry` is the entry term.
double LiveEngine::State::payout(std::size_t i, double price, double entry) const noexcept {
  const InstrumentColumns& c = world.instruments;
  if (c.kind[i] == Kind::future) {
    const double gain = c.payoff[i] == Payoff::inverse ? entry - 1.0 / price : price - entry;
    return c.multiplier[i] * gain;
  }
  const double intrinsic =
      std::max(c.is_call[i] ? price - c.strike[i] : c.strike[i] - price, 0.0);
  return c.multiplier[i] * (c.payoff[i] == Payoff::coin ? intrinsic / price : intrinsic);
}

RecordStatus LiveEngine::State::apply_instrument_expiry(const Record& r) noexcept {
  const auto i = static_cast<std::size_t>(r.subject);
  if (expired[i]) return RecordStatus::expired;
  const TimeNs expiry = world.instruments.expiry_ns[i];
  const double price = r.value[0] > 0 ? r.value[0] : settlement_price(i);
  if (expiry == 0 || now_ns < expiry || std::isnan(price)) return RecordStatus::not_expired;
  start_collecting();
  for (std::size_t p = 0; p < store.pocket_count(); ++p) {
    for (const std::uint32_t held_instrument : store.instruments(p)) {
      if (held_instrument == i) collect(static_cast<std::int32_t>(p));
    }
  }
  if (!has_room(1)) return RecordStatus::ring_full;
  // A pocket loses rows and gains at most one balance: that there is room is known beforehand.
  if (!links.has(touched.size())) return RecordStatus::capacity;
  ++applied_seq;
  expired[i] = 1;
  if (!std::isnan(staged_vol[i])) {
    staged_vol[i] = base::canonical_nan;
    --underlyings[static_cast<std::size_t>(world.instruments.underlying[i])].staged;
  }
  for (const std::int32_t pocket : touched) settle_pocket(static_cast<std::size_t>(pocket), i, price);
  drop_orders_of(r.subject);
  free_settlement_window(i);
  push_market_event(EventType::settlement, r.subject, 0, 1);
  settle();
  return RecordStatus::ok;
}

void LiveEngine::State::settle_pocket(std::size_t pocket, std::size_t instrument,
                                      double price) noexcept {
  load_scratch(static_cast<std::int32_t>(pocket));
  double amount = 0;
  for (const book::PositionRow& row : scratch.positions()) {
    if (row.instrument != instrument) continue;
    amount += row.quantity * payout(instrument, price, row.entry);
  }
  scratch.erase_instrument(static_cast<std::uint32_t>(instrument));
  if (amount != 0) scratch.add_balance(world.instruments.settlement_asset[instrument], amount);
  unlink_pocket(pocket);
  const bool stored = store.replace(pocket, scratch);
  TICKMARGIN_ASSERT(stored);
  link_pocket(pocket);
}

void LiveEngine::State::drop_orders_of(InstrumentIndex instrument) noexcept {
  for (std::size_t row = 0; row < orders.size(); ++row) {
    if (orders[row].id != 0 && orders[row].instrument == instrument) {
      drop_order(static_cast<std::int32_t>(row));
    }
  }
}

// ---- blocked liquidations ----------------------------------------------------------------------

// A guard that blocks has a time limit: past it, the account is told again, as an escalation.
void LiveEngine::State::collect_blocked_too_long() noexcept {
  escalating.clear();
  for (std::size_t a = 0; a < accounts.size(); ++a) {
    const live::AccountState& account = accounts[a];
    if (account.blocked && !account.escalated &&
        now_ns - account.blocked_since_ns >= settings.liquidation_block_limit_ns) {
      escalating.push_back(static_cast<AccountIndex>(a));
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
  start_collecting();
  collect_everyone();
  if (!has_room(1)) return RecordStatus::ring_full;
  ++applied_seq;
  std::swap(policies, *next);
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
