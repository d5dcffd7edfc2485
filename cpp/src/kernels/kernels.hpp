// The kernel table: SIMD loops over raw arrays, written once, compiled per target, chosen once.
//
// Every kernel gives the same bits on every target and for every row count: an element-wise kernel
// computes each row alone, a reduction adds position by position with SIMD across scenarios only.
// Kernels take pointers and counts, hold no state, allocate nothing and never fail; rows that make
// no sense give NaN (the canonical quiet pattern), the caller decides what that means.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickmargin::kernels {

// One input column. `step` is 1 for a contiguous column, 0 for one value shared by all rows.
struct Column {
  const double* data;
  std::ptrdiff_t step;
};

struct OptionRows {
  const std::uint8_t* is_call;
  std::ptrdiff_t is_call_step;
  Column forward;
  Column strike;
  Column vol_annual;     // lognormal as a fraction; for Bachelier in price units per sqrt(year)
  Column expiry_years;
  Column rate_annual;    // continuous, discounting only
};

// Output columns; a null pointer is an output not asked for and not computed.
struct OptionOutputs {
  double* price;
  double* delta;   // dV/dF
  double* gamma;   // d2V/dF2
  double* vega;    // dV/dvol, per 1.00
  double* theta;   // -dV/dT, per year, F and rate held
  double* rho;     // dV/dr, per 1.00, F held
  double* vanna;   // d2V/(dF dvol)
  double* volga;   // d2V/dvol2
  double* charm;   // -d(delta)/dT, per year
};

enum class ImpliedVolStatus : std::uint8_t {
  ok = 0,
  below_intrinsic = 1,   // the price is under the discounted intrinsic value
  above_maximum = 2,     // at or over the forward (call) or the strike (put), discounted
  invalid_input = 3,     // not finite, or forward, strike or expiry not positive
  at_intrinsic = 4,      // exactly intrinsic: volatility 0
  not_converged = 5,
};

// Options against a grid: out[row * stride + s] =
//   weight[s] * (scale[row] * black(forward[row] * price_factor[s], strike[row],
//                                   vols_annual[row * vol_count + vol_index[s]], expiry_years[row])
//                - base_value[row])
// with black() the undiscounted Black-76 price, the same bits as the price of black76 at rate 0.
struct ScenarioGrid {
  std::size_t count;
  const double* price_factor;
  const std::uint8_t* vol_index;
  const double* weight;
};
struct ScenarioRows {
  std::size_t count;
  const std::uint8_t* is_call;
  const double* forward;
  const double* strike;
  const double* expiry_years;
  const double* vols_annual;
  std::size_t vol_count;
  const double* scale;
  const double* base_value;
};

// Positions grouped: group g holds positions offsets[g] .. offsets[g + 1] - 1.
struct PositionGroups {
  std::size_t count;
  const std::int64_t* offsets;
  const std::uint32_t* row;      // row of the table
  const double* quantity;
};

struct Kernels {
  const char* name;  // "scalar", "avx2", "avx512" or "neon"

  void (*black76)(const OptionRows&, const OptionOutputs&, std::size_t count) noexcept;
  void (*bachelier)(const OptionRows&, const OptionOutputs&, std::size_t count) noexcept;

  // Black-76 implied volatility of a discounted price; status per row, vol NaN where not ok
  // (0 where at_intrinsic). `rows.vol_annual` is ignored.
  void (*implied_vol)(const OptionRows& rows, Column price, double* vol_annual,
                      ImpliedVolStatus* status, std::size_t count) noexcept;
  void (*bachelier_implied_vol)(const OptionRows& rows, Column price, double* vol_annual,
                                ImpliedVolStatus* status, std::size_t count) noexcept;

  void (*option_scenarios)(const ScenarioRows&, const ScenarioGrid&, double* out,
                           std::size_t stride) noexcept;

  // sums[g * stride + c] = sum over positions, in order, of quantity * table[row * stride + c],
  // product and sum each rounded (so that a printed list of products adds up to the sum).
  // worst[g] is the smallest of the first `columns` sums, worst_column[g] the first that has it;
  // a NaN sum is worse than any number. An empty group has sums of +0. `stride` is a multiple of 8
  // and table columns past `columns` must hold 0. `sums`, `worst`, `worst_column` may be null.
  void (*portfolio_scan)(const PositionGroups&, const double* table, std::size_t stride,
                         std::size_t columns, double* sums, double* worst,
                         std::uint32_t* worst_column) noexcept;

  // The largest of `count` rows, 0 of none: what a caller holds against the table before a scan.
  std::uint32_t (*largest_row)(const std::uint32_t* row, std::size_t count) noexcept;

  void (*exp)(const double* x, double* out, std::size_t count) noexcept;
  void (*log)(const double* x, double* out, std::size_t count) noexcept;
  void (*erfc)(const double* x, double* out, std::size_t count) noexcept;
};

// The chosen table: the best target that this processor runs, or the one that TICKMARGIN_KERNELS
// names. A name that is unknown or cannot run here falls back to nothing: see kernel_error().
const Kernels& kernels() noexcept;

// Null when the choice is sound; otherwise a sentence saying why TICKMARGIN_KERNELS was refused
// (the table is then "scalar"; the doors refuse to go on with it).
const char* kernel_error() noexcept;

// Tables compiled into this build, best first, ending with "scalar"; `runs_here` says which of them
// this processor can run.
struct Target {
  const Kernels* table;
  bool runs_here;
};
std::size_t targets(const Target** out) noexcept;

}  // namespace tickmargin::kernels
