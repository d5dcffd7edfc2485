#include "margin/order_costs.hpp"

#include <algorithm>
#include <cmath>

#include "book/book.hpp"
#include "collateral/valuation.hpp"

namespace tickmargin::margin {
namespace {

// Profit a contract of closing, against a position or an order at entry term `from`, with a trade
// at entry term `to`.
double closed(const pricing::ContractValue& v, bool of_long, double from, double to) noexcept {
  const double gain = v.entry_factor * (from - to);
  return of_long ? gain : -gain;
}

}  // namespace

double lost_to_mark(const Context& context, const Policy& policy,
                    const collateral::Weights& weights, const PocketRows& rows) noexcept {
  double lost = 0;
  for (const OrderRow& order : rows.orders) {
    const double gain = equity_of_fill(context, policy, weights, order);
    lost += gain < 0 ? -gain : 0.0;
  }
  return lost;
}

double lost_to_haircuts(const Context& context, const Policy& policy,
                        const collateral::Weights& weights, const PocketRows& rows) noexcept {
  const InstrumentColumns& all = context.instruments;
  double lost = 0;
  for (const OrderRow& order : rows.orders) {
    const std::uint32_t i = order.instrument;
    if (all.kind[i] == Kind::option || all.kind[i] == Kind::spot) continue;
    const AssetIndex asset = all.settlement_asset[i];
    const bool whole =
        policy.simulated_collateral &&
        context.market.columns.asset_underlying[static_cast<std::size_t>(asset)] >= 0;
    const double weight = whole ? 1.0 : collateral::initial_weight(context, weights, asset);
    if (weight >= 1.0) continue;
    const bool of_long = order.quantity < 0;
    const double to = book::entry_term(all.payoff[i], order.price);
    double most = 0;
    for (std::int64_t k = rows.first_position(); k < rows.end_position(); ++k) {
      if (rows.instrument[k] != i || (rows.quantity[k] > 0) != of_long) continue;
      most = std::max(most, closed(context.values.contract[i], of_long, rows.entry[k], to));
    }
    for (const OrderRow& other : rows.orders) {
      if (other.instrument != i || (other.quantity > 0) != of_long) continue;
      const double from = book::entry_term(all.payoff[i], other.price);
      most = std::max(most, closed(context.values.contract[i], of_long, from, to));
    }
    lost += (1.0 - weight) * (std::fabs(order.quantity) * most);
  }
  return lost;
}

double doubt_with_orders(const Context& context, const PocketRows& rows) noexcept {
  double charge = 0;
  each_unit(
      context, rows, false, [&](UnderlyingIndex underlying, std::int64_t begin, std::int64_t end) {
        const auto u = static_cast<std::size_t>(underlying);
        const double doubt = context.market.columns.doubt_ratio[u];
        if (doubt == 0) return;
        double exposed = 0;
        for (std::int64_t k = begin; k < end; ++k) {
          exposed +=
              std::fabs(rows.quantity[k] * context.values.contract[rows.instrument[k]].delta_base);
        }
        for (const OrderRow& order : rows.orders) {
          if (context.instruments.underlying[order.instrument] != underlying) continue;
          exposed +=
              std::fabs(order.quantity * context.values.contract[order.instrument].delta_base);
        }
        charge += doubt * exposed * context.market.columns.index_price[u] *
                  market::quote_price(context.market, underlying);
      });
  return charge;
}

double Reach::gross() const noexcept {
  if (hedged()) return (longs + buys) - (shorts + sells);
  const double net = longs + shorts;
  return std::max(std::fabs(net + buys), std::fabs(net + sells));
}

double Reach::most_short() const noexcept {
  return hedged() ? shorts + sells : std::min(longs + shorts + sells, 0.0);
}

Reach reach_of(const PocketRows& rows, std::uint32_t instrument) noexcept {
  Reach reach;
  for (std::int64_t k = rows.first_position(); k < rows.end_position(); ++k) {
    if (rows.instrument[k] != instrument) continue;
    (rows.quantity[k] > 0 ? reach.longs : reach.shorts) += rows.quantity[k];
  }
  for (const OrderRow& order : rows.orders) {
    if (order.instrument != instrument) continue;
    (order.quantity > 0 ? reach.buys : reach.sells) += order.quantity;
  }
  return reach;
}

}  // namespace tickmargin::margin
