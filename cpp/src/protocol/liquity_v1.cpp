#include "protocol/liquity_v1.hpp"

namespace tickmargin::protocol::liquity_v1 {
namespace {

using base::mul_div;
using base::Rounding;

constexpr base::Int128 wad = static_cast<base::Int128>(1000000000) * 1000000000;
constexpr base::Int128 gas_divisor = 200;

Branch branch_of(base::Int128 ratio, Checked debt, const System& system) {
  const bool below_minimum = ratio < system.minimum_ratio.value();
  const bool recovery = system.total_collateral_ratio.value() < system.critical_ratio.value();
  if (!recovery) return below_minimum ? Branch::offset_then_redistribute : Branch::none;
  if (ratio <= wad) return Branch::redistribute_all;
  if (below_minimum) return Branch::offset_then_redistribute;
  const bool covered = debt.value() <= system.stability_pool.value();
  return ratio < system.total_collateral_ratio.value() && covered ? Branch::capped_offset
                                                                  : Branch::none;
}

}  // namespace

Liquidation liquidation(Checked collateral, Checked debt, Checked price, const System& system) {
  Liquidation out{mul_div(collateral, price, debt, Rounding::floor), Branch::none, 0, 0, 0};
  if (!out.collateral_ratio.ok()) return out;
  out.branch = branch_of(out.collateral_ratio.value(), debt, system);
  if (out.branch == Branch::none) return out;
  Checked seized = collateral;
  if (out.branch == Branch::capped_offset) {
    seized = mul_div(debt, system.minimum_ratio, price, Rounding::floor);
    out.capped_collateral = seized;
    out.surplus = collateral - seized;
  }
  out.gas_compensation = divide(seized, gas_divisor, Rounding::floor);
  return out;
}

}  // namespace tickmargin::protocol::liquity_v1
