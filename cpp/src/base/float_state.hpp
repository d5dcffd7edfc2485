// The arithmetic that the core's bits are defined by: round to nearest, subnormals kept, no traps.
// A host may have set its thread otherwise (fesetround, flush to zero); a door into the core that
// computes holds a FloatState for as long as it is inside, and the host finds its own as it was.
#pragma once

#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#elif !defined(__aarch64__)
#include <cfenv>
#endif

namespace tickmargin::base {

#if defined(__x86_64__) || defined(_M_X64)

namespace float_control {
// MXCSR; its six lowest bits only tell what happened, and are left as they are.
using Word = std::uint32_t;
inline constexpr Word standard = 0x1f80;
inline constexpr Word told = 0x3f;
inline Word read() noexcept {
  return _mm_getcsr();
}
inline void write(Word word) noexcept {
  _mm_setcsr(word);
}
}  // namespace float_control

#elif defined(__aarch64__)

namespace float_control {
using Word = std::uint64_t;  // FPCR
inline constexpr Word standard = 0;
inline constexpr Word told = 0;
inline Word read() noexcept {
  Word word;
  asm volatile("mrs %0, fpcr" : "=r"(word));
  return word;
}
inline void write(Word word) noexcept {
  asm volatile("msr fpcr, %0" : : "r"(word));
}
}  // namespace float_control

#else

namespace float_control {
using Word = int;  // only the direction of rounding is known here
inline constexpr Word standard = FE_TONEAREST;
inline constexpr Word told = 0;
inline Word read() noexcept {
  return std::fegetround();
}
inline void write(Word word) noexcept {
  std::fesetround(word);
}
}  // namespace float_control

#endif

class FloatState {
 public:
  // One read and a comparison where the host left its thread as it was born.
  FloatState() noexcept : host_(float_control::read()) {
    if (is_foreign()) [[unlikely]] {
      float_control::write(float_control::standard);
    }
    keep_inside();
  }
  ~FloatState() {
    keep_inside();
    if (is_foreign()) [[unlikely]] {
      float_control::write(host_);
    }
  }
  FloatState(const FloatState&) = delete;
  FloatState& operator=(const FloatState&) = delete;

 private:
  bool is_foreign() const noexcept {
    return (host_ & ~float_control::told) != float_control::standard;
  }
  // No load or store, and so no arithmetic on what is loaded or for what is stored, moves past it.
  static void keep_inside() noexcept { asm volatile("" : : : "memory"); }

  float_control::Word host_;
};

}  // namespace tickmargin::base
