// Python integers as the core's 128-bit ones and back, never through float.
#pragma once

#include <cstdint>

#include "base/checked.hpp"
#include "register.hpp"

namespace tickmargin::bindings {

inline base::Int128 int128_of(const py::handle& object) {
  if (!PyLong_Check(object.ptr()) || PyBool_Check(object.ptr())) {
    throw py::type_error("a whole number is needed");
  }
  const py::object high = object.attr("__rshift__")(py::int_(64));
  const py::object low = object.attr("__and__")(py::int_(UINT64_MAX));
  int overflow = 0;
  const long long top = PyLong_AsLongLongAndOverflow(high.ptr(), &overflow);
  if (overflow != 0) throw py::value_error("the number does not fit 128 bits");
  const unsigned long long bottom = PyLong_AsUnsignedLongLong(low.ptr());
  return static_cast<base::Int128>(top) * (static_cast<base::Int128>(1) << 64) +
         static_cast<base::Int128>(bottom);
}

inline py::object int_of(base::Checked number) {
  if (!number.ok()) throw py::value_error("the result is undefined or does not fit 128 bits");
  const auto top = static_cast<std::int64_t>(number.value() >> 64);
  const auto bottom = static_cast<std::uint64_t>(number.value());
  return py::int_(top).attr("__lshift__")(py::int_(64)).attr("__or__")(py::int_(bottom));
}

}  // namespace tickmargin::bindings
