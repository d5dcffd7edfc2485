#pragma once

#include <pybind11/pybind11.h>

#include "tickmargin/policy.hpp"

namespace tickmargin::bindings {

// The parts of a policy that the methods `portfolio` and `standard` read.
void read_expiry(const pybind11::dict& d, Policy& policy);

}  // namespace tickmargin::bindings
