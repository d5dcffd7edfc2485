#pragma once

#include <cstdint>
#include <span>

#include "book/book.hpp"

namespace tickmargin::book {

// One pocket's rows. Positions are sorted by underlying, instrument, side; unit u holds positions
// unit_positions[u] .. unit_positions[u + 1] - 1 of the three arrays.
struct PocketRows {
  std::span<const std::int32_t> unit_underlying;
  std::span<const std::int64_t> unit_positions;
  const std::uint32_t* instrument;
  const double* quantity;
  const double* entry;
  std::span<const std::int32_t> balance_asset;
  std::span<const double> balance_amount;
  std::span<const OrderRow> orders;
  double credit_score = std::numeric_limits<double>::quiet_NaN();  // of the account

  std::int64_t first_position() const noexcept { return unit_positions.front(); }
  std::int64_t end_position() const noexcept { return unit_positions.back(); }
};

inline PocketRows pocket_rows(const Book& book, std::size_t pocket) noexcept {
  const auto units = static_cast<std::size_t>(book.pocket_units[pocket]);
  const auto unit_count = static_cast<std::size_t>(book.pocket_units[pocket + 1]) - units;
  const auto balances = static_cast<std::size_t>(book.pocket_balances[pocket]);
  const auto balance_count = static_cast<std::size_t>(book.pocket_balances[pocket + 1]) - balances;
  std::span<const OrderRow> orders;
  if (!book.pocket_orders.empty()) {
    const auto first = static_cast<std::size_t>(book.pocket_orders[pocket]);
    orders = {book.orders.data() + first,
              static_cast<std::size_t>(book.pocket_orders[pocket + 1]) - first};
  }
  return {{book.unit_underlying.data() + units, unit_count},
          {book.unit_positions.data() + units, unit_count + 1},
          book.position_instrument.data(),
          book.position_quantity.data(),
          book.position_entry.data(),
          {book.balance_asset.data() + balances, balance_count},
          {book.balance_amount.data() + balances, balance_count},
          orders,
          book.credit_score(static_cast<std::size_t>(book.pocket_account[pocket]))};
}

}  // namespace tickmargin::book
