// Drift v2 as its chain states it: base 1e9, quote amounts and prices 1e6, weights and ratios 1e4,
// fees and factors of size 1e6, tokens in their own decimals. All in whole numbers.
#pragma once

#include <span>

#include "base/checked.hpp"

namespace tickmargin::protocol::drift_v2 {

using base::Checked;

enum class MarginType { initial, fill, maintenance };

struct SpotMarket {
  Checked decimals;
  Checked initial_asset_weight;
  Checked maintenance_asset_weight;
  Checked initial_liability_weight;
  Checked maintenance_liability_weight;
  Checked size_factor;
  Checked scale_start;  // quote value of all deposits from which the initial weight falls; 0: never
  Checked deposits;     // tokens
};

struct PerpMarket {
  Checked initial_ratio;
  Checked maintenance_ratio;
  Checked size_factor;
  Checked pnl_initial_weight;
  Checked pnl_maintenance_weight;
  Checked pnl_size_factor;
};

// The worse of an oracle's price and its average over five minutes, on either side.
struct StrictPrice {
  Checked current;
  Checked low;
  Checked high;
};
StrictPrice strict_price(Checked price, Checked average);  // average 0: none

struct SpotPosition {
  SpotMarket market;
  Checked tokens;  // above 0 deposited, below borrowed
  Checked open_bids;
  Checked open_asks;  // below 0
  Checked open_orders;
  StrictPrice price;
  bool is_quote;  // no weights, no orders, no custom ratio
};

struct PerpPosition {
  PerpMarket market;
  Checked base;
  Checked quote;
  Checked open_bids;
  Checked open_asks;  // below 0
  Checked open_orders;
  Checked price;
};

// What all positions of an account are margined under.
struct Terms {
  MarginType type;
  Checked custom_ratio;       // chosen by the account; of the initial margin only
  Checked open_order_margin;  // quote, per open order
  StrictPrice quote_price;
};

struct AccountMargin {
  Checked requirement;
  Checked collateral;
};

// max(w, w - w / 5 + factor x sqrt(size)) and min(w, 1.1 / (1 + factor x sqrt(size))); size 1e9.
Checked size_premium_liability_weight(Checked size, Checked factor, Checked weight);
Checked size_discount_asset_weight(Checked size, Checked factor, Checked weight);

Checked scaled_initial_asset_weight(const SpotMarket& market, Checked price);
Checked asset_weight(const SpotMarket& market, Checked tokens, Checked price, MarginType type);
Checked liability_weight(const SpotMarket& market, Checked tokens, MarginType type);
Checked margin_ratio(const PerpMarket& market, Checked base, MarginType type);

// Losses count whole; profit under a weight that falls with its size.
Checked pnl_asset_weight(const PerpMarket& market, Checked pnl, MarginType type);

// Base at a price, rounded towards zero, and quote.
Checked unrealized_pnl(Checked base, Checked quote, Checked price);

// Spot orders are taken as filled on the side that leaves less; perpetual orders on the side that
// leaves the larger notional.
AccountMargin account_margin(std::span<const SpotPosition> spot,
                             std::span<const PerpPosition> perps, const Terms& terms);

}  // namespace tickmargin::protocol::drift_v2
