#include "protocol/drift_v2.hpp"

#include "protocol/drift_v2_units.hpp"

namespace tickmargin::protocol::drift_v2 {
namespace {

using base::mul_div;
using base::Rounding;

constexpr base::Int128 profit_limit = 100 * quote_unit;  // of unrealised profit in initial margin

Checked by_type(Checked initial, Checked maintenance, MarginType type) {
  if (type == MarginType::initial) return initial;
  if (type == MarginType::maintenance) return maintenance;
  return base::divide(initial + maintenance, 2, Rounding::floor);
}

// Tokens of a market's own decimals as 1e9.
Checked sized(const SpotMarket& market, Checked tokens) {
  const Checked unit = ten_to(market.decimals);
  if (unit.ok() && unit.value() > base_unit) {
    return base::divide(tokens, base::divide(unit, base_unit, Rounding::floor), Rounding::floor);
  }
  return mul_div(tokens, base_unit, unit, Rounding::floor);
}

// Rounded down: a debt is never understated.
Checked token_value(const SpotMarket& market, Checked tokens, Checked price) {
  return mul_div(tokens, price, ten_to(market.decimals), Rounding::floor);
}

struct Fill {
  Checked tokens;
  Checked orders;  // quote that the orders bring in
  Checked value;
  Checked weighted;
};

Checked weighted_value(const SpotPosition& p, const Fill& fill, const Terms& terms,
                       Checked custom) {
  if (!fill.value.ok()) return fill.value;
  const Checked size = base::abs(fill.tokens);
  Checked weight;
  if (fill.value.value() > 0) {
    weight = asset_weight(p.market, size, p.price.current, terms.type);
    weight = base::min(weight, base::max(Checked(weight_unit) - custom, 0));
  } else {
    weight = liability_weight(p.market, size, terms.type);
    if (!custom.ok() || custom.value() > 0) weight = base::max(weight, custom + weight_unit);
  }
  return mul_div(fill.value, weight, weight_unit, Rounding::toward_zero);
}

Fill filled(const SpotPosition& p, Checked value, Checked orders, const Terms& terms) {
  Fill fill{p.tokens + orders, token_value(p.market, -orders, p.price.high), 0, 0};
  fill.value = value - fill.orders;
  fill.weighted = weighted_value(p, fill, terms, 0);
  return fill;
}

void add(AccountMargin& account, Checked amount) {
  account.collateral = account.collateral + base::max(amount, 0);
  account.requirement = account.requirement + base::max(-amount, 0);
}

void add_spot(AccountMargin& account, const SpotPosition& p, const Terms& terms) {
  const bool owed = p.tokens.value() < 0;
  const Checked value = token_value(p.market, p.tokens, owed ? p.price.high : p.price.low);
  if (p.is_quote) return add(account, value);
  const Fill bid = filled(p, value, p.open_bids, terms);
  const Fill ask = filled(p, value, p.open_asks, terms);
  const Checked difference = (ask.weighted + ask.orders) - (bid.weighted + bid.orders);
  if (!difference.ok()) return add(account, difference);
  const Fill& worst = difference.value() <= 0 ? ask : bid;
  const bool custom = terms.type == MarginType::initial;
  const Checked ratio = custom ? terms.custom_ratio : Checked(0);
  add(account, weighted_value(p, worst, terms, ratio));
  add(account, worst.orders);
  account.requirement = account.requirement + p.open_orders * terms.open_order_margin;
}

Checked notional(Checked base_amount, Checked price) {
  return mul_div(base::abs(base_amount), base::max(price, 0), base_unit, Rounding::floor);
}

void add_perp(AccountMargin& account, const PerpPosition& p, const Terms& terms) {
  const Checked bids = p.base + p.open_bids, asks = p.base + p.open_asks;
  const Checked bid_value = notional(bids, p.price), ask_value = notional(asks, p.price);
  const bool on_asks = ask_value.value() >= bid_value.value();
  const bool custom = terms.type == MarginType::initial;
  const Checked ratio = base::max(custom ? terms.custom_ratio : Checked(0),
                                  margin_ratio(p.market, on_asks ? asks : bids, terms.type));
  const Checked worst =
      mul_div(base::max(bid_value, ask_value), terms.quote_price.high, quote_unit, Rounding::floor);
  account.requirement = account.requirement + mul_div(worst, ratio, weight_unit, Rounding::floor) +
                        p.open_orders * terms.open_order_margin;

  const Checked pnl = unrealized_pnl(p.base, p.quote, p.price);
  const Checked quote_price = pnl.value() > 0 ? terms.quote_price.low : terms.quote_price.high;
  const Checked weight = pnl_asset_weight(p.market, pnl, terms.type);
  Checked counted = mul_div(mul_div(pnl, weight, weight_unit, Rounding::toward_zero), quote_price,
                            quote_unit, Rounding::toward_zero);
  if (terms.type == MarginType::initial) counted = base::min(counted, profit_limit);
  account.collateral = account.collateral + counted;
}

}  // namespace

StrictPrice strict_price(Checked price, Checked average) {
  if (average.ok() && average.value() == 0) return {price, price, price};
  return {price, base::min(price, average), base::max(price, average)};
}

Checked size_premium_liability_weight(Checked size, Checked factor, Checked weight) {
  if (factor.ok() && factor.value() == 0) return weight;
  const Checked premium = mul_div(size_root(size), factor, 10000000, Rounding::floor);
  return base::max(weight, weight - base::divide(weight, 5, Rounding::floor) + premium);
}

Checked size_discount_asset_weight(Checked size, Checked factor, Checked weight) {
  if (factor.ok() && factor.value() == 0) return weight;
  const Checked growth = mul_div(size_root(size), factor, 100000, Rounding::floor);
  return base::min(weight, mul_div(1100000, weight_unit, growth + fee_unit, Rounding::floor));
}

Checked scaled_initial_asset_weight(const SpotMarket& market, Checked price) {
  const Checked value = token_value(market, market.deposits, price);
  if (market.scale_start.ok() && market.scale_start.value() == 0) {
    return market.initial_asset_weight;
  }
  if (value.ok() && value.value() < market.scale_start.value()) return market.initial_asset_weight;
  return mul_div(market.initial_asset_weight, market.scale_start, value, Rounding::floor);
}

Checked asset_weight(const SpotMarket& market, Checked tokens, Checked price, MarginType type) {
  const Checked plain = type == MarginType::maintenance
                            ? market.maintenance_asset_weight
                            : by_type(scaled_initial_asset_weight(market, price),
                                      market.maintenance_asset_weight, type);
  return size_discount_asset_weight(sized(market, tokens), market.size_factor, plain);
}

Checked liability_weight(const SpotMarket& market, Checked tokens, MarginType type) {
  return size_premium_liability_weight(
      sized(market, tokens), market.size_factor,
      by_type(market.initial_liability_weight, market.maintenance_liability_weight, type));
}

Checked margin_ratio(const PerpMarket& market, Checked base_amount, MarginType type) {
  return size_premium_liability_weight(
      base::abs(base_amount), market.size_factor,
      by_type(market.initial_ratio, market.maintenance_ratio, type));
}

Checked pnl_asset_weight(const PerpMarket& market, Checked pnl, MarginType type) {
  if (!pnl.ok()) return pnl;
  if (pnl.value() <= 0) return weight_unit;
  if (type == MarginType::maintenance) return market.pnl_maintenance_weight;
  return size_discount_asset_weight(pnl * (base_unit / quote_unit), market.pnl_size_factor,
                                    market.pnl_initial_weight);
}

Checked unrealized_pnl(Checked base_amount, Checked quote, Checked price) {
  return quote + mul_div(base_amount, base::max(price, 0), base_unit, Rounding::toward_zero);
}

AccountMargin account_margin(std::span<const SpotPosition> spot,
                             std::span<const PerpPosition> perps, const Terms& terms) {
  AccountMargin account{0, 0};
  for (const SpotPosition& position : spot) add_spot(account, position, terms);
  for (const PerpPosition& position : perps) add_perp(account, position, terms);
  return account;
}

}  // namespace tickmargin::protocol::drift_v2
