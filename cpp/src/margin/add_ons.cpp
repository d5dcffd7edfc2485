#include "margin/add_ons.hpp"

#include <algorithm>
#include <cmath>

#include "book/book.hpp"

namespace tickmargin::margin {
namespace {

struct Entry {
  Component component;
  AddOn charge;
};

// One line per add-on, in the order of their components.
constexpr Entry add_ons[] = {
    {Component::liquidity, liquidity_charge},
    {Component::fast_depth, fast_depth_charge},
    {Component::concentration, concentration_charge},
};

struct Sums {
  double held = 0, up = 0, down = 0, gross = 0, vega = 0;

  void order(double delta) noexcept { (delta > 0 ? up : down) += delta; }
};

void add(const Context& context, std::uint32_t i, double quantity, Sums& sums) noexcept {
  const pricing::ContractValue& v = context.values.contract[i];
  sums.gross += std::fabs(quantity * v.delta_base);
  sums.vega += std::fabs(quantity * v.vega);
}

Exposure exposure_of(const Context& context, UnderlyingIndex underlying,
                     const Sums& sums) noexcept {
  const double price = context.market.columns.index_price[static_cast<std::size_t>(underlying)] *
                       market::quote_price(context.market, underlying);
  const double net = std::max(std::fabs(sums.held + sums.up), std::fabs(sums.held + sums.down));
  return {net * price, sums.gross * price, sums.vega};
}

Sums held_of(const Context& context, const PocketRows& rows, std::size_t n) noexcept {
  Sums sums;
  for (std::int64_t k = rows.unit_positions[n]; k < rows.unit_positions[n + 1]; ++k) {
    const std::uint32_t i = rows.instrument[k];
    add(context, i, rows.quantity[k], sums);
    sums.held += rows.quantity[k] * context.values.contract[i].delta_base;
  }
  return sums;
}

}  // namespace

bool has_add_ons(const Policy& policy) noexcept {
  return !policy.liquidity.empty() || !policy.concentration.empty() ||
         policy.safety_factor_ratio != 1;
}

void apply_add_ons(const Context& context, const Policy& policy, const PocketRows& rows,
                   PocketRequirement& requirement) noexcept {
  if (!has_add_ons(policy)) return;
  for (std::size_t n = 0; n < rows.unit_underlying.size(); ++n) {
    const UnderlyingIndex underlying = rows.unit_underlying[n];
    const Exposure exposure = exposure_of(context, underlying, held_of(context, rows, n));
    for (const Entry& entry : add_ons) {
      const Charge charge =
          entry.charge(context, policy, static_cast<std::size_t>(underlying), exposure);
      const auto line = static_cast<std::size_t>(entry.component);
      requirement.units[n].initial[line] = charge.initial;
      requirement.units[n].maintenance[line] = charge.maintenance;
    }
  }
}

double add_ons_with_orders(const Context& context, const Policy& policy,
                           const PocketRows& rows) noexcept {
  if (!has_add_ons(policy)) return 0.0;
  double sum = 0;
  std::size_t n = 0, o = 0;
  const auto resting_on = [&] {
    return o < rows.orders.size() ? context.instruments.underlying[rows.orders[o].instrument]
                                  : INT32_MAX;
  };
  while (n < rows.unit_underlying.size() || o < rows.orders.size()) {
    const UnderlyingIndex held =
        n < rows.unit_underlying.size() ? rows.unit_underlying[n] : INT32_MAX;
    const UnderlyingIndex underlying = std::min(held, resting_on());
    Sums sums;
    if (held == underlying) sums = held_of(context, rows, n++);
    for (; resting_on() == underlying; ++o) {
      const book::OrderRow& order = rows.orders[o];
      add(context, order.instrument, order.quantity, sums);
      sums.order(order.quantity * context.values.contract[order.instrument].delta_base);
    }
    const Exposure exposure = exposure_of(context, underlying, sums);
    for (const Entry& entry : add_ons) {
      sum += entry.charge(context, policy, static_cast<std::size_t>(underlying), exposure).initial;
    }
  }
  return sum;
}

}  // namespace tickmargin::margin
