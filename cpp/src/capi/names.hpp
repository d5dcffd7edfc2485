// Numbers of tickmargin.h as names; "unknown" for those that have none.
#pragma once

#include <cstdint>

namespace tickmargin::capi {

const char* fault_name(std::int32_t fault) noexcept;
const char* record_status_name(std::int32_t record_status) noexcept;
const char* check_verdict_name(std::int32_t verdict) noexcept;
const char* state_name(std::int32_t state) noexcept;
const char* status_name(std::int32_t status) noexcept;
const char* mark_state_name(std::int32_t mark_state) noexcept;

}  // namespace tickmargin::capi
