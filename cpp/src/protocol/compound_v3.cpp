#include "protocol/compound_v3.hpp"

namespace tickmargin::protocol::compound_v3 {
namespace {

using base::mul_div;
using base::Rounding;

constexpr base::Int128 whole = static_cast<base::Int128>(1000000000) * 1000000000;

Checked factored(Checked amount, Checked factor) {
  return mul_div(amount, factor, whole, Rounding::floor);
}

}  // namespace

Checked liquidity(Checked base_balance, const Base& base, std::span<const Collateral> collaterals) {
  Checked sum = mul_div(base_balance, base.price, base.scale, Rounding::toward_zero);
  for (const Collateral& c : collaterals) {
    sum = sum + factored(mul_div(c.balance, c.price, c.scale, Rounding::floor), c.liquidate_factor);
  }
  return sum;
}

Checked quote_collateral(Checked base_amount, const Base& base, Checked asset_price,
                         Checked asset_scale, Checked liquidation_factor,
                         Checked store_front_price_factor) {
  const Checked discount = factored(store_front_price_factor, Checked(whole) - liquidation_factor);
  const Checked price = factored(asset_price, Checked(whole) - discount);
  return mul_div(base.price * base_amount, asset_scale, price * base.scale, Rounding::floor);
}

}  // namespace tickmargin::protocol::compound_v3
