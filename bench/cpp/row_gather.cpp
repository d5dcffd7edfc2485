// The least any scan of positions must do, for bench/peers to race against: random rows of a table
// of 32 columns added up in registers, each eight columns or fewer in a chain of their own.
#include <cstddef>
#include <cstdint>

namespace {

constexpr std::size_t columns = 32;

template <class Lanes>
[[gnu::always_inline]] inline void add_rows(const double* table, const std::uint32_t* rows,
                                            std::size_t count, double* sums) {
  constexpr std::size_t lanes = sizeof(Lanes) / sizeof(double);
  constexpr std::size_t vectors = columns / lanes;
  Lanes total[vectors] = {};
  for (std::size_t i = 0; i < count; ++i) {
    const double* row = table + rows[i] * columns;
    for (std::size_t v = 0; v < vectors; ++v) {
      total[v] += *reinterpret_cast<const Lanes*>(row + v * lanes);
    }
  }
  for (std::size_t v = 0; v < vectors; ++v) {
    *reinterpret_cast<Lanes*>(sums + v * lanes) = total[v];
  }
}

using Quad = double __attribute__((vector_size(32), aligned(8)));

#if defined(__x86_64__)
using Octet = double __attribute__((vector_size(64), aligned(8)));

[[gnu::target("avx512f")]] void add_octets(const double* table, const std::uint32_t* rows,
                                           std::size_t count, double* sums) {
  add_rows<Octet>(table, rows, count, sums);
}
[[gnu::target("avx2")]] void add_quads(const double* table, const std::uint32_t* rows,
                                       std::size_t count, double* sums) {
  add_rows<Quad>(table, rows, count, sums);
}
#endif

}  // namespace

extern "C" void tickmargin_bench_add_rows(const double* table, const std::uint32_t* rows,
                                          std::size_t count, double* sums) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return add_octets(table, rows, count, sums);
  if (__builtin_cpu_supports("avx2")) return add_quads(table, rows, count, sums);
#endif
  add_rows<Quad>(table, rows, count, sums);
}
