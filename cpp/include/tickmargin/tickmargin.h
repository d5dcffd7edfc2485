/* The live engine from C, and from anything that speaks C.
 *
 * One table of functions, got once by tickmargin_api_get. Records of 64 bytes in, events of 64
 * bytes out; accounts, instruments and underlyings are 32-bit indices in the order they were given
 * in. What a record means and what it may be answered is written out in cpp/src/live/README.md.
 *
 * One thread writes. A function marked "any thread" may run beside it; events may be drained by
 * one other thread. apply, apply_many, check, check_many, account, published and events allocate
 * nothing, take no lock, read no clock and do no I/O. No function throws.
 *
 * Every function answers a number: 0 or more is the answer, below 0 a fault of the call
 * (TICKMARGIN_FAULT_*), after which nothing has changed. Pointers that a call needs may not be
 * null, indices are checked, structs that begin with `size` have it set to sizeof by the caller.
 */
#ifndef TICKMARGIN_TICKMARGIN_H
#define TICKMARGIN_TICKMARGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rises whenever the table or a struct grows; every earlier one stays served. */
#define TICKMARGIN_ABI_VERSION 3u

/* Names of the capsules of the Python package: the table, and one engine. */
#define TICKMARGIN_API_CAPSULE "tickmargin._core._C_API"
#define TICKMARGIN_ENGINE_CAPSULE "tickmargin.engine"

typedef struct tickmargin_engine tickmargin_engine;

/* Faults of a call. */
enum {
  TICKMARGIN_FAULT_NULL = -1,     /* a pointer that is needed is null */
  TICKMARGIN_FAULT_SIZE = -2,     /* `size` of a struct is none that this version knows */
  TICKMARGIN_FAULT_HANDLE = -3,   /* no such account or underlying */
  TICKMARGIN_FAULT_COUNT = -4,    /* a number of elements below 0 */
  TICKMARGIN_FAULT_FLAGS = -5,    /* a flag that is not known */
  TICKMARGIN_FAULT_REFUSED = -6,  /* the bytes are no saved engine, or no saved policies for this
                                   * one, of this version; the epoch's number is taken */
  TICKMARGIN_FAULT_FILE = -7,     /* the file could not be read */
  TICKMARGIN_FAULT_MEMORY = -8,   /* out of memory */
  TICKMARGIN_FAULT_BUFFER = -9,   /* the buffer is too small */
  TICKMARGIN_FAULT_INTERNAL = -10, /* the engine is wrong; please report it */
  /* Of a recording. */
  TICKMARGIN_FAULT_IN_USE = -11,       /* another engine's, by its lock or history; or the parent's,
                                        * in a child of fork() */
  TICKMARGIN_FAULT_MISSING = -12,      /* there is nothing to start from */
  TICKMARGIN_FAULT_DAMAGED = -13,      /* bytes are not as they were written, or are gone */
  TICKMARGIN_FAULT_DIFFERS = -14,      /* all is whole, but leads to another state */
  TICKMARGIN_FAULT_NOT_RECORDING = -15 /* the engine does not record */
};

/* Types of records. */
enum {
  TICKMARGIN_INDEX_TICK = 1,
  TICKMARGIN_FORWARD = 2,
  TICKMARGIN_MARK = 3,
  TICKMARGIN_VOLATILITY = 4,
  TICKMARGIN_SURFACE_STAGE = 5,
  TICKMARGIN_SURFACE_COMMIT = 6,
  TICKMARGIN_REALISED_VOL = 7,
  TICKMARGIN_DEPTH = 8,
  TICKMARGIN_TRADE_FLOW = 9,
  TICKMARGIN_FILL = 10,
  TICKMARGIN_ORDER = 11,
  TICKMARGIN_CANCEL = 12,
  TICKMARGIN_DEPOSIT = 13,
  TICKMARGIN_DEPOSIT_REVERSED = 14,
  TICKMARGIN_WITHDRAWAL = 15,
  TICKMARGIN_CHAIN_HALT = 16,
  TICKMARGIN_POLICY_EPOCH = 17,
  TICKMARGIN_CLOCK = 18,
  TICKMARGIN_INSTRUMENT_LISTING = 19,
  TICKMARGIN_INSTRUMENT_EXPIRY = 20,
  TICKMARGIN_OPERATOR_RELEASE = 21
};

/* Flags of records and orders. */
enum {
  TICKMARGIN_REDUCE_ONLY = 1, /* order */
  TICKMARGIN_HALTED = 1,      /* chain halt */
  TICKMARGIN_ROLLBACK = 1     /* policy epoch */
};

/* `detail` of an operator's release: what it takes. */
enum {
  TICKMARGIN_RELEASE_PRICE = 0,       /* value[0], or with 0 the price that waits */
  TICKMARGIN_RELEASE_SOURCE = 1,      /* `source` is forgotten, with its numbering and time stamp */
  TICKMARGIN_RELEASE_VOLATILITIES = 2 /* those in doubt */
};

/* Answers to a record that a caller acts on; all of them by record_status_name. */
enum {
  TICKMARGIN_OK = 0,
  TICKMARGIN_DUPLICATE = 18,
  TICKMARGIN_MARGIN_REFUSED = 23,
  TICKMARGIN_BLOCKED = 24,
  TICKMARGIN_CAPACITY = 25,
  TICKMARGIN_RING_FULL = 26,  /* drain the events, then send the same record again */
  TICKMARGIN_NOT_DURABLE = 27, /* the journal has failed: nothing is taken that would not last */
  TICKMARGIN_QUARANTINED = 28 /* taken, but the price is in doubt and the old mark stays */
};

/* Verdicts on an order; up to TICKMARGIN_ACCEPTED_REDUCES it may trade. */
enum {
  TICKMARGIN_ACCEPTED = 0,
  TICKMARGIN_ACCEPTED_REDUCES = 1,
  TICKMARGIN_REFUSED_MARGIN = 2,
  TICKMARGIN_REFUSED_UNDECIDABLE = 3,
  TICKMARGIN_REFUSED_DOUBTFUL = 4,
  TICKMARGIN_REFUSED_LIQUIDATING = 5,
  TICKMARGIN_REFUSED_NOT_REDUCING = 6,
  TICKMARGIN_REFUSED_UNKNOWN = 7,
  TICKMARGIN_REFUSED_INVALID = 8,
  TICKMARGIN_REFUSED_CAPACITY = 9
};

/* States of an account. */
enum {
  TICKMARGIN_HEALTHY = 0,
  TICKMARGIN_WARNING = 1,
  TICKMARGIN_MARGIN_CALL = 2,
  TICKMARGIN_LIQUIDATING = 3,
  TICKMARGIN_BANKRUPT = 4,
  TICKMARGIN_UNDECIDABLE = 5
};

/* How far the mark of an underlying is trusted. */
enum {
  TICKMARGIN_MARK_READY = 0,
  TICKMARGIN_MARK_DEGRADED = 1,
  TICKMARGIN_MARK_QUARANTINED = 2,
  TICKMARGIN_MARK_UNUSABLE = 3
};

/* Types of events, and their flags. */
enum {
  TICKMARGIN_EVENT_ACCOUNT = 1,
  TICKMARGIN_EVENT_MARK_STATE = 2,
  TICKMARGIN_EVENT_EPOCH = 3,
  TICKMARGIN_EVENT_SETTLEMENT = 4,
  TICKMARGIN_EVENT_ESCALATION = 5,
  TICKMARGIN_EVENT_CHAIN = 6,
  TICKMARGIN_EVENT_VOL_STATE = 7 /* volatilities came into doubt, or are no longer */
};
enum {
  TICKMARGIN_EVENT_BREACH = 1,             /* equity is below initial margin */
  TICKMARGIN_EVENT_LIQUIDATION_BLOCKED = 2 /* its marks forbid liquidation */
};

/* Fields that a type does not use are zero; a record with another value in one is refused. */
typedef struct tickmargin_record {
  uint16_t type;
  uint16_t source;   /* of an index tick */
  int32_t subject;   /* underlying, instrument, asset or chain */
  int64_t ts_ns;     /* when it happened, UTC */
  uint64_t sequence; /* of the source; order, transfer or epoch number; expiry of a listing */
  int32_t account;
  int32_t pocket;
  int32_t detail;
  uint32_t flags;
  double value[3];
} tickmargin_record;

typedef struct tickmargin_event {
  uint16_t type;
  uint16_t flags;
  int32_t account;      /* -1: of the market */
  uint64_t applied_seq; /* of the record that caused it */
  int64_t ts_ns;
  uint8_t before; /* states of the account, or of the mark */
  uint8_t after;
  uint8_t status;
  uint8_t reserved;
  int32_t subject; /* underlying, instrument, chain; of an account the tick's, or -1 */
  int64_t equity_ticks;
  int64_t maintenance_ticks;
  int64_t slack_ticks;
  uint64_t epoch; /* policy epoch in force */
} tickmargin_event;

typedef struct tickmargin_order {
  int32_t account;
  int32_t pocket;
  int32_t instrument;
  uint32_t flags;
  double quantity; /* signed contracts */
  double price;    /* quote units; coin for a coin-settled option */
} tickmargin_order;

typedef struct tickmargin_checked_order {
  int32_t verdict;
  int32_t status;             /* why a number is not there, of refused_undecidable */
  int32_t binding_underlying; /* -1 without */
  int32_t reserved;
  double binding_price_move;
  double binding_vol_shock;
  int64_t shortfall_ticks;    /* initial margin less equity after it, 0 at least */
  int64_t equity_after_ticks; /* 0 where the order was decided without */
  int64_t initial_after_ticks;
  uint64_t reserved_word;
} tickmargin_checked_order;

/* One account; amounts in ticks, 0 where undecidable. */
typedef struct tickmargin_account {
  uint32_t size;
  int32_t policy;
  uint8_t state;
  uint8_t status;
  uint8_t breach;              /* equity is below initial margin */
  uint8_t liquidation_blocked; /* its marks forbid it */
  uint32_t reserved;
  int64_t equity_ticks;
  int64_t equity_initial_ticks;
  int64_t initial_margin_ticks;
  int64_t maintenance_margin_ticks;
  int64_t slack_ticks;
  int64_t since_ns;     /* of the state */
  uint64_t applied_seq; /* of the numbers */
  uint64_t epoch;
} tickmargin_account;

/* What a pocket holds of one underlying, as a recompute gives it; the margins are of this unit
 * alone, before netting, and amounts in the numeraire. NaN where an input is missing. */
typedef struct tickmargin_unit {
  int32_t pocket;
  int32_t underlying;
  double delta_base; /* d value / d index in base units, forward / index held */
  double gamma;      /* d delta_base per 1.00 of the quote asset */
  double vega;       /* per 1.00 of volatility */
  double theta;      /* per year, forward held */
  double gross_notional;
  double value;
  double initial_margin;
  double maintenance_margin;
  double worst_price_move;
  double worst_vol_shock;
} tickmargin_unit;

typedef struct tickmargin_counts {
  uint32_t size;
  int32_t accounts;
  int32_t instruments;
  int32_t underlyings;
} tickmargin_counts;

typedef struct tickmargin_counters {
  uint32_t size;
  uint32_t reserved;
  uint64_t records, refused;                             /* by apply */
  uint64_t evaluated, crossed, watched, renewed, sweeps; /* pockets, and why */
  uint64_t proofs, exact_checks;                         /* by check */
} tickmargin_counters;

/* Why an engine was not made; cut where the text is longer. */
typedef struct tickmargin_message {
  char text[256];
} tickmargin_message;

/* How records go to the disk; 0 in a field takes its default. */
typedef struct tickmargin_recording {
  uint32_t size;
  uint32_t reserved;
  uint64_t ring_records;  /* that may wait for the disk, a power of two; 65,536 */
  uint64_t group_records; /* most that one sync makes last; 16,384 */
} tickmargin_recording;

/* One account under the policies in force and under others: states without hysteresis, amounts in
 * the numeraire, rounded, NaN where undecidable. */
typedef struct tickmargin_difference {
  int32_t policy_before, policy_after;
  uint8_t state_before, state_after, status_before, status_after;
  uint32_t reserved;
  double equity_before, equity_after;
  double initial_margin_before, initial_margin_after;
  double maintenance_margin_before, maintenance_margin_after;
} tickmargin_difference;

/* Functions are added at the end. */
typedef struct tickmargin_api {
  uint32_t size; /* of this table, as the library has it */
  uint32_t abi_version;

  /* "0.1.0"; the kernels in use: "scalar", "avx2", "avx512", "neon". Any thread. */
  const char* (*version)(void);
  const char* (*kernel_name)(void);

  /* A name for each number, "unknown" for those that have none. Any thread. */
  const char* (*fault_name)(int32_t fault);
  const char* (*record_status_name)(int32_t record_status);
  const char* (*check_verdict_name)(int32_t verdict);
  const char* (*state_name)(int32_t state);
  const char* (*status_name)(int32_t status);
  const char* (*mark_state_name)(int32_t mark_state);

  /* An engine from what `save` gave, in memory or in a file: 0, and it is the caller's to close.
   * `message` may be null. */
  int32_t (*open_bytes)(const void* bytes, uint64_t count, tickmargin_engine** engine,
                        tickmargin_message* message);
  int32_t (*open_file)(const char* path, tickmargin_engine** engine, tickmargin_message* message);
  /* The whole engine as bytes. `count` is what it takes, told also by TICKMARGIN_FAULT_BUFFER; a
   * null buffer of capacity 0 asks for it. */
  int32_t (*save)(const tickmargin_engine* engine, void* buffer, uint64_t capacity,
                  uint64_t* count);
  /* Null is nothing. An engine that Python owns is not for C to close. */
  void (*close)(tickmargin_engine* engine);

  /* The record's status. */
  int32_t (*apply)(tickmargin_engine* engine, const tickmargin_record* record);
  /* Records in order, a status each, up to the end or the first TICKMARGIN_RING_FULL: how many were
   * answered otherwise, the place to go on from when the events are drained. */
  int64_t (*apply_many)(tickmargin_engine* engine, const tickmargin_record* records, int64_t count,
                        uint8_t* record_status);

  /* An order before it trades, as if filled in full; nothing changes. The verdict. */
  int32_t (*check)(tickmargin_engine* engine, const tickmargin_order* order,
                   tickmargin_checked_order* checked);
  /* Each order alone: how many, or a fault that leaves all of them unchecked. */
  int64_t (*check_many)(tickmargin_engine* engine, const tickmargin_order* orders, int64_t count,
                        tickmargin_checked_order* checked);

  /* Exact, as of the last record. 0. */
  int32_t (*account)(tickmargin_engine* engine, int32_t account, tickmargin_account* row);
  /* The row as last written, whole, which may be older than the last record. Any thread. 0. */
  int32_t (*published)(const tickmargin_engine* engine, int32_t account, tickmargin_account* row);

  /* Takes up to `capacity` events off the ring: how many. */
  int64_t (*events)(tickmargin_engine* engine, tickmargin_event* events, int64_t capacity);

  /* Every account re-evaluated and compared: the number of differences, 0 unless the engine is
   * wrong. */
  int64_t (*audit)(tickmargin_engine* engine);
  /* Of the primary state, in a fixed order. 0. */
  int32_t (*state_hash)(const tickmargin_engine* engine, uint64_t* hash);
  /* Of the last record that changed state. 0. */
  int32_t (*applied_seq)(const tickmargin_engine* engine, uint64_t* applied_seq);
  int32_t (*counters)(const tickmargin_engine* engine, tickmargin_counters* counters);
  int32_t (*counts)(const tickmargin_engine* engine, tickmargin_counts* counts);
  int32_t (*index_price)(const tickmargin_engine* engine, int32_t underlying, double* price);
  /* The mark's state. */
  int32_t (*mark_state)(const tickmargin_engine* engine, int32_t underlying);

  /* From here up to `recover` since version 2. What an account holds by pocket and underlying,
   * exact as of the last record: how many rows; those beyond `capacity` are not written. */
  int64_t (*units)(tickmargin_engine* engine, int32_t account, tickmargin_unit* units,
                   int64_t capacity);

  /* Records from here on to a directory that is there and empty, or the one this
   * engine was recovered from: a snapshot, and a journal behind it. `options` and `message` may be
   * null. 0. */
  int32_t (*record_to)(tickmargin_engine* engine, const char* directory,
                       const tickmargin_recording* options, tickmargin_message* message);
  /* A new snapshot and journal; also the way on from a journal that failed. 0. */
  int32_t (*snapshot)(tickmargin_engine* engine, tickmargin_message* message);
  /* Waits until everything applied is durable: 0, or FAULT_FILE if the journal has failed. */
  int32_t (*flush)(tickmargin_engine* engine, tickmargin_message* message);
  /* What is applied up to this one survives a loss of power; 0 before record_to. Any thread. 0. */
  int32_t (*durable_seq)(const tickmargin_engine* engine, uint64_t* durable);
  /* The engine that recorded there, the caller's to close; it holds the directory, and records
   * again from record_to the same one on. 0. */
  int32_t (*recover)(const char* directory, tickmargin_engine** engine,
                     tickmargin_message* message);

  /* From here on since version 3. Policies from the bytes that Engine.save_policies of Python gave,
   * for an engine over the same accounts, assets and underlyings; `message` may be null. They wait
   * under their epoch until a policy_epoch record brings them into force. 0. */
  int32_t (*stage_policies)(tickmargin_engine* engine, uint64_t epoch, const void* policies,
                            uint64_t count, tickmargin_message* message);
  /* Every account as it is and as it would be under such policies, recomputed; nothing changes. How
   * many rows, one an account; those beyond `capacity` are not written. It takes its time: an
   * engine opened from `save` can be asked instead, on another thread. */
  int64_t (*dry_run)(tickmargin_engine* engine, const void* policies, uint64_t count,
                     tickmargin_difference* rows, int64_t capacity, tickmargin_message* message);
} tickmargin_api;

/* The table of that version of the ABI or a later one; null if the library is older. Any thread. */
const tickmargin_api* tickmargin_api_get(uint32_t abi_version);

#ifdef __cplusplus
}
#endif

#endif
