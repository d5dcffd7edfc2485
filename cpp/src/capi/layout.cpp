// What tickmargin.h promises is what the core has: every offset, size and number.
#include <cstddef>
#include <type_traits>

#include "tickmargin/live.hpp"
#include "tickmargin/tickmargin.h"

namespace tickmargin {
namespace {

#define SAME_PLACE(c_struct, core_struct, field)                             \
  static_assert(offsetof(c_struct, field) == offsetof(core_struct, field) && \
                sizeof(c_struct::field) == sizeof(core_struct::field))

static_assert(sizeof(tickmargin_record) == 64 && sizeof(Record) == 64);
static_assert(alignof(tickmargin_record) == alignof(Record));
SAME_PLACE(tickmargin_record, Record, type);
SAME_PLACE(tickmargin_record, Record, source);
SAME_PLACE(tickmargin_record, Record, subject);
SAME_PLACE(tickmargin_record, Record, ts_ns);
SAME_PLACE(tickmargin_record, Record, sequence);
SAME_PLACE(tickmargin_record, Record, account);
SAME_PLACE(tickmargin_record, Record, pocket);
SAME_PLACE(tickmargin_record, Record, detail);
SAME_PLACE(tickmargin_record, Record, flags);
SAME_PLACE(tickmargin_record, Record, value);
static_assert(std::is_trivially_copyable_v<Record>);

static_assert(sizeof(tickmargin_event) == 64 && sizeof(Event) == 64);
static_assert(alignof(tickmargin_event) == alignof(Event));
SAME_PLACE(tickmargin_event, Event, type);
SAME_PLACE(tickmargin_event, Event, flags);
SAME_PLACE(tickmargin_event, Event, account);
SAME_PLACE(tickmargin_event, Event, applied_seq);
SAME_PLACE(tickmargin_event, Event, ts_ns);
SAME_PLACE(tickmargin_event, Event, before);
SAME_PLACE(tickmargin_event, Event, after);
SAME_PLACE(tickmargin_event, Event, status);
SAME_PLACE(tickmargin_event, Event, reserved);
SAME_PLACE(tickmargin_event, Event, subject);
SAME_PLACE(tickmargin_event, Event, equity_ticks);
SAME_PLACE(tickmargin_event, Event, maintenance_ticks);
SAME_PLACE(tickmargin_event, Event, slack_ticks);
SAME_PLACE(tickmargin_event, Event, epoch);
static_assert(std::is_trivially_copyable_v<Event>);

static_assert(sizeof(tickmargin_unit) == sizeof(UnitRow));
static_assert(alignof(tickmargin_unit) == alignof(UnitRow));
SAME_PLACE(tickmargin_unit, UnitRow, pocket);
SAME_PLACE(tickmargin_unit, UnitRow, underlying);
SAME_PLACE(tickmargin_unit, UnitRow, delta_base);
SAME_PLACE(tickmargin_unit, UnitRow, gamma);
SAME_PLACE(tickmargin_unit, UnitRow, vega);
SAME_PLACE(tickmargin_unit, UnitRow, theta);
SAME_PLACE(tickmargin_unit, UnitRow, gross_notional);
SAME_PLACE(tickmargin_unit, UnitRow, value);
SAME_PLACE(tickmargin_unit, UnitRow, initial_margin);
SAME_PLACE(tickmargin_unit, UnitRow, maintenance_margin);
SAME_PLACE(tickmargin_unit, UnitRow, worst_price_move);
SAME_PLACE(tickmargin_unit, UnitRow, worst_vol_shock);
static_assert(std::is_trivially_copyable_v<UnitRow>);

static_assert(sizeof(tickmargin_difference) == 64 && sizeof(PolicyDifference) == 64);
static_assert(alignof(tickmargin_difference) == alignof(PolicyDifference));
SAME_PLACE(tickmargin_difference, PolicyDifference, policy_before);
SAME_PLACE(tickmargin_difference, PolicyDifference, policy_after);
SAME_PLACE(tickmargin_difference, PolicyDifference, state_before);
SAME_PLACE(tickmargin_difference, PolicyDifference, state_after);
SAME_PLACE(tickmargin_difference, PolicyDifference, status_before);
SAME_PLACE(tickmargin_difference, PolicyDifference, status_after);
SAME_PLACE(tickmargin_difference, PolicyDifference, reserved);
SAME_PLACE(tickmargin_difference, PolicyDifference, equity_before);
SAME_PLACE(tickmargin_difference, PolicyDifference, equity_after);
SAME_PLACE(tickmargin_difference, PolicyDifference, initial_margin_before);
SAME_PLACE(tickmargin_difference, PolicyDifference, initial_margin_after);
SAME_PLACE(tickmargin_difference, PolicyDifference, maintenance_margin_before);
SAME_PLACE(tickmargin_difference, PolicyDifference, maintenance_margin_after);
static_assert(std::is_trivially_copyable_v<PolicyDifference>);

// These have no twin in the core: their layout is promised here. tests/embed/c_consumer says the
// same in C.
static_assert(sizeof(tickmargin_order) == 32 && offsetof(tickmargin_order, quantity) == 16);
static_assert(sizeof(tickmargin_checked_order) == 64 &&
              offsetof(tickmargin_checked_order, initial_after_ticks) == 48);
static_assert(sizeof(tickmargin_account) == 80 && offsetof(tickmargin_account, epoch) == 72);
static_assert(sizeof(tickmargin_counts) == 16);
// Of LiveCounters the C table's version 1 leaves out the last, `eased`.
static_assert(sizeof(tickmargin_counters) == 80 && sizeof(LiveCounters) == 80);
static_assert(sizeof(tickmargin_message) == 256);
static_assert(sizeof(tickmargin_recording) == 24);

template <class Enum>
constexpr bool same(int number, Enum name) {
  return number == static_cast<int>(name);
}

static_assert(same(TICKMARGIN_INDEX_TICK, RecordType::index_tick));
static_assert(same(TICKMARGIN_FORWARD, RecordType::forward));
static_assert(same(TICKMARGIN_MARK, RecordType::mark));
static_assert(same(TICKMARGIN_VOLATILITY, RecordType::volatility));
static_assert(same(TICKMARGIN_SURFACE_STAGE, RecordType::surface_stage));
static_assert(same(TICKMARGIN_SURFACE_COMMIT, RecordType::surface_commit));
static_assert(same(TICKMARGIN_REALISED_VOL, RecordType::realised_vol));
static_assert(same(TICKMARGIN_DEPTH, RecordType::depth));
static_assert(same(TICKMARGIN_TRADE_FLOW, RecordType::trade_flow));
static_assert(same(TICKMARGIN_FILL, RecordType::fill));
static_assert(same(TICKMARGIN_ORDER, RecordType::order));
static_assert(same(TICKMARGIN_CANCEL, RecordType::cancel));
static_assert(same(TICKMARGIN_DEPOSIT, RecordType::deposit));
static_assert(same(TICKMARGIN_DEPOSIT_REVERSED, RecordType::deposit_reversed));
static_assert(same(TICKMARGIN_WITHDRAWAL, RecordType::withdrawal));
static_assert(same(TICKMARGIN_CHAIN_HALT, RecordType::chain_halt));
static_assert(same(TICKMARGIN_POLICY_EPOCH, RecordType::policy_epoch));
static_assert(same(TICKMARGIN_CLOCK, RecordType::clock));
static_assert(same(TICKMARGIN_INSTRUMENT_LISTING, RecordType::instrument_listing));
static_assert(same(TICKMARGIN_INSTRUMENT_EXPIRY, RecordType::instrument_expiry));
static_assert(same(TICKMARGIN_OPERATOR_RELEASE, RecordType::operator_release));

static_assert(TICKMARGIN_REDUCE_ONLY == flag_reduce_only && TICKMARGIN_HALTED == flag_halted &&
              TICKMARGIN_ROLLBACK == flag_rollback);

static_assert(TICKMARGIN_RELEASE_PRICE == release_price &&
              TICKMARGIN_RELEASE_SOURCE == release_source &&
              TICKMARGIN_RELEASE_VOLATILITIES == release_volatilities);

static_assert(same(TICKMARGIN_OK, RecordStatus::ok));
static_assert(same(TICKMARGIN_DUPLICATE, RecordStatus::duplicate));
static_assert(same(TICKMARGIN_MARGIN_REFUSED, RecordStatus::margin_refused));
static_assert(same(TICKMARGIN_BLOCKED, RecordStatus::blocked));
static_assert(same(TICKMARGIN_CAPACITY, RecordStatus::capacity));
static_assert(same(TICKMARGIN_RING_FULL, RecordStatus::ring_full));
static_assert(same(TICKMARGIN_NOT_DURABLE, RecordStatus::not_durable));
static_assert(same(TICKMARGIN_QUARANTINED, RecordStatus::quarantined));

static_assert(same(TICKMARGIN_ACCEPTED, CheckVerdict::accepted));
static_assert(same(TICKMARGIN_ACCEPTED_REDUCES, CheckVerdict::accepted_reduces));
static_assert(same(TICKMARGIN_REFUSED_MARGIN, CheckVerdict::refused_margin));
static_assert(same(TICKMARGIN_REFUSED_UNDECIDABLE, CheckVerdict::refused_undecidable));
static_assert(same(TICKMARGIN_REFUSED_DOUBTFUL, CheckVerdict::refused_doubtful));
static_assert(same(TICKMARGIN_REFUSED_LIQUIDATING, CheckVerdict::refused_liquidating));
static_assert(same(TICKMARGIN_REFUSED_NOT_REDUCING, CheckVerdict::refused_not_reducing));
static_assert(same(TICKMARGIN_REFUSED_UNKNOWN, CheckVerdict::refused_unknown));
static_assert(same(TICKMARGIN_REFUSED_INVALID, CheckVerdict::refused_invalid));
static_assert(same(TICKMARGIN_REFUSED_CAPACITY, CheckVerdict::refused_capacity));

static_assert(same(TICKMARGIN_HEALTHY, State::healthy));
static_assert(same(TICKMARGIN_WARNING, State::warning));
static_assert(same(TICKMARGIN_MARGIN_CALL, State::margin_call));
static_assert(same(TICKMARGIN_LIQUIDATING, State::liquidating));
static_assert(same(TICKMARGIN_BANKRUPT, State::bankrupt));
static_assert(same(TICKMARGIN_UNDECIDABLE, State::undecidable));

static_assert(same(TICKMARGIN_MARK_READY, MarkState::ready));
static_assert(same(TICKMARGIN_MARK_DEGRADED, MarkState::degraded));
static_assert(same(TICKMARGIN_MARK_QUARANTINED, MarkState::quarantined));
static_assert(same(TICKMARGIN_MARK_UNUSABLE, MarkState::unusable));

static_assert(same(TICKMARGIN_EVENT_ACCOUNT, EventType::account));
static_assert(same(TICKMARGIN_EVENT_MARK_STATE, EventType::mark_state));
static_assert(same(TICKMARGIN_EVENT_EPOCH, EventType::epoch));
static_assert(same(TICKMARGIN_EVENT_SETTLEMENT, EventType::settlement));
static_assert(same(TICKMARGIN_EVENT_ESCALATION, EventType::escalation));
static_assert(same(TICKMARGIN_EVENT_CHAIN, EventType::chain));
static_assert(same(TICKMARGIN_EVENT_VOL_STATE, EventType::vol_state));
static_assert(TICKMARGIN_EVENT_BREACH == event_breach &&
              TICKMARGIN_EVENT_LIQUIDATION_BLOCKED == event_liquidation_blocked);

}  // namespace
}  // namespace tickmargin
