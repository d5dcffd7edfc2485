#include <cstdlib>
#include <cstring>

#include "kernels/kernels.hpp"
#include "kernels/targets.hpp"

namespace tickmargin::kernels {

const Limits limits{
    .zero = 0.0,
    .one = 1.0,
    .exp_floor = -0x1.6232bdd7abcd2p+9,  // -1022 ln2
    .mills = 100.0,
    .deviation = 200.0,
    .moneyness = 100.0,
    .lowest_moneyness = -100.0,
};

namespace {

#if defined(__x86_64__)
bool runs_avx2() noexcept {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

bool runs_avx512() noexcept {
  return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
#endif

struct Compiled {
#if defined(__x86_64__)
  Target all[3] = {{&avx512::table, runs_avx512()}, {&avx2::table, runs_avx2()},
                   {&scalar::table, true}};
#elif defined(__aarch64__)
  Target all[2] = {{&neon::table, true}, {&scalar::table, true}};
#else
  Target all[1] = {{&scalar::table, true}};
#endif
};

constexpr std::size_t compiled_count = sizeof(Compiled) / sizeof(Target);

const Compiled& compiled() noexcept {
  static const Compiled value;
  return value;
}

struct Choice {
  const Kernels* table;
  const char* error;
};

Choice choose() noexcept {
  const Compiled& built = compiled();
  const char* asked = std::getenv("TICKMARGIN_KERNELS");
  if (asked != nullptr && *asked != '\0') {
    for (const Target& target : built.all) {
      if (std::strcmp(asked, target.table->name) != 0) continue;
      if (target.runs_here) return {target.table, nullptr};
      return {&scalar::table, "TICKMARGIN_KERNELS names a target this processor cannot run"};
    }
    return {&scalar::table, "TICKMARGIN_KERNELS names no target of this build; targets are "
                            "scalar, avx2, avx512 (x86-64) and scalar, neon (aarch64)"};
  }
  for (const Target& target : built.all) {
    if (target.runs_here) return {target.table, nullptr};
  }
  return {&scalar::table, nullptr};
}

const Choice& choice() noexcept {
  static const Choice value = choose();
  return value;
}

}  // namespace

const Kernels& kernels() noexcept { return *choice().table; }

const char* kernel_error() noexcept { return choice().error; }

std::size_t targets(const Target** out) noexcept {
  *out = compiled().all;
  return compiled_count;
}

}  // namespace tickmargin::kernels
