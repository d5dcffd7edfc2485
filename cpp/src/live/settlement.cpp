// The settlement window: the average of an index before an expiry, what of it is known on the way,
// and the pay-out at its end.
#include <cmath>

#include "book/settle.hpp"
#include "live/state.hpp"

namespace tickmargin {
namespace {

using live::SettlementWindow;

double days(TimeNs ns) noexcept {
  return static_cast<double>(ns) / static_cast<double>(ns_per_day);
}

}  // namespace

// ---- the average --------------------------------------------------------------------------------

// The integral of the mark over time, from which averages are taken. The mark has stood since the
// integral's last step, so a window that ends on the way ends here, exactly.
void LiveEngine::State::integrate(UnderlyingIndex underlying, TimeNs to_ns) noexcept {
  live::UnderlyingState& u = underlyings[static_cast<std::size_t>(underlying)];
  if (to_ns <= u.integral_ts_ns) return;
  const double index = world.index(underlying);
  for (SettlementWindow& w : u.windows) {
    if (w.expiry_ns == 0 || w.closed || w.expiry_ns > to_ns) continue;
    const double at_expiry = u.integral + index * days(w.expiry_ns - u.integral_ts_ns);
    w.average = (at_expiry - w.integral) / days(w.expiry_ns - w.opened_ns);
    w.closed = true;
  }
  u.integral += index * days(to_ns - u.integral_ts_ns);
  u.integral_ts_ns = to_ns;
}

SettlementWindow* LiveEngine::State::window_of(std::size_t instrument) noexcept {
  const auto u = static_cast<std::size_t>(world.instruments.underlying[instrument]);
  for (SettlementWindow& w : underlyings[u].windows) {
    if (w.expiry_ns != 0 && w.expiry_ns == world.instruments.expiry_ns[instrument]) return &w;
  }
  return nullptr;
}

// A window is opened by the first clock inside it, from where the integral stands: ticks may have
// carried that beyond the clock.
void LiveEngine::State::open_settlement_windows() noexcept {
  for (std::size_t i = 0; i < world.instruments.size(); ++i) {
    const TimeNs expiry = world.instruments.expiry_ns[i];
    if (expiry == 0 || expired[i] || now_ns > expiry ||
        now_ns < expiry - settings.settlement_window_ns) {
      continue;
    }
    if (window_of(i) != nullptr) continue;
    const UnderlyingIndex underlying = world.instruments.underlying[i];
    live::UnderlyingState& u = underlyings[static_cast<std::size_t>(underlying)];
    for (SettlementWindow& w : u.windows) {
      if (w.expiry_ns != 0) continue;
      const bool over = u.integral_ts_ns >= expiry;
      w = {expiry, u.integral_ts_ns, u.integral, over ? world.index(underlying) : 0.0, over};
      break;
    }
  }
}

// How much of each open contract's average is known, and what it is.
void LiveEngine::State::mark_settled_shares() noexcept {
  MarketColumns& c = world.reval.market.columns;
  for (std::size_t i = 0; i < world.instruments.size(); ++i) {
    if (world.instruments.expiry_ns[i] == 0 || expired[i]) continue;
    const SettlementWindow* w = window_of(i);
    if (w == nullptr) continue;
    if (w->closed) {
      c.settled_share[i] = 1.0;
      c.settled_average[i] = w->average;
      continue;
    }
    const auto u = static_cast<std::size_t>(world.instruments.underlying[i]);
    const double passed = days(underlyings[u].integral_ts_ns - w->opened_ns);
    if (!(passed > 0)) continue;
    c.settled_share[i] = passed / days(w->expiry_ns - w->opened_ns);
    c.settled_average[i] = (underlyings[u].integral - w->integral) / passed;
  }
}

// A window nobody waits for any more is free for another expiry.
void LiveEngine::State::free_settlement_window(std::size_t instrument) noexcept {
  const auto u = static_cast<std::size_t>(world.instruments.underlying[instrument]);
  for (const std::uint32_t i : world.instruments_of[u]) {
    const bool same = world.instruments.expiry_ns[i] == world.instruments.expiry_ns[instrument];
    if (same && !expired[i]) return;
  }
  if (SettlementWindow* w = window_of(instrument)) *w = {};
}

// ---- the pay-out --------------------------------------------------------------------------------

RecordStatus LiveEngine::State::apply_instrument_expiry(const Record& r) noexcept {
  const auto i = static_cast<std::size_t>(r.subject);
  if (expired[i]) return RecordStatus::expired;
  const TimeNs expiry = world.instruments.expiry_ns[i];
  const SettlementWindow* w = expiry == 0 ? nullptr : window_of(i);
  const bool known = r.value[0] > 0 || (w != nullptr && w->closed);
  if (expiry == 0 || now_ns < expiry || !known) return RecordStatus::not_expired;
  const double price = r.value[0] > 0 ? r.value[0] : w->average;
  start_collecting();
  for (std::size_t p = 0; p < store.pocket_count(); ++p) {
    for (const std::uint32_t held_instrument : store.instruments(p)) {
      if (held_instrument == i) collect(static_cast<std::int32_t>(p));
    }
  }
  // A pocket loses rows, and with them no fewer links than its new balance needs; it may gain that
  // balance, for which there has to be room in all of them before the first one changes.
  if (!store.fits_balance(touched, world.instruments.settlement_asset[i])) {
    return RecordStatus::capacity;
  }
  const std::size_t holders = touched.size();
  for (const live::RestingOrder& order : orders) {
    if (order.id != 0 && order.instrument == r.subject) collect_order(order);
  }
  if (const RecordStatus room = room_for_touched(1); room != RecordStatus::ok) return room;
  ++applied_seq;
  expired[i] = 1;
  if (!std::isnan(staged_vol[i])) {
    staged_vol[i] = base::canonical_nan;
    --underlyings[static_cast<std::size_t>(world.instruments.underlying[i])].staged;
  }
  for (std::size_t k = 0; k < holders; ++k) {
    settle_pocket(static_cast<std::size_t>(touched[k]), i, price);
  }
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
    amount += row.quantity * book::payout(world.instruments, instrument, price, row.entry);
  }
  scratch.erase_instrument(static_cast<std::uint32_t>(instrument));
  if (amount != 0) scratch.add_balance(world.instruments.settlement_asset[instrument], amount);
  unlink_pocket(pocket);
  const bool stored = store.replace(pocket, scratch);
  TICKMARGIN_ASSERT(stored);  // fits_balance() has said so before anything changed
  ++pockets[pocket].version;
  link_pocket(pocket);
}

void LiveEngine::State::drop_orders_of(InstrumentIndex instrument) noexcept {
  for (std::size_t row = 0; row < orders.size(); ++row) {
    if (orders[row].id != 0 && orders[row].instrument == instrument) {
      drop_order(static_cast<std::int32_t>(row));
    }
  }
}

}  // namespace tickmargin
