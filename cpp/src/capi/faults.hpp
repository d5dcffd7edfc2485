// What a call that could not be done answers: a fault, and why in words. Nothing that throws
// leaves.
#pragma once

#include <cstdint>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

#include "tickmargin/live.hpp"
#include "tickmargin/tickmargin.h"

namespace tickmargin::capi {

inline std::int32_t tell(tickmargin_message* message, const char* text,
                         std::int32_t fault) noexcept {
  if (message != nullptr) std::snprintf(message->text, sizeof message->text, "%s", text);
  return fault;
}

inline std::int32_t tell_null(tickmargin_message* message) noexcept {
  return tell(message, "a pointer that is needed is null", TICKMARGIN_FAULT_NULL);
}

inline std::int32_t fault_of(RecordingFault fault) noexcept {
  switch (fault) {
    case RecordingFault::io: return TICKMARGIN_FAULT_FILE;
    case RecordingFault::in_use: return TICKMARGIN_FAULT_IN_USE;
    case RecordingFault::missing: return TICKMARGIN_FAULT_MISSING;
    case RecordingFault::damaged: return TICKMARGIN_FAULT_DAMAGED;
    case RecordingFault::differs: return TICKMARGIN_FAULT_DIFFERS;
  }
  return TICKMARGIN_FAULT_INTERNAL;
}

// What `body` answers, or a fault for each thing that can be thrown below here.
template <class Body>
std::int32_t caught(tickmargin_message* message, Body body) noexcept {
  tell(message, "", 0);
  try {
    return body();
  } catch (const RecordingError& e) {
    return tell(message, e.what(), fault_of(e.fault));
  } catch (const std::invalid_argument& e) {
    return tell(message, e.what(), TICKMARGIN_FAULT_REFUSED);
  } catch (const std::length_error& e) {  // a size that no memory has
    return tell(message, e.what(), TICKMARGIN_FAULT_MEMORY);
  } catch (const std::bad_alloc&) {
    return tell(message, "out of memory", TICKMARGIN_FAULT_MEMORY);
  } catch (const std::exception& e) {
    return tell(message, e.what(), TICKMARGIN_FAULT_INTERNAL);
  } catch (...) {
    return tell(message, "an unknown exception", TICKMARGIN_FAULT_INTERNAL);
  }
}

}  // namespace tickmargin::capi
