#include "protocol/drift_v2_liquidation.hpp"

#include "protocol/drift_v2_units.hpp"

namespace tickmargin::protocol::drift_v2 {
namespace {

using base::divide;
using base::mul_div;
using base::Rounding;

constexpr base::Int128 ratio_to_fee = fee_unit / weight_unit;

Checked floored(Checked amount, Checked factor, base::Int128 unit) {
  return mul_div(amount, factor, unit, Rounding::floor);
}

bool at_most(Checked a, Checked b) {
  return a.ok() && b.ok() && a.value() <= b.value();
}
bool is_zero(Checked a) {
  return a.ok() && a.value() == 0;
}

// amount x 10^power, rounded as told where the power is below 0.
Checked shifted(Checked amount, Checked power, Rounding rounding) {
  if (power.value() >= 0) return amount * ten_to(power);
  return divide(amount, ten_to(-power), rounding);
}

// The asset's weight as the debt's side sees it, times `scale`.
Checked exchanged_weight(const Leg& asset, const Leg& debt, base::Int128 scale) {
  return mul_div(asset.weight * scale, asset.multiplier, debt.multiplier, Rounding::floor);
}

}  // namespace

std::optional<Checked> base_to_cover(Checked shortage, Checked margin_ratio, Checked liquidator_fee,
                                     Checked insurance_fee, Checked price, Checked quote_price) {
  const Checked ratio = margin_ratio * ratio_to_fee;
  if (is_zero(price) || at_most(ratio, liquidator_fee)) return std::nullopt;
  const Checked freed =
      floored(floored(price, quote_price, quote_unit), ratio - liquidator_fee, fee_unit) -
      floored(price, insurance_fee, fee_unit);
  if (freed.ok() && freed.value() <= 0) return std::nullopt;
  return mul_div(shortage, base_unit, freed, Rounding::floor);
}

std::optional<Checked> debt_to_cover(Checked shortage, const Leg& asset, const Leg& debt,
                                     Checked insurance_fee) {
  if (at_most(debt.weight, asset.weight)) return std::nullopt;
  const Checked whole = debt.weight * 10;  // one more digit
  const Checked kept = exchanged_weight(asset, debt, 10);
  if (at_most(whole, kept)) return std::nullopt;
  const Checked freed =
      debt.price * (whole - kept) - floored(debt.price, insurance_fee, fee_unit) * whole;
  if (freed.ok() && freed.value() <= 0) return std::nullopt;
  const Checked up = base::max(debt.decimals - 6, 0);
  const Checked down = base::max(Checked(6) - debt.decimals, 0);
  const Checked amount =
      mul_div(shortage * ten_to(up), quote_unit * weight_unit * 10, freed, Rounding::floor);
  return base::max(divide(amount, ten_to(down), Rounding::floor), 1);
}

Checked debt_for_asset(Checked amount, const Leg& asset, const Leg& debt) {
  const Checked power = debt.decimals - asset.decimals;
  const Checked whole = shifted(amount, base::max(power, 0), Rounding::ceil);
  const Checked exchanged =
      mul_div(whole * asset.price, debt.multiplier, debt.price * asset.multiplier, Rounding::ceil);
  return shifted(exchanged, base::min(power, 0), Rounding::ceil);
}

Checked asset_for_debt(Checked amount, const Leg& asset, const Leg& debt, Checked held) {
  const Checked power = asset.decimals - debt.decimals;
  const Checked whole = shifted(amount, base::max(power, 0), Rounding::floor);
  const Checked exchanged =
      mul_div(whole * debt.price, asset.multiplier, asset.price * debt.multiplier, Rounding::floor);
  const Checked due = base::max(shifted(exchanged, base::min(power, 0), Rounding::floor), 1);
  if (held.ok() && held.value() < 0) return due;
  // Exactly as the chain scales it: up for more than six decimals, down for fewer.
  const Checked apart = shifted(floored(base::abs(due - held), asset.price, quote_unit),
                                asset.decimals - 6, Rounding::floor);
  if (!apart.ok()) return apart;
  return apart.value() < quote_unit ? held : due;
}

Checked perp_insurance_fee(Checked shortage, Checked base_amount, Checked margin_ratio,
                           Checked liquidator_fee, Checked price, Checked quote_price,
                           Checked largest) {
  const Checked ratio = margin_ratio * ratio_to_fee;
  if (is_zero(price) || is_zero(quote_price) || is_zero(base_amount) ||
      at_most(ratio, liquidator_fee)) {
    return 0;
  }
  const Checked per_base = mul_div(shortage, base_unit, base_amount, Rounding::floor);
  const Checked needed =
      mul_div(per_base, quote_unit, floored(price, quote_price, quote_unit), Rounding::floor);
  const Checked spare = base::max(ratio - liquidator_fee - needed, 0);
  return base::min(largest, mul_div(spare, 19, 20, Rounding::floor));
}

Checked spot_insurance_fee(Checked shortage, Checked tokens, const Leg& asset, const Leg& debt,
                           Checked largest) {
  if (at_most(debt.weight, asset.weight) || is_zero(debt.price) || is_zero(tokens) ||
      is_zero(debt.multiplier)) {
    return 0;
  }
  const Checked whole = debt.weight * ratio_to_fee;
  const Checked per_token =
      mul_div(shortage * fee_unit, ten_to(debt.decimals), tokens, Rounding::floor);
  const Checked needed = divide(per_token, debt.price, Rounding::floor);
  const Checked kept = exchanged_weight(asset, debt, ratio_to_fee);
  const Checked spare = base::max(base::max(whole - kept, 0) - needed, 0);
  return base::min(largest, mul_div(spare, fee_unit, whole, Rounding::floor));
}

Checked liquidation_fee(Checked lowest, Checked largest, Checked slots, Checked grace_slots,
                        Checked per_slot) {
  if (!at_most(grace_slots, slots)) return lowest;
  return base::min(lowest + slots * per_slot, largest);
}

Checked share_to_liquidate(Checked shortage, Checked freed, Checked slots, Checked initial_share,
                           Checked duration_slots) {
  if (at_most(shortage, 50 * quote_unit - 1)) return weight_unit;
  const Checked elapsed = is_zero(duration_slots)
                              ? Checked(weight_unit)
                              : mul_div(slots, weight_unit, duration_slots, Rounding::floor);
  const Checked share = base::min(elapsed + initial_share, weight_unit);
  const Checked freeable = base::max(floored(shortage + freed, share, weight_unit) - freed, 0);
  return mul_div(freeable, weight_unit, shortage, Rounding::floor);
}

Checked funding_rate_delta(Checked loss, Checked base_long, Checked base_short) {
  return mul_div(base::abs(loss), base_unit, base::abs(base_long) + base::abs(base_short),
                 Rounding::ceil) *
         1000;
}

Checked deposit_index_delta(Checked loss, Checked deposits, Checked index) {
  if (is_zero(deposits)) return 0;
  return mul_div(index, loss, deposits, Rounding::ceil);
}

}  // namespace tickmargin::protocol::drift_v2
