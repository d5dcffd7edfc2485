// Vega's margins, exactly: sizes and prices are whole numbers, factors exact fractions, a position
// its size over the market's position factor.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/rational.hpp"

namespace tickmargin::protocol::vega {

using base::Checked;
using base::Rational;

// Resting orders of one side: the sum of their sizes, and of size x price.
struct Orders {
  Checked size;
  Checked value;
};

struct Market {
  Rational mark;
  Rational risk_long, risk_short;
  Rational linear_slippage, quadratic_slippage;
  Rational position_factor;   // 10 to the position's decimals
  Rational funding_per_unit;  // owed by a long
};

// In an auction orders count at their own prices, or at the auction's if that is more.
struct Auction {
  bool running;
  Rational price;  // 0: none yet
};

// The greater of both sides. Each: v (linear + quadratic v + risk) mark, v what of the position is
// on that side, and the risk factor on its orders, if position and orders could end up there.
Rational maintenance_margin(const Market& market, Checked position, Orders buys, Orders sells,
                            Auction auction);

// Of a market whose price is capped and whose positions are fully paid: what a long paid, and what
// of the cap is above the price that a short was paid.
Rational capped_margin(Checked position, Rational entry, Rational highest,
                       Rational position_factor);

struct Scaling {
  Rational search, initial, release;
};
struct Levels {
  Checked maintenance;  // rounded up
  Checked search, initial, release;
};
// Scalings are cut to five decimals, scaled levels rounded down.
Levels margin_levels(Rational maintenance, const Scaling& scaling);

struct Order {
  Checked size;
  Checked price;
};
enum class Side { buy, sell };

// Isolated margin of one side's orders, rounded down: those that only close the position are free,
// the best priced first.
Checked order_side_margin(Checked position, std::span<const Order> orders, Side side,
                          Rational margin_factor, Rational position_factor, Checked auction_price);

// The price at which collateral and what the position makes equal maintenance, at least 0; nothing
// if there is no such price.
std::optional<Rational> liquidation_price(const Market& market, Checked position,
                                          Rational collateral);

// What winners are paid of what was collected: shares rounded down, the rest to `rest_to`.
std::vector<Checked> distribute(std::span<const Checked> amounts, Checked collected,
                                Checked expected, std::size_t rest_to);

struct RiskFactors {
  double fall_ratio;  // of a long
  double rise_ratio;  // of a short
};
// Expected shortfall of a lognormal price at the tail probability whose normal quantile is `z`,
// tau in years: 1 - e^(mu tau) Phi(z - s) / tail and e^(mu tau) Phi(z + s) / tail - 1.
RiskFactors lognormal_risk_factors(double z, double tail, double tau, double mu,
                                   double sigma) noexcept;

}  // namespace tickmargin::protocol::vega
