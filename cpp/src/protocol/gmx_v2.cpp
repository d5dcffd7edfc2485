#include "protocol/gmx_v2.hpp"

namespace tickmargin::protocol::gmx_v2 {
namespace {

constexpr base::Int128 whole = static_cast<base::Int128>(1000000000000000) * 1000000000000000;

Checked factored(Checked amount, Checked factor) {
  return base::mul_div(amount, factor, whole, base::Rounding::floor);
}

}  // namespace

Verdict liquidation_verdict(const Position& position, const Limits& limits) {
  const Checked most = -factored(position.size, limits.max_negative_impact_factor);
  const Checked impact = base::max(base::min(position.price_impact, 0), most);
  const Checked least = factored(position.size, limits.min_collateral_factor);
  const Checked left = position.collateral + position.profit + impact - position.fees;
  if (!left.ok() || !least.ok()) return {Checked::failed(), Reason::none};
  if (left.value() < limits.min_collateral.value()) return {left, Reason::min_collateral};
  if (left.value() <= 0) return {left, Reason::not_positive};
  if (left.value() < least.value()) return {left, Reason::min_collateral_for_leverage};
  return {left, Reason::none};
}

}  // namespace tickmargin::protocol::gmx_v2
