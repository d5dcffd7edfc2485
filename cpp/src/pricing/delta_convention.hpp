// Delta as a market quotes it, from a strike, and the strike of a quoted delta.
//
// With F = S exp((r - q) T), s = vol sqrt(T), d1 = ln(F / K) / s + s / 2, d2 = d1 - s, and w = 1
// for a call, -1 for a put (Reiswich and Wystup, "FX volatility smile construction", 2010):
//   forward                   w N(w d1)
//   spot                      w exp(-q T) N(w d1)
//   premium_adjusted_forward  w (K / F) N(w d2)              forward delta less the premium over F:
//                                                            the delta of a coin-settled option
//   premium_adjusted_spot     w exp(-q T) (K / F) N(w d2)
#pragma once

#include <cstddef>
#include <cstdint>

#include "pricing/spot.hpp"

namespace tickmargin::pricing {

enum class DeltaConvention : std::uint8_t {
  spot = 0,
  forward = 1,
  premium_adjusted_spot = 2,
  premium_adjusted_forward = 3,
};

enum class StrikeStatus : std::uint8_t {
  ok = 0,
  unreachable_delta = 1,  // no strike in float64 has this delta, or the sign is the other side's
  invalid_input = 2,      // not finite, or spot, volatility or expiry not positive
};

void delta_from_strike(const SpotRows& rows, DeltaConvention convention, double* delta,
                       std::size_t count) noexcept;

// `rows.strike` is ignored. A premium-adjusted call delta first rises and then falls with the
// strike: the strike above the top is the one markets quote and the one given. NaN unless ok.
void strike_from_delta(const SpotRows& rows, kernels::Column delta, DeltaConvention convention,
                       double* strike, StrikeStatus* status, std::size_t count) noexcept;

}  // namespace tickmargin::pricing
