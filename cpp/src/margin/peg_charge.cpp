// Loss of a peg, in initial margin alone: after Derive's standard manager (derivexyz/v2-core,
// StandardManager), which charges perpetuals and short options, at the index, a factor
// times what the price of its stablecoin is below a threshold.
#include <algorithm>
#include <cmath>

#include "margin/add_ons.hpp"
#include "margin/charges.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t { threshold, factor, collateral_factor };
constexpr Key peg_keys[] = {
    {"threshold", KeyRange::peg, required,
     "price over peg below which it is charged: 0.99 is 1 % below the peg"},
    {"factor", KeyRange::non_negative, required,
     "of futures, perpetuals, spot and short options at the index, times what is below"},
    {"collateral_factor", KeyRange::non_negative, 0.0,
     "of positive balances in pegged assets at their price, times what is below"},
};

// How far an asset is below its threshold; 0 of one that no policy calls pegged, NaN where what it
// is pegged to has no price.
double below_peg(const Whole& pocket, AssetIndex asset) noexcept {
  const std::vector<PegParameters>& pegs = pocket.policy.pegs;
  if (asset < 0 || static_cast<std::size_t>(asset) >= pegs.size()) return 0.0;
  const PegParameters& peg = pegs[static_cast<std::size_t>(asset)];
  const std::vector<double>& price = pocket.context.values.asset_price;
  const double reference = peg.asset < 0 ? peg.value : price[static_cast<std::size_t>(peg.asset)];
  if (reference == 0) return 0.0;
  const double below = peg.threshold - price[static_cast<std::size_t>(asset)] / reference;
  return below <= 0 ? 0.0 : below;
}

// What a unit of a contract's notional is charged: of both pegs the one that lost more.
double settled_loss(const Whole& pocket, std::uint32_t i, const double* p) noexcept {
  const InstrumentColumns& c = pocket.context.instruments;
  const AssetIndex asset = c.settlement_asset[i];
  const double below = below_peg(pocket, asset);
  const double money =
      peg_loss(pocket.context, static_cast<std::size_t>(c.underlying[i]), p[threshold], p[factor]);
  if (below == 0) return money;
  const double own = below * pocket.policy.pegs[static_cast<std::size_t>(asset)].factor;
  return own <= money ? money : own;  // written so that a NaN stays one
}

Charge peg_charge(const Whole& pocket, const double* p) noexcept {
  const Context& context = pocket.context;
  Charge charge;
  const auto held = [&](std::uint32_t i, double quantity) {
    if (context.instruments.kind[i] == Kind::option && quantity >= 0) return true;
    const double loss = settled_loss(pocket, i, p);
    if (std::isnan(loss)) return false;
    const auto u = static_cast<std::size_t>(context.instruments.underlying[i]);
    const double notional = index_notional(context, i, index_numeraire(context, u));
    if (loss > 0) charge.initial += std::fabs(quantity) * notional * loss;
    return true;
  };
  for (std::int64_t k = pocket.rows.first_position(); k < pocket.rows.end_position(); ++k) {
    if (!held(pocket.rows.instrument[k], pocket.rows.quantity[k])) {
      charge.missing = Status::missing_peg;
    }
  }
  // Both sides count: no subset of the orders holds more. What one lacks keeps nobody from being
  // decided.
  for (const book::OrderRow& order : pocket.rows.orders) held(order.instrument, order.quantity);
  for (std::size_t b = 0; b < pocket.rows.balance_asset.size(); ++b) {
    const double amount = pocket.rows.balance_amount[b];
    if (!(amount > 0)) continue;  // a debt stays whole
    const AssetIndex asset = pocket.rows.balance_asset[b];
    const double below = below_peg(pocket, asset);
    if (std::isnan(below)) charge.missing = Status::missing_peg;
    if (!(below > 0)) continue;
    const auto a = static_cast<std::size_t>(asset);
    const double worth = amount * context.values.asset_price[a];
    charge.initial += worth * (below * pocket.policy.pegs[a].collateral_factor);
  }
  return charge;
}

}  // namespace

constexpr AddOn peg_add_on{
    "peg",          "Add-on: what settles or is held in an asset below its peg, in IM alone.",
    peg_keys,       seen_by(MethodId::portfolio, MethodId::standard),
    Orders::inside, nullptr,
    peg_charge};

}  // namespace tickmargin::margin
