// A contract inside its settlement window. It settles on the average of the index, X, of which the
// share w is known, with average A:  X = w A + (1 - w) Y,  Y the average that is still to come. So
//   max(X - K, 0) = (1 - w) max(Y - K', 0)   with   K' = (K - w A) / (1 - w):
// what is left of an option is 1 - w contracts of strike K'. Y is valued like the last price, whose
// mean is the forward; the smaller variance of an average is left out.
#pragma once

#include <cstddef>

#include "market/market.hpp"
#include "tickmargin/inputs.hpp"

namespace tickmargin::pricing {

struct Settling {
  double open = 1;     // 1 - w
  double settled = 0;  // w A, quote units

  // X for a given Y; with nothing settled `price` itself, to the bit.
  double settles_at(double price) const noexcept { return settled + open * price; }
  // K'; with nothing settled `strike` itself, to the bit. Not to be asked for once all is settled.
  double strike_left(double strike) const noexcept { return (strike - settled) / open; }
};

inline Settling settling_of(const market::Market& market, std::size_t instrument) noexcept {
  const double share = market.columns.settled_share[instrument];
  if (share == 0) return {};
  return {1.0 - share, share * market.columns.settled_average[instrument]};
}

}  // namespace tickmargin::pricing
