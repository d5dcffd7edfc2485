#include "protocol/morpho_blue.hpp"

namespace tickmargin::protocol::morpho_blue {

Checked liquidation_incentive_factor(Checked lltv, Checked cursor, Checked maximum) {
  using base::mul_div;
  using base::Rounding;
  constexpr base::Int128 wad = static_cast<base::Int128>(1000000000) * 1000000000;
  const Checked share = mul_div(cursor, Checked(wad) - lltv, wad, Rounding::floor);
  return base::min(maximum, mul_div(wad, wad, Checked(wad) - share, Rounding::floor));
}

}  // namespace tickmargin::protocol::morpho_blue
