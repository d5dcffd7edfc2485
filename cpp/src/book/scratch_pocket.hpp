// A pocket's rows copied out of the book, to be changed: orders filled, instruments renumbered.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "book/pocket_rows.hpp"
#include "tickmargin/inputs.hpp"

namespace tickmargin::book {

struct PositionRow {
  std::uint32_t instrument;
  double quantity;
  double entry;
};

// Rows stay sorted as make_book sorts them: by underlying, instrument, side, quantity, entry.
class ScratchPocket {
 public:
  void assign(const PocketRows& rows);
  void clear();
  // Room for so many rows; within it nothing below allocates.
  void reserve(std::size_t positions, std::size_t balances);

  // Fills a trade at an entry as a ledger would: on a row of the same side it averages the entry
  // term; against opposite rows it closes, moves the realised profit to the settlement asset's
  // balance and crosses zero if it must. An option or spot trade moves its premium instead.
  void fill(const InstrumentColumns& instruments, PositionRow trade);
  void add_balance(std::int32_t asset, double amount);

  // Takes an instrument's rows out; the sum of their quantities is what settles.
  double erase_instrument(std::uint32_t instrument);

  std::vector<PositionRow>& positions() noexcept { return positions_; }
  const std::vector<PositionRow>& positions() const noexcept { return positions_; }
  std::span<const std::int32_t> balance_asset() const noexcept { return balance_asset_; }
  std::span<const double> balance_amount() const noexcept { return balance_amount_; }
  // The rows as the rooms below read them; valid until the next change.
  PocketRows rows(const InstrumentColumns& instruments);

 private:
  void realise(const InstrumentColumns& instruments, const PositionRow& closed, double exit);
  void insert_sorted(const InstrumentColumns& instruments, PositionRow row);

  std::vector<PositionRow> positions_;
  std::vector<std::int32_t> unit_underlying_;
  std::vector<std::int64_t> unit_positions_;
  std::vector<std::uint32_t> instrument_;
  std::vector<double> quantity_, entry_;
  std::vector<std::int32_t> balance_asset_;
  std::vector<double> balance_amount_;
  std::span<const OrderRow> orders_;  // those of the rows assigned; they outlive the scratch
  double credit_score_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace tickmargin::book
