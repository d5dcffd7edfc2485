#include "margin/venue_rules.hpp"

#include <algorithm>
#include <cmath>

namespace tickmargin::margin {

SettlementDelta settlement_delta(double delta, double mark, double elapsed,
                                 double window) noexcept {
  const double left = 1.0 - std::clamp(elapsed / window, 0.0, 1.0);
  return {delta * left, (delta - mark) * left};
}

double printed(double amount, int decimals) noexcept {
  double scale = 1;
  for (int d = 0; d < decimals; ++d) scale *= 10;
  return std::round(amount * scale) / scale;
}

MatrixMargins matrix_margins(double risk_matrix_margin, double maintenance_factor, double spot,
                             double market_maker, double open_orders, int decimals) noexcept {
  return {printed(risk_matrix_margin + spot + market_maker + open_orders, decimals),
          maintenance_factor * risk_matrix_margin};
}

double option_order_margin(OptionOrder kind, double quantity, double multiplier, double price,
                           double fee, double position_margin, double least) noexcept {
  const double premium = price * multiplier;
  switch (kind) {
    case OptionOrder::buy_to_open: return quantity * (premium + fee);
    case OptionOrder::sell_to_open:
      return quantity * (std::max(position_margin - premium, least * multiplier) + fee);
    case OptionOrder::buy_to_close:
      return quantity * std::max(premium + fee - position_margin, 0.0);
    case OptionOrder::sell_to_close: return quantity * std::max(fee - premium, 0.0);
  }
  return std::nan("");
}

BorrowMargins borrow_margins(std::span<const double> unit_maintenance, const BorrowTerms& terms,
                             double adjusted_equity) noexcept {
  double derivatives = 0;
  for (const double unit : unit_maintenance) derivatives += unit;
  BorrowMargins out{};
  out.borrow_initial = terms.liability * terms.initial_ratio;
  out.borrow_maintenance = terms.liability * terms.maintenance_ratio;
  out.derivatives_maintenance = derivatives;
  out.initial = terms.initial_factor * derivatives + out.borrow_initial;
  out.maintenance = derivatives + out.borrow_maintenance;
  const double fee = terms.liability * (1.0 + terms.maintenance_ratio) * terms.taker_fee_ratio;
  out.ratio = adjusted_equity / (out.maintenance + fee);
  return out;
}

double discounted_value(double amount, double price, std::span<const Tier> tiers) noexcept {
  if (!(amount > 0)) return amount * price;
  double counted = 0, floor = 0;
  for (const Tier& tier : tiers) {
    const bool last = amount <= tier.cap || &tier == &tiers.back();
    counted += ((last ? amount : tier.cap) - floor) * tier.rate;
    if (last) break;
    floor = tier.cap;
  }
  return counted * price;
}

CoinOptionProfit coin_option_profit(double quantity, double multiplier, double entry,
                                    double exit) noexcept {
  const double size = quantity * multiplier;
  return {size * entry, size * (exit - entry)};
}

OptionCost option_cost(double quantity, double price, double index, double fee_ratio,
                       double fee_cap_ratio) noexcept {
  const double premium = quantity * price;
  const double fee = std::min(fee_ratio * index * quantity, fee_cap_ratio * premium);
  return {premium, fee, premium + fee};
}

double coin_open_loss(double contracts, double contract_usd, double price, double mark) noexcept {
  return std::max(contracts * contract_usd * (1.0 / mark - 1.0 / price), 0.0);
}

double unified_ratio(double equity, double open_loss, double maintenance) noexcept {
  return (equity - open_loss) / maintenance;
}

double auto_close_fraction(double maintenance_fraction) noexcept {
  return std::max(maintenance_fraction / 2.0, maintenance_fraction - 0.06);
}

Withdrawable withdrawable(double balance, double unrealised, double margin_used) noexcept {
  const double profit = std::max(unrealised, 0.0);
  const double total = balance + unrealised;
  const double free = std::max(total - margin_used - profit, 0.0);
  return {total, free, std::max(free - profit, 0.0)};
}

}  // namespace tickmargin::margin
