// The live engine: records in, margin events out, every account's state kept up with every tick.
//
// One thread writes: apply, check and the reads marked "writer". Its hot path (apply, check,
// account) allocates nothing, takes no lock, throws nothing, reads no clock and does no I/O; every
// capacity is fixed at creation. What a record means, what it may be answered and how states
// follow is written out in cpp/src/live/README.md.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tickmargin/engine.hpp"
#include "tickmargin/records.hpp"

namespace tickmargin {

namespace journal {
class Files;
}

// Room for what may still come; 0 takes what is there at creation and half as much again.
struct LiveCapacity {
  std::size_t instruments = 0;
  std::size_t pockets = 0;
  std::size_t positions = 0;
  std::size_t balances = 0;
  std::size_t pocket_positions = 4096;  // of one pocket
  std::size_t orders = 4096;            // resting
  std::size_t transfers = 4096;         // deposits that can still be reversed
  std::size_t events = 0;               // at least one for each account, and 16
};

// The oracle guard of one underlying; the rules are in cpp/src/market/README.md.
struct OracleSettings {
  std::int32_t sources = 1;
  std::int32_t quorum = 1;                       // sources that must be fresh and agree
  TimeNs heartbeat_ns = 30'000'000'000;          // a source silent for longer is stale
  TimeNs unusable_after_ns = 300'000'000'000;    // all of them
  TimeNs quarantine_limit_ns = 300'000'000'000;  // then the doubtful price is taken, and said so
  double source_clamp_ratio = 0.02;              // further from the median a source has no weight
  double feed_min = -INFINITY, feed_max = INFINITY;  // at or beyond the feed's own bound: no price
  double band_ratio = 0.05;                          // a move one source alone may make at once,
  double velocity_ratio_per_sqrt_second = 0.0015;    // what time adds to it,
  double band_cap_ratio = 0.25;                      // and where that ends
  double doubt_ratio = 0.05;                         // least widening while a mark is not ready
  TimeNs lead_max_ns = 86'400'000'000'000;  // a stamp further ahead is refused; 0: no limit
};

struct LiveSettings {
  std::vector<OracleSettings> oracle;               // by underlying; empty: the defaults for each
  double hysteresis_ratio = 0.02;                   // a state is left above its border x (1 + this)
  TimeNs settlement_window_ns = 1'800'000'000'000;  // average of the index before expiry
  TimeNs liquidation_block_limit_ns = 300'000'000'000;
  TimeNs transfer_finality_ns = 3'600'000'000'000;  // a deposit may be reversed for so long
  double vol_min_annual = 0.01, vol_max_annual = 5.0;
  double vol_level_band_ratio = 0.5;   // a level move of a surface beyond it is in doubt, in logs
  double vol_shape_band_ratio = 0.25;  // a row may leave that move by this much, in logs
  TimeNs vol_shape_age_max_ns = 300'000'000'000;
  TimeNs vol_doubt_limit_ns = 300'000'000'000;  // then a volatility in doubt is so no more
  double mark_basis_cap_ratio = 0.02;  // of a perpetual's or future's mark against the index
  TimeNs mark_basis_window_ns = 300'000'000'000;
  TimeNs clock_step_max_ns = 8'640'000'000'000'000;  // 100 days ahead of the clock; 0: no limit
  std::vector<std::int32_t> asset_chain;             // by asset; empty: every asset on chain 0
  // Pockets whose bands each record may renew, more where it costs less than a sweep even so, and
  // the ladder's fineness.
  std::int32_t renewals_per_record = 64;
  std::int32_t ladder_buckets = 1 << 16;
  double cell_ratio = 0.01;  // of the index: how far apart the prices stand that bands are drawn to
  bool bands = true;         // false: every tick re-evaluates all it touches
};

struct LiveInputs {
  EngineInputs engine;
  LiveCapacity capacity;
  LiveSettings settings;
};

// One account as of the last record; amounts in ticks, 0 where undecidable.
struct LiveAccount {
  State state;
  Status status;
  std::uint8_t breach;               // equity is below initial margin
  std::uint8_t liquidation_blocked;  // its marks forbid it
  std::int32_t policy;
  Ticks equity, equity_initial, initial_margin, maintenance_margin, slack;
  TimeNs since_ns;            // of the state
  std::uint64_t applied_seq;  // of the numbers
  std::uint64_t epoch;
};

enum class CheckVerdict : std::uint8_t {
  accepted = 0,
  accepted_reduces = 1,      // below initial margin, which does not rise, nor does the shortfall
  refused_margin = 2,        // short of initial margin
  refused_undecidable = 3,   // a number that the decision needs is not there
  refused_doubtful = 4,      // new risk on a mark that is not ready
  refused_liquidating = 5,   // the account may only reduce
  refused_not_reducing = 6,  // a reduce-only order that would not
  refused_unknown = 7,       // no such account or instrument, or the instrument has expired
  refused_invalid = 8,       // a quantity or price that is no number or zero
  refused_capacity = 9,
};
constexpr const char* check_verdict_name(CheckVerdict verdict) noexcept {
  constexpr const char* names[] = {
      "accepted",         "accepted_reduces",    "refused_margin",       "refused_undecidable",
      "refused_doubtful", "refused_liquidating", "refused_not_reducing", "refused_unknown",
      "refused_invalid",  "refused_capacity"};
  const auto i = static_cast<std::size_t>(verdict);
  return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

struct CheckedOrder {
  CheckVerdict verdict;
  Status status;
  UnderlyingIndex binding_underlying;  // -1 without; of refused_doubtful the mark that is not ready
  double binding_price_move, binding_vol_shock;
  Ticks shortfall;                    // initial margin less equity after it, 0 at least
  Ticks equity_after, initial_after;  // 0 where a proof decided without them
};

// One account under the policies in force and under others: states without hysteresis, amounts in
// the numeraire after directed rounding, NaN where undecidable.
struct PolicyDifference {
  std::int32_t policy_before, policy_after;
  State state_before, state_after;
  Status status_before, status_after;
  std::uint32_t reserved;
  double equity_before, equity_after;
  double initial_margin_before, initial_margin_after;
  double maintenance_margin_before, maintenance_margin_after;
};

struct LiveCounters {
  std::uint64_t records, refused, evaluated, crossed, watched, renewed, sweeps, proofs,
      exact_checks, eased;  // eased: bands moved without an evaluation
};

// How records go to the disk; cpp/src/live/README.md says what is promised.
struct RecordingOptions {
  std::size_t ring_records = std::size_t{1} << 16;  // that may wait for the disk; a power of two
  std::size_t group_records = 16'384;               // most that one sync makes last
  std::int64_t idle_ns = 50'000;    // between looks of the journal's thread when nothing waits
  journal::Files* files = nullptr;  // null: the machine's own file system
  // Called by record_to once the directory is the engine's own and before anything is written
  // there, for what its caller keeps beside it; what it throws ends the attempt.
  std::function<void()> beside;
};

// What is wrong with a directory that is to be recorded to or was recorded to.
enum class RecordingFault : std::uint8_t {
  io = 0,       // the file system refuses
  in_use = 1,   // it is another engine's, by its lock or by its history
  missing = 2,  // there is nothing to start from
  damaged = 3,  // bytes are not as they were written, or are gone
  differs = 4,  // all is whole, but leads to another state than was recorded
};

class RecordingError : public std::runtime_error {
 public:
  RecordingError(RecordingFault why, const std::string& what, int system_error = 0)
      : std::runtime_error(what), fault(why), error(system_error) {}

  RecordingFault fault;
  int error;  // the errno of io
};

struct RecoveryReport {
  std::string snapshot;              // the file that the state was taken from
  std::vector<std::string> refused;  // others that could not be used, each with the reason
  std::uint64_t snapshot_seq;        // its applied_seq
  std::uint64_t records_replayed;    // staged policies among them
  std::uint64_t hashes_compared;     // of snapshots and beginnings of journals
  std::uint64_t torn_bytes;          // of an unfinished frame at the end of the last journal,
  std::string torn_file;             // which is this one
  std::uint64_t applied_seq;         // of the engine now,
  std::uint64_t state_hash;          // and its hash
};

struct ReplayOptions {
  std::uint64_t until_seq = UINT64_MAX;  // the last entry to apply
  // Called at the start, now and then, and at the end, with the last entry that was applied and the
  // last there is; what it throws ends the replay.
  std::function<void(std::uint64_t, std::uint64_t)> progress;
  journal::Files* files = nullptr;  // null: the machine's own file system
};

struct RecoveredEngine;

class LiveEngine {
 public:
  explicit LiveEngine(LiveInputs inputs);
  ~LiveEngine();
  LiveEngine(LiveEngine&&) noexcept;
  LiveEngine& operator=(LiveEngine&&) noexcept;

  Applied apply(const Record& record) noexcept;
  CheckedOrder check(const Order& order, bool reduce_only = false) noexcept;
  LiveAccount account(AccountIndex account) noexcept;  // writer: exact, as of the last record
  // Writer: what the account holds by pocket and underlying, Greeks and margins, exact as of the
  // last record. How many rows there are; those beyond out.size() are not written.
  std::size_t units(AccountIndex account, std::span<UnitRow> out) noexcept;
  // Any thread: the row as last written, whole, which may be older than the last record.
  LiveAccount published(AccountIndex account) const noexcept;

  // Takes up to out.size() events off the ring; any one other thread may do so.
  std::size_t events(std::span<Event> out) noexcept;

  // Policies wait under their epoch until a policy_epoch record makes them the ones in force.
  void stage_policies(std::uint64_t epoch, PolicySet policies);

  // Policies for an engine over as many accounts, assets and underlyings, as bytes that a process
  // without their rules can stage. std::invalid_argument, with nothing changed, for bytes that are
  // none, damaged or for another engine, and for an epoch whose number has been given already.
  std::vector<std::byte> save_policies(PolicySet policies) const;
  void stage_saved(std::uint64_t epoch, std::span<const std::byte> policies);
  // Every account under saved policies, as if they had been in force for long, beside itself; a
  // recompute of both, and nothing changes.
  std::vector<PolicyDifference> dry_run(std::span<const std::byte> policies);

  // A batch engine over this engine's present state, built from it without any cache.
  Engine freeze();
  // Every account re-evaluated from primary state and compared with what is stored; the number of
  // differences, 0 unless the engine is wrong.
  std::size_t audit() noexcept;

  std::uint64_t state_hash() const;  // of the primary state, in a fixed order
  std::uint64_t applied_seq() const noexcept;
  TimeNs now_ns() const noexcept;
  std::uint64_t epoch() const noexcept;
  LiveCounters counters() const noexcept;
  MarkState mark_state(UnderlyingIndex underlying) const noexcept;
  double index_price(UnderlyingIndex underlying) const noexcept;
  // Whether a policy's ticks go by bands; else each tick re-evaluates what it touches.
  bool policy_has_bands(std::int32_t policy) const noexcept;
  std::size_t account_count() const noexcept;
  std::size_t instrument_count() const noexcept;
  std::size_t underlying_count() const noexcept;

  // The whole engine as bytes, and back: the primary state is saved, all else is made again. A load
  // refuses what is damaged, truncated or of another version with std::invalid_argument.
  std::vector<std::byte> save() const;
  static LiveEngine load(std::span<const std::byte> bytes);

  // Writer thread, cold. Records to a directory that is there: a snapshot of the present state is
  // written and a journal opened behind it; from then on every change is in the journal's ring
  // before apply or stage_policies returns. The directory is empty or the one that this engine was
  // recovered from, and nobody else's until the engine is gone. RecordingError, with no state
  // changed, when that cannot be.
  void record_to(const std::string& directory, const RecordingOptions& options = {});
  // A new snapshot and a new journal behind it; older files go, but for those of the snapshot
  // before. Also the way on from a journal that failed. RecordingError when it cannot be
  // written: what was durable stays so, and recording that ran goes on.
  void snapshot();
  // Waits until everything applied is durable; false if the journal fails or there is none.
  bool flush() noexcept;
  bool is_recording() const noexcept;
  int journal_error() const noexcept;  // the errno that a journal failed with; 0 while all is well
  // In a child of fork() of a process whose engine has a recording: that stays the parent's. If
  // it records, apply and stage_policies take nothing more here; record_to and snapshot refuse.
  bool is_forked() const noexcept;

  // Any thread: what is applied up to this one survives a loss of power. 0 before record_to.
  std::uint64_t durable_seq() const noexcept;

  // The engine that recorded there, as of the last record that reached the disk. Events of the
  // replay are not delivered again. The newest whole snapshot is taken and all journals behind it;
  // a torn end of the last is cut. Anything else that is damaged or missing is a RecordingError
  // with the file and the byte. The directory stays locked for this engine's own record_to: until
  // then nothing new is recorded.
  static RecoveredEngine recover(const std::string& directory,
                                 const RecordingOptions& options = {});

  // The recording run again from its oldest snapshot, every hash on the way compared. Nothing in
  // the directory is changed, and it is free again when this returns: a torn end is left out and
  // told of. RecordingError as for recover; std::invalid_argument for an `until_seq` that the
  // recording does not hold.
  static RecoveredEngine replay(const std::string& directory, const ReplayOptions& options = {});

 private:
  struct State;
  class Replay;
  LiveEngine();
  std::unique_ptr<State> state_;
};

struct RecoveredEngine {
  LiveEngine engine;
  RecoveryReport report;
};

}  // namespace tickmargin
