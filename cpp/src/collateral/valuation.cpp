#include "collateral/valuation.hpp"

#include <algorithm>
#include <cmath>

namespace tickmargin::collateral {
namespace {

void add_indexed(const pricing::Context& context, AssetIndex asset, double worth,
                 PocketValue& out) {
  const UnderlyingIndex link =
      context.market.columns.asset_underlying[static_cast<std::size_t>(asset)];
  if (link < 0) return;
  for (pricing::IndexedCollateral& held : out.indexed) {
    if (held.underlying != link) continue;
    held.worth += worth;
    return;
  }
  out.indexed.push_back({link, worth});
}

bool is_future(Kind kind) noexcept {
  return kind == Kind::future || kind == Kind::perpetual;
}

// What futures of a unit settle in, where that follows an index.
void index_futures(const pricing::Context& context, const book::PocketRows& rows, std::size_t u,
                   PocketValue& out) {
  for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
    const std::uint32_t i = rows.instrument[k];
    if (!is_future(context.instruments.kind[i])) continue;
    add_indexed(context, context.instruments.settlement_asset[i],
                position_worth(context, i, rows.quantity[k], rows.entry[k]), out);
  }
}

void value_units(const pricing::Context& context, const Policy& policy,
                 const book::PocketRows& rows, PocketValue& out) {
  for (std::size_t u = 0; u < rows.unit_underlying.size(); ++u) {
    UnitValue unit;
    unit.underlying = rows.unit_underlying[u];
    // Sums of this loop, which calls nothing: they stay in registers.
    double initial = out.equity_initial, maintenance = out.equity_maintenance;
    double unweighted = out.value_unweighted;
    Status status = out.status;
    for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
      const std::uint32_t i = rows.instrument[k];
      const double quantity = rows.quantity[k];
      status = first_of(status, context.values.status[i]);
      const pricing::ContractValue& c = context.values.contract[i];
      const double worth = position_worth(context, i, quantity, rows.entry[k]);
      unit.delta_base += quantity * c.delta_base;
      unit.gamma += quantity * c.gamma;
      unit.vega += quantity * c.vega;
      unit.theta += quantity * c.theta;
      unit.gross_notional += std::fabs(quantity) * c.notional;
      unit.value += worth;
      unweighted += worth;
      if (counts_in_equity(context, policy, i)) {
        initial += worth;
        maintenance += worth;
      }
    }
    out.equity_initial = initial;
    out.equity_maintenance = maintenance;
    out.value_unweighted = unweighted;
    out.status = status;
    if (policy.simulated_collateral) index_futures(context, rows, u, out);
    out.gross_notional += unit.gross_notional;
    out.units.push_back(unit);
  }
}

}  // namespace

Worth balance_worth(const pricing::Context& context, const Policy& policy, const Weights& weights,
                    AssetIndex asset, double amount) noexcept {
  const auto a = static_cast<std::size_t>(asset);
  const double worth = amount * context.values.asset_price[a];
  // A doubtful index counts an asset at its low side and a debt at its high side.
  const UnderlyingIndex link = context.market.columns.asset_underlying[a];
  const double doubt =
      link < 0 ? 0.0 : context.market.columns.doubt_ratio[static_cast<std::size_t>(link)];
  const double counted = doubt == 0 ? worth : worth * (amount < 0 ? 1.0 + doubt : 1.0 - doubt);
  const bool whole = amount < 0 || (policy.simulated_collateral && link >= 0);
  const double maintenance = whole ? counted : counted * weights.maintenance[a];
  // What cannot be delivered opens nothing, however its losses are counted.
  if (amount > 0 && context.market.columns.asset_halted[a] != 0) return {0.0, maintenance, worth};
  return {whole ? counted : counted * weights.initial[a], maintenance, worth};
}

double initial_weight(const pricing::Context& context, const Weights& weights,
                      AssetIndex asset) noexcept {
  const auto a = static_cast<std::size_t>(asset);
  const MarketColumns& market = context.market.columns;
  if (market.asset_halted[a] != 0) return 0.0;
  const UnderlyingIndex link = market.asset_underlying[a];
  const double doubt = link < 0 ? 0.0 : market.doubt_ratio[static_cast<std::size_t>(link)];
  return doubt == 0 ? weights.initial[a] : weights.initial[a] * (1.0 - doubt);
}

double position_worth(const pricing::Context& context, std::uint32_t instrument, double quantity,
                      double entry) noexcept {
  const pricing::ContractValue& c = context.values.contract[instrument];
  return quantity * (c.value + c.entry_factor * entry);
}

bool counts_in_equity(const pricing::Context& context, const Policy& policy,
                      std::uint32_t instrument) noexcept {
  return policy.option_value_in_equity || context.instruments.kind[instrument] != Kind::option;
}

void value_pocket(const pricing::Context& context, const Policy& policy, const Weights& weights,
                  const book::PocketRows& rows, PocketValue& out) {
  out.equity_initial = out.equity_maintenance = out.value_unweighted = out.gross_notional = 0;
  out.debts = out.ramp_maintenance = 0;
  out.units.clear();
  out.indexed.clear();
  out.status = Status::ok;
  for (std::size_t j = 0; j < rows.balance_asset.size(); ++j) {
    const AssetIndex asset = rows.balance_asset[j];
    const Worth worth = balance_worth(context, policy, weights, asset, rows.balance_amount[j]);
    if (std::isnan(worth.unweighted))
      out.status = first_of(out.status, Status::missing_asset_price);
    out.equity_initial += worth.initial;
    out.equity_maintenance += worth.maintenance;
    out.value_unweighted += worth.unweighted;
    if (rows.balance_amount[j] < 0) out.debts -= worth.maintenance;
    if (policy.simulated_collateral) add_indexed(context, asset, worth.unweighted, out);
  }
  value_units(context, policy, rows, out);
}

}  // namespace tickmargin::collateral
