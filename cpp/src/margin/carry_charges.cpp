// What holding on costs or may cost: the basis between expiries, funding of perpetuals, interest of
// debts, a shift of interest rates.
#include <algorithm>
#include <cmath>

#include "margin/add_ons.hpp"
#include "market/trust.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t { initial, maintenance };

constexpr Key basis_keys[] = {
    {"initial_ratio", KeyRange::ratio, required, "of the delta that offsets between expiries"},
    {"maintenance_ratio", KeyRange::ratio, required, "of the delta that offsets between expiries"},
};
constexpr Key day_keys[] = {
    {"initial_days", KeyRange::positive, required, "horizon over which it accrues"},
    {"maintenance_days", KeyRange::positive, required, "horizon over which it accrues"},
};
constexpr Key rate_keys[] = {
    {"initial_shock_annual", KeyRange::non_negative, required, "of the rate, times rate_stress"},
    {"maintenance_shock_annual", KeyRange::non_negative, required,
     "of the rate, times rate_stress"},
};

// Deltas of opposite sign in two expiries offset each other only as far as the basis holds.
// Perpetuals and spot are an expiry; orders count at the larger of bought and sold in each.
Charge basis_charge(const Holding& held, const double* p) noexcept {
  clear_expiries(held.scratch);
  const auto delta = [&](std::uint32_t i, double quantity) -> double {
    return quantity * held.context.values.contract[i].delta_base;
  };
  const auto each_side = [&](double sign) {
    clear_expiries(held.scratch);
    for (std::size_t k = 0; k < held.count; ++k) {
      const std::uint32_t i = held.instrument[k];
      sum_of_expiry(held.scratch, held.context.instruments.expiry_ns[i]) +=
          delta(i, held.quantity[k]);
    }
    for (const book::OrderRow& order : held.orders) {
      const double added = delta(order.instrument, order.quantity);
      if (added * sign <= 0) continue;
      sum_of_expiry(held.scratch, held.context.instruments.expiry_ns[order.instrument]) += added;
    }
    double sum = 0;
    for (const double net : held.scratch.expiry_delta) sum += std::max(net * sign, 0.0);
    return sum;
  };
  const double longs = each_side(1.0), shorts = each_side(-1.0);
  const double offset = std::min(longs, shorts) * held.index_price();
  return {offset * p[initial], offset * p[maintenance]};
}

// What perpetuals pay at the rate that stands; what others of them receive is not certain to last.
Charge funding_charge(const Holding& held, const double* p) noexcept {
  double paid = 0;
  Charge charge;
  for (std::size_t k = 0; k < held.count; ++k) {
    const std::uint32_t i = held.instrument[k];
    if (held.context.instruments.kind[i] != Kind::perpetual) continue;
    const double rate = market::value_or(held.context.market.columns.mark_funding_rate, i, absent);
    if (std::isnan(rate)) {
      charge.missing = Status::missing_funding;
      continue;
    }
    const double notional = held.quantity[k] * held.context.values.contract[i].notional;
    paid += std::max(notional * rate, 0.0);
  }
  charge.initial = paid * (p[initial] / 365.0);
  charge.maintenance = paid * (p[maintenance] / 365.0);
  return charge;
}

// Discounted options fall with T x value for each 1.00 of the rate; netted inside an expiry.
Charge rate_charge(const Holding& held, const double* p) noexcept {
  clear_expiries(held.scratch);
  const InstrumentColumns& c = held.context.instruments;
  for (std::size_t k = 0; k < held.count; ++k) {
    const std::uint32_t i = held.instrument[k];
    if (c.kind[i] != Kind::option || c.payoff[i] == Payoff::coin || c.expiry_ns[i] == 0) continue;
    sum_of_expiry(held.scratch, c.expiry_ns[i]) +=
        held.quantity[k] * (held.context.values.contract[i].value * held.context.values.years[i]);
  }
  double moved = 0;
  for (const double sum : held.scratch.expiry_delta) moved += std::fabs(sum);
  const double stress = market::value_or(held.context.market.columns.rate_stress, held.u, absent);
  if (std::isnan(stress)) return {0, 0, Status::missing_rate_stress};
  return {moved * (p[initial] * stress), moved * (p[maintenance] * stress)};
}

// Interest on what is owed.
Charge borrow_charge(const Whole& pocket, const double* p) noexcept {
  double interest = 0;
  Charge charge;
  for (std::size_t b = 0; b < pocket.rows.balance_asset.size(); ++b) {
    const double amount = pocket.rows.balance_amount[b];
    if (!(amount < 0)) continue;
    const auto asset = static_cast<std::size_t>(pocket.rows.balance_asset[b]);
    const double rate =
        market::value_or(pocket.context.market.columns.asset_borrow_rate, asset, absent);
    if (std::isnan(rate)) {
      charge.missing = Status::missing_borrow_rate;
      continue;
    }
    interest += -amount * pocket.context.values.asset_price[asset] * rate;
  }
  charge.initial = interest * (p[initial] / 365.0);
  charge.maintenance = interest * (p[maintenance] / 365.0);
  return charge;
}

}  // namespace

constexpr AddOn basis_risk_add_on{
    "basis_risk",   "Add-on: a share of the deltas that offset between expiries.",
    basis_keys,     seen_by_grids,
    Orders::inside, basis_charge};
constexpr AddOn funding_add_on{
    "funding",
    "Add-on: what perpetuals pay until the horizon, at the rate of the market's marks.",
    day_keys,
    seen_by(),
    Orders::alone,
    funding_charge};
constexpr AddOn rate_environment_add_on{
    "rate_environment",
    "Add-on: a shift of interest rates on discounted options, by the market's rate_stress.",
    rate_keys,
    seen_by(MethodId::matrix),
    Orders::alone,
    rate_charge};
constexpr AddOn borrow_add_on{
    "borrow",      "Add-on: interest on negative balances until the horizon.",
    day_keys,      seen_by(),
    Orders::alone, nullptr,
    borrow_charge};

}  // namespace tickmargin::margin
