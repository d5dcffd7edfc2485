#include "protocol/aave_v3.hpp"

namespace tickmargin::protocol::aave_v3 {
namespace {

using base::Int128;
using base::mul_div;
using base::Rounding;

constexpr Int128 whole_bps = 10000;
constexpr Int128 wad = static_cast<Int128>(1000000000) * 1000000000;
constexpr Int128 base_unit = 100000000;
constexpr Int128 close_factor = 5000;
constexpr Int128 close_factor_threshold = wad / 100 * 95;
constexpr Int128 full_close_below = 2000 * base_unit;
constexpr Int128 least_leftover = 1000 * base_unit;

Checked value_of(const Leg& leg, Checked amount, Rounding rounding) {
  return mul_div(amount, leg.price, leg.unit, rounding);
}

// Units of one leg as units of the other, at their prices, rounded down.
Checked converted(Checked amount, const Leg& from, const Leg& to) {
  return mul_div(amount, from.price * to.unit, to.price * from.unit, Rounding::floor);
}

Checked max_liquidatable(const Leg& debt, const Leg& collateral, Checked health_factor,
                         Checked total_debt) {
  const Checked debt_value = value_of(debt, debt.amount, Rounding::ceil);
  const Checked collateral_value = value_of(collateral, collateral.amount, Rounding::floor);
  if (!debt_value.ok() || !collateral_value.ok() || !health_factor.ok()) return Checked::failed();
  if (debt_value.value() < full_close_below || collateral_value.value() < full_close_below ||
      health_factor.value() <= close_factor_threshold) {
    return debt.amount;
  }
  const Checked share = percent_mul(total_debt, close_factor);
  if (!share.ok() || debt_value.value() <= share.value()) return share.ok() ? debt.amount : share;
  return mul_div(share, debt.unit, debt.price, Rounding::floor);
}

bool below_leftover(const Leg& leg, Checked left, Rounding rounding) {
  const Checked value = value_of(leg, left, rounding);
  return value.ok() && value.value() < least_leftover;
}

}  // namespace

Checked percent_mul(Checked value, Checked bps) {
  return mul_div(value, bps, whole_bps, Rounding::half_up);
}

Checked percent_div(Checked value, Checked bps) {
  return mul_div(value, whole_bps, bps, Rounding::half_up);
}

AccountData account_data(std::span<const Collateral> collaterals, std::span<const Checked> debts) {
  AccountData data{0, 0, 0, 0, 0, 0};
  Checked ltv_sum = 0, threshold_sum = 0;
  for (const Collateral& collateral : collaterals) {
    data.total_collateral = data.total_collateral + collateral.value;
    ltv_sum = ltv_sum + collateral.value * collateral.ltv;
    threshold_sum = threshold_sum + collateral.value * collateral.liquidation_threshold;
  }
  for (const Checked debt : debts) data.total_debt = data.total_debt + debt;
  if (data.total_collateral.value() != 0) {
    data.average_ltv = divide(ltv_sum, data.total_collateral, Rounding::floor);
    data.average_liquidation_threshold =
        divide(threshold_sum, data.total_collateral, Rounding::floor);
  }
  if (data.total_debt.value() != 0) {
    const Checked covered = mul_div(threshold_sum, wad, data.total_debt, Rounding::half_up);
    data.health_factor = divide(covered, whole_bps, Rounding::floor);
  }
  const Checked limit =
      mul_div(data.total_collateral, data.average_ltv, whole_bps, Rounding::floor);
  data.available_borrows = base::max(limit - data.total_debt, 0);
  return data;
}

Liquidation liquidation(const Leg& debt, const Leg& collateral, const Market& market,
                        Checked health_factor, Checked total_debt, Checked cover) {
  Liquidation out{0, 0, 0, false, max_liquidatable(debt, collateral, health_factor, total_debt)};
  out.debt_repaid = base::min(cover, out.max_liquidatable_debt);
  const Checked bonus = market.liquidation_bonus;
  Checked seized =
      mul_div(converted(out.debt_repaid, debt, collateral), bonus, whole_bps, Rounding::floor);
  if (seized.ok() && seized.value() > collateral.amount.value()) {
    seized = collateral.amount;
    out.debt_repaid =
        mul_div(converted(seized, collateral, debt), whole_bps, bonus, Rounding::ceil);
  }
  const Checked reward = seized - mul_div(seized, whole_bps, bonus, Rounding::floor);
  out.protocol_fee = mul_div(reward, market.protocol_fee, whole_bps, Rounding::ceil);
  out.collateral_to_liquidator = seized - out.protocol_fee;
  const Checked debt_left = debt.amount - out.debt_repaid;
  const Checked collateral_left = collateral.amount - seized;
  out.leaves_dust = debt_left.value() > 0 && collateral_left.value() > 0 &&
                    (below_leftover(debt, debt_left, Rounding::ceil) ||
                     below_leftover(collateral, collateral_left, Rounding::floor));
  return out;
}

}  // namespace tickmargin::protocol::aave_v3
