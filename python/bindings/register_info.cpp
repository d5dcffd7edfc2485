#include <pybind11/stl.h>

#include "kernels/kernels.hpp"
#include "register.hpp"
#include "tickmargin/status.hpp"
#include "tickmargin/version.hpp"

namespace tickmargin::bindings {
namespace {

py::dict info() {
  py::dict out;
  out["version"] = TICKMARGIN_VERSION;
  out["compiler"] = "gcc-compatible " __VERSION__;
  const kernels::Target* targets = nullptr;
  const std::size_t count = kernels::targets(&targets);
  py::list compiled, available;
  for (std::size_t i = 0; i < count; ++i) {
    compiled.append(targets[i].table->name);
    if (targets[i].runs_here) available.append(targets[i].table->name);
  }
  out["kernels_compiled"] = compiled;
  out["kernels_available"] = available;
  out["kernels_chosen"] = kernels::kernels().name;
  const char* error = kernels::kernel_error();
  out["kernels_error"] = error == nullptr ? py::object(py::none()) : py::object(py::str(error));
  return out;
}

}  // namespace

void register_info(Module& m) {
  m.def("info", &info, "Version, compiler and kernels: compiled, available here, chosen.");
}

}  // namespace tickmargin::bindings
