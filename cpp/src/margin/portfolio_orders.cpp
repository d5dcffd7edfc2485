// Initial margin of method `portfolio` with resting orders, whichever of them trade.
//
// In every scenario a unit loses no more than it loses without orders and what each order loses on
// its own: an expiry's worth W counts L W above 0 and S W below, so what an order adds to it
// changes that by at least the smaller of L and S times the order's worth. An expiry whose smile
// turns counts the size of its change, which grows by no more than the size of the order's. Charges
// by size take the side that leaves more.
#include <algorithm>
#include <cmath>

#include "margin/order_costs.hpp"
#include "margin/portfolio_unit.hpp"

namespace tickmargin::margin {
namespace {

using Unit = PortfolioUnit;

// What a coin premium takes from the collateral that moves with the index.
double premium_moved(const Unit& unit, const OrderRow& order) noexcept {
  const Context& c = unit.context;
  const auto asset = static_cast<std::size_t>(c.instruments.settlement_asset[order.instrument]);
  const bool paid = c.instruments.kind[order.instrument] == Kind::option ||
                    c.instruments.kind[order.instrument] == Kind::spot;
  if (!paid || !unit.p.offset_collateral ||
      c.market.columns.asset_underlying[asset] != static_cast<UnderlyingIndex>(unit.u)) {
    return 0.0;
  }
  return order.quantity * c.instruments.multiplier[order.instrument] * order.price *
         c.values.asset_price[asset];
}

// Adds what one order loses in each scenario to `hurt`, and returns what it loses by the basis.
double add_order(const Unit& unit, const OrderRow& order, double index, double* own,
                 Scratch& scratch, double* hurt) {
  const Context& c = unit.context;
  const std::uint32_t i = order.instrument;
  const std::size_t n = unit.columns(), count = unit.scenarios();
  const double moved = premium_moved(unit, order);
  // Written so that a NaN stays one.
  const auto lose = [](double gain) { return gain >= 0 ? 0.0 : -gain; };
  if (c.instruments.kind[i] != Kind::option) {
    linear_profits(unit, i, index, own);
    for (std::size_t s = 0; s < count; ++s) {
      const double profit = order.quantity * own[s] - moved * unit.move(s);
      hurt[s] += lose(unit.p.weight[s] * profit);
    }
    return 0.0;
  }
  const TimeNs expiry_ns = c.instruments.expiry_ns[i];
  const PortfolioExpiry e = expiry_of(unit, expiry_ns, c.values.years[i]);
  option_worths(unit, i, e, scratch, own);
  const double above = portfolio_discount(unit.p, e, 1.0);
  const double below = portfolio_discount(unit.p, e, -1.0);
  const double now = order.quantity * c.values.contract[i].value;
  for (std::size_t s = 0; s < count; ++s) {
    const double worth = order.quantity * own[s];
    const double high = std::max(above * worth, below * worth) - now;
    const double low = std::min(above * worth, below * worth) - now;
    const double profit =
        turns_smile(unit.vol_move(s)) ? -std::max(std::fabs(high), std::fabs(low)) : low;
    hurt[s] += lose(unit.p.weight[s] * (profit - moved * unit.move(s)));
  }
  double worst = 0;
  for (std::size_t s = count; s < n; ++s) {
    const double change = order.quantity * own[s] - now;
    if (!(change >= worst)) worst = change;
  }
  return -worst * (unit.p.basis_add + unit.p.basis_factor * e.years);
}

// Shorts that no long covers by strike and expiry, were every sell filled.
double naked_with_orders(const Unit& unit, double index, std::span<const OrderRow> orders,
                         Scratch& scratch) {
  const InstrumentColumns& all = unit.context.instruments;
  const auto held = static_cast<std::size_t>(unit.end - unit.begin);
  scratch.strike_net.assign(held + orders.size(), 0.0);
  const auto instrument = [&](std::size_t j) {
    return j < held ? unit.rows.instrument[unit.begin + static_cast<std::int64_t>(j)]
                    : orders[j - held].instrument;
  };
  const auto is_on = [&](std::size_t j) {
    return all.kind[instrument(j)] == Kind::option &&
           all.underlying[instrument(j)] == static_cast<UnderlyingIndex>(unit.u);
  };
  for (std::size_t j = 0; j < held + orders.size(); ++j) {
    if (!is_on(j)) continue;
    const std::uint32_t i = instrument(j);
    std::size_t first = 0;  // the first at that strike keeps the sum
    while (!is_on(first) || all.expiry_ns[instrument(first)] != all.expiry_ns[i] ||
           all.strike[instrument(first)] != all.strike[i]) {
      ++first;
    }
    const double quantity = j < held ? unit.rows.quantity[unit.begin + static_cast<std::int64_t>(j)]
                                     : std::min(orders[j - held].quantity, 0.0);
    scratch.strike_net[first] += quantity * index_notional(unit.context, i, index);
  }
  double naked = 0;
  for (const double net : scratch.strike_net) naked += net < 0 ? -net : 0.0;
  return naked;
}

// The least loss at the deltas of whichever orders leave most of it.
double least_with_orders(const Unit& unit, double index,
                         std::span<const OrderRow> orders) noexcept {
  double net = 0, gross = 0, up = 0, down = 0;
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const double delta =
        unit.rows.quantity[k] * unit.context.values.contract[unit.rows.instrument[k]].delta_base;
    net += delta;
    gross += std::fabs(delta);
  }
  for (const OrderRow& order : orders) {
    if (unit.context.instruments.underlying[order.instrument] !=
        static_cast<UnderlyingIndex>(unit.u)) {
      continue;
    }
    const double delta = order.quantity * unit.context.values.contract[order.instrument].delta_base;
    (delta > 0 ? up : down) += delta;
    gross += std::fabs(delta);
  }
  const double largest = std::max(std::fabs(net + up), std::fabs(net + down));
  const bool crosses = net + down <= 0 && net + up >= 0;
  const double smallest = crosses ? 0.0 : std::min(std::fabs(net + up), std::fabs(net + down));
  const double slope = unit.p.minimum_net_ratio - unit.p.minimum_offset_ratio / 2;
  return (slope * (slope > 0 ? largest : smallest) + gross * unit.p.minimum_offset_ratio / 2) *
         index;
}

double unit_initial(const Unit& unit, bool is_first, const PocketRows& rows, Scratch& scratch) {
  const PortfolioParameters& p = unit.p;
  const Context& c = unit.context;
  const auto underlying = static_cast<UnderlyingIndex>(unit.u);
  const double index = index_numeraire(c, unit.u);
  double basis = -portfolio_profits(unit, index, scratch);
  const std::size_t n = unit.columns(), count = unit.scenarios();
  scratch.profit.assign(n, 0.0);
  scratch.row_profit.resize((static_cast<std::size_t>(unit.end - unit.begin) + 1) * n);
  double* own = unit.row(scratch, unit.end);
  for (const OrderRow& order : rows.orders) {
    if (c.instruments.underlying[order.instrument] != underlying) continue;
    basis += add_order(unit, order, index, own, scratch, scratch.profit.data());
  }
  double loss = basis >= 0 || basis != basis ? basis : 0.0;
  for (std::size_t s = 0; s < count; ++s) {
    const double worst = scratch.profit[s] - scratch.sums[s];
    if (loss == loss && !(worst <= loss)) loss = worst;  // a NaN stays
  }
  if (p.minimum_net_ratio != 0 || p.minimum_offset_ratio != 0) {
    const double least = least_with_orders(unit, index, rows.orders);
    if (loss == loss && !(least <= loss)) loss = least;
  }
  double linear = 0, doubt = 0;
  const double spot = market::value_or(c.market.columns.index_confidence, unit.u, 1.0);
  each_instrument(c, rows, unit.begin, unit.end, underlying, [&](std::uint32_t i) {
    const double notional = reach_of(rows, i).gross() * index_notional(c, i, index);
    const bool option = c.instruments.kind[i] == Kind::option;
    if (!option) linear += notional;
    const double trust =
        option ? market::expiry_terms(c.market, underlying, c.instruments.expiry_ns[i]).confidence
               : market::value_or(c.market.columns.mark_confidence, i, 1.0);
    doubt +=
        doubt_charge(std::min(spot, trust), p.confidence_threshold, p.confidence_ratio, notional);
  });
  doubt += balance_doubt(c, rows, unit.u, unit.is_alone ? 1.0 : spot, is_first,
                         p.confidence_threshold, p.confidence_ratio);
  const double factor = p.initial_factor + peg_loss(c, unit.u, p.peg_threshold, p.peg_factor);
  const double scale = p.contingency_scaled ? factor : 1.0;
  const double naked = naked_with_orders(unit, index, rows.orders, scratch);
  double worth = std::fabs(linked_worth(c, rows, unit.u));
  for (const OrderRow& order : rows.orders) worth += std::fabs(premium_moved(unit, order));
  return factor * loss + scale * (naked * (p.short_option_ratio + p.short_option_initial_add)) +
         scale * (linear * (p.perpetual_ratio + p.perpetual_initial_add) + worth * p.offset_ratio) +
         doubt;
}

}  // namespace

double portfolio_initial_with_orders(const Context& context, const Prepared& prepared,
                                     const PocketRows& rows, Scratch& scratch) {
  double sum = 0;
  bool first = true;
  each_unit(context, rows, true,
            [&](UnderlyingIndex underlying, std::int64_t begin, std::int64_t end) {
              const auto u = static_cast<std::size_t>(underlying);
              const PortfolioParameters& p = prepared.policy->portfolio[u];
              const double collateral = p.offset_collateral ? linked_worth(context, rows, u) : 0.0;
              sum += unit_initial({context, p, rows, begin, end, u, collateral, false}, first, rows,
                                  scratch);
              first = false;
            });
  return sum;
}

}  // namespace tickmargin::margin
