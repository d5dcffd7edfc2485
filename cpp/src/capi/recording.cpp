#include "capi/recording.hpp"

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "capi/faults.hpp"
#include "capi/handle.hpp"
#include "journal/journal.hpp"
#include "kernels/kernels.hpp"

namespace tickmargin::capi {

std::int32_t record_to(tickmargin_engine* handle, const char* directory,
                       const tickmargin_recording* given, tickmargin_message* message) noexcept {
  if (handle == nullptr || directory == nullptr) return tell_null(message);
  RecordingOptions options;
  if (given != nullptr) {
    if (given->size != sizeof(tickmargin_recording)) {
      return tell(message, "size of the options is none that is known", TICKMARGIN_FAULT_SIZE);
    }
    if (given->ring_records != 0) {
      if (!journal::ring_in_range(given->ring_records)) {
        return tell(message, "ring_records must be a power of two, at most 2^30",
                    TICKMARGIN_FAULT_COUNT);
      }
      options.ring_records = static_cast<std::size_t>(given->ring_records);
    }
    if (given->group_records > journal::group_records_max) {
      return tell(message, "group_records must be at most 65536", TICKMARGIN_FAULT_COUNT);
    }
    if (given->group_records != 0) {
      options.group_records = static_cast<std::size_t>(given->group_records);
    }
  }
  return caught(message, [&] {
    engine_of(handle)->record_to(directory, options);
    return std::int32_t{0};
  });
}

std::int32_t snapshot(tickmargin_engine* handle, tickmargin_message* message) noexcept {
  if (handle == nullptr) return tell_null(message);
  if (!engine_of(handle)->is_recording()) {
    return tell(message, "the engine does not record", TICKMARGIN_FAULT_NOT_RECORDING);
  }
  return caught(message, [&] {
    engine_of(handle)->snapshot();
    return std::int32_t{0};
  });
}

std::int32_t flush(tickmargin_engine* handle, tickmargin_message* message) noexcept {
  if (handle == nullptr) return tell_null(message);
  LiveEngine& engine = *engine_of(handle);
  if (!engine.is_recording()) {
    return tell(message, "the engine does not record", TICKMARGIN_FAULT_NOT_RECORDING);
  }
  return caught(message, [&] {
    if (engine.flush()) return std::int32_t{0};
    const std::string why =
        std::string("the journal has failed: ") + std::strerror(engine.journal_error());
    return tell(message, why.c_str(), TICKMARGIN_FAULT_FILE);
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
  if (directory == nullptr || out == nullptr) return tell_null(message);
  return caught(message, [&] {
    // Chosen kernels that do not exist or cannot run here are an error, not a fallback.
    if (const char* error = kernels::kernel_error()) throw std::invalid_argument(error);
    *out = handle_of(new LiveEngine(std::move(LiveEngine::recover(directory).engine)));
    return std::int32_t{0};
  });
}

}  // namespace tickmargin::capi
