// What streams in and out of the live engine: records of 64 bytes in, events of 64 bytes out.
// The meaning of every field by record type is the table in cpp/src/live/README.md.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tickmargin/status.hpp"
#include "tickmargin/units.hpp"

namespace tickmargin {

enum class RecordType : std::uint16_t {
  index_tick = 1,
  forward = 2,
  mark = 3,
  volatility = 4,
  surface_stage = 5,
  surface_commit = 6,
  realised_vol = 7,
  depth = 8,
  trade_flow = 9,
  fill = 10,
  order = 11,
  cancel = 12,
  deposit = 13,
  deposit_reversed = 14,
  withdrawal = 15,
  chain_halt = 16,
  policy_epoch = 17,
  clock = 18,
  instrument_listing = 19,
  instrument_expiry = 20,
  operator_release = 21,
};

// Fields a type does not use are zero; a record with another value in one is refused.
struct Record {
  RecordType type;
  std::uint16_t source;    // of an index tick, or of a release
  std::int32_t subject;    // underlying, instrument, asset or chain
  TimeNs ts_ns;            // when it happened, UTC
  std::uint64_t sequence;  // of the source; order, transfer or epoch number; expiry of a listing
  AccountIndex account;
  std::int32_t pocket;
  std::int32_t detail;  // a node, a count, kinds; of a fill, order or withdrawal its number, or 0
  std::uint32_t flags;
  double value[3];
};
static_assert(sizeof(Record) == 64 && alignof(Record) == 8);

inline constexpr std::uint32_t flag_reduce_only = 1;  // order
inline constexpr std::uint32_t flag_halted = 1;       // chain_halt: without it the chain resumes
inline constexpr std::uint32_t flag_rollback = 1;     // policy_epoch: back to the one before

// What an operator_release is of, in its `detail`.
inline constexpr std::int32_t release_price = 0;
inline constexpr std::int32_t release_source = 1;        // `source` is forgotten with its numbering
inline constexpr std::int32_t release_volatilities = 2;  // those in doubt

// The answer to one record. Listed in order of precedence: of several reasons the first is given.
// Everything but `ok` and `quarantined` leaves the state, and so its hash, as it was.
enum class RecordStatus : std::uint8_t {
  ok = 0,
  unknown_type = 1,
  reserved_not_zero = 2,  // a field or flag that the type does not use
  unknown_underlying = 3,
  unknown_instrument = 4,
  unknown_account = 5,
  unknown_asset = 6,
  unknown_source = 7,
  unknown_node = 8,
  unknown_order = 9,
  unknown_transfer = 10,
  unknown_chain = 11,
  unknown_epoch = 12,
  not_finite = 13,
  not_positive = 14,   // a price, amount or multiplier at or below zero, or a quantity of zero
  out_of_range = 15,   // a number outside its documented range
  time_reversed = 16,  // older than the clock, or the record's own subject
  out_of_order = 17,   // a number below the last of its source or account
  duplicate = 18,      // the same sequence number and payload again: nothing to do
  conflicting = 19,    // the same sequence number or id with another payload
  expired = 20,        // the instrument has settled, or can only settle
  not_expired = 21,    // its expiry has not come, or its settlement price is not known
  chain_halted = 22,
  margin_refused = 23,  // a withdrawal that initial margin does not allow
  blocked = 24,         // a withdrawal while the account or its marks are in doubt
  capacity = 25,        // a table fixed at creation is full
  ring_full = 26,       // no room for its events or in the journal: send the same record again
  not_durable = 27,     // the journal has failed: nothing is taken that could not be made to last
  quarantined = 28,     // taken, but the price is in doubt and the old mark stays
};

struct Applied {
  RecordStatus status;
  std::uint64_t applied_seq;  // of the last record that changed state, this one included
};

enum class EventType : std::uint16_t {
  account = 1,     // an account's state, status or blocking changed
  mark_state = 2,  // an underlying's mark changed its state of trust
  epoch = 3,       // a policy epoch took effect, or was rolled back
  settlement = 4,  // an instrument settled
  escalation = 5,  // a quarantine or a blocked liquidation outlived its limit
  chain = 6,       // a chain halted or resumed
  vol_state = 7,   // volatilities of an underlying came into doubt, or none is any longer
};

inline constexpr std::uint16_t event_breach = 1;               // equity was below initial margin
inline constexpr std::uint16_t event_liquidation_blocked = 2;  // its marks forbid liquidation

// How far the mark of an underlying is trusted.
enum class MarkState : std::uint8_t {
  ready = 0,
  degraded = 1,     // stale, too few sources, or released from quarantine by time
  quarantined = 2,  // a doubtful price waits; the old mark stays
  unusable = 3,     // never priced, at the feed's own bound, or silent for too long
};

struct Event {
  EventType type;
  std::uint16_t flags;
  AccountIndex account;       // -1: of the market
  std::uint64_t applied_seq;  // of the record that caused it
  TimeNs ts_ns;
  std::uint8_t before;  // State, or MarkState (vol_state: ready or degraded)
  std::uint8_t after;
  Status status;
  std::uint8_t reserved;
  std::int32_t subject;  // underlying, instrument, chain; of an account the tick's, or -1
  Ticks equity_ticks;
  Ticks maintenance_ticks;
  Ticks slack_ticks;
  std::uint64_t epoch;  // policy epoch in force
};
static_assert(sizeof(Event) == 64 && alignof(Event) == 8);

constexpr const char* record_status_name(RecordStatus status) noexcept {
  constexpr const char* names[] = {"ok",
                                   "unknown_type",
                                   "reserved_not_zero",
                                   "unknown_underlying",
                                   "unknown_instrument",
                                   "unknown_account",
                                   "unknown_asset",
                                   "unknown_source",
                                   "unknown_node",
                                   "unknown_order",
                                   "unknown_transfer",
                                   "unknown_chain",
                                   "unknown_epoch",
                                   "not_finite",
                                   "not_positive",
                                   "out_of_range",
                                   "time_reversed",
                                   "out_of_order",
                                   "duplicate",
                                   "conflicting",
                                   "expired",
                                   "not_expired",
                                   "chain_halted",
                                   "margin_refused",
                                   "blocked",
                                   "capacity",
                                   "ring_full",
                                   "not_durable",
                                   "quarantined"};
  const auto i = static_cast<std::size_t>(status);
  return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

constexpr const char* mark_state_name(MarkState state) noexcept {
  switch (state) {
    case MarkState::ready: return "ready";
    case MarkState::degraded: return "degraded";
    case MarkState::quarantined: return "quarantined";
    case MarkState::unusable: return "unusable";
  }
  return "unknown";
}

}  // namespace tickmargin
