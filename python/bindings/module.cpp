// The compiled module: one register_*.cpp per noun, nothing else here.
#include "register.hpp"

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "Compiled core of tickmargin; use the public package.";
  tickmargin::bindings::Module doors(m);
  tickmargin::bindings::register_info(doors);
  tickmargin::bindings::register_kernels(doors);
  tickmargin::bindings::register_perpetuals(doors);
  tickmargin::bindings::register_engine(doors);
  tickmargin::bindings::register_add_ons(doors);
  tickmargin::bindings::register_live(doors);
  tickmargin::bindings::register_recording(doors);
  tickmargin::bindings::register_risk(doors);
  tickmargin::bindings::register_scan(doors);
  tickmargin::bindings::register_snapshot(doors);
  tickmargin::bindings::register_capi(doors);
  tickmargin::bindings::register_venues(doors);
  tickmargin::bindings::register_protocols(doors);
  tickmargin::bindings::register_drift(doors);
  tickmargin::bindings::register_vega(doors);
  tickmargin::bindings::register_lending(doors);
  tickmargin::bindings::register_perp_protocols(doors);
}
