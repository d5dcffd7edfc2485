// What this machine can do at most: fused multiply-adds per cycle by register width, rows gathered
// from the second-level cache, bytes copied from memory. Figures of kernels are read against these.
#pragma once

#include <cstring>
#include <memory>

#include "harness.hpp"

namespace limits {

#if defined(__x86_64__)
using Wide = double __attribute__((vector_size(64)));
using Half = double __attribute__((vector_size(32)));

// Twelve independent chains hide a latency of four or five cycles on two ports.
[[gnu::noinline, gnu::target("avx512f")]] inline void fma_512(int count) {
  Wide a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{}, a10{}, a11{}, x{};
  for (int i = 0; i < count; ++i) {
    asm volatile(
        "vfmadd231pd %12, %12, %0\n\tvfmadd231pd %12, %12, %1\n\tvfmadd231pd %12, %12, %2\n\t"
        "vfmadd231pd %12, %12, %3\n\tvfmadd231pd %12, %12, %4\n\tvfmadd231pd %12, %12, %5\n\t"
        "vfmadd231pd %12, %12, %6\n\tvfmadd231pd %12, %12, %7\n\tvfmadd231pd %12, %12, %8\n\t"
        "vfmadd231pd %12, %12, %9\n\tvfmadd231pd %12, %12, %10\n\tvfmadd231pd %12, %12, %11"
        : "+v"(a0), "+v"(a1), "+v"(a2), "+v"(a3), "+v"(a4), "+v"(a5), "+v"(a6), "+v"(a7),
          "+v"(a8), "+v"(a9), "+v"(a10), "+v"(a11)
        : "v"(x));
  }
}

[[gnu::noinline, gnu::target("avx2,fma")]] inline void fma_256(int count) {
  Half a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{}, a10{}, a11{}, x{};
  for (int i = 0; i < count; ++i) {
    asm volatile(
        "vfmadd231pd %12, %12, %0\n\tvfmadd231pd %12, %12, %1\n\tvfmadd231pd %12, %12, %2\n\t"
        "vfmadd231pd %12, %12, %3\n\tvfmadd231pd %12, %12, %4\n\tvfmadd231pd %12, %12, %5\n\t"
        "vfmadd231pd %12, %12, %6\n\tvfmadd231pd %12, %12, %7\n\tvfmadd231pd %12, %12, %8\n\t"
        "vfmadd231pd %12, %12, %9\n\tvfmadd231pd %12, %12, %10\n\tvfmadd231pd %12, %12, %11"
        : "+x"(a0), "+x"(a1), "+x"(a2), "+x"(a3), "+x"(a4), "+x"(a5), "+x"(a6), "+x"(a7),
          "+x"(a8), "+x"(a9), "+x"(a10), "+x"(a11)
        : "x"(x));
  }
}

// Lanes of fused multiply-add per core cycle.
inline double fma_lanes_per_cycle(void (*loop)(int), int lanes, double ghz) {
  constexpr int count = 200'000;
  std::vector<double> found;
  loop(count);
  for (int round = 0; round < 9; ++round) {
    const double start = harness::now_ns();
    loop(count);
    found.push_back(12.0 * count * lanes / ((harness::now_ns() - start) * ghz));
  }
  return harness::median(found);
}
#endif

// Adds up random rows of a table in registers: the least any scan of positions must do.
#if defined(__x86_64__)
[[gnu::noinline, gnu::target("avx2")]]
#else
[[gnu::noinline]]
#endif
inline double add_rows(const double* table, std::size_t stride, const std::uint32_t* rows,
                       std::size_t count) {
  using Lanes = double __attribute__((vector_size(32), aligned(8)));
  Lanes total[4] = {};
  for (std::size_t i = 0; i < count; ++i) {
    const double* row = table + rows[i] * stride;
    for (std::size_t c = 0; c < stride; c += 16) {
      for (std::size_t v = 0; v < 4; ++v) {
        total[v] += *reinterpret_cast<const Lanes*>(row + c + 4 * v);
      }
    }
  }
  const Lanes sum = total[0] + total[1] + total[2] + total[3];
  return sum[0] + sum[1] + sum[2] + sum[3];
}

// ns per random row of `stride` doubles, a multiple of 16.
inline double row_gather_ns(const double* table, std::size_t stride, const std::uint32_t* rows,
                            std::size_t count) {
  std::vector<double> found;
  for (int round = 0; round < 9; ++round) {
    const double start = harness::now_ns();
    harness::keep(add_rows(table, stride, rows, count));
    found.push_back((harness::now_ns() - start) / static_cast<double>(count));
  }
  return harness::median(found);
}

// Bytes read plus written per ns by a copy too large for any cache of one core.
inline double copy_bytes_per_ns() {
  constexpr std::size_t size = std::size_t{1} << 28;
  const auto from = std::make_unique<char[]>(size);
  const auto to = std::make_unique<char[]>(size);
  std::memset(from.get(), 1, size);
  std::memset(to.get(), 2, size);
  std::vector<double> found;
  for (int round = 0; round < 5; ++round) {
    const double start = harness::now_ns();
    std::memcpy(to.get(), from.get(), size);
    harness::keep(*to.get());
    found.push_back(2.0 * static_cast<double>(size) / (harness::now_ns() - start));
  }
  return harness::median(found);
}

}  // namespace limits
