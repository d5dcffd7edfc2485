#pragma once

#include <pybind11/pybind11.h>

#include "tickmargin/live.hpp"

namespace tickmargin::bindings {

// Keys are the members' names; a member whose key is absent keeps its default. "oracle" is a list
// of such dictionaries, one for each underlying, and "asset_chain" a column.
LiveSettings live_settings_from(const pybind11::dict& d);
LiveCapacity live_capacity_from(const pybind11::dict& d);

}  // namespace tickmargin::bindings
