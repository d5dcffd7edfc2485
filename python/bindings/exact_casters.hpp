// The core's checked integers and exact fractions as Python's int and (numerator, denominator).
#pragma once

#include <tuple>
#include <vector>

#include "base/rational.hpp"
#include "int128.hpp"

namespace pybind11::detail {

template <>
struct type_caster<tickmargin::base::Checked> {
  PYBIND11_TYPE_CASTER(tickmargin::base::Checked, const_name("int"));

  bool load(handle source, bool) {
    if (!PyLong_Check(source.ptr()) || PyBool_Check(source.ptr())) return false;
    value = tickmargin::bindings::int128_of(source);
    return true;
  }
  static handle cast(tickmargin::base::Checked number, return_value_policy, handle) {
    return tickmargin::bindings::int_of(number).release();
  }
};

template <>
struct type_caster<tickmargin::base::Rational> {
  using Checked = tickmargin::base::Checked;
  PYBIND11_TYPE_CASTER(tickmargin::base::Rational, const_name("tuple[int, int]"));

  bool load(handle source, bool) {
    if (!isinstance<tuple>(source)) return false;
    const auto pair = reinterpret_borrow<tuple>(source);
    if (pair.size() != 2) return false;
    value = tickmargin::base::Rational(pair[0].cast<Checked>(), pair[1].cast<Checked>());
    return true;
  }
  static handle cast(tickmargin::base::Rational number, return_value_policy, handle) {
    const Checked top = number.ok() ? Checked(number.numerator()) : Checked::failed();
    return make_tuple(top, Checked(number.denominator())).release();
  }
};

}  // namespace pybind11::detail

namespace tickmargin::bindings {

// A row of fields as the structure that has them in this order.
template <typename Struct, typename Tuple>
Struct made(const Tuple& row) {
  return std::apply([](const auto&... field) { return Struct{field...}; }, row);
}

template <typename Struct, typename Tuple>
std::vector<Struct> all_made(const std::vector<Tuple>& rows) {
  std::vector<Struct> out;
  for (const Tuple& row : rows) out.push_back(made<Struct>(row));
  return out;
}

}  // namespace tickmargin::bindings
