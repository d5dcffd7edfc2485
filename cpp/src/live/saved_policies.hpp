// What bytes are that might be taken for a saved engine.
#pragma once

#include <cstddef>
#include <span>

namespace tickmargin {

bool is_saved_policies(std::span<const std::byte> bytes) noexcept;

}  // namespace tickmargin
