#include "register.hpp"

namespace tickmargin::bindings {

void register_kernels(py::module_&) {}

}  // namespace tickmargin::bindings
