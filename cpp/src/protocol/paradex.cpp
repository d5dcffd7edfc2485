#include "protocol/paradex.hpp"

namespace tickmargin::protocol::paradex {
namespace {

const Rational zero = Checked(0);
const Rational one = Checked(1);

// Whether an order of the same side is less likely to fill than another, or as likely and later.
Checked passiveness(const Order& order, const Order& other) {
  return order.buy ? compare(other.price, order.price) : compare(order.price, other.price);
}

}  // namespace

CrossMargin cross_margin(Rational position, Rational buys, Rational sells, Rational fraction,
                         Rational mark) {
  const Rational buy_open = base::max(position + buys, zero);
  const Rational sell_open = base::max(sells - position, zero);
  return {buy_open, sell_open, base::max(buy_open, sell_open) * fraction * mark};
}

bool orders_kept(Rational position, std::span<const Order> orders, std::vector<bool>& kept) {
  kept.assign(orders.size(), false);
  Rational together = zero;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    kept[i] = orders[i].buy ? position.numerator() < 0 : position.numerator() > 0;
    if (kept[i]) together = together + orders[i].size;
  }
  for (;;) {
    const Checked over = compare(together, base::abs(position));
    if (!over.ok()) return false;
    if (over.value() <= 0) return true;
    std::size_t last = orders.size();
    for (std::size_t i = 0; i < orders.size(); ++i) {
      if (!kept[i]) continue;
      const Checked order = last == orders.size() ? 0 : passiveness(orders[i], orders[last]);
      if (!order.ok()) return false;
      if (order.value() >= 0) last = i;
    }
    kept[last] = false;
    together = together - orders[last].size;
  }
}

Partial partial_liquidation(Rational account_value, Rational requirement, Rational share,
                            Rational fee) {
  const Rational penalty = share * fee * requirement;
  return {share, requirement * (one - share), penalty, account_value - penalty};
}

Partial liquidation_share(Rational account_value, Rational requirement, Rational step,
                          Rational target, Rational fee) {
  Rational share = step;
  for (;;) {
    const Checked rest = compare(share, one);
    if (!rest.ok() || rest.value() >= 0) {
      return partial_liquidation(account_value, requirement, rest.ok() ? one : share, fee);
    }
    const Partial partial = partial_liquidation(account_value, requirement, share, fee);
    const Checked order = compare(partial.requirement, target * partial.account_value);
    if (!order.ok() || order.value() < 0) return partial;
    share = share + step;
  }
}

MinimumDelta minimum_delta(std::span<const Delta> positions, Rational spot, Rational unhedged_rate,
                           Rational hedged_rate) {
  MinimumDelta out{zero, zero, zero, zero};
  for (const Delta& position : positions) {
    const Rational delta = position.delta * position.quantity;
    out.net = out.net + delta;
    out.gross = out.gross + base::abs(delta);
  }
  out.hedged = (out.gross - base::abs(out.net)) / Rational(2);
  out.charge = (unhedged_rate * base::abs(out.net) + hedged_rate * out.hedged) * spot;
  return out;
}

SocialisedLoss socialised_loss(Rational bankruptcies, Rational fund, Rational balance,
                               Rational withdrawal, bool add_shortfall) {
  const Rational shortfall = base::max(bankruptcies - fund, zero);
  const Rational factor =
      base::min(shortfall / (add_shortfall ? balance + shortfall : balance), one);
  const Rational to_fund = withdrawal * factor;
  return {shortfall, factor, withdrawal - to_fund, to_fund};
}

}  // namespace tickmargin::protocol::paradex
