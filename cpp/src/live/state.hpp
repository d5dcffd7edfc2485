// What the live engine owns, and the steps that records share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/assert.hpp"
#include "base/id_table.hpp"
#include "base/ticks.hpp"
#include "book/pocket_store.hpp"
#include "journal/journal.hpp"
#include "live/anchor.hpp"
#include "live/events.hpp"
#include "live/ladder.hpp"
#include "live/published.hpp"
#include "live/underlying.hpp"
#include "live/world.hpp"
#include "margin/bounds.hpp"
#include "margin/orders.hpp"
#include "market/mark_basis.hpp"
#include "market/oracle_guard.hpp"
#include "market/vol_guard.hpp"
#include "monitor/bands.hpp"
#include "monitor/state.hpp"
#include "tickmargin/live.hpp"

namespace tickmargin {

namespace live {

// Options and futures that expire sooner are looked at with every record: no band on them lasts. A
// longer settlement window takes its place.
inline constexpr TimeNs near_expiry_ns = 3'600'000'000'000;

// A policy set that can no longer be brought into force.
inline constexpr std::uint64_t retired_epoch = UINT64_MAX;

// The last decided state of one pocket.
struct PocketState {
  std::int32_t first_link = -1;
  State state = State::healthy;  // with hysteresis; of an undecidable pocket the last one known
  bool undecidable = false;
  bool queued = false;  // for its bands to be renewed
  bool vast = false;    // amounts from which a sum may not fit; derived
  Status status = Status::ok;
  std::uint64_t touched = 0;  // last record that collected it
  std::uint64_t eased = 0;    // last record that ended a band of it, not its proof
  std::uint64_t version = 0;  // of its rows
};

// The numbers of a pocket as of a record; kept apart from its state, which every record looks at.
struct Decided {
  std::uint64_t applied_seq = UINT64_MAX;
  monitor::Decision decision;
};

// What was last told of an account.
struct AccountState {
  State state = State::healthy;
  Status status = Status::ok;
  bool blocked = false;    // liquidation forbidden by its marks
  bool escalated = false;  // and for longer than its limit
  TimeNs since_ns = 0;
  TimeNs blocked_since_ns = 0;
  std::uint64_t told = 0;  // last record an event was pushed for
  std::int32_t first_order = -1;
  std::int32_t number = 0;    // of its last numbered record,
  std::uint64_t payload = 0;  // and the hash of that
};

struct RestingOrder {
  std::uint64_t id = 0;
  AccountIndex account = -1;
  std::int32_t pocket = 0;
  InstrumentIndex instrument = -1;
  double quantity = 0;  // still to trade
  double price = 0;
  std::uint32_t flags = 0;
  double ordered = 0;  // with `ts_ns`: what was sent, to know it again
  TimeNs ts_ns = 0;
  std::int32_t next = -1;
};

struct Transfer {
  std::uint64_t id = 0;
  AccountIndex account = -1;
  std::int32_t pocket = 0;
  AssetIndex asset = -1;
  TimeNs ts_ns = 0;
  double amount = 0;
};

// A change of policies under way: maintenance margin moves from those before to those in force.
struct GracePeriod {
  TimeNs started_ns = 0;
  TimeNs length_ns = 0;  // 0: none
};

// Columns of one surface, gathered for its guard.
struct SurfaceScratch {
  std::vector<std::uint32_t> row;
  std::vector<double> old_vol, staged, new_vol, log_moneyness, scratch;
  std::vector<TimeNs> expiry_ns;
};

struct Evaluated {
  monitor::Decision decision;
  monitor::Amounts amounts;
  const PolicyGrid* grid;
};

}  // namespace live

namespace live {
struct Recording;
}

struct LiveEngine::State {
  State(LiveInputs inputs, market::Market market, const book::Book& book, LiveCapacity room);
  ~State();
  void reserve();
  void reserve_for(const live::PolicyWorld& world_of);
  void start_cold();
  void start();

  book::Book book_with_orders();

  // ---- saving (persist.cpp) ----
  static std::unique_ptr<State> load(std::span<const std::byte> bytes, std::size_t room_factor);
  std::uint64_t hash() const;
  std::vector<std::byte> save() const;
  std::vector<std::size_t> pocket_order() const;
  void restore_orders(const std::vector<live::RestingOrder>& saved);
  void restore_transfers(const std::vector<live::Transfer>& saved);

  // ---- recording (durable.cpp) ----
  void check_policies(std::uint64_t epoch, const PolicySet& set) const;
  void stage(std::uint64_t epoch, PolicySet set);
  void stage_recorded(std::span<const std::byte> blob);
  void begin_generation(live::Recording& to);

  // ---- evaluation (evaluate.cpp) ----
  live::Evaluated evaluate(std::size_t pocket) noexcept;
  live::PolicyGrid& grid_of(std::size_t pocket) noexcept;
  book::PocketRows rows_of(std::size_t pocket) noexcept;
  std::span<const book::OrderRow> orders_of(AccountIndex account, std::int32_t pocket) noexcept;
  void refresh_orders(std::span<const book::OrderRow> resting, live::PolicyGrid& grid) noexcept;
  live::PolicyGrid& grid_before(std::size_t pocket) noexcept;
  TimeNs near_expiry() const noexcept {
    return std::max(live::near_expiry_ns, settings.settlement_window_ns);
  }
  bool ramping() const noexcept { return grace.length_ns != 0; }
  double ramp_left() const noexcept;
  bool is_vast(double amount) const noexcept;
  bool is_vast(const monitor::Amounts& a) const noexcept;
  bool sum_may_not_fit(std::size_t account) const noexcept;
  bool liquidation_blocked(std::size_t pocket) const noexcept;
  LiveAccount read_account(AccountIndex account) noexcept;
  std::size_t read_units(AccountIndex account, std::span<UnitRow> out) noexcept;
  void tell(AccountIndex account) noexcept;
  bool decide(std::size_t pocket) noexcept;
  const monitor::Decision& decision_of(std::size_t pocket) noexcept;
  bool sweeps() const noexcept;
  void sort_touched(bool sweep) noexcept;
  void fill_ahead(bool sweep, bool draws) noexcept;
  std::size_t watch_touched() noexcept;
  bool blocking_changed(std::size_t pocket) const noexcept;
  void settle() noexcept;

  // ---- links and bands (bands.cpp) ----
  void link_pocket(std::size_t pocket) noexcept;
  void unlink_pocket(std::size_t pocket) noexcept;
  std::size_t links_needed(std::size_t pocket) const noexcept;
  void watch_pocket(std::size_t pocket) noexcept;
  void renew(std::size_t pocket, const live::Evaluated& evaluated) noexcept;
  bool place(std::int32_t link, const monitor::Reach& reach, const monitor::Reach& whole,
             double share, std::size_t pocket) noexcept;
  double exposed_to(std::size_t pocket, UnderlyingIndex underlying) const noexcept;
  margin::UnitQuestion question_of(UnderlyingIndex underlying, const book::PocketRows& rows,
                                   live::PolicyGrid& grid) noexcept;
  bool has_bounded_rows(std::size_t pocket) const noexcept;
  bool can_band(std::size_t pocket, const live::Evaluated& evaluated) noexcept;
  void queue(std::size_t pocket) noexcept;
  void renew_some() noexcept;
  // Bands moved without an evaluation (ease.cpp).
  bool stands(std::size_t pocket, UnderlyingIndex u, double to, margin::Wear wear) const noexcept;
  void collect_or_ease(std::int32_t link, double price, margin::Wear wear) noexcept;
  void ease_bands() noexcept;
  void ease(std::size_t pocket) noexcept;

  // ---- collecting what a record touches (collect.cpp) ----
  void start_collecting() noexcept { touched.clear(), eased.clear(); }
  void collect(std::int32_t pocket) noexcept;
  void collect_link(std::int32_t link) noexcept { collect(links[link].pocket); }
  void collect_watched(UnderlyingIndex underlying) noexcept;
  void collect_crossed(UnderlyingIndex underlying, double price) noexcept;
  void collect_worn(UnderlyingIndex underlying, margin::Wear to, bool alone) noexcept;
  void collect_all_of(UnderlyingIndex underlying) noexcept;
  void collect_everyone() noexcept;
  RecordStatus room_for_touched(std::size_t market_events) noexcept;
  RecordStatus room_for(std::size_t events) noexcept;
  void push_market_event(EventType type, std::int32_t subject, std::uint8_t before,
                         std::uint8_t after) noexcept;

  // ---- records (apply*.cpp) ----
  RecordStatus apply(const Record& record) noexcept;
  RecordStatus check_time(const Record& r) const noexcept;
  RecordStatus check_number(const Record& r) const noexcept;
  void note_number(const Record& r) noexcept;
  bool has_expired(std::size_t instrument) const noexcept;
  bool leaves_ledger(const Record& r, std::int32_t pocket) const noexcept;
  RecordStatus dispatch(const Record& record) noexcept;
  RecordStatus apply_index_tick(const Record& r) noexcept;
  RecordStatus apply_operator_release(const Record& r) noexcept;
  RecordStatus apply_guard(UnderlyingIndex underlying, const market::GuardState& guard,
                           const market::GuardResult& result) noexcept;
  RecordStatus apply_forward(const Record& r) noexcept;
  RecordStatus apply_mark(const Record& r) noexcept;
  RecordStatus apply_realised_vol(const Record& r) noexcept;
  RecordStatus apply_depth(const Record& r) noexcept;
  RecordStatus apply_trade_flow(const Record& r) noexcept;
  RecordStatus apply_clock(const Record& r) noexcept;
  RecordStatus apply_volatility(const Record& r) noexcept;
  RecordStatus apply_surface_stage(const Record& r) noexcept;
  RecordStatus apply_surface_commit(const Record& r) noexcept;
  RecordStatus apply_fill(const Record& r) noexcept;
  RecordStatus apply_order(const Record& r) noexcept;
  RecordStatus apply_cancel(const Record& r) noexcept;
  RecordStatus apply_deposit(const Record& r) noexcept;
  RecordStatus apply_deposit_reversed(const Record& r) noexcept;
  RecordStatus apply_withdrawal(const Record& r) noexcept;
  RecordStatus apply_chain_halt(const Record& r) noexcept;
  RecordStatus apply_policy_epoch(const Record& r) noexcept;
  RecordStatus apply_instrument_listing(const Record& r) noexcept;
  RecordStatus apply_instrument_expiry(const Record& r) noexcept;

  // Time, curves and volatilities.
  void integrate(UnderlyingIndex underlying, TimeNs to_ns) noexcept;
  void remember_curve(UnderlyingIndex underlying) noexcept;
  margin::Wear wear_since(UnderlyingIndex underlying) const noexcept;
  double wear_of_vol(std::size_t instrument, double vol_annual) const noexcept;
  void measure_shocks() noexcept;
  void collect_wear(UnderlyingIndex underlying, margin::Wear wear, bool alone = true) noexcept;
  void spend_wear(UnderlyingIndex underlying, margin::Wear wear) noexcept;
  void remember_activity(UnderlyingIndex underlying, double log_move, margin::Wear wear) noexcept;
  void collect_near_expiry(TimeNs before_ns, TimeNs now) noexcept;
  void collect_following(UnderlyingIndex underlying) noexcept;
  void collect_blocked_too_long() noexcept;
  void escalate_blocked() noexcept;
  bool follows_clock(UnderlyingIndex underlying) const noexcept;
  void refresh_scenarios(UnderlyingIndex underlying) noexcept;
  void commit_guard_at_clock(UnderlyingIndex underlying) noexcept;
  std::size_t gather_surface(UnderlyingIndex underlying) noexcept;

  // Volatilities in doubt (vol_doubt.cpp).
  bool holds_doubtful_vol(std::size_t pocket, UnderlyingIndex underlying) const noexcept;
  bool vol_doubt_changes(std::size_t instrument, bool doubt) const noexcept;
  void set_vol_doubt(std::size_t instrument, bool doubt) noexcept;
  void tell_vol_state(UnderlyingIndex underlying, std::int32_t doubts_before) noexcept;
  std::size_t collect_outlived_vols() noexcept;
  void end_outlived_vols() noexcept;
  RecordStatus release_volatilities_of(UnderlyingIndex underlying) noexcept;

  // Settlement (settlement.cpp).
  live::SettlementWindow* window_of(std::size_t instrument) noexcept;
  void open_settlement_windows() noexcept;
  void mark_settled_shares() noexcept;
  void free_settlement_window(std::size_t instrument) noexcept;
  void settle_pocket(std::size_t pocket, std::size_t instrument, double price) noexcept;

  // Pockets, orders and transfers.
  std::int32_t pocket_of(const Record& r) const noexcept;
  void load_scratch(std::int32_t pocket) noexcept;
  bool scratch_fits(std::int32_t pocket) const noexcept;
  void commit_scratch(const Record& r, std::int32_t pocket) noexcept;
  RecordStatus move_balance(const Record& r, AccountIndex account, std::int32_t name,
                            AssetIndex asset, double amount) noexcept;
  void collect_order(const live::RestingOrder& order) noexcept;
  static bool same_order(const live::RestingOrder& a, const live::RestingOrder& b) noexcept;
  void add_order(const live::RestingOrder& order) noexcept;
  void drop_order(std::int32_t row) noexcept;
  void drop_orders_of(InstrumentIndex instrument) noexcept;
  bool is_halted(AssetIndex asset) const noexcept;
  void mark_halted() noexcept;
  void drop_transfer(std::size_t row) noexcept;
  void finalise_transfers(TimeNs now) noexcept;

  // ---- orders before they trade (check.cpp) ----
  CheckedOrder check(const Order& order, bool reduce_only) noexcept;
  CheckVerdict screen(const Order& order, bool reduce_only) const noexcept;
  bool marks_in_doubt(std::size_t pocket) const noexcept;
  bool mark_in_doubt(std::uint32_t instrument) const noexcept;
  UnderlyingIndex doubtful_mark(std::uint32_t instrument, std::int32_t pocket) const noexcept;
  monitor::Decision margin_of_scratch(AccountIndex account, std::int32_t pocket) noexcept;

  // ---- orders decided by proof (prove.cpp) ----
  bool proves(const Order& order, std::size_t pocket) noexcept;
  bool may_anchor(std::size_t pocket) noexcept;
  live::Anchor* anchor_of(std::size_t pocket) noexcept;
  bool holds(const live::Anchor& anchor) const noexcept;
  bool holds(const live::AnchorUnit& unit, double reach) const noexcept;
  live::Anchor* drop_anchor(std::size_t pocket) noexcept;
  void anchor_ahead() noexcept;
  void anchor_nodes(const book::PocketRows& rows, const margin::UnitQuestion& q,
                    live::PolicyGrid& grid, live::AnchorUnit& unit) noexcept;
  double least_gain(const Order& order, std::size_t pocket,
                    const live::PolicyGrid& grid) const noexcept;
  double most_charges(const Order& order, std::size_t pocket,
                      const live::PolicyGrid& grid) const noexcept;
  void see_nodes(const live::AnchorUnit& unit, const Order* order, const live::PolicyGrid& grid,
                 risk::TwoSidedLoss& losses) noexcept;
  double most_initial(const live::Anchor& anchor, const Order& order,
                      const live::PolicyGrid& grid) noexcept;
  double least_equity(const live::Anchor& anchor) const noexcept;

  LiveSettings settings;
  LiveCapacity capacity;
  int decimals;
  base::TickScale scale;
  live::World world;
  book::PocketStore store;
  std::unique_ptr<live::PolicyWorld> policies;
  std::unique_ptr<live::PolicyWorld> previous_policies;
  live::GracePeriod grace;
  std::vector<std::unique_ptr<live::PolicyWorld>> staged;

  std::vector<live::PocketState> pockets;
  std::vector<live::Decided> decided;  // by pocket
  std::vector<live::AccountState> accounts;
  std::vector<live::UnderlyingState> underlyings;
  live::LinkPool links;
  std::vector<live::Ladder> ladders;

  TimeNs now_ns;
  std::uint64_t applied_seq = 0;
  std::uint64_t collecting = 0;  // number of the collection: what `touched` marks refer to
  Record current{};
  std::vector<std::int32_t> touched, eased;
  std::vector<AccountIndex> to_tell, escalating;
  bool tell_all = false;  // of this record: what is told changed although no number did
  std::vector<std::int32_t> renew_queue;  // a ring over all pockets
  std::size_t queue_head = 0, queue_count = 0;
  std::int32_t budget = 0;  // pockets whose bands this record may still renew
  std::size_t cursor = 0, cursor_left = 0;

  std::vector<live::RestingOrder> orders;
  std::vector<book::OrderRow> order_rows;  // of one pocket
  std::vector<std::int32_t> free_orders;
  base::IdTable order_ids;
  std::vector<live::Transfer> transfers;
  std::size_t transfer_count = 0;
  base::IdTable transfer_ids;
  std::vector<std::uint8_t> chain_halted;  // by chain
  std::vector<std::uint8_t> expired;       // by instrument
  std::vector<double> staged_vol;          // by instrument, NaN: none
  std::vector<TimeNs> vol_doubt_until;     // by instrument, 0: not in doubt
  std::vector<market::BasisState> basis;   // by instrument
  market::VolGuardSettings vol_settings;
  double vol_power = 0;  // the largest that scales a shock by term

  // Scratch of single records.
  std::vector<double> before_forward, before_discount, before_years;  // by instrument
  std::vector<std::uint8_t> entering;                                 // by instrument
  std::vector<margin::Wear> wear_of_clock;                            // by underlying
  std::vector<market::GuardState> guards_at_clock;
  std::vector<market::GuardResult> guard_results;
  live::SurfaceScratch surface;

  std::vector<live::Anchor> anchors;
  std::uint64_t anchor_uses = 0;
  std::vector<double> anchor_row, anchor_profit;
  std::vector<risk::TwoSidedLoss> anchor_losses;

  live::EventRing ring;
  live::PublishedRows published;
  LiveCounters counters{};

  engine::Workspace work;
  book::UnitScratch units;
  book::ScratchPocket scratch;
  margin::LineScratch line_scratch;
  margin::UnitLines lines;
  std::vector<std::uint32_t> held;  // instruments of one unit

  // Of an engine that records. The number outlives the journals that publish it.
  std::atomic<std::uint64_t> durable_seq{0};
  std::unique_ptr<live::Recording> recording;
  journal::Journal* journal = nullptr;
};

}  // namespace tickmargin
