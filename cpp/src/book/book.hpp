// Positions and balances as columns, sorted so that one account's rows stand together:
// account > pocket > unit (one underlying's positions in one pocket) > instrument > side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "tickmargin/inputs.hpp"
#include "tickmargin/units.hpp"

namespace tickmargin::book {

// A resting order: contracts as signed, price in the order's own units.
struct OrderRow {
  std::uint32_t instrument;
  double quantity;
  double price;
};

// What a pocket holds: its slack says most where it may fall short, by positions or by debts.
enum class Holds : std::uint8_t { nothing, balances, risk };

inline Holds what_is_held(bool positions, std::span<const double> amounts) noexcept {
  const bool owes = std::any_of(amounts.begin(), amounts.end(), [](double a) { return a < 0; });
  if (positions || owes) return Holds::risk;
  return amounts.empty() ? Holds::nothing : Holds::balances;
}

// Offsets have one entry more than rows: children of row i are offsets[i] .. offsets[i + 1] - 1.
struct Book {
  std::vector<std::int64_t> account_pockets;  // account -> pockets; every account has its cross one
  std::vector<std::int32_t> pocket_account;
  std::vector<std::int32_t> pocket_name;      // 0 is the cross pocket
  std::vector<std::int64_t> pocket_units;     // pocket -> units
  std::vector<std::int64_t> pocket_balances;  // pocket -> balances
  std::vector<std::int32_t> unit_underlying;
  std::vector<std::int64_t> unit_positions;  // unit -> positions
  std::vector<std::uint32_t> position_instrument;
  std::vector<double> position_quantity;
  std::vector<double> position_entry;  // entry_term() of the entry price
  std::vector<std::int32_t> balance_asset;
  std::vector<double> balance_amount;
  // Resting orders that may add to a position, by underlying, instrument and age; both empty where
  // nobody keeps any.
  std::vector<std::int64_t> pocket_orders;  // pocket -> orders
  std::vector<OrderRow> orders;

  std::vector<double> account_credit_score;  // NaN: none; empty: nobody has one

  double credit_score(std::size_t account) const noexcept {
    return account < account_credit_score.size() ? account_credit_score[account]
                                                 : std::numeric_limits<double>::quiet_NaN();
  }
  std::size_t account_count() const noexcept { return account_pockets.size() - 1; }
  std::size_t pocket_count() const noexcept { return pocket_account.size(); }
  std::size_t unit_count() const noexcept { return unit_underlying.size(); }
  Holds holds(std::size_t pocket) const noexcept {
    const auto first = static_cast<std::size_t>(pocket_balances[pocket]);
    const auto end = static_cast<std::size_t>(pocket_balances[pocket + 1]);
    return what_is_held(pocket_units[pocket] != pocket_units[pocket + 1],
                        std::span(balance_amount).subspan(first, end - first));
  }
};

// The form in which an entry price enters the value of a position, quantity x (a + b x entry):
// the price itself, its inverse for inverse contracts, 0 where there is none.
double entry_term(Payoff payoff, double entry_price) noexcept;
double entry_price_of(Payoff payoff, double entry_term) noexcept;

// Sorts by a total order, so the order of the input rows never shows in a result. Positions and
// balances of zero are left out: they hold nothing.
Book make_book(const PortfolioColumns& portfolio, const InstrumentColumns& instruments);

}  // namespace tickmargin::book
