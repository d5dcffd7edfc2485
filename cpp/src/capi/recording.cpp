#include "capi/recording.hpp"

#include <bit>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "capi/handle.hpp"
#include "kernels/kernels.hpp"

namespace tickmargin::capi {
namespace {

constexpr std::uint64_t ring_records_max = std::uint64_t{1} << 30;
constexpr std::uint64_t group_records_max = std::uint64_t{1} << 16;  // 4 MiB of records

std::int32_t tell(tickmargin_message* message, const char* text, std::int32_t fault) noexcept {
  if (message != nullptr) std::snprintf(message->text, sizeof message->text, "%s", text);
  return fault;
}

std::int32_t fault_of(RecordingFault fault) noexcept {
  switch (fault) {
    case RecordingFault::io: return TICKMARGIN_FAULT_FILE;
    case RecordingFault::in_use: return TICKMARGIN_FAULT_IN_USE;
    case RecordingFault::missing: return TICKMARGIN_FAULT_MISSING;
    case RecordingFault::damaged: return TICKMARGIN_FAULT_DAMAGED;
    case RecordingFault::differs: return TICKMARGIN_FAULT_DIFFERS;
  }
  return TICKMARGIN_FAULT_INTERNAL;
}

template <class Body>
std::int32_t caught(tickmargin_message* message, Body body) noexcept {
  try {
    body();
    return tell(message, "", 0);
  } catch (const RecordingError& e) {
    return tell(message, e.what(), fault_of(e.fault));
  } catch (const std::invalid_argument& e) {
    return tell(message, e.what(), TICKMARGIN_FAULT_REFUSED);
  } catch (const std::bad_alloc&) {
    return tell(message, "out of memory", TICKMARGIN_FAULT_MEMORY);
  } catch (const std::exception& e) {
    return tell(message, e.what(), TICKMARGIN_FAULT_INTERNAL);
  } catch (...) {
    return tell(message, "an unknown exception", TICKMARGIN_FAULT_INTERNAL);
  }
}

std::int32_t is_null(tickmargin_message* message) noexcept {
  return tell(message, "a pointer that is needed is null", TICKMARGIN_FAULT_NULL);
}

}  // namespace

std::int32_t record_to(tickmargin_engine* handle, const char* directory,
                       const tickmargin_recording* given, tickmargin_message* message) noexcept {
  if (handle == nullptr || directory == nullptr) return is_null(message);
  RecordingOptions options;
  if (given != nullptr) {
    if (given->size != sizeof(tickmargin_recording)) {
      return tell(message, "size of the options is none that is known", TICKMARGIN_FAULT_SIZE);
    }
    if (given->ring_records != 0) {
      if (!std::has_single_bit(given->ring_records) || given->ring_records > ring_records_max) {
        return tell(message, "ring_records must be a power of two, at most 2^30",
                    TICKMARGIN_FAULT_COUNT);
      }
      options.ring_records = static_cast<std::size_t>(given->ring_records);
    }
    if (given->group_records > group_records_max) {
      return tell(message, "group_records must be at most 65536", TICKMARGIN_FAULT_COUNT);
    }
    if (given->group_records != 0) {
      options.group_records = static_cast<std::size_t>(given->group_records);
    }
  }
  return caught(message, [&] { engine_of(handle)->record_to(directory, options); });
}

std::int32_t snapshot(tickmargin_engine* handle, tickmargin_message* message) noexcept {
  if (handle == nullptr) return is_null(message);
  if (!engine_of(handle)->is_recording()) {
    return tell(message, "the engine does not record", TICKMARGIN_FAULT_NOT_RECORDING);
  }
  return caught(message, [&] { engine_of(handle)->snapshot(); });
}

std::int32_t flush(tickmargin_engine* handle, tickmargin_message* message) noexcept {
  if (handle == nullptr) return is_null(message);
  LiveEngine& engine = *engine_of(handle);
  if (!engine.is_recording()) {
    return tell(message, "the engine does not record", TICKMARGIN_FAULT_NOT_RECORDING);
  }
  if (engine.flush()) return tell(message, "", 0);
  return caught(message, [&] {
    const int error = engine.journal_error();
    throw RecordingError(RecordingFault::io,
                         std::string("the journal has failed: ") + std::strerror(error), error);
  });
}

std::int32_t durable_seq(const tickmargin_engine* handle, std::uint64_t* durable) noexcept {
  if (handle == nullptr || durable == nullptr) return TICKMARGIN_FAULT_NULL;
  *durable = engine_of(handle)->durable_seq();
  return 0;
}

std::int32_t recover(const char* directory, tickmargin_engine** out,
                     tickmargin_message* message) noexcept {
  if (out != nullptr) *out = nullptr;
  if (directory == nullptr || out == nullptr) return is_null(message);
  return caught(message, [&] {
    // Chosen kernels that do not exist or cannot run here are an error, not a fallback.
    if (const char* error = kernels::kernel_error()) throw std::invalid_argument(error);
    *out = handle_of(new LiveEngine(std::move(LiveEngine::recover(directory).engine)));
  });
}

}  // namespace tickmargin::capi
