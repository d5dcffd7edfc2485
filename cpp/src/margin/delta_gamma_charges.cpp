// What a net delta and the gamma of options near their strike can lose, as far as it is beyond what
// the method's own lines ask for already: percents of notional and repriced moves see both, so only
// the excess is charged and nothing is counted twice.
//
//   d = |net delta| S x ratio                                delta_charge = max(0, d - own)
//   g = sum over expiries of max(0, -sum q c)   gamma_charge = max(0, g - max(0, own - d))
//   c = gamma (S move)^2 / 2, at most cap x notional, of options that expire within `near_days` and
//       whose strike is within `width` of their forward, both measured on the index
#include <algorithm>
#include <cmath>

#include "margin/add_ons.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t { initial_ratio, maintenance_ratio };
constexpr Key delta_keys[] = {
    {"initial_ratio", KeyRange::ratio, required, "of the net delta at the index"},
    {"maintenance_ratio", KeyRange::ratio, required, "of the net delta at the index"},
};

enum : std::size_t { initial_move, maintenance_move, near_days, width_ratio, cap_ratio };
constexpr Key gamma_keys[] = {
    {"initial_move_ratio", KeyRange::ratio, required, "move of the index that a hedge misses"},
    {"maintenance_move_ratio", KeyRange::ratio, required, "move of the index that a hedge misses"},
    {"near_days", KeyRange::positive, required, "only options that expire within it"},
    {"width_ratio", KeyRange::ratio, required,
     "only strikes so close to the forward, of the index"},
    {"cap_ratio", KeyRange::ratio, required, "most that one contract may count, of its notional"},
};

double net_delta(const Holding& held) noexcept {
  double delta = 0;
  for (std::size_t k = 0; k < held.count; ++k) {
    delta += held.quantity[k] * held.context.values.contract[held.instrument[k]].delta_base;
  }
  return std::fabs(delta) * held.index_price();
}

Charge delta_charge(const Holding& held, const double* p) noexcept {
  const double net = net_delta(held);
  return {std::max(net * p[initial_ratio] - held.own.initial, 0.0),
          std::max(net * p[maintenance_ratio] - held.own.maintenance, 0.0)};
}

bool is_near(const Holding& held, std::uint32_t i, const double* p) noexcept {
  const Context& c = held.context;
  if (c.instruments.kind[i] != Kind::option || c.instruments.expiry_ns[i] == 0) return false;
  if (!(c.values.years[i] * 365.0 <= p[near_days])) return false;
  return std::fabs(c.values.strike[i] - c.values.forward[i]) <=
         p[width_ratio] * c.market.columns.index_price[held.u];
}

// Of one contract held short, for a move of the index.
double turn_cost(const Holding& held, std::uint32_t i, double move, double cap) noexcept {
  const pricing::ContractValue& v = held.context.values.contract[i];
  const double change = held.context.market.columns.index_price[held.u] * move;
  const double quote =
      market::quote_price(held.context.market, static_cast<UnderlyingIndex>(held.u));
  const double most = cap * v.notional;
  return std::clamp(0.5 * v.gamma * (change * change) * quote, -most, most);
}

double gamma_loss(const Holding& held, const double* p, double move) noexcept {
  clear_expiries(held.scratch);
  for (std::size_t k = 0; k < held.count; ++k) {
    const std::uint32_t i = held.instrument[k];
    if (!is_near(held, i, p)) continue;
    sum_of_expiry(held.scratch, held.context.instruments.expiry_ns[i]) +=
        held.quantity[k] * turn_cost(held, i, move, p[cap_ratio]);
  }
  double loss = 0;
  for (const double sum : held.scratch.expiry_delta) loss += std::max(-sum, 0.0);
  return loss;
}

Charge gamma_charge(const Holding& held, const double* p) noexcept {
  Charge left = held.own;
  if (const double* const d = parameters_of(held.policy, AddOnId::delta_charge, held.u)) {
    const double net = net_delta(held);
    left.initial -= net * d[initial_ratio];
    left.maintenance -= net * d[maintenance_ratio];
  }
  return {
      std::max(gamma_loss(held, p, p[initial_move]) - std::max(left.initial, 0.0), 0.0),
      std::max(gamma_loss(held, p, p[maintenance_move]) - std::max(left.maintenance, 0.0), 0.0)};
}

}  // namespace

constexpr AddOn delta_charge_add_on{
    "delta_charge", "Add-on: a share of the net delta, as far as the method asks for less.",
    delta_keys,     seen_by_grids,
    Orders::alone,  delta_charge};
constexpr AddOn gamma_charge_add_on{
    "gamma_charge",
    "Add-on: short gamma near the strike before expiry, as far as the method asks for less.",
    gamma_keys,
    seen_by_grids,
    Orders::alone,
    gamma_charge};

}  // namespace tickmargin::margin
