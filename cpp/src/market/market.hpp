// The market as state: the index of each underlying, and everything else relative to it. Forwards,
// marks and linked assets are kept as ratios to the index, so that one index tick moves the whole
// curve along the path that trigger bands and liquidation prices state (F/S held).
#pragma once

#include <span>
#include <vector>

#include "tickmargin/inputs.hpp"
#include "tickmargin/units.hpp"

namespace tickmargin::market {

struct Market {
  MarketColumns columns;              // as given; index_price is the current index
  std::vector<double> forward_ratio;  // by curve node; NaN where the forward is not positive:
  std::vector<double> forward_basis;  // such a forward keeps its distance to the index instead
  std::vector<double> mark_ratio;     // by instrument
  std::vector<double> asset_ratio;    // by asset: price / (index x quote price), linked assets

  std::size_t underlying_count() const noexcept { return columns.index_price.size(); }
  std::size_t asset_count() const noexcept { return columns.asset_price.size(); }
};

// Freezes the ratios at the given index prices. Instruments give the underlying of each mark.
Market make_market(MarketColumns columns, const InstrumentColumns& instruments);

// Price of an asset in the numeraire; asset -1 is the numeraire itself. NaN where unknown, also
// where quote assets refer to each other in a circle.
double asset_price(const Market& market, AssetIndex asset) noexcept;

// Price of the quote asset of an underlying.
double quote_price(const Market& market, UnderlyingIndex underlying) noexcept;

struct ForwardPoint {
  double forward;  // NaN: no curve
  double rate_annual;
};

// Forward and discount rate for an expiry: a node where one stands, else log(F/S) and the logarithm
// of the discount linear in time between nodes (carry and rate held flat before the first and after
// the last). Nodes before the market's time are not part of the curve. Without a node: NaN.
ForwardPoint forward_at(const Market& market, UnderlyingIndex underlying,
                        TimeNs expiry_ns) noexcept;

// Implied volatility from the surface of an underlying: linear in total variance over
// log-moneyness within an expiry (flat beyond the outer strikes) and over time at equal
// log-moneyness; flat volatility before the first expiry and after the last. Expiries before the
// market's time are left out. NaN: no surface.
double surface_vol(const Market& market, UnderlyingIndex underlying, TimeNs expiry_ns,
                   double strike) noexcept;

}  // namespace tickmargin::market
