// Rules of exchanges that stand beside a requirement: orders of options, borrowed assets, what a
// venue shows. Each is named for the document it follows in python/tickmargin/venues/.
#pragma once

#include <cstdint>
#include <span>

#include "tickmargin/policy_venues.hpp"

namespace tickmargin::margin {

// Deribit: delta of an option less its price, both fading over the settlement window.
struct SettlementDelta {
  double decayed, net;
};
SettlementDelta settlement_delta(double delta, double mark, double elapsed, double window) noexcept;

// Deribit: what joins the risk matrix. Initial margin is given to `decimals` places.
struct MatrixMargins {
  double initial, maintenance;
};
MatrixMargins matrix_margins(double risk_matrix_margin, double maintenance_factor, double spot,
                             double market_maker, double open_orders, int decimals) noexcept;

// To the nearest at so many decimals, as a venue prints it.
double printed(double amount, int decimals) noexcept;

// OKX: margin of an option order, in coins; amounts a contract but `price` and `least`, which are
// coins a base unit.
enum class OptionOrder : std::uint8_t { buy_to_open, sell_to_open, buy_to_close, sell_to_close };
double option_order_margin(OptionOrder kind, double quantity, double multiplier, double price,
                           double fee, double position_margin, double least) noexcept;

// OKX portfolio margin of an account with a borrowed asset.
struct BorrowTerms {
  double initial_factor, liability, initial_ratio, maintenance_ratio, taker_fee_ratio;
};
struct BorrowMargins {
  double borrow_initial, borrow_maintenance, derivatives_maintenance, initial, maintenance, ratio;
};
BorrowMargins borrow_margins(std::span<const double> unit_maintenance, const BorrowTerms& terms,
                             double adjusted_equity) noexcept;

// Value of an amount of an asset whose weight falls with size; a debt counts in full.
double discounted_value(double amount, double price, std::span<const Tier> tiers) noexcept;

// A coin-settled option's cost and profit in coins: its premium is coin already.
struct CoinOptionProfit {
  double cost, profit;
};
CoinOptionProfit coin_option_profit(double quantity, double multiplier, double entry,
                                    double exit) noexcept;

// Bybit: cost of buying an option, the fee capped at a share of the premium.
struct OptionCost {
  double premium, fee, cost;
};
OptionCost option_cost(double quantity, double price, double index, double fee_ratio,
                       double fee_cap_ratio) noexcept;

// Binance COIN-M: coins an order loses at once against the mark.
double coin_open_loss(double contracts, double contract_usd, double price, double mark) noexcept;

// Binance portfolio margin: adjusted equity over maintenance margin.
double unified_ratio(double equity, double open_loss, double maintenance) noexcept;

// FTX: the margin fraction at which the backstop takes over.
double auto_close_fraction(double maintenance_fraction) noexcept;

// Orderly: what may leave an account; its page takes unsettled profit out twice.
struct Withdrawable {
  double total, free, withdrawable;
};
Withdrawable withdrawable(double balance, double unrealised, double margin_used) noexcept;

}  // namespace tickmargin::margin
