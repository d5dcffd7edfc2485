#include "protocol/vega.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/one_value.hpp"

namespace tickmargin::protocol::vega {
namespace {

using base::mul_div;
using base::Rounding;

constexpr base::Int128 scaling_unit = 100000;

Rational zero() {
  return Checked(0);
}

// A failed fraction is positive in no comparison, so callers check the answer they return.
bool positive(const Rational& value) {
  return value.ok() && value.numerator() > 0;
}

Rational larger(Rational a, Rational b) {
  const Rational difference = a - b;
  if (!difference.ok()) return difference;
  return difference.numerator() < 0 ? b : a;
}

Rational units(Checked size, const Market& market) {
  return Rational(size) / market.position_factor;
}

Rational slippage(const Market& market, Rational volume) {
  return market.linear_slippage + market.quadratic_slippage * volume;
}

// `position` is above 0 on the side asked for.
Rational side_margin(const Market& market, Checked position, Orders orders, Rational risk,
                     Auction auction) {
  const Checked end = position + orders.size;
  if (!end.ok()) return end;
  if (end.value() <= 0) return zero();
  const Rational held = units(base::max(position, 0), market);
  const Rational open = held * (slippage(market, held) + risk) * market.mark;
  if (!auction.running) return open + units(orders.size, market) * risk * market.mark;
  const Rational value = larger(orders.value, Rational(orders.size) * auction.price);
  return open + value / market.position_factor * risk;
}

}  // namespace

Rational maintenance_margin(const Market& market, Checked position, Orders buys, Orders sells,
                            Auction auction) {
  const Rational longs = side_margin(market, position, buys, market.risk_long, auction);
  const Rational shorts = side_margin(market, -position, sells, market.risk_short, auction);
  const Rational funding = larger(market.funding_per_unit * units(position, market), zero());
  return larger(longs, shorts) + funding;
}

Rational capped_margin(Checked position, Rational entry, Rational highest,
                       Rational position_factor) {
  if (!position.ok()) return position;
  const Rational each = position.value() > 0 ? entry : highest - entry;
  return Rational(base::abs(position)) / position_factor * each;
}

Levels margin_levels(Rational maintenance, const Scaling& scaling) {
  const Checked margin = maintenance.rounded(Rounding::ceil);
  const auto scaled = [margin](Rational factor) {
    const Checked cut = (factor * Checked(scaling_unit)).rounded(Rounding::toward_zero);
    return mul_div(margin, cut, scaling_unit, Rounding::floor);
  };
  return {margin, scaled(scaling.search), scaled(scaling.initial), scaled(scaling.release)};
}

Checked order_side_margin(Checked position, std::span<const Order> orders, Side side,
                          Rational margin_factor, Rational position_factor, Checked auction_price) {
  if (!position.ok()) return position;
  std::vector<Order> best(orders.begin(), orders.end());
  std::stable_sort(best.begin(), best.end(), [side](const Order& a, const Order& b) {
    return side == Side::buy ? a.price.value() > b.price.value()
                             : a.price.value() < b.price.value();
  });
  Checked covered = base::max(side == Side::buy ? -position : position, 0);
  Checked value = 0;
  for (const Order& order : best) {
    const Checked free = base::min(order.size, covered);
    covered = covered - free;
    value = value + (order.size - free) * base::max(order.price, auction_price);
  }
  return (Rational(value) * margin_factor / position_factor).rounded(Rounding::floor);
}

std::optional<Rational> liquidation_price(const Market& market, Checked position,
                                          Rational collateral) {
  const Rational volume = units(position, market);
  const Rational size = units(base::abs(position), market);
  const bool is_long = positive(volume);
  const Rational risk = is_long ? market.risk_long : market.risk_short;
  const Rational slope = size * (slippage(market, size) + risk) - volume;
  if (slope.ok() && slope.numerator() == 0) return std::nullopt;
  const Rational funding = larger(market.funding_per_unit * volume, zero());
  return larger((collateral - volume * market.mark - funding) / slope, zero());
}

std::vector<Checked> distribute(std::span<const Checked> amounts, Checked collected,
                                Checked expected, std::size_t rest_to) {
  std::vector<Checked> paid(amounts.begin(), amounts.end());
  const Checked missing = expected - collected;
  if (missing.ok() && missing.value() <= 0) return paid;
  Checked rest = collected;
  for (Checked& amount : paid) {
    amount = mul_div(amount, collected, expected, Rounding::floor);
    rest = rest - amount;
  }
  paid[rest_to] = paid[rest_to] + rest;
  return paid;
}

RiskFactors lognormal_risk_factors(double z, double tail, double tau, double mu,
                                   double sigma) noexcept {
  const double deviation = sigma * std::sqrt(tau);
  const double growth = kernels::exp_of(mu * tau);
  return {1.0 - growth * kernels::normal_cdf(z - deviation) / tail,
          growth * kernels::normal_cdf(z + deviation) / tail - 1.0};
}

}  // namespace tickmargin::protocol::vega
