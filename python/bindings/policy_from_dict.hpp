#pragma once

#include <pybind11/pybind11.h>

#include "tickmargin/policy.hpp"

namespace tickmargin::bindings {

// A policy compiled by the package's config into plain scalars and arrays.
Policy policy_from_dict(const pybind11::dict& d);

}  // namespace tickmargin::bindings
