#pragma once

#include <pybind11/pybind11.h>

#include "tickmargin/policy.hpp"

namespace tickmargin::bindings {

// The parts of a policy that the methods `matrix` and `span` read.
void read_venues(const pybind11::dict& d, Policy& policy);

}  // namespace tickmargin::bindings
