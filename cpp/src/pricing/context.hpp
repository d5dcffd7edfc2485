#pragma once

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

}  // namespace tickmargin::pricing
