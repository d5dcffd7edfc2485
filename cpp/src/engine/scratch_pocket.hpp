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

  // Fills a trade at an entry as a ledger would: on the row of the same side it averages the entry
  // term; against the opposite row it closes, moves the realised profit to the settlement asset's
  // balance and crosses zero if it must. An option or spot trade moves its premium instead.
  void fill(const InstrumentColumns& instruments, PositionRow trade);
  void add_balance(std::int32_t asset, double amount);

  std::vector<PositionRow>& positions() noexcept { return positions_; }
  // The rows as the rooms below read them; valid until the next change.
  book::PocketRows rows(const InstrumentColumns& instruments);

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
};

}  // namespace tickmargin::engine
