// What an engine is made from, batch or live: dictionaries of columns to the core's structs.
#pragma once

#include <pybind11/pybind11.h>

#include "tickmargin/engine.hpp"

namespace tickmargin::bindings {

namespace py = pybind11;

InstrumentColumns instruments_from(const py::dict& columns);
MarketColumns market_from(const py::dict& columns);
PortfolioColumns portfolio_from(const py::dict& columns);
PolicySet policies_from(const py::list& policies, const py::object& account_policy);

}  // namespace tickmargin::bindings
