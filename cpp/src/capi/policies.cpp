#include "capi/policies.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

#include "capi/faults.hpp"
#include "capi/handle.hpp"

namespace tickmargin::capi {
namespace {

std::span<const std::byte> bytes_at(const void* data, std::uint64_t count) noexcept {
  return {static_cast<const std::byte*>(data), static_cast<std::size_t>(count)};
}

}  // namespace

std::int32_t stage_policies(tickmargin_engine* handle, std::uint64_t epoch, const void* policies,
                            std::uint64_t count, tickmargin_message* message) noexcept {
  if (handle == nullptr || policies == nullptr) return tell_null(message);
  return caught(message, [&] {
    engine_of(handle)->stage_saved(epoch, bytes_at(policies, count));
    return std::int32_t{0};
  });
}

std::int64_t dry_run(tickmargin_engine* handle, const void* policies, std::uint64_t count,
                     tickmargin_difference* out, std::int64_t capacity,
                     tickmargin_message* message) noexcept {
  if (handle == nullptr || policies == nullptr || (capacity > 0 && out == nullptr)) {
    return tell_null(message);
  }
  if (capacity < 0) return tell(message, "a capacity below 0", TICKMARGIN_FAULT_COUNT);
  std::vector<PolicyDifference> rows;
  const std::int32_t fault = caught(message, [&] {
    rows = engine_of(handle)->dry_run(bytes_at(policies, count));
    return std::int32_t{0};
  });
  if (fault != 0) return fault;
  const auto written = std::min(rows.size(), static_cast<std::size_t>(capacity));
  for (std::size_t row = 0; row < written; ++row) {
    out[row] = std::bit_cast<tickmargin_difference>(rows[row]);
  }
  return static_cast<std::int64_t>(rows.size());
}

}  // namespace tickmargin::capi
