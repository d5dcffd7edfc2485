// The core behind a table of C functions. What a call needs is checked here; from there on the
// core's own rules hold. Nothing that throws leaves.
#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "capi/faults.hpp"
#include "capi/handle.hpp"
#include "capi/names.hpp"
#include "capi/policies.hpp"
#include "capi/recording.hpp"
#include "journal/files.hpp"
#include "kernels/kernels.hpp"
#include "tickmargin/version.hpp"

namespace tickmargin::capi {
namespace {

const char* version() noexcept {
  return TICKMARGIN_VERSION;
}
const char* kernel_name() noexcept {
  return kernels::kernels().name;
}

// ---- making, saving, closing --------------------------------------------------------------------

std::int32_t load(std::span<const std::byte> bytes, tickmargin_engine** out) {
  // Chosen kernels that do not exist or cannot run here are an error, not a fallback.
  if (const char* error = kernels::kernel_error()) throw std::invalid_argument(error);
  *out = handle_of(new LiveEngine(LiveEngine::load(bytes)));
  return 0;
}

std::int32_t open_bytes(const void* bytes, std::uint64_t count, tickmargin_engine** out,
                        tickmargin_message* message) noexcept {
  if (out != nullptr) *out = nullptr;
  if (bytes == nullptr || out == nullptr) return tell_null(message);
  return caught(message, [&] {
    return load({static_cast<const std::byte*>(bytes), static_cast<std::size_t>(count)}, out);
  });
}

std::int32_t open_file(const char* path, tickmargin_engine** out,
                       tickmargin_message* message) noexcept {
  if (out != nullptr) *out = nullptr;
  if (path == nullptr || out == nullptr) return tell_null(message);
  return caught(message, [&] {
    std::unique_ptr<journal::File> file;
    std::uint64_t size = 0;
    int error = journal::posix_files().open(path, journal::Access::read, &file);
    if (error == 0) error = file->size(&size);
    std::vector<std::byte> bytes(error == 0 ? static_cast<std::size_t>(size) : 0);
    if (error == 0) error = file->read(0, bytes.data(), bytes.size());
    if (error != 0) {
      const std::string why = std::string(path) + ": " + std::strerror(error);
      return tell(message, why.c_str(), TICKMARGIN_FAULT_FILE);
    }
    return load(bytes, out);
  });
}

std::int32_t save(const tickmargin_engine* handle, void* buffer, std::uint64_t capacity,
                  std::uint64_t* count) noexcept {
  if (handle == nullptr || count == nullptr || (buffer == nullptr && capacity != 0)) {
    return TICKMARGIN_FAULT_NULL;
  }
  return caught(nullptr, [&] {
    const std::vector<std::byte> bytes = engine_of(handle)->save();
    *count = bytes.size();
    if (bytes.size() > capacity) return std::int32_t{TICKMARGIN_FAULT_BUFFER};
    std::memcpy(buffer, bytes.data(), bytes.size());
    return std::int32_t{0};
  });
}

void close(tickmargin_engine* handle) noexcept {
  delete engine_of(handle);
}

// ---- records ------------------------------------------------------------------------------------

std::int32_t apply(tickmargin_engine* handle, const tickmargin_record* record) noexcept {
  if (handle == nullptr || record == nullptr) return TICKMARGIN_FAULT_NULL;
  return static_cast<std::int32_t>(engine_of(handle)->apply(std::bit_cast<Record>(*record)).status);
}

std::int64_t apply_many(tickmargin_engine* handle, const tickmargin_record* records,
                        std::int64_t count, std::uint8_t* record_status) noexcept {
  if (handle == nullptr) return TICKMARGIN_FAULT_NULL;
  if (count < 0) return TICKMARGIN_FAULT_COUNT;
  if (count > 0 && (records == nullptr || record_status == nullptr)) return TICKMARGIN_FAULT_NULL;
  LiveEngine& engine = *engine_of(handle);
  for (std::int64_t i = 0; i < count; ++i) {
    const RecordStatus status = engine.apply(std::bit_cast<Record>(records[i])).status;
    record_status[i] = static_cast<std::uint8_t>(status);
    if (status == RecordStatus::ring_full) return i;
  }
  return count;
}

// ---- orders -------------------------------------------------------------------------------------

tickmargin_checked_order check_one(LiveEngine& engine, const tickmargin_order& order) noexcept {
  const CheckedOrder c =
      engine.check({order.account, order.pocket, order.instrument, order.quantity, order.price},
                   (order.flags & TICKMARGIN_REDUCE_ONLY) != 0);
  return {static_cast<std::int32_t>(c.verdict),
          static_cast<std::int32_t>(c.status),
          c.binding_underlying,
          0,
          c.binding_price_move,
          c.binding_vol_shock,
          c.shortfall,
          c.equity_after,
          c.initial_after,
          0};
}

bool flags_known(const tickmargin_order& order) noexcept {
  return (order.flags & ~static_cast<std::uint32_t>(TICKMARGIN_REDUCE_ONLY)) == 0;
}

std::int32_t check(tickmargin_engine* handle, const tickmargin_order* order,
                   tickmargin_checked_order* checked) noexcept {
  if (handle == nullptr || order == nullptr || checked == nullptr) return TICKMARGIN_FAULT_NULL;
  if (!flags_known(*order)) return TICKMARGIN_FAULT_FLAGS;
  *checked = check_one(*engine_of(handle), *order);
  return checked->verdict;
}

std::int64_t check_many(tickmargin_engine* handle, const tickmargin_order* orders,
                        std::int64_t count, tickmargin_checked_order* checked) noexcept {
  if (handle == nullptr) return TICKMARGIN_FAULT_NULL;
  if (count < 0) return TICKMARGIN_FAULT_COUNT;
  if (count > 0 && (orders == nullptr || checked == nullptr)) return TICKMARGIN_FAULT_NULL;
  for (std::int64_t i = 0; i < count; ++i) {
    if (!flags_known(orders[i])) return TICKMARGIN_FAULT_FLAGS;
  }
  LiveEngine& engine = *engine_of(handle);
  for (std::int64_t i = 0; i < count; ++i) checked[i] = check_one(engine, orders[i]);
  return count;
}

// ---- accounts and events ------------------------------------------------------------------------

bool outside(std::int32_t index, std::size_t count) noexcept {
  return index < 0 || static_cast<std::size_t>(index) >= count;
}

// A fault, or 0 where the row may be read.
std::int32_t row_fault(const tickmargin_engine* handle, std::int32_t account,
                       const tickmargin_account* row) noexcept {
  if (handle == nullptr || row == nullptr) return TICKMARGIN_FAULT_NULL;
  if (row->size != sizeof(tickmargin_account)) return TICKMARGIN_FAULT_SIZE;
  return outside(account, engine_of(handle)->account_count()) ? TICKMARGIN_FAULT_HANDLE : 0;
}

tickmargin_account row_of(const LiveAccount& a) noexcept {
  return {sizeof(tickmargin_account),
          a.policy,
          static_cast<std::uint8_t>(a.state),
          static_cast<std::uint8_t>(a.status),
          a.breach,
          a.liquidation_blocked,
          0,
          a.equity,
          a.equity_initial,
          a.initial_margin,
          a.maintenance_margin,
          a.slack,
          a.since_ns,
          a.applied_seq,
          a.epoch};
}

std::int32_t account(tickmargin_engine* handle, std::int32_t account,
                     tickmargin_account* row) noexcept {
  const std::int32_t fault = row_fault(handle, account, row);
  if (fault == 0) *row = row_of(engine_of(handle)->account(account));
  return fault;
}

std::int32_t published(const tickmargin_engine* handle, std::int32_t account,
                       tickmargin_account* row) noexcept {
  const std::int32_t fault = row_fault(handle, account, row);
  if (fault == 0) *row = row_of(engine_of(handle)->published(account));
  return fault;
}

// The rows are written in place: both structures are one, field by field (layout.cpp).
std::int64_t units(tickmargin_engine* handle, std::int32_t account, tickmargin_unit* out,
                   std::int64_t capacity) noexcept {
  if (handle == nullptr) return TICKMARGIN_FAULT_NULL;
  if (capacity < 0) return TICKMARGIN_FAULT_COUNT;
  if (capacity > 0 && out == nullptr) return TICKMARGIN_FAULT_NULL;
  LiveEngine& engine = *engine_of(handle);
  if (outside(account, engine.account_count())) return TICKMARGIN_FAULT_HANDLE;
  const std::span rows(reinterpret_cast<UnitRow*>(out), static_cast<std::size_t>(capacity));
  return static_cast<std::int64_t>(engine.units(account, rows));
}

std::int64_t events(tickmargin_engine* handle, tickmargin_event* out,
                    std::int64_t capacity) noexcept {
  if (handle == nullptr) return TICKMARGIN_FAULT_NULL;
  if (capacity < 0) return TICKMARGIN_FAULT_COUNT;
  if (capacity > 0 && out == nullptr) return TICKMARGIN_FAULT_NULL;
  LiveEngine& engine = *engine_of(handle);
  Event taken[16];
  std::int64_t count = 0;
  while (count < capacity) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(16, capacity - count));
    const std::size_t n = engine.events({taken, wanted});
    for (std::size_t e = 0; e < n; ++e) out[count++] = std::bit_cast<tickmargin_event>(taken[e]);
    if (n < wanted) break;
  }
  return count;
}

// ---- the engine as a whole ----------------------------------------------------------------------

std::int64_t audit(tickmargin_engine* handle) noexcept {
  if (handle == nullptr) return TICKMARGIN_FAULT_NULL;
  return static_cast<std::int64_t>(engine_of(handle)->audit());
}

std::int32_t state_hash(const tickmargin_engine* handle, std::uint64_t* hash) noexcept {
  if (handle == nullptr || hash == nullptr) return TICKMARGIN_FAULT_NULL;
  return caught(nullptr, [&] {
    *hash = engine_of(handle)->state_hash();
    return std::int32_t{0};
  });
}

std::int32_t applied_seq(const tickmargin_engine* handle, std::uint64_t* applied) noexcept {
  if (handle == nullptr || applied == nullptr) return TICKMARGIN_FAULT_NULL;
  *applied = engine_of(handle)->applied_seq();
  return 0;
}

std::int32_t counters(const tickmargin_engine* handle, tickmargin_counters* out) noexcept {
  if (handle == nullptr || out == nullptr) return TICKMARGIN_FAULT_NULL;
  if (out->size != sizeof(tickmargin_counters)) return TICKMARGIN_FAULT_SIZE;
  const LiveCounters c = engine_of(handle)->counters();
  *out = {sizeof(tickmargin_counters),
          0,
          c.records,
          c.refused,
          c.evaluated,
          c.crossed,
          c.watched,
          c.renewed,
          c.sweeps,
          c.proofs,
          c.exact_checks};
  return 0;
}

// Every count of an engine fits an index: it was given as one.
std::int32_t counts(const tickmargin_engine* handle, tickmargin_counts* out) noexcept {
  if (handle == nullptr || out == nullptr) return TICKMARGIN_FAULT_NULL;
  if (out->size != sizeof(tickmargin_counts)) return TICKMARGIN_FAULT_SIZE;
  const LiveEngine& engine = *engine_of(handle);
  *out = {sizeof(tickmargin_counts), static_cast<std::int32_t>(engine.account_count()),
          static_cast<std::int32_t>(engine.instrument_count()),
          static_cast<std::int32_t>(engine.underlying_count())};
  return 0;
}

std::int32_t index_price(const tickmargin_engine* handle, std::int32_t underlying,
                         double* price) noexcept {
  if (handle == nullptr || price == nullptr) return TICKMARGIN_FAULT_NULL;
  const LiveEngine& engine = *engine_of(handle);
  if (outside(underlying, engine.underlying_count())) return TICKMARGIN_FAULT_HANDLE;
  *price = engine.index_price(underlying);
  return 0;
}

std::int32_t mark_state(const tickmargin_engine* handle, std::int32_t underlying) noexcept {
  if (handle == nullptr) return TICKMARGIN_FAULT_NULL;
  const LiveEngine& engine = *engine_of(handle);
  if (outside(underlying, engine.underlying_count())) return TICKMARGIN_FAULT_HANDLE;
  return static_cast<std::int32_t>(engine.mark_state(underlying));
}

constexpr tickmargin_api table = {
    sizeof(tickmargin_api),
    TICKMARGIN_ABI_VERSION,
    version,
    kernel_name,
    fault_name,
    record_status_name,
    check_verdict_name,
    state_name,
    status_name,
    mark_state_name,
    open_bytes,
    open_file,
    save,
    close,
    apply,
    apply_many,
    check,
    check_many,
    account,
    published,
    events,
    audit,
    state_hash,
    applied_seq,
    counters,
    counts,
    index_price,
    mark_state,
    units,
    record_to,
    snapshot,
    flush,
    durable_seq,
    recover,
    stage_policies,
    dry_run,
};

}  // namespace
}  // namespace tickmargin::capi

extern "C" const tickmargin_api* tickmargin_api_get(std::uint32_t abi_version) {
  const bool served = abi_version >= 1 && abi_version <= TICKMARGIN_ABI_VERSION;
  return served ? &tickmargin::capi::table : nullptr;
}
