#include "protocol/perp_v2.hpp"

namespace tickmargin::protocol::perp_v2 {

Checked max_liquidate_ratio(const Account& account, Checked position_value, Checked small) {
  constexpr base::Int128 million = 1000000;
  const Checked value = base::abs(position_value);
  const Checked half = divide(account.margin_requirement, 2, base::Rounding::toward_zero);
  if (!value.ok() || account.value.value() >= account.margin_requirement.value()) {
    return value.ok() ? Checked(0) : value;
  }
  if (value.value() <= small.value() || account.value.value() < half.value()) return million;
  return base::min(
      base::mul_div(account.total_position_value, million, value * 2, base::Rounding::floor),
      million);
}

}  // namespace tickmargin::protocol::perp_v2
