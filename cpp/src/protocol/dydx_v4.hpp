// dYdX v4 as its chain states it: amounts in quote quantums, positions in base quantums, ratios in
// parts per million, prices as exact fractions of quote quantums per base quantum.
#pragma once

#include <span>

#include "base/rational.hpp"

namespace tickmargin::protocol::dydx_v4 {

using base::Checked;
using base::Rational;

struct Tier {
  Checked initial_margin_ppm;
  Checked maintenance_fraction_ppm;  // of the initial margin
  Checked oi_lower_cap;              // quote quantums
  Checked oi_upper_cap;              // 0: open interest does not scale the initial margin
};

struct Position {
  Checked base_quantums;
  Rational price;
  Tier tier;
};

struct Requirement {
  Checked initial_margin;
  Checked maintenance_margin;
};

// The initial margin fraction after open interest: base up to the lower cap, 1 from the upper cap,
// linear between, rounded down.
Checked adjusted_initial_margin_ppm(const Tier& tier, Checked oi_notional);

// ceil(notional x max(adjusted, custom)).
Checked initial_margin(const Tier& tier, Checked oi_notional, Checked notional, Checked custom_ppm);

// Of the base fraction alone, so that open interest never liquidates: ceil(ceil(N x base) x part).
Checked maintenance_margin(const Tier& tier, Checked notional);

// Base quantums at a price, rounded towards zero.
Checked net_notional(Checked base_quantums, Rational price);

Requirement margin_requirement(const Position& position, Checked open_interest_base_quantums,
                               Checked custom_ppm);

// What a change `delta` of position `index` may cost at most before the account owes:
// -DNNV - floor(TNC x |DMMR| / TMMR), in quote quantums. Fails if nothing is required.
Checked bankruptcy_price(Checked quote_balance, std::span<const Position> positions,
                         std::size_t index, Checked delta);

// (PNNV - ABR x SMMR x PMMR) / PS, with ABR = clamp(BA x (1 - TNC / TMMR), 0, 1).
Rational fillable_price(Checked quote_balance, std::span<const Position> positions,
                        std::size_t index, Checked bankruptcy_adjustment_ppm,
                        Checked spread_to_maintenance_ppm);

// What the insurance fund receives (+) or pays (-) for a fill that moved `fill_quote` quote
// quantums into the account: the fee, at most `max_fee_ppm` of the fill, rounded down.
Checked insurance_fund_delta(Checked quote_balance, std::span<const Position> positions,
                             std::size_t index, Checked delta, Checked fill_quote,
                             Checked max_fee_ppm);

}  // namespace tickmargin::protocol::dydx_v4
