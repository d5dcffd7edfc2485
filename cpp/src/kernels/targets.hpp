// The tables of the targets compiled into this build. Which those are is decided by the processor
// family the build is for.
#pragma once

#include "kernels/kernels.hpp"

namespace tickmargin::kernels {

// Arguments are cut off at these. They are data that no target sees the values of: of a choice
// against a variable the compiler makes one instruction, of one against a constant it makes a
// comparison, which takes a multiplier's turn, and a blend.
struct Limits {
  double zero;
  double one;
  double exp_floor;         // of the argument of exp; below it the result is flushed to 0
  double mills;             // of the argument of the Mills ratio
  double deviation;         // of s; past it the value is at its bound, whatever h
  double moneyness;         // of h; past it the exponential is 0
  double lowest_moneyness;
};
extern const Limits limits;

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
