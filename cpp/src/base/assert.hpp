#pragma once

#include <cstdio>
#include <cstdlib>

// What must hold inside. Arguments are checked at the doors with errors; an assertion that fails is
// our own mistake, so it stays on in every build: a margin number after a broken invariant is worth
// less than no number.
#define TICKMARGIN_ASSERT(condition)                                        \
  do {                                                                      \
    if (!(condition)) [[unlikely]]                                          \
      ::tickmargin::base::assertion_failed(#condition, __FILE__, __LINE__); \
  } while (false)

namespace tickmargin::base {

[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "tickmargin: assertion failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace tickmargin::base
