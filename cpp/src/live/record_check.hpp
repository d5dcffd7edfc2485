// What can be said of a record from its fields and the names there are: the first reasons of the
// order of precedence.
#pragma once

#include "market/vol_guard.hpp"
#include "tickmargin/inputs.hpp"
#include "tickmargin/records.hpp"

namespace tickmargin::live {

// The longest grace period that a policy epoch may ask for.
inline constexpr double grace_max_seconds = 365.0 * 86'400.0;

// 2^63: where 64-bit ticks end, at any precision.
inline constexpr double ledger_end = 9223372036854775808.0;

struct Names {
  const InstrumentColumns& instruments;
  const MarketColumns& market;
  const market::VolGuardSettings& vols;
  std::size_t accounts, chains, sources;
};

// A reason among unknown_type to out_of_range, but for names that live in tables of their own:
// orders that rest, transfers, epochs. `ok` if there is none.
RecordStatus check_fields(const Record& record, const Names& names) noexcept;

// Of a fill or order: contracts times multiplier, and that at its price in the settlement asset.
double contract_units(const Record& record, const InstrumentColumns& instruments) noexcept;
double settlement_units(const Record& record, const InstrumentColumns& instruments) noexcept;

}  // namespace tickmargin::live
