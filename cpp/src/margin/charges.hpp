// Charges that the venue-style methods share: notionals at the index, doubt about a feed, a peg.
#pragma once

#include <algorithm>
#include <cmath>

#include "margin/method.hpp"
#include "market/trust.hpp"

namespace tickmargin::margin {

inline double index_numeraire(const Context& context, std::size_t u) noexcept {
  return context.market.columns.index_price[u] *
         market::quote_price(context.market, static_cast<UnderlyingIndex>(u));
}

// What a contract is on, at the index: of an inverse one its own notional.
inline double index_notional(const Context& context, std::size_t i, double index) noexcept {
  if (context.instruments.payoff[i] == Payoff::inverse) return context.values.contract[i].notional;
  return context.instruments.multiplier[i] * index * context.values.open[i];
}

// Whether an option can be revalued lognormally on a forward of which `fixed` does not follow the
// index: not where its forward is at or below 0 or it never expires; nor with a fixed part where it
// settles in coin or inside its settlement window.
inline bool is_repriced(const Context& context, std::size_t i, double fixed) noexcept {
  if (context.values.model[i] != pricing::OptionModel::black76) return false;
  return fixed == 0 ||
         (context.instruments.payoff[i] != Payoff::coin && context.values.open[i] == 1.0);
}

// Whether a method knows what a contract needs: a protocol knows linear futures, a scan of 16
// scenarios no option without an expiry, a method by expiry what it can revalue. A contract it does
// not know is undecidable (`unsupported_contract`).
inline bool is_known_to(MethodId method, const Context& context, std::size_t i) noexcept {
  if (method == MethodId::protocol) {
    const Kind kind = context.instruments.kind[i];
    return (kind == Kind::perpetual || kind == Kind::future) &&
           context.instruments.payoff[i] == Payoff::linear;
  }
  if (context.instruments.kind[i] != Kind::option) return true;
  if (method == MethodId::span) {
    return context.values.model[i] != pricing::OptionModel::everlasting;
  }
  if (method == MethodId::portfolio) {
    const market::ExpiryTerms terms = market::expiry_terms(
        context.market, context.instruments.underlying[i], context.instruments.expiry_ns[i]);
    return is_repriced(context, i, terms.fixed);
  }
  if (method != MethodId::standard) return true;
  return is_repriced(context, i, 0.0) && context.values.settled_ratio[i] == 0;
}

// A feed below the threshold costs the share of a notional by which it falls short of certainty.
inline double doubt_charge(double confidence, double threshold, double ratio,
                           double notional) noexcept {
  return confidence < threshold ? (1.0 - confidence) * ratio * notional : 0.0;
}

// How far the numeraire's peg has fallen below a threshold, times a factor.
inline double peg_loss(const Context& context, std::size_t u, double threshold,
                       double factor) noexcept {
  const double price = market::value_or(context.market.columns.peg_price, u, 1.0);
  return std::max(threshold - price, 0.0) * factor;
}

// Balances that follow the index of one underlying, at their mark.
inline double linked_worth(const Context& context, const PocketRows& rows, std::size_t u) noexcept {
  double worth = 0;
  for (std::size_t b = 0; b < rows.balance_asset.size(); ++b) {
    const auto asset = static_cast<std::size_t>(rows.balance_asset[b]);
    if (context.market.columns.asset_underlying[asset] != static_cast<UnderlyingIndex>(u)) continue;
    worth += rows.balance_amount[b] * context.values.asset_price[asset];
  }
  return worth;
}

// A unit for every underlying with positions, then for those that only balances follow.
inline void make_units(const Context& context, const PocketRows& rows, PocketRequirement& out) {
  out.units.assign(rows.unit_underlying.size(), {});
  for (std::size_t n = 0; n < out.units.size(); ++n) {
    out.units[n].underlying = rows.unit_underlying[n];
  }
  for (const std::int32_t asset : rows.balance_asset) {
    const UnderlyingIndex linked =
        context.market.columns.asset_underlying[static_cast<std::size_t>(asset)];
    const bool there = std::any_of(out.units.begin(), out.units.end(),
                                   [&](const auto& unit) { return unit.underlying == linked; });
    if (linked < 0 || there) continue;
    out.units.push_back({});
    out.units.back().underlying = linked;
  }
  out.netting_initial = out.netting_maintenance = 0;
}

// Simulated collateral can make a unit of an underlying in which there is no position.
inline void add_collateral_units(const Scratch& scratch, PocketRequirement& out) {
  for (const pricing::IndexedCollateral& held : scratch.collateral) {
    const bool has_unit = std::any_of(out.units.begin(), out.units.end(), [&](const auto& unit) {
      return unit.underlying == held.underlying;
    });
    if (!has_unit) {
      out.units.push_back({});
      out.units.back().underlying = held.underlying;
    }
  }
}

// Whether some balance comes with a confidence of its own.
inline bool has_own_feed(const Context& context, const PocketRows& rows) noexcept {
  const std::vector<double>& own = context.market.columns.asset_confidence;
  if (own.empty()) return false;
  return std::any_of(rows.balance_asset.begin(), rows.balance_asset.end(), [&](AssetIndex asset) {
    return !std::isnan(own[static_cast<std::size_t>(asset)]);
  });
}

// Doubt about the balances: those that follow the index of a unit belong to it, the others to the
// first unit. A debt has no feed to doubt.
inline double balance_doubt(const Context& context, const PocketRows& rows, std::size_t u,
                            double spot, bool with_others, double threshold,
                            double ratio) noexcept {
  const MarketColumns& c = context.market.columns;
  double charge = 0;
  for (std::size_t b = 0; b < rows.balance_asset.size(); ++b) {
    const auto asset = static_cast<std::size_t>(rows.balance_asset[b]);
    const UnderlyingIndex linked = c.asset_underlying[asset];
    const bool own = linked == static_cast<UnderlyingIndex>(u);
    const bool other = with_others && linked < 0 && !c.asset_confidence.empty() &&
                       c.asset_confidence[asset] == c.asset_confidence[asset];
    if ((!own && !other) || rows.balance_amount[b] < 0) continue;
    const double confidence = std::min(spot, market::value_or(c.asset_confidence, asset, 1.0));
    const double worth = rows.balance_amount[b] * context.values.asset_price[asset];
    charge += doubt_charge(confidence, threshold, ratio, worth);
  }
  return charge;
}

}  // namespace tickmargin::margin
