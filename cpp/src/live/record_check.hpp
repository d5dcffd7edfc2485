// What can be said of a record without looking at the engine's state: the first reasons of the
// order of precedence.
#pragma once

#include "tickmargin/records.hpp"

namespace tickmargin::live {

struct Bounds {
  std::size_t underlyings, instruments, accounts, assets, nodes, sources;
};

// unknown_type, reserved_not_zero, unknown_underlying/instrument/account/asset/source/node,
// not_finite, not_positive; ok if none of them.
RecordStatus check_fields(const Record& record, const Bounds& bounds) noexcept;

}  // namespace tickmargin::live
