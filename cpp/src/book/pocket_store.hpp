// The book that changes: pockets whose rows grow and shrink inside memory taken once, at creation.
// Each pocket's rows stand in the order of make_book, so that a pocket read here and one read from
// a fresh book add the same numbers in the same order.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "book/book.hpp"
#include "book/pocket_rows.hpp"
#include "book/scratch_pocket.hpp"

namespace tickmargin::book {

struct StoreCapacity {
  std::size_t pockets;
  std::size_t positions;
  std::size_t balances;
};

// Segments of a power of two of slots from one range [0, size), with a free list for each power.
class SegmentPool {
 public:
  explicit SegmentPool(std::size_t size);

  static std::uint8_t power_for(std::size_t count) noexcept;
  // First slot of a free segment of 2^power slots, -1 when none is left.
  std::int64_t take(std::uint8_t power) noexcept;
  void give_back(std::int64_t first, std::uint8_t power) noexcept;
  bool has(std::uint8_t power) const noexcept;

  static constexpr std::size_t powers = 40;
  // Whether so many segments of each power can be taken one after the other, in any order.
  bool has(const std::array<std::size_t, powers>& wanted) const noexcept;

 private:
  std::int64_t used_ = 0;
  std::int64_t size_;
  std::int64_t free_[powers];
  std::vector<std::int64_t> next_free_;  // by first slot / smallest segment
};

// What a pocket's units look like, rebuilt whenever its rows are read.
struct UnitScratch {
  std::vector<std::int32_t> underlying;
  std::vector<std::int64_t> positions;
};

class PocketStore {
 public:
  PocketStore(const Book& book, StoreCapacity capacity);

  std::size_t account_count() const noexcept { return account_first_.size(); }
  std::size_t pocket_count() const noexcept { return slots_.size(); }
  AccountIndex account_of(std::size_t pocket) const noexcept { return slots_[pocket].account; }
  std::int32_t name_of(std::size_t pocket) const noexcept { return slots_[pocket].name; }
  // The account's pockets as a list in the order of their names, the cross one first.
  std::int32_t first_pocket(std::size_t account) const noexcept { return account_first_[account]; }
  std::int32_t next_pocket(std::size_t pocket) const noexcept { return slots_[pocket].next; }
  // -1: the account has no pocket of that name.
  std::int32_t find(AccountIndex account, std::int32_t name) const noexcept;
  // A new, empty pocket; -1 when the table is full.
  std::int32_t add(AccountIndex account, std::int32_t name) noexcept;
  bool can_add() const noexcept { return slots_.size() < capacity_.pockets; }

  Holds holds(std::size_t pocket) const noexcept {
    return what_is_held(position_count(pocket) != 0, amounts(pocket));
  }
  // An isolated pocket that holds nothing is none.
  bool is_nothing(std::size_t pocket) const noexcept {
    const Slot& slot = slots_[pocket];
    return slot.name != 0 && slot.positions.count == 0 && slot.balances.count == 0;
  }

  std::size_t position_count(std::size_t pocket) const noexcept {
    return static_cast<std::size_t>(slots_[pocket].positions.count);
  }
  std::span<const std::uint32_t> instruments(std::size_t pocket) const noexcept;
  std::span<const double> quantities(std::size_t pocket) const noexcept;
  std::span<const double> entries(std::size_t pocket) const noexcept;  // terms
  std::span<const std::int32_t> assets(std::size_t pocket) const noexcept;
  std::span<const double> amounts(std::size_t pocket) const noexcept;
  PocketRows rows(std::size_t pocket, const InstrumentColumns& instruments,
                  UnitScratch& scratch) const noexcept;

  // Whether replace() would find room; of a pocket that is not there yet, once it is made.
  bool fits(std::size_t pocket, const ScratchPocket& rows) const noexcept;
  // Whether each of `pockets` finds room for a balance in `asset`, all of them together.
  bool fits_balance(std::span<const std::int32_t> pockets, std::int32_t asset) const noexcept;
  // Makes the rows those of `rows`; false, and nothing changed, when there is no room. Balances of
  // zero are left out, as a book does.
  bool replace(std::size_t pocket, const ScratchPocket& rows) noexcept;

  // The same book as fresh columns.
  Book to_book(const InstrumentColumns& instruments) const;

 private:
  struct Segment {
    std::int64_t first = -1;
    std::int32_t count = 0;
    std::uint8_t power = 0;
  };
  struct Slot {
    AccountIndex account;
    std::int32_t name;
    std::int32_t next;
    Segment positions;
    Segment balances;
  };

  static bool room(const Segment& segment, std::size_t count, const SegmentPool& pool) noexcept;
  static bool resize(Segment& segment, std::size_t count, SegmentPool& pool) noexcept;

  StoreCapacity capacity_;
  double credit_score(std::size_t account) const noexcept {
    return account < credit_score_.size() ? credit_score_[account]
                                          : std::numeric_limits<double>::quiet_NaN();
  }

  std::vector<std::int32_t> account_first_;
  std::vector<double> credit_score_;  // by account, or empty
  std::vector<Slot> slots_;
  SegmentPool position_pool_, balance_pool_;
  std::vector<std::uint32_t> instrument_;
  std::vector<double> quantity_, entry_;
  std::vector<std::int32_t> asset_;
  std::vector<double> amount_;
};

}  // namespace tickmargin::book
