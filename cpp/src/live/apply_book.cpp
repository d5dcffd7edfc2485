// Records of accounts: fills, resting orders, transfers, chains.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "base/assert.hpp"
#include "base/reserved.hpp"
#include "live/state.hpp"

namespace tickmargin {
namespace {

bool same_bits(double a, double b) noexcept {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

}  // namespace

// The record's pocket, or that of the account's own that has yet to be made; -1: no room for it.
std::int32_t LiveEngine::State::pocket_of(const Record& r) const noexcept {
  const std::int32_t pocket = store.find(r.account, r.pocket);
  if (pocket >= 0) return pocket;
  return store.can_add() ? static_cast<std::int32_t>(store.pocket_count()) : -1;
}

// Loads `scratch` with the rows of a pocket, none for one that is not there yet.
void LiveEngine::State::load_scratch(std::int32_t pocket) noexcept {
  scratch.clear();
  if (static_cast<std::size_t>(pocket) < store.pocket_count()) {
    scratch.assign(store.rows(static_cast<std::size_t>(pocket), world.instruments, units));
  }
}

// Whether the rows in `scratch` fit into the pocket and its links into their table.
bool LiveEngine::State::scratch_fits(std::int32_t pocket) const noexcept {
  if (scratch.positions().size() > capacity.pocket_positions) return false;
  if (!store.fits(static_cast<std::size_t>(pocket), scratch)) return false;
  return links.has(4 * (scratch.positions().size() + scratch.balance_asset().size()));
}

// Puts the rows of `scratch` in the pocket's place and decides it anew.
void LiveEngine::State::commit_scratch(const Record& r, std::int32_t pocket) noexcept {
  auto p = static_cast<std::size_t>(pocket);
  if (p == store.pocket_count()) {
    p = static_cast<std::size_t>(store.add(r.account, r.pocket));
    pockets[p] = {};
  } else {
    unlink_pocket(p);
  }
  const bool replaced = store.replace(p, scratch);
  TICKMARGIN_ASSERT(replaced);  // scratch_fits has seen the room
  ++pockets[p].version;
  link_pocket(p);
  collect(static_cast<std::int32_t>(p));
}

RecordStatus LiveEngine::State::apply_fill(const Record& r) noexcept {
  const auto i = static_cast<std::size_t>(r.subject);
  std::int32_t order = -1;
  if (r.sequence != 0) {
    order = order_ids.find(r.sequence);
    if (order < 0) return RecordStatus::unknown_order;
    const live::RestingOrder& o = orders[static_cast<std::size_t>(order)];
    if (o.account != r.account || o.pocket != r.pocket || o.instrument != r.subject ||
        (o.quantity < 0) != (r.value[0] < 0) || std::fabs(r.value[0]) > std::fabs(o.quantity)) {
      return RecordStatus::conflicting;
    }
  }
  if (has_expired(i)) return RecordStatus::expired;
  const std::int32_t pocket = pocket_of(r);
  if (pocket < 0) return RecordStatus::capacity;
  load_scratch(pocket);
  scratch.fill(world.instruments, {static_cast<std::uint32_t>(i), r.value[0],
                                   book::entry_term(world.instruments.payoff[i], r.value[1])});
  if (!scratch_fits(pocket)) return RecordStatus::capacity;
  if (leaves_ledger(r, pocket)) return RecordStatus::out_of_range;
  start_collecting();
  if (const RecordStatus room = room_for(1); room != RecordStatus::ok) return room;
  if (order >= 0) {
    live::RestingOrder& o = orders[static_cast<std::size_t>(order)];
    o.quantity -= r.value[0];
    if (o.quantity == 0) drop_order(order);
  }
  ++applied_seq;
  commit_scratch(r, pocket);
  settle();
  return RecordStatus::ok;
}

// ---- resting orders -----------------------------------------------------------------------------

RecordStatus LiveEngine::State::apply_order(const Record& r) noexcept {
  const auto i = static_cast<std::size_t>(r.subject);
  const live::RestingOrder order{r.sequence, r.account, r.pocket,   r.subject, r.value[0],
                                 r.value[1], r.flags,   r.value[0], r.ts_ns,   -1};
  const std::int32_t known = order_ids.find(r.sequence);
  if (known >= 0) {
    return same_order(orders[static_cast<std::size_t>(known)], order) ? RecordStatus::duplicate
                                                                      : RecordStatus::conflicting;
  }
  if (has_expired(i)) return RecordStatus::expired;
  if (order_ids.full()) return RecordStatus::capacity;
  if (leaves_ledger(r, -1)) return RecordStatus::out_of_range;
  start_collecting();
  collect_order(order);
  if (const RecordStatus room = room_for_touched(0); room != RecordStatus::ok) return room;
  add_order(order);
  ++applied_seq;
  if (!touched.empty()) settle();
  return RecordStatus::ok;
}

// An order moves initial margin alone, which no state follows from, unless it leaves the ledger.
void LiveEngine::State::collect_order(const live::RestingOrder& order) noexcept {
  const std::int32_t pocket = store.find(order.account, order.pocket);
  if (pocket < 0 || store.is_nothing(static_cast<std::size_t>(pocket))) return;
  const auto i = static_cast<std::size_t>(order.instrument);
  const UnderlyingIndex u = world.instruments.underlying[i];
  const double index = world.instruments.payoff[i] == Payoff::inverse ? 1.0 : world.index(u);
  const double worth = std::fabs(order.quantity) * world.instruments.multiplier[i] *
                       std::max(index, order.price) * market::quote_price(world.reval.market, u);
  const live::PocketState& p = pockets[static_cast<std::size_t>(pocket)];
  if (p.vast || p.undecidable || is_vast(worth)) collect(pocket);
}

// Whether two were sent as one, whatever has traded of either since.
bool LiveEngine::State::same_order(const live::RestingOrder& a,
                                   const live::RestingOrder& b) noexcept {
  return a.account == b.account && a.pocket == b.pocket && a.instrument == b.instrument &&
         same_bits(a.ordered, b.ordered) && same_bits(a.price, b.price) && a.flags == b.flags &&
         a.ts_ns == b.ts_ns;
}

// The list of an account's orders is kept by id, so that it does not depend on how it came to be.
void LiveEngine::State::add_order(const live::RestingOrder& order) noexcept {
  const std::int32_t row = free_orders.back();
  free_orders.pop_back();
  live::RestingOrder& o = orders[static_cast<std::size_t>(row)];
  o = order;
  order_ids.insert(o.id, row);
  std::int32_t* link = &accounts[static_cast<std::size_t>(o.account)].first_order;
  while (*link >= 0 && orders[static_cast<std::size_t>(*link)].id < o.id) {
    link = &orders[static_cast<std::size_t>(*link)].next;
  }
  o.next = *link;
  *link = row;
}

void LiveEngine::State::drop_order(std::int32_t row) noexcept {
  live::RestingOrder& o = orders[static_cast<std::size_t>(row)];
  std::int32_t* link = &accounts[static_cast<std::size_t>(o.account)].first_order;
  while (*link != row) link = &orders[static_cast<std::size_t>(*link)].next;
  *link = o.next;
  order_ids.erase(o.id);
  o = {};
  base::put(free_orders, row);
}

RecordStatus LiveEngine::State::apply_cancel(const Record& r) noexcept {
  const std::int32_t row = order_ids.find(r.sequence);
  if (r.sequence == 0 || row < 0) return RecordStatus::unknown_order;
  start_collecting();
  collect_order(orders[static_cast<std::size_t>(row)]);
  if (const RecordStatus room = room_for_touched(0); room != RecordStatus::ok) return room;
  drop_order(row);
  ++applied_seq;
  if (!touched.empty()) settle();
  return RecordStatus::ok;
}

// ---- transfers ----------------------------------------------------------------------------------

bool LiveEngine::State::is_halted(AssetIndex asset) const noexcept {
  return chain_halted[static_cast<std::size_t>(
             settings.asset_chain[static_cast<std::size_t>(asset)])] != 0;
}

// The last row takes the place of the one that goes.
void LiveEngine::State::drop_transfer(std::size_t row) noexcept {
  transfer_ids.erase(transfers[row].id);
  const std::size_t last = --transfer_count;
  if (row != last) {
    transfers[row] = transfers[last];
    transfer_ids.erase(transfers[row].id);
    transfer_ids.insert(transfers[row].id, static_cast<std::int32_t>(row));
  }
  transfers[last] = {};
}

// Deposits that can no longer be reversed leave the table. Their times may stand in any order: each
// is at or after the clock when it comes.
void LiveEngine::State::finalise_transfers(TimeNs now) noexcept {
  for (std::size_t row = 0; row < transfer_count;) {
    if (now - transfers[row].ts_ns < settings.transfer_finality_ns) {
      ++row;
    } else {
      drop_transfer(row);
    }
  }
}

RecordStatus LiveEngine::State::apply_deposit(const Record& r) noexcept {
  const std::int32_t known = transfer_ids.find(r.sequence);
  if (known >= 0) {
    const live::Transfer& t = transfers[static_cast<std::size_t>(known)];
    const bool same = t.account == r.account && t.pocket == r.pocket && t.asset == r.subject &&
                      t.ts_ns == r.ts_ns && same_bits(t.amount, r.value[0]);
    return same ? RecordStatus::duplicate : RecordStatus::conflicting;
  }
  if (is_halted(r.subject)) return RecordStatus::chain_halted;
  if (transfer_count == transfers.size()) return RecordStatus::capacity;
  const RecordStatus status = move_balance(r, r.account, r.pocket, r.subject, r.value[0]);
  if (status != RecordStatus::ok) return status;
  const std::size_t row = transfer_count++;
  transfers[row] = {r.sequence, r.account, r.pocket, r.subject, r.ts_ns, r.value[0]};
  transfer_ids.insert(r.sequence, static_cast<std::int32_t>(row));
  settle();
  return RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply_deposit_reversed(const Record& r) noexcept {
  const std::int32_t row = transfer_ids.find(r.sequence);
  if (r.sequence == 0 || row < 0) return RecordStatus::unknown_transfer;
  const live::Transfer& t = transfers[static_cast<std::size_t>(row)];
  const RecordStatus status = move_balance(r, t.account, t.pocket, t.asset, -t.amount);
  if (status != RecordStatus::ok) return status;
  drop_transfer(static_cast<std::size_t>(row));
  settle();
  return RecordStatus::ok;
}

// Adds an amount to a balance; the pocket is then to be settled.
RecordStatus LiveEngine::State::move_balance(const Record& r, AccountIndex account,
                                             std::int32_t name, AssetIndex asset,
                                             double amount) noexcept {
  Record own = r;
  own.account = account;
  own.pocket = name;
  const std::int32_t pocket = pocket_of(own);
  if (pocket < 0) return RecordStatus::capacity;
  load_scratch(pocket);
  scratch.add_balance(asset, amount);
  if (!scratch_fits(pocket)) return RecordStatus::capacity;
  if (r.type == RecordType::deposit && leaves_ledger(r, pocket)) return RecordStatus::out_of_range;
  start_collecting();
  if (const RecordStatus room = room_for(1); room != RecordStatus::ok) return room;
  ++applied_seq;
  commit_scratch(own, pocket);
  return RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply_withdrawal(const Record& r) noexcept {
  if (is_halted(r.subject)) return RecordStatus::chain_halted;
  const std::int32_t pocket = store.find(r.account, r.pocket);
  if (pocket < 0) return RecordStatus::margin_refused;
  const auto p = static_cast<std::size_t>(pocket);
  load_scratch(pocket);
  double held_amount = 0;
  for (std::size_t b = 0; b < scratch.balance_asset().size(); ++b) {
    if (scratch.balance_asset()[b] == r.subject) held_amount = scratch.balance_amount()[b];
  }
  if (!(r.value[0] <= held_amount)) return RecordStatus::margin_refused;
  scratch.add_balance(r.subject, -r.value[0]);
  const monitor::Decision then = margin_of_scratch(r.account, r.pocket);
  if (then.state == tickmargin::State::undecidable || marks_in_doubt(p) ||
      accounts[static_cast<std::size_t>(r.account)].state == tickmargin::State::undecidable) {
    return RecordStatus::blocked;
  }
  if (then.equity_initial < then.initial_margin) return RecordStatus::margin_refused;
  start_collecting();
  if (const RecordStatus room = room_for(1); room != RecordStatus::ok) return room;
  ++applied_seq;
  load_scratch(pocket);
  scratch.add_balance(r.subject, -r.value[0]);
  commit_scratch(r, pocket);
  settle();
  return RecordStatus::ok;
}

// A halted chain delivers nothing: what lies on it still keeps positions, but opens none.
RecordStatus LiveEngine::State::apply_chain_halt(const Record& r) noexcept {
  const auto chain = static_cast<std::size_t>(r.subject);
  const std::uint8_t halted = r.flags & flag_halted ? 1 : 0;
  if (chain_halted[chain] == halted) return RecordStatus::duplicate;
  if (const RecordStatus room = room_for(1); room != RecordStatus::ok) return room;
  ++applied_seq;
  const std::uint8_t before = chain_halted[chain];
  chain_halted[chain] = halted;
  mark_halted();
  push_market_event(EventType::chain, r.subject, before, halted);
  return RecordStatus::ok;
}

// What lies on a halted chain is the market's to say, as doubt is: frozen engines know it too.
void LiveEngine::State::mark_halted() noexcept {
  std::vector<std::uint8_t>& halted = world.reval.market.columns.asset_halted;
  for (std::size_t a = 0; a < halted.size(); ++a) {
    halted[a] = is_halted(static_cast<AssetIndex>(a)) ? 1 : 0;
  }
  // What they kept of equity counted the asset otherwise.
  for (live::Anchor& anchor : anchors) anchor.pocket = -1;
}

}  // namespace tickmargin
