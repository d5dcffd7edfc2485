// Paradex, in exact fractions: cross margin, cancelled orders, partial liquidation, the minimum
// delta charge and socialised losses.
#pragma once

#include <span>
#include <vector>

#include "base/rational.hpp"

namespace tickmargin::protocol::paradex {

using base::Checked;
using base::Rational;

struct CrossMargin {
  Rational buy_open;   // the position if all buy orders fill, as far as it is long
  Rational sell_open;  // and if all sell orders fill, as far as it is short
  Rational net_requirement;
};

CrossMargin cross_margin(Rational position, Rational buys, Rational sells, Rational fraction,
                         Rational mark);

struct Order {
  bool buy;
  Rational size;
  Rational price;
};

// Which orders stay when the account value is below the initial requirement: those that reduce the
// position, less the most passive ones (the later of two at one price) until together they fit
// into it. False if a comparison left 128 bits.
bool orders_kept(Rational position, std::span<const Order> orders, std::vector<bool>& kept);

struct Partial {
  Rational share;
  Rational requirement;
  Rational penalty;
  Rational account_value;
};

Partial partial_liquidation(Rational account_value, Rational requirement, Rational share,
                            Rational fee);

// The least multiple of `step` after which requirement / account value is below the target; all if
// there is none.
Partial liquidation_share(Rational account_value, Rational requirement, Rational step,
                          Rational target, Rational fee);

struct Delta {
  Rational delta;
  Rational quantity;
};

struct MinimumDelta {
  Rational net;
  Rational gross;
  Rational hedged;
  Rational charge;
};

// (unhedged x |net| + hedged x (gross - |net|) / 2) x spot.
MinimumDelta minimum_delta(std::span<const Delta> positions, Rational spot, Rational unhedged_rate,
                           Rational hedged_rate);

struct SocialisedLoss {
  Rational shortfall;
  Rational factor;
  Rational received;
  Rational to_fund;
};

// What a withdrawal leaves to the insurance fund when bankruptcies exceed it. The factor is the
// shortfall over the balance of the exchange, or with `add_shortfall` over both together.
SocialisedLoss socialised_loss(Rational bankruptcies, Rational fund, Rational balance,
                               Rational withdrawal, bool add_shortfall);

}  // namespace tickmargin::protocol::paradex
