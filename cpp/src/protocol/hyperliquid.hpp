// Hyperliquid: tiered maintenance margin and what portfolio margin lends, in exact fractions.
#pragma once

#include <span>

#include "base/rational.hpp"

namespace tickmargin::protocol::hyperliquid {

using base::Checked;
using base::Rational;

struct Tier {
  Rational lower;  // notional from which the tier holds
  Checked max_leverage;
};

// notional x rate - deduction with the rate 1 / (2 max leverage) of its tier and the deduction that
// makes the margin continuous: every tier adds the change of rate on what lies above it.
Rational maintenance_margin(Rational notional, std::span<const Tier> tiers);

Rational borrowable(Rational balance, Rational price, Rational loan_to_value);

}  // namespace tickmargin::protocol::hyperliquid
