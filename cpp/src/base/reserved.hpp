// Vectors whose memory was taken before: what is put into them asks for none and throws nothing.
#pragma once

#include <type_traits>
#include <vector>

#include "base/assert.hpp"

namespace tickmargin::base {

// push_back where room was reserved. The assertion takes the place of the check for room that a
// push_back makes itself, and with it goes the code that would have made some.
template <class T>
void put(std::vector<T>& into, const std::type_identity_t<T>& value) noexcept {
  TICKMARGIN_ASSERT(into.size() != into.capacity());
  if (into.size() == into.capacity()) __builtin_unreachable();
  into.push_back(value);
}

}  // namespace tickmargin::base
