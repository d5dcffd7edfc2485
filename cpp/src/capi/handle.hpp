// A C handle is the address of a LiveEngine under a name that C can hold.
#pragma once

#include "tickmargin/live.hpp"
#include "tickmargin/tickmargin.h"

namespace tickmargin::capi {

inline LiveEngine* engine_of(tickmargin_engine* handle) noexcept {
  return reinterpret_cast<LiveEngine*>(handle);
}
inline const LiveEngine* engine_of(const tickmargin_engine* handle) noexcept {
  return reinterpret_cast<const LiveEngine*>(handle);
}
inline tickmargin_engine* handle_of(LiveEngine* engine) noexcept {
  return reinterpret_cast<tickmargin_engine*>(engine);
}

}  // namespace tickmargin::capi
