#include "protocol/dydx_v4.hpp"

namespace tickmargin::protocol::dydx_v4 {
namespace {

using base::mul_div;
using base::Rounding;

constexpr base::Int128 million = 1000000;

struct Account {
  Checked collateral;   // TNC: net collateral
  Checked maintenance;  // TMMR
};

Account account_of(Checked quote_balance, std::span<const Position> positions) {
  Account account{quote_balance, 0};
  for (const Position& position : positions) {
    const Checked notional = net_notional(position.base_quantums, position.price);
    account.collateral = account.collateral + notional;
    account.maintenance = account.maintenance + maintenance_margin(position.tier, notional);
  }
  return account;
}

}  // namespace

Checked adjusted_initial_margin_ppm(const Tier& tier, Checked oi_notional) {
  const Checked upper = tier.oi_upper_cap;
  if (!upper.ok() || !tier.oi_lower_cap.ok() || !oi_notional.ok()) return Checked::failed();
  if (upper.value() == 0 || oi_notional.value() <= tier.oi_lower_cap.value()) {
    return tier.initial_margin_ppm;
  }
  if (oi_notional.value() >= upper.value()) return million;
  return tier.initial_margin_ppm + mul_div(Checked(million) - tier.initial_margin_ppm,
                                           oi_notional - tier.oi_lower_cap,
                                           upper - tier.oi_lower_cap, Rounding::floor);
}

Checked initial_margin(const Tier& tier, Checked oi_notional, Checked notional,
                       Checked custom_ppm) {
  const Checked ppm = base::max(adjusted_initial_margin_ppm(tier, oi_notional), custom_ppm);
  return mul_div(base::abs(notional), ppm, million, Rounding::ceil);
}

Checked maintenance_margin(const Tier& tier, Checked notional) {
  const Checked whole =
      mul_div(base::abs(notional), tier.initial_margin_ppm, million, Rounding::ceil);
  return mul_div(whole, tier.maintenance_fraction_ppm, million, Rounding::ceil);
}

Checked net_notional(Checked base_quantums, Rational price) {
  return (Rational(base_quantums) * price).rounded(Rounding::toward_zero);
}

Requirement margin_requirement(const Position& position, Checked open_interest_base_quantums,
                               Checked custom_ppm) {
  const Checked notional = net_notional(position.base_quantums, position.price);
  const Checked interest = net_notional(open_interest_base_quantums, position.price);
  return {initial_margin(position.tier, interest, notional, custom_ppm),
          maintenance_margin(position.tier, notional)};
}

Checked bankruptcy_price(Checked quote_balance, std::span<const Position> positions,
                         std::size_t index, Checked delta) {
  const Account account = account_of(quote_balance, positions);
  const Position& position = positions[index];
  const Checked before = net_notional(position.base_quantums, position.price);
  const Checked after = net_notional(position.base_quantums + delta, position.price);
  const Checked change =
      maintenance_margin(position.tier, after) - maintenance_margin(position.tier, before);
  return -(after - before) -
         mul_div(account.collateral, base::abs(change), account.maintenance, Rounding::floor);
}

Rational fillable_price(Checked quote_balance, std::span<const Position> positions,
                        std::size_t index, Checked bankruptcy_adjustment_ppm,
                        Checked spread_to_maintenance_ppm) {
  const Account account = account_of(quote_balance, positions);
  const Position& position = positions[index];
  const Checked notional = net_notional(position.base_quantums, position.price);
  const Rational one = Checked(1);
  Rational rating = Rational(bankruptcy_adjustment_ppm, million) *
                    (one - Rational(account.collateral, account.maintenance));
  if (!rating.ok()) return rating;
  if (rating.numerator() < 0) rating = Checked(0);
  if (rating.numerator() > rating.denominator()) rating = one;
  const Rational spread = rating * Rational(spread_to_maintenance_ppm, million) *
                          Rational(maintenance_margin(position.tier, notional));
  return (Rational(notional) - spread) / Rational(position.base_quantums);
}

Checked insurance_fund_delta(Checked quote_balance, std::span<const Position> positions,
                             std::size_t index, Checked delta, Checked fill_quote,
                             Checked max_fee_ppm) {
  const Checked left = fill_quote - bankruptcy_price(quote_balance, positions, index, delta);
  const Checked most = mul_div(base::abs(fill_quote), max_fee_ppm, million, Rounding::floor);
  return base::min(left, most);
}

}  // namespace tickmargin::protocol::dydx_v4
