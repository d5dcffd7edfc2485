// The compiled module: one register_*.cpp per noun, nothing else here.
#include "register.hpp"

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "Compiled core of tickmargin; use the public package.";
  tickmargin::bindings::register_info(m);
  tickmargin::bindings::register_kernels(m);
  tickmargin::bindings::register_perpetuals(m);
  tickmargin::bindings::register_engine(m);
  tickmargin::bindings::register_add_ons(m);
  tickmargin::bindings::register_live(m);
  tickmargin::bindings::register_recording(m);
  tickmargin::bindings::register_risk(m);
  tickmargin::bindings::register_scan(m);
  tickmargin::bindings::register_snapshot(m);
  tickmargin::bindings::register_capi(m);
  tickmargin::bindings::register_venues(m);
  tickmargin::bindings::register_protocols(m);
  tickmargin::bindings::register_drift(m);
  tickmargin::bindings::register_vega(m);
  tickmargin::bindings::register_lending(m);
  tickmargin::bindings::register_perp_protocols(m);
}
