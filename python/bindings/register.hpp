#pragma once

#include <pybind11/pybind11.h>

#include <utility>

#include "base/float_state.hpp"

namespace py = pybind11;

namespace tickmargin::bindings {

// Every function of the module is a door into the core: the arithmetic inside is the core's own,
// whatever the host has set. (The engines' own calls see to it themselves.)
class Module : public py::module_ {
 public:
  explicit Module(py::module_ module) : py::module_(std::move(module)) {}

  template <class Function, class... Extra>
  Module& def(const char* name, Function&& function, const Extra&... extra) {
    py::module_::def(name, std::forward<Function>(function), extra...,
                     py::call_guard<base::FloatState>());
    return *this;
  }
};

void register_info(Module& m);
void register_kernels(Module& m);
void register_perpetuals(Module& m);
void register_engine(Module& m);
void register_add_ons(Module& m);
void register_live(Module& m);
void register_recording(Module& m);
void register_risk(Module& m);
void register_scan(Module& m);
void register_snapshot(Module& m);
void register_capi(Module& m);
void register_venues(Module& m);
void register_protocols(Module& m);
void register_drift(Module& m);
void register_vega(Module& m);
void register_lending(Module& m);
void register_perp_protocols(Module& m);

}  // namespace tickmargin::bindings
