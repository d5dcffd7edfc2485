// The live engine's face: creation, and the calls that only pass on.
#include "tickmargin/live.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "base/float_state.hpp"
#include "engine/state.hpp"
#include "live/durable.hpp"
#include "live/settings.hpp"
#include "live/state.hpp"

namespace tickmargin {
namespace {

std::size_t or_else(std::size_t wanted, std::size_t there) {
  return std::max(wanted != 0 ? wanted : there + there / 2 + 16, there);
}

LiveCapacity capacity_for(LiveCapacity c, const book::Book& book, std::size_t instruments) {
  c.instruments = std::max(c.instruments, instruments);
  c.pockets = or_else(c.pockets, book.pocket_count());
  c.positions = or_else(c.positions, book.position_instrument.size());
  c.balances = or_else(c.balances, book.balance_asset.size());
  for (std::size_t p = 0; p < book.pocket_count(); ++p) {
    const book::PocketRows rows = book::pocket_rows(book, p);
    c.pocket_positions = std::max(
        c.pocket_positions, static_cast<std::size_t>(rows.end_position() - rows.first_position()));
  }
  c.events = std::max(c.events, book.account_count() + 16);
  return c;
}

// An option without a mark volatility takes the surface's, once: from then on volatilities are kept
// by instrument, and one index tick does not change them.
void freeze_volatilities(market::Market& market, const InstrumentColumns& instruments) {
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    double& vol = market.columns.mark_vol_annual[i];
    if (instruments.kind[i] != Kind::option || !std::isnan(vol)) continue;
    if (instruments.is_everlasting(i)) continue;  // no surface reaches there
    vol = market::surface_vol(market, instruments.underlying[i], instruments.expiry_ns[i],
                              instruments.strike[i]);
  }
}

}  // namespace

LiveEngine::State::State(LiveInputs inputs, market::Market market, const book::Book& book,
                         LiveCapacity room)
    : settings(std::move(inputs.settings)),
      capacity(room),
      decimals(inputs.engine.numeraire_decimals),
      scale(base::tick_scale(decimals)),
      world(std::move(market), std::move(inputs.engine.instruments),
            {room.instruments, room.pocket_positions}, settings.cell_ratio),
      store(book, {room.pockets, room.positions, room.balances}),
      pockets(room.pockets),
      decided(room.pockets),
      accounts(book.account_count()),
      underlyings(world.underlying_count()),
      // A pocket's new links stand beside its old ones, one an index, while it changes: so rows run
      // out first.
      links(room.pockets + underlyings.size() + 4 * (room.positions + room.balances)),
      now_ns(world.reval.market.columns.as_of_ns),
      renew_queue(room.pockets),
      orders(room.orders),
      order_ids(room.orders),
      transfers(room.transfers),
      transfer_ids(room.transfers),
      expired(world.instruments.size(), 0),
      staged_vol(room.instruments, base::canonical_nan),
      vol_doubt_until(room.instruments, 0),
      basis(room.instruments),
      before_forward(room.instruments),
      before_discount(room.instruments),
      before_years(room.instruments),
      entering(room.instruments),
      wear_of_clock(underlyings.size()),
      guards_at_clock(underlyings.size()),
      guard_results(underlyings.size()),
      ring(room.events),
      published(book.account_count()) {
  reserve();
  settings.oracle.resize(underlyings.size());
  if (settings.asset_chain.empty()) {
    settings.asset_chain.assign(world.reval.market.asset_count(), 0);
  }
  std::int32_t chains = 1;
  for (const std::int32_t chain : settings.asset_chain) chains = std::max(chains, chain + 1);
  chain_halted.assign(static_cast<std::size_t>(chains), 0);
  vol_settings = {settings.vol_min_annual, settings.vol_max_annual, settings.vol_level_band_ratio,
                  settings.vol_shape_band_ratio, settings.vol_shape_age_max_ns};
  for (std::size_t u = 0; u < underlyings.size(); ++u) {
    live::UnderlyingState& state = underlyings[u];
    state.guard_settings = live::guard_of(settings.oracle[u], settings);
    state.integral_ts_ns = now_ns;
    ladders.emplace_back(static_cast<std::size_t>(settings.ladder_buckets),
                         world.index(static_cast<UnderlyingIndex>(u)));
  }
  policies = world.prepare(0, std::move(inputs.engine.policies));
  reserve_for(*policies);
}

// A guard that knows the market's price but has heard no source yet: unusable until a quorum has
// spoken, so that nothing trades or is liquidated on a cold start.
void LiveEngine::State::start_cold() {
  for (std::size_t u = 0; u < underlyings.size(); ++u) {
    live::UnderlyingState& state = underlyings[u];
    state.guard = market::cold_start(state.guard_settings,
                                     world.index(static_cast<UnderlyingIndex>(u)), now_ns);
    state.guard.clock_ns = std::max<TimeNs>(now_ns, 0);
    world.reval.market.columns.doubt_ratio[u] = state.guard.doubt_ratio;
  }
  start();
  for (std::size_t a = 0; a < accounts.size(); ++a) {
    const LiveAccount row = read_account(static_cast<AccountIndex>(a));
    accounts[a].state = row.state;
    accounts[a].status = row.status;
    accounts[a].blocked = row.liquidation_blocked != 0;
    accounts[a].since_ns = accounts[a].blocked_since_ns = now_ns;
  }
}

// Everything derived from the primary state. The first decisions are where states begin; nobody is
// told of them.
void LiveEngine::State::start() {
  measure_shocks();
  // Not saved, chains are.
  world.reval.market.columns.asset_halted.resize(settings.asset_chain.size());
  mark_halted();
  budget = INT32_MAX;
  for (std::size_t p = 0; p < store.pocket_count(); ++p) {
    link_pocket(p);
    decide(p);
  }
  for (std::size_t a = 0; a < accounts.size(); ++a) {
    published.write(a, read_account(static_cast<AccountIndex>(a)));
  }
}

LiveEngine::LiveEngine(LiveInputs inputs) {
  const base::FloatState standard;
  live::check_settings(inputs.settings, inputs.engine.market.index_price.size(),
                       inputs.engine.market.asset_price.size());
  const book::Book book = book::make_book(inputs.engine.portfolio, inputs.engine.instruments);
  market::Market market =
      market::make_market(std::move(inputs.engine.market), inputs.engine.instruments);
  freeze_volatilities(market, inputs.engine.instruments);
  const LiveCapacity room = capacity_for(inputs.capacity, book, inputs.engine.instruments.size());
  state_ = std::make_unique<State>(std::move(inputs), std::move(market), book, room);
  state_->start_cold();
}

LiveEngine::LiveEngine() = default;

LiveEngine::~LiveEngine() = default;
LiveEngine::LiveEngine(LiveEngine&&) noexcept = default;
LiveEngine& LiveEngine::operator=(LiveEngine&&) noexcept = default;

Applied LiveEngine::apply(const Record& record) noexcept {
  const base::FloatState standard;
  const RecordStatus status = state_->apply(record);
  return {status, state_->applied_seq};
}

CheckedOrder LiveEngine::check(const Order& order, bool reduce_only) noexcept {
  const base::FloatState standard;
  return state_->check(order, reduce_only);
}

LiveAccount LiveEngine::account(AccountIndex account) noexcept {
  const base::FloatState standard;
  return state_->read_account(account);
}

std::size_t LiveEngine::units(AccountIndex account, std::span<UnitRow> out) noexcept {
  return state_->read_units(account, out);
}

LiveAccount LiveEngine::published(AccountIndex account) const noexcept {
  return state_->published.read(static_cast<std::size_t>(account));
}

std::size_t LiveEngine::events(std::span<Event> out) noexcept {
  return state_->ring.drain(out);
}

void LiveEngine::stage_policies(std::uint64_t epoch, PolicySet policies) {
  const base::FloatState standard;
  state_->stage(epoch, std::move(policies));
}

book::Book LiveEngine::State::book_with_orders() {
  book::Book book = store.to_book(world.instruments);
  for (std::size_t p = 0; p < book.pocket_count(); ++p) {
    book.pocket_orders.push_back(static_cast<std::int64_t>(book.orders.size()));
    const auto resting = orders_of(book.pocket_account[p], book.pocket_name[p]);
    book.orders.insert(book.orders.end(), resting.begin(), resting.end());
  }
  book.pocket_orders.push_back(static_cast<std::int64_t>(book.orders.size()));
  return book;
}

Engine LiveEngine::freeze() {
  const base::FloatState standard;
  State& s = *state_;
  std::optional<engine::PolicyRamp> ramp;
  if (s.ramping()) ramp = engine::PolicyRamp{s.previous_policies->set, s.ramp_left()};
  return Engine(Engine::State::make(s.world.instruments, s.world.reval.market, s.book_with_orders(),
                                    s.policies->set, s.scale, std::move(ramp)));
}

std::size_t LiveEngine::audit() noexcept {
  const base::FloatState standard;
  State& s = *state_;
  std::size_t differences = 0;
  for (std::size_t p = 0; p < s.store.pocket_count(); ++p) {
    const live::Evaluated e = s.evaluate(p);
    const bool undecidable = e.decision.state == tickmargin::State::undecidable;
    const tickmargin::State state =
        undecidable ? s.pockets[p].state
                    : monitor::next_state(s.pockets[p].state, e.decision, e.amounts,
                                          e.grid->state.policy->levels, s.settings.hysteresis_ratio,
                                          s.scale);
    differences += state != s.pockets[p].state || undecidable != s.pockets[p].undecidable ||
                   e.decision.status != s.pockets[p].status;
  }
  return differences;
}

std::uint64_t LiveEngine::applied_seq() const noexcept {
  return state_->applied_seq;
}
TimeNs LiveEngine::now_ns() const noexcept {
  return state_->now_ns;
}
std::uint64_t LiveEngine::epoch() const noexcept {
  return state_->policies->epoch;
}
LiveCounters LiveEngine::counters() const noexcept {
  return state_->counters;
}
std::size_t LiveEngine::account_count() const noexcept {
  return state_->accounts.size();
}
std::size_t LiveEngine::instrument_count() const noexcept {
  return state_->world.instruments.size();
}
std::size_t LiveEngine::underlying_count() const noexcept {
  return state_->underlyings.size();
}

MarkState LiveEngine::mark_state(UnderlyingIndex underlying) const noexcept {
  return state_->underlyings[static_cast<std::size_t>(underlying)].guard.mark_state;
}

double LiveEngine::index_price(UnderlyingIndex underlying) const noexcept {
  return state_->world.index(underlying);
}

bool LiveEngine::policy_has_bands(std::int32_t policy) const noexcept {
  return state_->settings.bands &&
         margin::policy_is_bounded(
             state_->policies->set.policies[static_cast<std::size_t>(policy)]);
}

}  // namespace tickmargin
