#include "capi/names.hpp"

#include "tickmargin/live.hpp"
#include "tickmargin/tickmargin.h"

namespace tickmargin::capi {
namespace {

// The core's names are by enumerations of one byte: another number may not wrap into one of them.
template <class Enum>
const char* name_of(std::int32_t number, const char* (*name)(Enum) noexcept) noexcept {
  return number >= 0 && number <= UINT8_MAX ? name(static_cast<Enum>(number)) : "unknown";
}

}  // namespace

const char* fault_name(std::int32_t fault) noexcept {
  switch (fault) {
    case TICKMARGIN_FAULT_NULL: return "null_pointer";
    case TICKMARGIN_FAULT_SIZE: return "wrong_struct_size";
    case TICKMARGIN_FAULT_HANDLE: return "unknown_handle";
    case TICKMARGIN_FAULT_COUNT: return "negative_count";
    case TICKMARGIN_FAULT_FLAGS: return "unknown_flag";
    case TICKMARGIN_FAULT_REFUSED: return "refused";
    case TICKMARGIN_FAULT_FILE: return "file_error";
    case TICKMARGIN_FAULT_MEMORY: return "out_of_memory";
    case TICKMARGIN_FAULT_BUFFER: return "buffer_too_small";
    case TICKMARGIN_FAULT_INTERNAL: return "internal_error";
    case TICKMARGIN_FAULT_IN_USE: return "recording_in_use";
    case TICKMARGIN_FAULT_MISSING: return "recording_missing";
    case TICKMARGIN_FAULT_DAMAGED: return "recording_damaged";
    case TICKMARGIN_FAULT_DIFFERS: return "replay_differs";
    case TICKMARGIN_FAULT_NOT_RECORDING: return "not_recording";
  }
  return "unknown";
}

const char* record_status_name(std::int32_t record_status) noexcept {
  return name_of<RecordStatus>(record_status, tickmargin::record_status_name);
}
const char* check_verdict_name(std::int32_t verdict) noexcept {
  return name_of<CheckVerdict>(verdict, tickmargin::check_verdict_name);
}
const char* state_name(std::int32_t state) noexcept {
  return name_of<State>(state, tickmargin::state_name);
}
const char* status_name(std::int32_t status) noexcept {
  return name_of<Status>(status, tickmargin::status_name);
}
const char* mark_state_name(std::int32_t mark_state) noexcept {
  return name_of<MarkState>(mark_state, tickmargin::mark_state_name);
}

}  // namespace tickmargin::capi
