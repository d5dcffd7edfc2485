// Collateral that fails when it is needed: it falls with the position, or its own contract breaks.
#include <algorithm>
#include <cmath>

#include "margin/add_ons.hpp"
#include "market/trust.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t { initial_ratio, maintenance_ratio, other_ratio };
constexpr Key wrong_way_keys[] = {
    {"initial_ratio", KeyRange::ratio, required, "of what falls together"},
    {"maintenance_ratio", KeyRange::ratio, required, "of what falls together"},
    {"other_ratio", KeyRange::ratio, 0.0, "share at which collateral on other indices counts"},
};

enum : std::size_t { initial_factor, maintenance_factor, cap_ratio };
constexpr Key asset_risk_keys[] = {
    {"initial_factor", KeyRange::non_negative, required, "of the asset's risk_annual"},
    {"maintenance_factor", KeyRange::non_negative, required, "of the asset's risk_annual"},
    {"cap_ratio", KeyRange::ratio, 1.0, "most that the ratio may be"},
};

// Balances in assets that follow this index, and with a share those that follow another.
double linked_collateral(const Holding& held, double others) noexcept {
  double worth = 0;
  const MarketColumns& c = held.context.market.columns;
  for (std::size_t b = 0; b < held.rows.balance_asset.size(); ++b) {
    const auto asset = static_cast<std::size_t>(held.rows.balance_asset[b]);
    const UnderlyingIndex linked = c.asset_underlying[asset];
    if (linked < 0) continue;
    const double share = linked == static_cast<UnderlyingIndex>(held.u) ? 1.0 : others;
    worth += share * (held.rows.balance_amount[b] * held.context.values.asset_price[asset]);
  }
  return worth;
}

// A long position on coins, or a short one against a debt in coins, loses twice at once.
Charge wrong_way_charge(const Holding& held, const double* p) noexcept {
  const double worth = linked_collateral(held, p[other_ratio]);
  const auto together = [&](double delta) {
    return (delta > 0) == (worth > 0) ? std::min(std::fabs(delta), std::fabs(worth)) : 0.0;
  };
  const double both = std::max(together(held.exposure.long_end), together(held.exposure.short_end));
  return {both * p[initial_ratio], both * p[maintenance_ratio]};
}

Charge asset_risk_charge(const Whole& pocket, const double* p) noexcept {
  Charge charge;
  for (std::size_t b = 0; b < pocket.rows.balance_asset.size(); ++b) {
    const double amount = pocket.rows.balance_amount[b];
    if (!(amount > 0)) continue;
    const auto asset = static_cast<std::size_t>(pocket.rows.balance_asset[b]);
    const double risk = market::value_or(pocket.context.market.columns.asset_risk, asset, absent);
    if (std::isnan(risk)) {
      charge.missing = Status::missing_asset_risk;
      continue;
    }
    const double worth = amount * pocket.context.values.asset_price[asset];
    charge.initial += worth * std::min(p[initial_factor] * risk, p[cap_ratio]);
    charge.maintenance += worth * std::min(p[maintenance_factor] * risk, p[cap_ratio]);
  }
  return charge;
}

}  // namespace

constexpr AddOn wrong_way_add_on{
    "wrong_way",    "Add-on: collateral that falls together with the position.",
    wrong_way_keys, seen_by(MethodId::portfolio),
    Orders::inside, wrong_way_charge};
constexpr AddOn asset_risk_add_on{
    "asset_risk",     "Add-on: smart-contract and governance risk of what is held as collateral.",
    asset_risk_keys,  seen_by(),
    Orders::alone,    nullptr,
    asset_risk_charge};

}  // namespace tickmargin::margin
