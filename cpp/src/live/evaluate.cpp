// From one pocket's rows to its state, and from states to events.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/reserved.hpp"
#include "engine/binding.hpp"
#include "live/state.hpp"

namespace tickmargin {

using live::AccountState;
using live::Evaluated;
using live::PocketState;

live::PolicyGrid& LiveEngine::State::grid_of(std::size_t pocket) noexcept {
  const auto account = static_cast<std::size_t>(store.account_of(pocket));
  return policies->grids[static_cast<std::size_t>(policies->set.account_policy[account])];
}

// Orders that may add to a pocket's positions, in the order a book keeps them.
std::span<const book::OrderRow> LiveEngine::State::orders_of(AccountIndex account,
                                                             std::int32_t pocket) noexcept {
  order_rows.clear();
  std::int32_t o = accounts[static_cast<std::size_t>(account)].first_order;
  for (; o >= 0; o = orders[static_cast<std::size_t>(o)].next) {
    const live::RestingOrder& order = orders[static_cast<std::size_t>(o)];
    if (order.pocket != pocket || (order.flags & flag_reduce_only) != 0) continue;
    base::put(order_rows,
              {static_cast<std::uint32_t>(order.instrument), order.quantity, order.price});
  }
  const auto key = [&](const book::OrderRow& o_row) {
    return std::make_tuple(world.instruments.underlying[o_row.instrument], o_row.instrument,
                           o_row.quantity, o_row.price);
  };
  std::sort(order_rows.begin(), order_rows.end(),
            [&](const book::OrderRow& a, const book::OrderRow& b) { return key(a) < key(b); });
  return order_rows;
}

void LiveEngine::State::refresh_orders(std::span<const book::OrderRow> resting,
                                       live::PolicyGrid& grid) noexcept {
  for (const book::OrderRow& order : resting) world.refresh_profits(order.instrument, grid);
}

book::PocketRows LiveEngine::State::rows_of(std::size_t pocket) noexcept {
  book::PocketRows rows = store.rows(pocket, world.instruments, units);
  rows.orders = orders_of(store.account_of(pocket), store.name_of(pocket));
  return rows;
}

// The policy of a pocket's account before the epoch whose ramp is running.
live::PolicyGrid& LiveEngine::State::grid_before(std::size_t pocket) noexcept {
  const auto account = static_cast<std::size_t>(store.account_of(pocket));
  const auto policy = static_cast<std::size_t>(previous_policies->set.account_policy[account]);
  return previous_policies->grids[policy];
}

// The share of the grace period that is still to come. The clock may stand before its start.
double LiveEngine::State::ramp_left() const noexcept {
  const TimeNs elapsed = std::clamp<TimeNs>(now_ns - grace.started_ns, 0, grace.length_ns);
  return 1.0 - static_cast<double>(elapsed) / static_cast<double>(grace.length_ns);
}

Evaluated LiveEngine::State::evaluate(std::size_t pocket) noexcept {
  live::PolicyGrid& grid = grid_of(pocket);
  const book::PocketRows rows = rows_of(pocket);
  world.refresh(rows, grid);
  refresh_orders(rows.orders, grid);
  engine::Ramp ramp;
  if (ramping()) {
    live::PolicyGrid& before = grid_before(pocket);
    world.refresh(rows, before);
    ramp = {&before.state, ramp_left()};
  }
  const engine::Measured m =
      engine::measure_pocket(world.reval, grid.state, rows, work, nullptr, ramp);
  ++counters.evaluated;
  return {monitor::decide(m.amounts, grid.state.policy->levels, scale, m.status), m.amounts, &grid};
}

// The numbers as of the last record: those that it decided, or an evaluation.
const monitor::Decision& LiveEngine::State::decision_of(std::size_t pocket) noexcept {
  live::Decided& d = decided[pocket];
  if (d.applied_seq != applied_seq) d = {applied_seq, evaluate(pocket).decision};
  return d.decision;
}

// Sixty-four such amounts reach the ledger's end. No band looks out for that, so pockets of them
// have none, and what they add up to is looked at whenever one of the account's is.
bool LiveEngine::State::is_vast(double amount) const noexcept {
  constexpr double ticks = 72057594037927936.0;  // 2^56
  return std::fabs(amount) * scale.per_unit >= ticks;
}

bool LiveEngine::State::is_vast(const monitor::Amounts& a) const noexcept {
  return is_vast(a.equity_initial) || is_vast(a.equity_maintenance) || is_vast(a.initial_margin) ||
         is_vast(a.maintenance_margin) || is_vast(a.value_after_close_out);
}

bool LiveEngine::State::sum_may_not_fit(std::size_t account) const noexcept {
  if (accounts[account].status == Status::overflow) return true;
  for (std::int32_t p = store.first_pocket(account); p >= 0;
       p = store.next_pocket(static_cast<std::size_t>(p))) {
    if (pockets[static_cast<std::size_t>(p)].vast) return true;
  }
  return false;
}

bool LiveEngine::State::liquidation_blocked(std::size_t pocket) const noexcept {
  for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
    const auto u = static_cast<std::size_t>(links[l].underlying);
    if (underlyings[u].guard.mark_state != MarkState::ready) return true;
    if (holds_doubtful_vol(pocket, links[l].underlying)) return true;
  }
  return false;
}

LiveAccount LiveEngine::State::read_account(AccountIndex account) noexcept {
  const auto a = static_cast<std::size_t>(account);
  LiveAccount row{};
  row.policy = policies->set.account_policy[a];
  row.applied_seq = applied_seq;
  row.epoch = policies->epoch;
  tickmargin::State state = tickmargin::State::healthy;
  bool undecidable = false, blocked = false;
  engine::Binding binding;
  for (std::int32_t p = store.first_pocket(a); p >= 0;
       p = store.next_pocket(static_cast<std::size_t>(p))) {
    const auto pocket = static_cast<std::size_t>(p);
    if (store.is_nothing(pocket)) continue;
    const monitor::Decision& d = decision_of(pocket);
    undecidable |= d.state == tickmargin::State::undecidable;
    row.status = first_of(row.status, d.status);
    state = std::max(state, pockets[pocket].state);
    blocked |=
        pockets[pocket].state >= tickmargin::State::liquidating && liquidation_blocked(pocket);
    const bool fits =
        base::checked_add(row.equity, d.equity, &row.equity) &&
        base::checked_add(row.equity_initial, d.equity_initial, &row.equity_initial) &&
        base::checked_add(row.initial_margin, d.initial_margin, &row.initial_margin) &&
        base::checked_add(row.maintenance_margin, d.maintenance_margin, &row.maintenance_margin);
    if (!fits) {
      undecidable = true;
      row.status = first_of(row.status, Status::overflow);
    }
    binding.takes(store.holds(pocket), d);
    row.breach |= d.equity_initial < d.initial_margin;
  }
  row.slack = binding.slack;
  if (undecidable) {
    row.equity = row.equity_initial = row.initial_margin = row.maintenance_margin = row.slack = 0;
    row.breach = 0;
    state = tickmargin::State::undecidable;
  } else if (blocked) {
    // Nothing irreversible is done on a price in doubt; the call stands.
    state = tickmargin::State::margin_call;
  }
  row.state = state;
  row.liquidation_blocked = blocked && !undecidable;
  row.since_ns = accounts[a].since_ns;
  return row;
}

// Nothing of them is kept: a tick moves the Greeks of pockets that it need not touch.
std::size_t LiveEngine::State::read_units(AccountIndex account, std::span<UnitRow> out) noexcept {
  std::size_t count = 0;
  for (std::int32_t p = store.first_pocket(static_cast<std::size_t>(account)); p >= 0;
       p = store.next_pocket(static_cast<std::size_t>(p))) {
    const auto pocket = static_cast<std::size_t>(p);
    if (store.is_nothing(pocket)) continue;
    evaluate(pocket);
    for (std::size_t u = 0; u < work.value.units.size(); ++u, ++count) {
      if (count < out.size()) out[count] = engine::unit_row(work, u, store.name_of(pocket));
    }
  }
  return count;
}

// Compares an account with what was last told of it; one event a record at most.
void LiveEngine::State::tell(AccountIndex account) noexcept {
  AccountState& told = accounts[static_cast<std::size_t>(account)];
  if (told.told == applied_seq) return;
  told.told = applied_seq;
  LiveAccount row = read_account(account);
  const bool blocked = row.liquidation_blocked != 0;
  const bool changed =
      row.state != told.state || row.status != told.status || blocked != told.blocked;
  if (changed) {
    Event event{};
    event.type = EventType::account;
    event.flags = static_cast<std::uint16_t>((row.breach ? event_breach : 0) |
                                             (blocked ? event_liquidation_blocked : 0));
    event.account = account;
    event.applied_seq = applied_seq;
    event.ts_ns = current.ts_ns;
    event.before = static_cast<std::uint8_t>(told.state);
    event.after = static_cast<std::uint8_t>(row.state);
    event.status = row.status;
    event.subject = current.type == RecordType::index_tick ? current.subject : -1;
    event.equity_ticks = row.equity;
    event.maintenance_ticks = row.maintenance_margin;
    event.slack_ticks = row.slack;
    event.epoch = row.epoch;
    ring.push(event);
    if (row.state != told.state) told.since_ns = now_ns;
    if (blocked && !told.blocked) told.blocked_since_ns = now_ns;
    if (!blocked) told.escalated = false;
    told.state = row.state;
    told.status = row.status;
    told.blocked = blocked;
  }
  row.since_ns = told.since_ns;
  published.write(static_cast<std::size_t>(account), row);
}

// Decides one pocket and renews its bands as far as the record's budget goes; whether anything that
// is told of it changed.
bool LiveEngine::State::decide(std::size_t pocket) noexcept {
  PocketState& p = pockets[pocket];
  const PocketState before = p;
  const Evaluated e = evaluate(pocket);
  decided[pocket] = {applied_seq, e.decision};
  p.undecidable = e.decision.state == tickmargin::State::undecidable;
  p.status = e.decision.status;
  p.vast = is_vast(e.amounts);
  if (!p.undecidable) {
    p.state = monitor::next_state(p.state, e.decision, e.amounts, e.grid->state.policy->levels,
                                  settings.hysteresis_ratio, scale);
  }
  if (ramping()) {
    watch_pocket(pocket);  // until its end, which touches every pocket
  } else if (budget > 0) {
    --budget;
    renew(pocket, e);
  } else {
    watch_pocket(pocket);
    queue(pocket);
  }
  return p.state != before.state || p.undecidable != before.undecidable ||
         p.status != before.status;
}

// Whether a record touches so many pockets that it goes through all of them in order.
bool LiveEngine::State::sweeps() const noexcept {
  return 2 * touched.size() >= store.pocket_count() &&
         4 * touched.size() >= world.instruments.size();
}

// In the order of accounts.
void LiveEngine::State::sort_touched(bool sweep) noexcept {
  if (!sweep) {
    std::sort(touched.begin(), touched.end(), [&](std::int32_t a, std::int32_t b) {
      const AccountIndex x = store.account_of(static_cast<std::size_t>(a));
      const AccountIndex y = store.account_of(static_cast<std::size_t>(b));
      return x != y ? x < y : a < b;
    });
    return;
  }
  touched.clear();
  for (std::size_t a = 0; a < accounts.size(); ++a) {
    for (std::int32_t p = store.first_pocket(a); p >= 0;
         p = store.next_pocket(static_cast<std::size_t>(p))) {
      if (pockets[static_cast<std::size_t>(p)].touched == collecting) base::put(touched, p);
    }
  }
}

// What the touched pockets will ask for one by one, in whole batches. A number has the same bits
// whichever rows are computed with it.
void LiveEngine::State::fill_ahead(bool sweep, bool draws) noexcept {
  if (touched.size() < 2) return;
  for (const std::int32_t t : touched) {
    if (sweep) break;
    const auto pocket = static_cast<std::size_t>(t);
    world.want(store.instruments(pocket), collecting, grid_of(pocket));
  }
  for (live::PolicyGrid& grid : policies->grids) {
    const bool bands = draws && settings.bands && margin::policy_is_bounded(*grid.state.policy);
    if (sweep) {
      world.refresh_all(bands, grid);
    } else if (!grid.wanted.empty()) {
      world.refresh_wanted(bands, grid);
    }
  }
}

// All links taken off and put back pocket by pocket, those of touched pockets on the watch lists:
// one by one each would be taken out from among seven others somewhere in memory. How many pockets
// were on the ladders with some link.
std::size_t LiveEngine::State::watch_touched() noexcept {
  std::size_t taken_off = 0;
  for (live::Ladder& ladder : ladders) ladder.clear();
  for (std::size_t p = 0; p < store.pocket_count(); ++p) {
    const bool touches = pockets[p].touched == collecting;
    bool placed = false;
    for (std::int32_t l = pockets[p].first_link; l >= 0; l = links[l].next_of_pocket) {
      live::Ladder& ladder = ladders[static_cast<std::size_t>(links[l].underlying)];
      placed |= !links[l].watched;
      touches || links[l].watched ? ladder.watch(links, l) : ladder.place(links, l);
    }
    taken_off += touches && placed;
  }
  return taken_off;
}

// Whether what a pocket holds now depends on other marks than before: its state is the same, what
// may be done about it is not.
bool LiveEngine::State::blocking_changed(std::size_t pocket) const noexcept {
  const auto account = static_cast<std::size_t>(store.account_of(pocket));
  return pockets[pocket].state >= tickmargin::State::liquidating &&
         liquidation_blocked(pocket) != accounts[account].blocked;
}

// Decides every touched pocket, in the order of accounts, and tells what changed.
void LiveEngine::State::settle() noexcept {
  const bool sweep = sweeps();
  ease_bands();
  sort_touched(sweep);
  const std::size_t pocket_count = store.pocket_count();
  const std::size_t taken_off = sweep ? watch_touched() : 0;
  counters.sweeps += sweep;
  // A pocket left on the watch list costs an evaluation with every record until its turn comes, so
  // bands are drawn at once for as many as keep the record at the cost of a sweep or little above;
  // but none beyond the least by a record that ends most of them, as the next ones draw theirs.
  if (2 * taken_off < pocket_count) {
    budget = std::max({budget, static_cast<std::int32_t>(pocket_count / 16),
                       static_cast<std::int32_t>((pocket_count - touched.size()) / 8)});
  }
  fill_ahead(sweep, budget > settings.renewals_per_record);
  to_tell.clear();
  for (const std::int32_t t : touched) {
    const auto pocket = static_cast<std::size_t>(t);
    const bool changed = decide(pocket);
    const AccountIndex account = store.account_of(pocket);
    if (changed || tell_all || blocking_changed(pocket) ||
        sum_may_not_fit(static_cast<std::size_t>(account))) {
      base::put(to_tell, account);
    }
  }
  for (const AccountIndex account : to_tell) tell(account);
  tell_all = false;
}

}  // namespace tickmargin
