#include "protocol/synthetix_v3.hpp"

namespace tickmargin::protocol::synthetix_v3 {
namespace {

constexpr base::Int128 wad = static_cast<base::Int128>(1000000000) * 1000000000;

Checked product(Checked a, Checked b) {
  return base::mul_div(a, b, wad, base::Rounding::toward_zero);
}

Checked quotient(Checked a, Checked b) {
  return base::mul_div(a, wad, b, base::Rounding::toward_zero);
}

}  // namespace

Requirement required_margins(Checked size, Checked price, const Market& market) {
  if (size.value() == 0) return {0, 0, 0, 0};
  const Checked absolute = base::abs(size);
  const Checked impact =
      market.skew_scale.value() == 0 ? Checked(0) : quotient(absolute, market.skew_scale);
  const Checked initial =
      product(impact, market.initial_margin_ratio) + market.min_initial_margin_ratio;
  const Checked maintenance = product(initial, market.maintenance_scalar);
  const Checked notional = product(absolute, price);
  return {initial, maintenance, product(notional, initial) + market.min_position_margin,
          product(notional, maintenance) + market.min_position_margin};
}

Checked fill_price(Checked size, Checked index, Checked skew, Checked skew_scale) {
  if (skew_scale.value() == 0) return index;
  const Checked before = index + product(index, quotient(skew, skew_scale));
  const Checked after = index + product(index, quotient(skew + size, skew_scale));
  return quotient(before + after, 2 * wad);
}

Checked position_profit(Checked size, Checked entry_price, Checked price) {
  return product(size, price - entry_price);
}

Checked available_margin(Checked collateral, std::span<const Checked> profits) {
  for (const Checked profit : profits) collateral = collateral + profit;
  return collateral;
}

}  // namespace tickmargin::protocol::synthetix_v3
