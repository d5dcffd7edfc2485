// The tables of the targets compiled into this build. Which those are is decided by the processor
// family the build is for.
#pragma once

#include "kernels/kernels.hpp"

namespace tickmargin::kernels {

namespace scalar {
extern const Kernels table;
}
#if defined(__x86_64__)
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
#elif defined(__aarch64__)
namespace neon {
extern const Kernels table;
}
#endif

}  // namespace tickmargin::kernels
