#pragma once

#include <pybind11/pybind11.h>

#include "tickmargin/policy.hpp"

namespace tickmargin::bindings {

namespace py = pybind11;

// The scenarios and measures of `var` and `es`; absent under any other method.
void read_tail(const py::dict& d, Policy& policy);

}  // namespace tickmargin::bindings
