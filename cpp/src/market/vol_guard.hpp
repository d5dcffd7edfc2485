// Which implied volatilities are taken. A fit that twists the surface is not: then only its level
// follows and the shape is kept, for a limited time. A surface is never frozen. The rules are in
// README.md beside this file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include "tickmargin/records.hpp"
#include "tickmargin/units.hpp"

namespace tickmargin::market {

// Volatilities annual, as fractions; bands are differences of logarithms.
struct VolGuardSettings {
  double vol_min = 0.01;
  double vol_max = 5.0;
  double level_band_ratio = 0.5;                    // a level move beyond it is taken, and in doubt
  double shape_band_ratio = 0.25;                   // a row may leave the level's move by this much
  std::int64_t shape_age_max_ns = 300'000'000'000;  // then the next fit is taken as it is
};

bool valid(const VolGuardSettings& settings) noexcept;

struct VolGuardState {
  TimeNs ts_ns = 0;              // last commit
  TimeNs shape_since_ns = 0;     // meaningful with shape_kept
  std::uint64_t shape_kept = 0;  // 0 or 1: the surface has an older fit's shape
};
static_assert(std::is_trivially_copyable_v<VolGuardState> && sizeof(VolGuardState) == 24);

// A surface as columns of equal length; rows of an expiry are neighbours.
struct VolRows {
  std::span<const double> old_vol;        // NaN: none yet
  std::span<const double> staged_vol;     // NaN: not staged
  std::span<const double> log_moneyness;  // ln(K / F)
  std::span<const TimeNs> expiry_ns;
};

inline constexpr std::size_t no_row = std::numeric_limits<std::size_t>::max();

struct VolGuardResult {
  RecordStatus status;
  std::size_t refused_row;  // the first that was refused, else no_row
  double level;             // ln of the surface's move
  bool shape_kept;          // the fit was rejected, the level taken
  bool shape_forced;        // a twisted fit was taken, the kept shape being too old
  bool degraded;            // volatilities in doubt
};

// Of one staged value.
RecordStatus check_vol(const VolGuardSettings& settings, double vol_annual) noexcept;

// Writes the volatilities to use from now on to `new_vol`, which may be the memory of `old_vol`;
// nothing is written if a row is refused. `scratch` holds twice as many numbers as there are rows.
VolGuardResult commit_surface(const VolGuardSettings& settings, VolGuardState& state,
                              const VolRows& rows, TimeNs ts_ns, std::span<double> new_vol,
                              std::span<double> scratch) noexcept;

struct VolUpdate {
  RecordStatus status;
  bool degraded;
};

// One row's own update: taken if it is a volatility, in doubt if it moves beyond the level band.
VolUpdate check_update(const VolGuardSettings& settings, double old_vol, double new_vol) noexcept;

}  // namespace tickmargin::market
