// The C table in a capsule: Cython and C extensions go through it and link nothing, so that there
// is one copy of the core in the process.
#include "live_capsule.hpp"
#include "register.hpp"

namespace tickmargin::bindings {

void register_capi(Module& m) {
  m.attr("_C_API") =
      py::capsule(tickmargin_api_get(TICKMARGIN_ABI_VERSION), TICKMARGIN_API_CAPSULE);
}

}  // namespace tickmargin::bindings
