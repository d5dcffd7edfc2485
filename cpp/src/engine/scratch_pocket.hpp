// A pocket's rows copied out of the book, to be changed: orders filled, instruments renumbered.
#pragma once

#include <cstdint>
#include <vector>

#include "book/pocket_rows.hpp"
#include "tickmargin/inputs.hpp"

namespace tickmargin::engine {

struct PositionRow {
  std::uint32_t instrument;
  double quantity;
  double entry;
};

// Rows stay sorted by (underlying, instrument, side), as the rooms below expect.
class ScratchPocket {
 public:
  void assign(const book::PocketRows& rows);
  void clear();

  // Adds a fill to the row of the same instrument and side, or reduces the opposite row first,
  // crossing zero if it must: the quantities margin is charged on.
  void fill(const InstrumentColumns& instruments, PositionRow trade);
  // Adds a row of its own, entry and all, for the equity of the same fill.
  void append(const InstrumentColumns& instruments, PositionRow trade);
  void add_balance(std::int32_t asset, double amount);

  std::vector<PositionRow>& positions() noexcept { return positions_; }
  // The rows as the rooms below read them; valid until the next change.
  book::PocketRows rows(const InstrumentColumns& instruments);

 private:
  void insert_sorted(const InstrumentColumns& instruments, PositionRow row);

  std::vector<PositionRow> positions_;
  std::vector<std::int32_t> unit_underlying_;
  std::vector<std::int64_t> unit_positions_;
  std::vector<std::uint32_t> instrument_;
  std::vector<double> quantity_, entry_;
  std::vector<std::int32_t> balance_asset_;
  std::vector<double> balance_amount_;
};

}  // namespace tickmargin::engine
