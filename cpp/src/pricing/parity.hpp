#pragma once

#include <cstddef>
#include <cstdint>

namespace tickmargin::pricing {

// The forward of one expiry implied by put-call parity of quotes: the median over strikes of
//   coin-settled  C - P = (F - K) / F        ->  F = K / (1 - (C - P))
//   linear        C - P = (F - K) exp(-r T)  ->  F = K + (C - P) / discount
// `call` and `put` hold the prices at each strike (NaN: no quote); pairs with both are used.
// Median of an even count: the mean of the middle two. NaN without a pair.
struct ParityQuotes {
  std::size_t count;
  const double* strike;
  const double* call;
  const double* put;
  bool coin_settled;
  double discount;
};
double forward_from_parity(const ParityQuotes& quotes);

}  // namespace tickmargin::pricing
