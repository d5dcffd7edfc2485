// What a shock of volatility and the passing of time can lose: neither percents of notional nor
// moves of the price see them.
//
//   vega_charge   sum over expiries of max(0, -X up, X down),
//                 X = sum q vega vol (reference / max(365 T, min))^power        netted in an expiry
//   theta_charge  max(0, -sum q max(theta min(days / 365, T), -value))          netted over all
#include <algorithm>
#include <cmath>

#include "kernels/one_value.hpp"
#include "margin/add_ons.hpp"
#include "margin/sensitivity.hpp"

namespace tickmargin::margin {
namespace {

constexpr Key vega_keys[] = {
    {"initial_up_ratio", KeyRange::non_negative, required, "rise of volatility, of itself"},
    {"maintenance_up_ratio", KeyRange::non_negative, required, "rise of volatility, of itself"},
    {"initial_down_ratio", KeyRange::ratio, required, "fall of volatility, of itself"},
    {"maintenance_down_ratio", KeyRange::ratio, required, "fall of volatility, of itself"},
    {"reference_days", KeyRange::positive, 30.0, "term at which the shocks are meant"},
    {"power", KeyRange::non_negative, 0.5, "shocks count (reference_days / days) to this power"},
    {"min_days", KeyRange::positive, 1.0, "shorter terms count as this one"},
};

enum : std::size_t { initial_days, maintenance_days };
constexpr Key theta_keys[] = {
    {"initial_days", KeyRange::positive, required, "horizon over which options decay"},
    {"maintenance_days", KeyRange::positive, required, "horizon over which options decay"},
};

Charge vega_charge(const Holding& held, const double* p) noexcept {
  clear_expiries(held.scratch);
  for (std::size_t k = 0; k < held.count; ++k) {
    const std::uint32_t i = held.instrument[k];
    const double vega = held.context.values.contract[i].vega;
    if (vega == 0) continue;
    sum_of_expiry(held.scratch, held.context.instruments.expiry_ns[i]) +=
        held.quantity[k] * (vega * held.context.values.vol_annual[i]) *
        vega_term(p, held.context.values.years[i]);
  }
  Charge charge;
  for (const double x : held.scratch.expiry_delta) {
    charge.initial += std::max({0.0, -x * p[vega_initial_up], x * p[vega_initial_down]});
    charge.maintenance +=
        std::max({0.0, -x * p[vega_maintenance_up], x * p[vega_maintenance_down]});
  }
  return charge;
}

double decay_loss(const Holding& held, double days) noexcept {
  double sum = 0;
  for (std::size_t k = 0; k < held.count; ++k) {
    const std::uint32_t i = held.instrument[k];
    if (held.context.instruments.kind[i] != Kind::option) continue;
    const pricing::ContractValue& v = held.context.values.contract[i];
    if (v.theta == 0) continue;
    const double years = std::min(days / 365.0, held.context.values.years[i]);
    sum += held.quantity[k] * std::max(v.theta * years, -v.value);
  }
  return std::max(-sum, 0.0);
}

Charge theta_charge(const Holding& held, const double* p) noexcept {
  return {decay_loss(held, p[initial_days]), decay_loss(held, p[maintenance_days])};
}

}  // namespace

double vega_term(const double* p, double years) noexcept {
  const double days = std::max(365.0 * years, p[vega_min_days]);
  return kernels::power_of(p[vega_reference_days] / days, p[vega_power]);
}

constexpr AddOn vega_charge_add_on{
    "vega_charge", "Add-on: a shock of volatility either way, netted inside an expiry.",
    vega_keys,     seen_by_grids,
    Orders::alone, vega_charge,
    nullptr,       true};
constexpr AddOn theta_charge_add_on{
    "theta_charge", "Add-on: what options held long lose by time alone until the horizon.",
    theta_keys,     seen_by(MethodId::span, MethodId::matrix),
    Orders::alone,  theta_charge,
    nullptr,        true};

}  // namespace tickmargin::margin
