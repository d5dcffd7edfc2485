#pragma once

#include <pybind11/pybind11.h>

#include "tickmargin/policy.hpp"

namespace tickmargin::bindings {

// The parts of a policy that the method `protocol` reads.
void read_protocols(const pybind11::dict& d, Policy& policy);

}  // namespace tickmargin::bindings
