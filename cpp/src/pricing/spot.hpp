// European options on a spot price that carries a continuous yield: Black-76 on
// F = S exp((r - q) T), with every derivative taken in the spot price (Merton 1973).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.hpp"

namespace tickmargin::pricing {

struct SpotRows {
  const std::uint8_t* is_call;
  std::ptrdiff_t is_call_step;
  kernels::Column spot;
  kernels::Column strike;
  kernels::Column vol_annual;
  kernels::Column expiry_years;
  kernels::Column rate_annual;            // r: discounting, continuous
  kernels::Column dividend_yield_annual;  // q: what holding the asset pays, continuous
};

// Output columns; a null pointer is an output not asked for.
struct SpotOutputs {
  double* price;
  double* delta;         // dV/dS
  double* gamma;         // d2V/dS2
  double* vega;          // dV/dvol, per 1.00
  double* theta;         // -dV/dT, per year, S, r and q held
  double* rho;           // dV/dr, per 1.00, S and q held
  double* vanna;         // d2V/(dS dvol)
  double* volga;         // d2V/dvol2
  double* charm;         // -d(delta)/dT, per year, S held
  double* dividend_rho;  // dV/dq, per 1.00, S and r held
};

void black_scholes(const SpotRows& rows, const SpotOutputs& out, std::size_t count) noexcept;

}  // namespace tickmargin::pricing
