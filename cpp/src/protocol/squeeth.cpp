#include "protocol/squeeth.hpp"

#include <algorithm>

#include "kernels/one_value.hpp"

namespace tickmargin::protocol::squeeth {

Vault vault(Checked collateral, Checked short_amount, Checked normalisation, Checked price,
            Checked index_scale, Checked min_collateral) {
  using base::mul_div;
  using base::Rounding;
  constexpr base::Int128 wad = static_cast<base::Int128>(1000000000) * 1000000000;
  const Checked unit = Checked(wad) * wad;
  const Checked scaled = divide(price, index_scale, Rounding::floor);
  // short x normalisation = whole x unit + rest, so that the product of three is divided exactly.
  const Checked whole = mul_div(short_amount, normalisation, unit, Rounding::floor);
  const Checked rest = base::product_rest(short_amount, normalisation, unit);
  const Checked debt = whole * scaled + mul_div(rest, scaled, unit, Rounding::floor);
  const Checked margin = collateral * 2 - debt * 3;
  if (!margin.ok()) return {Checked::failed(), false, false};
  return {debt, margin.value() >= 0, collateral.value() < min_collateral.value()};
}

double normalisation_multiplier(double index, double mark, double elapsed, double period,
                                double lower, double upper) {
  const double held = std::clamp(mark, lower * index, upper * index);
  return kernels::power_of(index / held, elapsed / period);
}

}  // namespace tickmargin::protocol::squeeth
