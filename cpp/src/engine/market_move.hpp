// A market moved elsewhere: indices, volatilities and time; and what has settled on the way there.
#pragma once

#include <span>
#include <vector>

#include "market/market.hpp"
#include "risk/vol_shocks.hpp"

namespace tickmargin::engine {

struct MarketMove {
  std::span<const double> price_move;  // by underlying, as a fraction of the index; NaN: not known
  std::span<const double> vol_shock;   // by underlying; empty: held
  const risk::VolShocks& terms;        // what a shock does to a volatility, by its term
  TimeNs forward_ns = 0;
};

// Forwards, marks and linked assets follow their index. Quoted, surface and realised volatilities
// are shocked, a realised one as at the reference term; a normal one as a share of the index.
market::Market moved_market(const InstrumentColumns& instruments, const market::Market& market,
                            const MarketMove& move);

// By instrument, where what expires on the way settles: at the moved index, what of the average is
// known already as it is. NaN: not settled, also where the index is not known.
std::vector<double> settlement_prices(const InstrumentColumns& instruments,
                                      const market::Market& moved, TimeNs forward_ns);

}  // namespace tickmargin::engine
