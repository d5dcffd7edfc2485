// Policies that another process compiled.
#pragma once

#include <cstdint>

#include "tickmargin/tickmargin.h"

namespace tickmargin::capi {

std::int32_t stage_policies(tickmargin_engine* handle, std::uint64_t epoch, const void* policies,
                            std::uint64_t count, tickmargin_message* message) noexcept;
std::int64_t dry_run(tickmargin_engine* handle, const void* policies, std::uint64_t count,
                     tickmargin_difference* rows, std::int64_t capacity,
                     tickmargin_message* message) noexcept;

}  // namespace tickmargin::capi
