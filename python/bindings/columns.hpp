// Columns across the border: NumPy arrays in with no conversion, vectors out with no copy.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tickmargin::bindings {

namespace py = pybind11;

// Enums cross the border as their underlying integer.
template <class T, bool is_enum = std::is_enum_v<T>>
struct Wire {
  using type = T;
};
template <class T>
struct Wire<T, true> {
  using type = std::underlying_type_t<T>;
};

template <class T>
std::vector<T> to_column(const py::handle& object, const std::string& name) {
  using W = typename Wire<T>::type;
  using Array = py::array_t<W, py::array::c_style>;
  if (!py::isinstance<Array>(object)) {
    throw py::type_error("column '" + name + "' must be a contiguous array of " +
                         py::str(py::dtype::of<W>()).cast<std::string>() + ", was " +
                         py::repr(py::type::of(object)).cast<std::string>());
  }
  const auto array = py::reinterpret_borrow<Array>(object);
  if (array.ndim() != 1) throw py::value_error("column '" + name + "' must have one dimension");
  std::vector<T> out(static_cast<std::size_t>(array.size()));
  if (!out.empty()) std::memcpy(out.data(), array.data(), out.size() * sizeof(T));
  return out;
}

template <class T>
std::vector<T> take_column(const py::dict& columns, const char* name) {
  if (!columns.contains(name)) throw py::value_error(std::string("missing column '") + name + "'");
  return to_column<T>(columns[name], name);
}

// The array owns the vector; read-only, since results are.
template <class T>
py::array give_column(std::vector<T>&& values) {
  using W = typename Wire<T>::type;
  auto* owned = new std::vector<T>(std::move(values));
  const py::capsule owner(owned, [](void* p) { delete static_cast<std::vector<T>*>(p); });
  py::array_t<W> out({static_cast<py::ssize_t>(owned->size())}, {sizeof(W)},
                     reinterpret_cast<const W*>(owned->data()), owner);
  out.attr("flags").attr("writeable") = false;
  return out;
}

}  // namespace tickmargin::bindings
