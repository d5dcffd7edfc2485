// Recording and recovery as the C table has them.
#pragma once

#include <cstdint>

#include "tickmargin/tickmargin.h"

namespace tickmargin::capi {

std::int32_t record_to(tickmargin_engine* handle, const char* directory,
                       const tickmargin_recording* options, tickmargin_message* message) noexcept;
std::int32_t snapshot(tickmargin_engine* handle, tickmargin_message* message) noexcept;
std::int32_t flush(tickmargin_engine* handle, tickmargin_message* message) noexcept;
std::int32_t durable_seq(const tickmargin_engine* handle, std::uint64_t* durable) noexcept;
std::int32_t recover(const char* directory, tickmargin_engine** out,
                     tickmargin_message* message) noexcept;

}  // namespace tickmargin::capi
