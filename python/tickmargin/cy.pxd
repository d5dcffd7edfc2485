# The live engine from Cython: `from tickmargin cimport cy`, compiled with -I tm.get_include().
# The structs, their fields and every number are those of tickmargin/tickmargin.h.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "tickmargin/tickmargin.h" nogil:
    ctypedef struct tickmargin_engine:
        pass

    ctypedef struct tickmargin_record:
        uint16_t type
        uint16_t source
        int32_t subject
        int64_t ts_ns
        uint64_t sequence
        int32_t account
        int32_t pocket
        int32_t detail
        uint32_t flags
        double value[3]

    ctypedef struct tickmargin_event:
        uint16_t type
        uint16_t flags
        int32_t account
        uint64_t applied_seq
        int64_t ts_ns
        uint8_t before
        uint8_t after
        uint8_t status
        uint8_t reserved
        int32_t subject
        int64_t equity_ticks
        int64_t maintenance_ticks
        int64_t slack_ticks
        uint64_t epoch

    ctypedef struct tickmargin_order:
        int32_t account
        int32_t pocket
        int32_t instrument
        uint32_t flags
        double quantity
        double price

    ctypedef struct tickmargin_checked_order:
        int32_t verdict
        int32_t status
        int32_t binding_underlying
        int32_t reserved
        double binding_price_move
        double binding_vol_shock
        int64_t shortfall_ticks
        int64_t equity_after_ticks
        int64_t initial_after_ticks
        uint64_t reserved_word

    ctypedef struct tickmargin_account:
        uint32_t size
        int32_t policy
        uint8_t state
        uint8_t status
        uint8_t breach
        uint8_t liquidation_blocked
        uint32_t reserved
        int64_t equity_ticks
        int64_t equity_initial_ticks
        int64_t initial_margin_ticks
        int64_t maintenance_margin_ticks
        int64_t slack_ticks
        int64_t since_ns
        uint64_t applied_seq
        uint64_t epoch

    ctypedef struct tickmargin_unit:
        int32_t pocket
        int32_t underlying
        double delta_base
        double gamma
        double vega
        double theta
        double gross_notional
        double value
        double initial_margin
        double maintenance_margin
        double worst_price_move
        double worst_vol_shock

    ctypedef struct tickmargin_message:
        char text[256]

    ctypedef struct tickmargin_counts:
        uint32_t size
        int32_t accounts
        int32_t instruments
        int32_t underlyings

    ctypedef struct tickmargin_counters:
        uint32_t size
        uint32_t reserved
        uint64_t records
        uint64_t refused
        uint64_t evaluated
        uint64_t crossed
        uint64_t watched
        uint64_t renewed
        uint64_t sweeps
        uint64_t proofs
        uint64_t exact_checks

    ctypedef struct tickmargin_recording:
        uint32_t size
        uint32_t reserved
        uint64_t ring_records
        uint64_t group_records

    ctypedef struct tickmargin_difference:
        int32_t policy_before
        int32_t policy_after
        uint8_t state_before
        uint8_t state_after
        uint8_t status_before
        uint8_t status_after
        uint32_t reserved
        double equity_before
        double equity_after
        double initial_margin_before
        double initial_margin_after
        double maintenance_margin_before
        double maintenance_margin_after

    ctypedef struct tickmargin_api:
        uint32_t size
        uint32_t abi_version
        const char *(*version)() noexcept nogil
        const char *(*kernel_name)() noexcept nogil
        const char *(*fault_name)(int32_t) noexcept nogil
        const char *(*record_status_name)(int32_t) noexcept nogil
        const char *(*check_verdict_name)(int32_t) noexcept nogil
        const char *(*state_name)(int32_t) noexcept nogil
        const char *(*status_name)(int32_t) noexcept nogil
        const char *(*mark_state_name)(int32_t) noexcept nogil
        int32_t (*open_bytes)(
            const void *, uint64_t, tickmargin_engine **, tickmargin_message *) noexcept nogil
        int32_t (*open_file)(
            const char *, tickmargin_engine **, tickmargin_message *) noexcept nogil
        int32_t (*save)(const tickmargin_engine *, void *, uint64_t, uint64_t *) noexcept nogil
        void (*close)(tickmargin_engine *) noexcept nogil
        int32_t (*apply)(tickmargin_engine *, const tickmargin_record *) noexcept nogil
        int64_t (*apply_many)(
            tickmargin_engine *, const tickmargin_record *, int64_t, uint8_t *) noexcept nogil
        int32_t (*check)(
            tickmargin_engine *, const tickmargin_order *,
            tickmargin_checked_order *) noexcept nogil
        int64_t (*check_many)(
            tickmargin_engine *, const tickmargin_order *, int64_t,
            tickmargin_checked_order *) noexcept nogil
        int32_t (*account)(tickmargin_engine *, int32_t, tickmargin_account *) noexcept nogil
        int32_t (*published)(
            const tickmargin_engine *, int32_t, tickmargin_account *) noexcept nogil
        int64_t (*events)(tickmargin_engine *, tickmargin_event *, int64_t) noexcept nogil
        int64_t (*audit)(tickmargin_engine *) noexcept nogil
        int32_t (*state_hash)(const tickmargin_engine *, uint64_t *) noexcept nogil
        int32_t (*applied_seq)(const tickmargin_engine *, uint64_t *) noexcept nogil
        int32_t (*counters)(const tickmargin_engine *, tickmargin_counters *) noexcept nogil
        int32_t (*counts)(const tickmargin_engine *, tickmargin_counts *) noexcept nogil
        int32_t (*index_price)(const tickmargin_engine *, int32_t, double *) noexcept nogil
        int32_t (*mark_state)(const tickmargin_engine *, int32_t) noexcept nogil
        int64_t (*units)(tickmargin_engine *, int32_t, tickmargin_unit *, int64_t) noexcept nogil
        int32_t (*record_to)(
            tickmargin_engine *, const char *, const tickmargin_recording *,
            tickmargin_message *) noexcept nogil
        int32_t (*snapshot)(tickmargin_engine *, tickmargin_message *) noexcept nogil
        int32_t (*flush)(tickmargin_engine *, tickmargin_message *) noexcept nogil
        int32_t (*durable_seq)(const tickmargin_engine *, uint64_t *) noexcept nogil
        int32_t (*recover)(
            const char *, tickmargin_engine **, tickmargin_message *) noexcept nogil
        int32_t (*stage_policies)(
            tickmargin_engine *, uint64_t, const void *, uint64_t,
            tickmargin_message *) noexcept nogil
        int64_t (*dry_run)(
            tickmargin_engine *, const void *, uint64_t, tickmargin_difference *, int64_t,
            tickmargin_message *) noexcept nogil

    enum:
        TICKMARGIN_ABI_VERSION
        TICKMARGIN_FAULT_NULL
        TICKMARGIN_FAULT_SIZE
        TICKMARGIN_FAULT_HANDLE
        TICKMARGIN_FAULT_COUNT
        TICKMARGIN_FAULT_FLAGS
        TICKMARGIN_FAULT_REFUSED
        TICKMARGIN_FAULT_FILE
        TICKMARGIN_FAULT_MEMORY
        TICKMARGIN_FAULT_BUFFER
        TICKMARGIN_FAULT_INTERNAL
        TICKMARGIN_FAULT_IN_USE
        TICKMARGIN_FAULT_MISSING
        TICKMARGIN_FAULT_DAMAGED
        TICKMARGIN_FAULT_DIFFERS
        TICKMARGIN_FAULT_NOT_RECORDING
        TICKMARGIN_INDEX_TICK
        TICKMARGIN_FORWARD
        TICKMARGIN_MARK
        TICKMARGIN_VOLATILITY
        TICKMARGIN_SURFACE_STAGE
        TICKMARGIN_SURFACE_COMMIT
        TICKMARGIN_REALISED_VOL
        TICKMARGIN_DEPTH
        TICKMARGIN_TRADE_FLOW
        TICKMARGIN_FILL
        TICKMARGIN_ORDER
        TICKMARGIN_CANCEL
        TICKMARGIN_DEPOSIT
        TICKMARGIN_DEPOSIT_REVERSED
        TICKMARGIN_WITHDRAWAL
        TICKMARGIN_CHAIN_HALT
        TICKMARGIN_POLICY_EPOCH
        TICKMARGIN_CLOCK
        TICKMARGIN_INSTRUMENT_LISTING
        TICKMARGIN_INSTRUMENT_EXPIRY
        TICKMARGIN_OPERATOR_RELEASE
        TICKMARGIN_REDUCE_ONLY
        TICKMARGIN_HALTED
        TICKMARGIN_ROLLBACK
        TICKMARGIN_RELEASE_PRICE
        TICKMARGIN_RELEASE_SOURCE
        TICKMARGIN_RELEASE_VOLATILITIES
        TICKMARGIN_OK
        TICKMARGIN_DUPLICATE
        TICKMARGIN_MARGIN_REFUSED
        TICKMARGIN_BLOCKED
        TICKMARGIN_CAPACITY
        TICKMARGIN_RING_FULL
        TICKMARGIN_NOT_DURABLE
        TICKMARGIN_QUARANTINED
        TICKMARGIN_ACCEPTED
        TICKMARGIN_ACCEPTED_REDUCES
        TICKMARGIN_REFUSED_MARGIN
        TICKMARGIN_REFUSED_UNDECIDABLE
        TICKMARGIN_REFUSED_DOUBTFUL
        TICKMARGIN_REFUSED_LIQUIDATING
        TICKMARGIN_REFUSED_NOT_REDUCING
        TICKMARGIN_REFUSED_UNKNOWN
        TICKMARGIN_REFUSED_INVALID
        TICKMARGIN_REFUSED_CAPACITY
        TICKMARGIN_HEALTHY
        TICKMARGIN_WARNING
        TICKMARGIN_MARGIN_CALL
        TICKMARGIN_LIQUIDATING
        TICKMARGIN_BANKRUPT
        TICKMARGIN_UNDECIDABLE
        TICKMARGIN_MARK_READY
        TICKMARGIN_MARK_DEGRADED
        TICKMARGIN_MARK_QUARANTINED
        TICKMARGIN_MARK_UNUSABLE
        TICKMARGIN_EVENT_ACCOUNT
        TICKMARGIN_EVENT_MARK_STATE
        TICKMARGIN_EVENT_EPOCH
        TICKMARGIN_EVENT_SETTLEMENT
        TICKMARGIN_EVENT_ESCALATION
        TICKMARGIN_EVENT_CHAIN
        TICKMARGIN_EVENT_VOL_STATE
        TICKMARGIN_EVENT_BREACH
        TICKMARGIN_EVENT_LIQUIDATION_BLOCKED
    const char *TICKMARGIN_API_CAPSULE
    const char *TICKMARGIN_ENGINE_CAPSULE


# Holds one engine. `handle` is what the calls below take: read it once, with the GIL, and keep this
# object alive while it is used.
cdef class Engine:
    cdef tickmargin_engine *handle
    cdef bint owned    # closed with this object
    cdef object owner  # else the capsule that keeps it alive


# The table, for what has no call of its own here.
cdef const tickmargin_api *api() noexcept nogil

# The hot calls, as in the table.
cdef int32_t apply(tickmargin_engine *engine, const tickmargin_record *record) noexcept nogil
cdef int64_t apply_many(tickmargin_engine *engine, const tickmargin_record *records,
                        int64_t count, uint8_t *record_status) noexcept nogil
cdef int32_t check(tickmargin_engine *engine, const tickmargin_order *order,
                   tickmargin_checked_order *checked) noexcept nogil
cdef int64_t check_many(tickmargin_engine *engine, const tickmargin_order *orders, int64_t count,
                        tickmargin_checked_order *checked) noexcept nogil
cdef int32_t account(tickmargin_engine *engine, int32_t account,
                     tickmargin_account *row) noexcept nogil
cdef int32_t published(const tickmargin_engine *engine, int32_t account,
                       tickmargin_account *row) noexcept nogil
cdef int64_t units(tickmargin_engine *engine, int32_t account, tickmargin_unit *rows,
                   int64_t capacity) noexcept nogil
cdef int64_t events(tickmargin_engine *engine, tickmargin_event *out,
                    int64_t capacity) noexcept nogil

# An engine from what a live engine's `save` gave; `engine_of` takes a capsule "tickmargin.engine".
cpdef Engine open_engine(bytes saved)
cpdef Engine engine_of(object capsule)
