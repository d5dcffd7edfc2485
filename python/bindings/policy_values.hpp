// One value of a compiled policy's dictionary; a key that is not there is named.
#pragma once

#include <pybind11/stl.h>

#include <string>

#include "columns.hpp"

namespace tickmargin::bindings {

template <class T>
T get(const py::dict& d, const char* key) {
  if (!d.contains(key)) throw py::value_error(std::string("policy lacks '") + key + "'");
  return d[key].cast<T>();
}

template <class E>
E get_enum(const py::dict& d, const char* key) {
  return static_cast<E>(get<int>(d, key));
}

}  // namespace tickmargin::bindings
