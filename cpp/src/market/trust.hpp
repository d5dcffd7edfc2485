// How far feeds are trusted, and what a curve node says beside its price. These columns may be left
// out, whole or by row: then the feed is fully trusted, the peg holds, no part of a forward is
// fixed.
#pragma once

#include <vector>

#include "market/market.hpp"

namespace tickmargin::market {

inline double value_or(const std::vector<double>& column, std::size_t row,
                       double otherwise) noexcept {
  return row < column.size() && column[row] == column[row] ? column[row] : otherwise;
}

struct ExpiryTerms {
  double rate_annual = 0;  // of static discounts
  double fixed = 0;        // quote units of the forward that do not follow the index
  double confidence = 1;
};

inline ExpiryTerms expiry_terms(const Market& market, UnderlyingIndex underlying,
                                TimeNs expiry_ns) noexcept {
  const MarketColumns& c = market.columns;
  const double rate = forward_at(market, underlying, expiry_ns).rate_annual;
  for (std::size_t node = 0; node < c.forward_underlying.size(); ++node) {
    if (c.forward_underlying[node] != underlying) continue;
    if (c.forward_expiry_ns[node] != expiry_ns) continue;
    return {value_or(c.forward_discount_rate, node, rate), value_or(c.forward_fixed, node, 0.0),
            value_or(c.forward_confidence, node, 1.0)};
  }
  return {rate, 0.0, 1.0};
}

}  // namespace tickmargin::market
