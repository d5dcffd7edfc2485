// Prepared columns as the free functions take them: borrowed, checked row by row before one is
// written, and copied where they share memory with an output.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "columns.hpp"
#include "kernels/kernels.hpp"

namespace tickmargin::bindings {

using kernels::Column;

template <class T>
using Array = py::array_t<T, py::array::c_style>;

// The package hands over arrays that need no conversion; a converted one would die too early.
template <class T>
Array<T> borrow(const py::handle& object, const char* name) {
  if (!py::isinstance<Array<T>>(object)) {
    throw py::type_error(std::string(name) + " must be a contiguous array of its own type");
  }
  return py::reinterpret_borrow<Array<T>>(object);
}

// An input with one element serves all rows.
template <class T>
struct Input {
  const T* data;
  std::ptrdiff_t step;
  std::size_t size;
  std::vector<T> copy;

  Input(const py::handle& object, std::size_t count, const char* name) {
    const Array<T> array = borrow<T>(object, name);
    data = array.data();
    size = static_cast<std::size_t>(array.size());
    step = size == 1 ? 0 : 1;
    if (size != 1 && size != count) {
      throw py::value_error(std::string(name) + " has the wrong number of rows");
    }
  }

  void keep_apart(const double* first, std::size_t count) {
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    const auto end = reinterpret_cast<std::uintptr_t>(data + size);
    const auto out_begin = reinterpret_cast<std::uintptr_t>(first);
    const auto out_end = reinterpret_cast<std::uintptr_t>(first + count);
    if (first == nullptr || !copy.empty() || end <= out_begin || out_end <= begin) return;
    copy.assign(data, data + size);
    data = copy.data();
  }
};

inline Column column_of(const Input<double>& input) {
  return {input.data, input.step};
}

// What makes a row of an argument illegal. NaN never is: it gives NaN in its row.
enum class Limit { none, not_negative, positive };

struct Rule {
  const char* name;
  const Input<double>* input;
  Limit limit;
};

struct Refusal {
  const char* name;
  std::size_t row;
  double value;
};

// Whether a row may be negative or zero; a NaN or -0 may be all there is. As integers, because the
// compiler makes no SIMD of a comparison of doubles here: a sign bit, or +0, which taking one away
// gives a sign bit. Several lanes, so that one row need not wait for the one before.
inline bool may_be_illegal(const double* data, std::size_t count) {
  constexpr std::size_t lanes = 8;
  std::array<std::uint64_t, lanes> found{};
  const auto look = [&](std::size_t row, std::size_t lane) {
    const auto bits = std::bit_cast<std::uint64_t>(data[row]);
    found[lane] |= bits | (bits - 1);
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) look(i + lane, lane);
  }
  for (; i < count; ++i) look(i, 0);
  std::uint64_t any = 0;
  for (const std::uint64_t lane : found) any |= lane;
  return any >> 63 != 0;
}

// First row under the limit, or `count`, in chunks: an early fault is found early.
template <class Illegal>
std::size_t first_row(const double* data, std::size_t count, Illegal illegal) {
  constexpr std::size_t chunk = 1024;
  for (std::size_t first = 0; first < count; first += chunk) {
    const std::size_t end = std::min(count, first + chunk);
    if (!may_be_illegal(data + first, end - first)) continue;
    for (std::size_t i = first; i < end; ++i) {
      if (illegal(data[i])) return i;
    }
  }
  return count;
}

inline std::optional<Refusal> first_refusal(std::initializer_list<Rule> rules, std::size_t count) {
  std::optional<Refusal> worst;
  if (count == 0) return worst;
  for (const Rule& rule : rules) {
    const std::size_t n = rule.input->step == 0 ? 1 : count;
    std::size_t row = n;
    if (rule.limit == Limit::not_negative) {
      row = first_row(rule.input->data, n, [](double x) { return x < 0; });
    } else if (rule.limit == Limit::positive) {
      row = first_row(rule.input->data, n, [](double x) { return x <= 0; });
    }
    if (row < n && (!worst || row < worst->row)) worst = {rule.name, row, rule.input->data[row]};
  }
  return worst;
}

inline py::object refusal_or_none(const std::optional<Refusal>& refusal) {
  if (!refusal) return py::none();
  return py::make_tuple(refusal->name, refusal->row, refusal->value);
}

}  // namespace tickmargin::bindings
