// What a contract pays at its expiry, and a book whose contracts have paid it.
#pragma once

#include <span>

#include "book/book.hpp"

namespace tickmargin::book {

// Of one contract, in its settlement asset. `entry` is the entry term.
double payout(const InstrumentColumns& instruments, std::size_t instrument, double price,
              double entry) noexcept;

// The accounts asked for, renumbered in that order. Contracts with a price (by instrument, NaN:
// none) are settled at it: their positions and resting orders are gone, their pay-out is in the
// pocket's balance of the settlement asset. An isolated pocket that is left with nothing is gone.
Book settled(const Book& book, const InstrumentColumns& instruments,
             std::span<const AccountIndex> accounts, std::span<const double> price);

}  // namespace tickmargin::book
