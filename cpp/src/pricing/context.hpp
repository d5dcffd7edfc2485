#pragma once

#include <span>

#include "market/market.hpp"
#include "pricing/instrument_values.hpp"
#include "tickmargin/inputs.hpp"

namespace tickmargin::pricing {

// The market, the instruments and their values now: what every rule may read.
struct Context {
  const market::Market& market;
  const InstrumentColumns& instruments;
  const InstrumentValues& values;
};

// What a pocket owns in assets that follow one index: balances and the unrealised profit of futures
// settled in them. Under simulated collateral its gains and losses enter the scenarios.
struct IndexedCollateral {
  UnderlyingIndex underlying;
  double worth;  // numeraire value now, positive or negative
};

// What of it follows the index of one underlying; 0 where nothing does.
inline double worth_in(std::span<const IndexedCollateral> collateral,
                       UnderlyingIndex underlying) noexcept {
  double worth = 0;
  for (const IndexedCollateral& held : collateral) {
    if (held.underlying == underlying) worth += held.worth;
  }
  return worth;
}

}  // namespace tickmargin::pricing
