// Arrays of 64-byte rows and what guards an engine's two ends.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstring>
#include <string>

#include "columns.hpp"
#include "tickmargin/records.hpp"

namespace tickmargin::bindings {

// The first of the rows of a NumPy array of 64-byte structs; rows are copied out one by one, so
// that an array of any alignment will do.
template <class Row>
const std::byte* rows_of(const py::array& array, const char* what) {
  const bool plain = array.ndim() == 1 && array.itemsize() == sizeof(Row) &&
                     (array.flags() & py::array::c_style) != 0;
  if (!plain) {
    throw py::type_error(std::string(what) + " must be a contiguous array of 64-byte rows");
  }
  return static_cast<const std::byte*>(array.data());
}

template <class T>
T* one_per_record(py::array_t<T, py::array::c_style>& array, py::ssize_t count, const char* what) {
  if (array.ndim() != 1 || array.size() != count) {
    throw py::value_error(std::string(what) + " must have an element for each record");
  }
  return array.mutable_data();
}

inline Record record_at(const std::byte* rows, std::size_t row) {
  Record record;
  std::memcpy(&record, rows + row * sizeof(Record), sizeof(Record));
  return record;
}

// Holds one of the engine's two ends, or throws: nothing here waits.
class Held {
 public:
  Held(std::atomic_flag& flag, const char* what) : flag_(flag) {
    if (flag_.test_and_set(std::memory_order_acquire)) {
      const py::object error = py::module_::import("tickmargin.errors").attr("EngineBusyError");
      PyErr_SetString(error.ptr(), what);
      throw py::error_already_set();
    }
  }
  ~Held() { flag_.clear(std::memory_order_release); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::atomic_flag& flag_;
};

}  // namespace tickmargin::bindings
