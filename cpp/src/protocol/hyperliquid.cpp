#include "protocol/hyperliquid.hpp"

namespace tickmargin::protocol::hyperliquid {

Rational maintenance_margin(Rational notional, std::span<const Tier> tiers) {
  Rational margin = Checked(0);
  Rational rate = Checked(0);
  for (const Tier& tier : tiers) {
    const Rational own(1, Checked(2) * tier.max_leverage);
    margin = margin + (own - rate) * base::max(notional - tier.lower, Rational(0));
    rate = own;
  }
  return margin;
}

Rational borrowable(Rational balance, Rational price, Rational loan_to_value) {
  return balance * price * loan_to_value;
}

}  // namespace tickmargin::protocol::hyperliquid
