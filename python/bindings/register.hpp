#pragma once

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace tickmargin::bindings {

void register_info(py::module_& m);
void register_kernels(py::module_& m);
void register_perpetuals(py::module_& m);
void register_engine(py::module_& m);
void register_add_ons(py::module_& m);
void register_live(py::module_& m);
void register_recording(py::module_& m);
void register_risk(py::module_& m);
void register_scan(py::module_& m);
void register_snapshot(py::module_& m);
void register_capi(py::module_& m);
void register_venues(py::module_& m);
void register_protocols(py::module_& m);
void register_drift(py::module_& m);
void register_vega(py::module_& m);
void register_lending(py::module_& m);
void register_perp_protocols(py::module_& m);

}  // namespace tickmargin::bindings
