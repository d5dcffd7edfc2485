// The primary state as bytes: what a snapshot holds, what a hash is taken of, what a load starts
// from. Derived numbers, bands and free lists are left out and made again.
#include <algorithm>
#include <stdexcept>

#include "base/float_state.hpp"
#include "base/hash.hpp"
#include "journal/snapshot.hpp"
#include "live/fields.hpp"
#include "live/saved_policies.hpp"

namespace tickmargin {
namespace {

// A copy of what is saved, in an order that does not show how it came about.
struct Saved {
  std::int32_t decimals = 0;
  InstrumentColumns instruments;
  market::Market market;
  LiveSettings settings;
  book::Book book;
  std::uint64_t epoch = 0, previous_epoch = 0;  // previous 0 without policies: none
  PolicySet policies, previous;
  live::GracePeriod grace;
  std::vector<std::uint64_t> staged_epochs;
  std::vector<PolicySet> staged;
  std::vector<live::PocketState> pockets;
  std::vector<live::AccountState> accounts;
  std::vector<live::UnderlyingState> underlyings;
  std::vector<live::RestingOrder> orders;
  std::vector<live::Transfer> transfers;
  std::vector<std::uint8_t> chain_halted, expired;
  std::vector<double> staged_vol;
  std::vector<TimeNs> vol_doubt_until;
  std::vector<market::BasisState> basis;
  std::uint64_t applied_seq = 0;
};

template <class Archive>
void fields(Archive& f, Saved& s) {
  using live::fields;
  const auto nested = [](Archive& a, auto& value) { fields(a, value); };
  f(s.decimals);
  fields(f, s.instruments);
  fields(f, s.market);
  fields(f, s.settings);
  fields(f, s.book);
  f(s.epoch), f(s.previous_epoch);
  fields(f, s.policies);
  fields(f, s.previous);
  fields(f, s.grace);
  f(s.staged_epochs);
  live::each(f, s.staged, nested);
  live::each(f, s.pockets, nested);
  live::each(f, s.accounts, nested);
  live::each(f, s.underlyings, nested);
  live::each(f, s.orders, nested);
  live::each(f, s.transfers, nested);
  f(s.chain_halted), f(s.expired), f(s.staged_vol), f(s.vol_doubt_until);
  live::each(f, s.basis, nested);
  f(s.applied_seq);
}

}  // namespace

// Pockets in the order of the book: by account and name, empty isolated ones left out.
std::vector<std::size_t> LiveEngine::State::pocket_order() const {
  std::vector<std::size_t> order;
  for (std::size_t a = 0; a < store.account_count(); ++a) {
    for (std::int32_t p = store.first_pocket(a); p >= 0;
         p = store.next_pocket(static_cast<std::size_t>(p))) {
      if (!store.is_nothing(static_cast<std::size_t>(p))) {
        order.push_back(static_cast<std::size_t>(p));
      }
    }
  }
  return order;
}

namespace {

// What is to be saved of an engine's state.
template <class State>
Saved copy_of(const State& s) {
  Saved out;
  out.decimals = s.decimals;
  out.instruments = s.world.instruments;
  out.market = s.world.reval.market;
  out.settings = s.settings;
  out.book = s.store.to_book(s.world.instruments);
  out.epoch = s.policies->epoch;
  out.policies = s.policies->set;
  if (s.previous_policies) {
    out.previous_epoch = s.previous_policies->epoch;
    out.previous = s.previous_policies->set;
  }
  out.grace = s.grace;
  for (const auto& staged : s.staged) {
    if (!staged || staged->epoch == live::retired_epoch) continue;
    out.staged_epochs.push_back(staged->epoch);
    out.staged.push_back(staged->set);
  }
  for (const std::size_t p : s.pocket_order()) out.pockets.push_back(s.pockets[p]);
  out.accounts = s.accounts;
  out.underlyings = s.underlyings;
  for (const live::RestingOrder& order : s.orders) {
    if (order.id != 0) out.orders.push_back(order);
  }
  std::sort(out.orders.begin(), out.orders.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  for (std::size_t t = 0; t < s.transfer_count; ++t) {
    out.transfers.push_back(s.transfers[t]);
  }
  std::sort(out.transfers.begin(), out.transfers.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  out.chain_halted = s.chain_halted;
  out.expired = s.expired;
  out.staged_vol.assign(s.staged_vol.begin(),
                        s.staged_vol.begin() + static_cast<std::ptrdiff_t>(out.expired.size()));
  out.vol_doubt_until.assign(
      s.vol_doubt_until.begin(),
      s.vol_doubt_until.begin() + static_cast<std::ptrdiff_t>(out.expired.size()));
  out.basis.assign(s.basis.begin(),
                   s.basis.begin() + static_cast<std::ptrdiff_t>(out.expired.size()));
  out.applied_seq = s.applied_seq;
  return out;
}

}  // namespace

std::uint64_t LiveEngine::State::hash() const {
  Saved saved = copy_of(*this);
  base::BytesWriter writer;
  fields(writer, saved);
  base::Hasher hasher;
  hasher.add_bytes(writer.bytes().data(), writer.bytes().size());
  return hasher.digest();
}

std::vector<std::byte> LiveEngine::State::save() const {
  Saved saved = copy_of(*this);
  LiveSettings speed = settings;
  LiveCapacity room = capacity;
  base::BytesWriter writer;
  writer(live::format_version);
  live::fields_of_speed(writer, speed, room);
  fields(writer, saved);
  return writer.take();
}

void LiveEngine::State::restore_orders(const std::vector<live::RestingOrder>& saved) {
  for (const live::RestingOrder& order : saved) add_order(order);
}

void LiveEngine::State::restore_transfers(const std::vector<live::Transfer>& saved) {
  for (const live::Transfer& t : saved) {
    transfer_ids.insert(t.id, static_cast<std::int32_t>(transfer_count));
    transfers[transfer_count++] = t;
  }
}

std::uint64_t LiveEngine::state_hash() const {
  return state_->hash();
}

std::vector<std::byte> LiveEngine::save() const {
  return state_->save();
}

LiveEngine LiveEngine::load(std::span<const std::byte> bytes) {
  const base::FloatState standard;
  LiveEngine engine;
  engine.state_ = State::load(bytes, 1);
  return engine;
}

// With `room_factor` times the room for rows that was saved: how full a table is depends on how its
// segments came about, so a replay can need more of it than the engine that recorded did.
std::unique_ptr<LiveEngine::State> LiveEngine::State::load(std::span<const std::byte> bytes,
                                                           std::size_t room_factor) {
  const auto refuse = [](const char* why) { throw std::invalid_argument(why); };
  base::BytesReader reader(bytes);
  std::uint32_t version = 0;
  reader(version);
  if (journal::is_snapshot(bytes)) {
    refuse(
        "a snapshot, as Engine.snapshot writes it for Engine.restore, is no saved engine: "
        "Engine.save gives one");
  }
  if (is_saved_policies(bytes)) refuse("saved policies are no saved engine: Engine.save gives one");
  if (!reader.ok() || version != live::format_version) refuse("a saved engine of another version");
  LiveSettings speed;
  LiveCapacity room;
  live::fields_of_speed(reader, speed, room);
  Saved saved;
  fields(reader, saved);
  if (!reader.ok() || !reader.at_end()) refuse("a saved engine that is damaged");
  const std::size_t n = saved.instruments.size();
  if (saved.expired.size() != n || saved.staged_vol.size() != n ||
      saved.vol_doubt_until.size() != n || saved.basis.size() != n ||
      saved.pockets.size() != saved.book.pocket_count() ||
      saved.accounts.size() != saved.book.account_count() ||
      saved.underlyings.size() != saved.market.underlying_count() ||
      saved.transfers.size() > room.transfers || saved.orders.size() > room.orders ||
      saved.staged.size() != saved.staged_epochs.size()) {
    refuse("a saved engine that does not agree with itself");
  }
  room.positions *= room_factor;
  room.balances *= room_factor;
  saved.settings.renewals_per_record = speed.renewals_per_record;
  saved.settings.ladder_buckets = speed.ladder_buckets;
  saved.settings.cell_ratio = speed.cell_ratio;
  saved.settings.bands = speed.bands;

  LiveInputs inputs;
  inputs.engine.instruments = std::move(saved.instruments);
  inputs.engine.policies = std::move(saved.policies);
  inputs.engine.numeraire_decimals = saved.decimals;
  inputs.settings = saved.settings;
  auto loaded =
      std::make_unique<State>(std::move(inputs), std::move(saved.market), saved.book, room);
  State& s = *loaded;
  s.policies->epoch = saved.epoch;
  if (!saved.previous.policies.empty()) {
    s.previous_policies = s.world.prepare(saved.previous_epoch, std::move(saved.previous));
    s.reserve_for(*s.previous_policies);
  }
  if (saved.grace.length_ns != 0 && !s.previous_policies) {
    refuse("a saved engine that does not agree with itself");
  }
  s.grace = saved.grace;
  for (std::size_t k = 0; k < saved.staged.size(); ++k) {
    s.staged.push_back(s.world.prepare(saved.staged_epochs[k], std::move(saved.staged[k])));
    s.reserve_for(*s.staged.back());
  }
  for (std::size_t p = 0; p < saved.pockets.size(); ++p) {
    s.pockets[p].state = saved.pockets[p].state;
    s.pockets[p].undecidable = saved.pockets[p].undecidable;
    s.pockets[p].status = saved.pockets[p].status;
  }
  for (std::size_t a = 0; a < saved.accounts.size(); ++a) {
    s.accounts[a] = saved.accounts[a];
    s.accounts[a].first_order = -1;
  }
  for (std::size_t u = 0; u < saved.underlyings.size(); ++u) {
    const market::GuardSettings guard_settings = s.underlyings[u].guard_settings;
    s.underlyings[u] = saved.underlyings[u];
    s.underlyings[u].guard_settings = guard_settings;
    s.underlyings[u].wear = {};
  }
  s.restore_orders(saved.orders);
  s.restore_transfers(saved.transfers);
  s.chain_halted = std::move(saved.chain_halted);
  std::copy(saved.expired.begin(), saved.expired.end(), s.expired.begin());
  std::copy(saved.staged_vol.begin(), saved.staged_vol.end(), s.staged_vol.begin());
  std::copy(saved.vol_doubt_until.begin(), saved.vol_doubt_until.end(), s.vol_doubt_until.begin());
  for (std::size_t i = 0; i < n; ++i) {
    const auto u = static_cast<std::size_t>(s.world.instruments.underlying[i]);
    s.underlyings[u].vol_doubts += s.vol_doubt_until[i] != 0 ? 1 : 0;
  }
  std::copy(saved.basis.begin(), saved.basis.end(), s.basis.begin());
  s.applied_seq = saved.applied_seq;
  s.start();
  return loaded;
}

}  // namespace tickmargin
