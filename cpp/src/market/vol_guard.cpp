#include "market/vol_guard.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "kernels/one_value.hpp"

namespace tickmargin::market {
namespace {

bool is_vol(double vol) noexcept {
  return vol > 0 && std::isfinite(vol);
}

bool staged(double vol) noexcept {
  return vol == vol;
}

VolGuardResult refused(RecordStatus status, std::size_t row) noexcept {
  return {status, row, 0.0, false, false, false};
}

// ln(new / old) of the rows that have both, packed.
std::span<double> moves(const VolRows& rows, std::span<double> scratch) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < rows.old_vol.size(); ++i) {
    if (staged(rows.staged_vol[i]) && is_vol(rows.old_vol[i])) {
      scratch[count++] = rows.staged_vol[i] / rows.old_vol[i];
    }
  }
  kernels::kernels().log(scratch.data(), scratch.data(), count);
  return scratch.first(count);
}

double median(std::span<const double> values, std::span<double> scratch) noexcept {
  if (values.empty()) return 0.0;
  const std::span<double> copy = scratch.first(values.size());
  std::copy(values.begin(), values.end(), copy.begin());
  const auto middle = copy.begin() + static_cast<std::ptrdiff_t>(copy.size() / 2);
  std::nth_element(copy.begin(), middle, copy.end());
  if (copy.size() % 2 != 0) return *middle;
  return 0.5 * *std::max_element(copy.begin(), middle) + 0.5 * *middle;
}

void take_staged(const VolRows& rows, std::span<double> new_vol) noexcept {
  for (std::size_t i = 0; i < new_vol.size(); ++i) {
    new_vol[i] = staged(rows.staged_vol[i]) ? rows.staged_vol[i] : rows.old_vol[i];
  }
}

// One expiry: the level on every staged row, and no less than observed where it is at the money.
void take_level(const VolGuardSettings& settings, const VolRows& rows, double factor,
                std::size_t begin, std::size_t end, std::span<double> new_vol) noexcept {
  double nearest = std::numeric_limits<double>::infinity();
  for (std::size_t i = begin; i < end; ++i) {
    if (staged(rows.staged_vol[i])) nearest = std::min(nearest, std::fabs(rows.log_moneyness[i]));
  }
  for (std::size_t i = begin; i < end; ++i) {
    const double old_vol = rows.old_vol[i];
    const double observed = rows.staged_vol[i];
    if (!staged(observed)) {
      new_vol[i] = old_vol;
    } else if (!is_vol(old_vol)) {
      new_vol[i] = observed;
    } else {
      const double kept = std::clamp(old_vol * factor, settings.vol_min, settings.vol_max);
      const bool at_the_money = std::fabs(rows.log_moneyness[i]) == nearest;
      new_vol[i] = at_the_money ? std::max(kept, observed) : kept;
    }
  }
}

void keep_shape(const VolGuardSettings& settings, const VolRows& rows, double factor,
                std::span<double> new_vol) noexcept {
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= new_vol.size(); ++i) {
    if (i < new_vol.size() && rows.expiry_ns[i] == rows.expiry_ns[begin]) continue;
    take_level(settings, rows, factor, begin, i, new_vol);
    begin = i;
  }
}

}  // namespace

bool valid(const VolGuardSettings& s) noexcept {
  return s.vol_min > 0 && s.vol_max > s.vol_min && std::isfinite(s.vol_max) &&
         s.level_band_ratio >= 0 && s.shape_band_ratio >= 0 && s.shape_age_max_ns >= 0;
}

RecordStatus check_vol(const VolGuardSettings& settings, double vol_annual) noexcept {
  if (!std::isfinite(vol_annual)) return RecordStatus::not_finite;
  if (vol_annual <= 0) return RecordStatus::not_positive;
  const bool inside = vol_annual >= settings.vol_min && vol_annual <= settings.vol_max;
  return inside ? RecordStatus::ok : RecordStatus::out_of_range;
}

VolGuardResult commit_surface(const VolGuardSettings& settings, VolGuardState& state,
                              const VolRows& rows, TimeNs ts_ns, std::span<double> new_vol,
                              std::span<double> scratch) noexcept {
  const std::size_t count = rows.old_vol.size();
  TICKMARGIN_ASSERT(rows.staged_vol.size() == count && rows.log_moneyness.size() == count &&
                    rows.expiry_ns.size() == count && new_vol.size() == count &&
                    scratch.size() >= 2 * count);
  RecordStatus status = RecordStatus::ok;
  std::size_t refused_row = no_row;
  for (std::size_t i = 0; i < count; ++i) {
    if (!staged(rows.staged_vol[i])) continue;
    const RecordStatus of_row = check_vol(settings, rows.staged_vol[i]);
    if (of_row == RecordStatus::ok) continue;
    status = of_row;
    refused_row = i;
    break;
  }
  if (status != RecordStatus::ok) return refused(status, refused_row);
  if (ts_ns < 0) return refused(RecordStatus::out_of_range, no_row);
  if (ts_ns < state.ts_ns) return refused(RecordStatus::time_reversed, no_row);

  const std::span<const double> moved = moves(rows, scratch.first(count));
  const double level = median(moved, scratch.subspan(count));
  const bool twisted = std::any_of(moved.begin(), moved.end(), [&](double move) {
    return std::fabs(move - level) > settings.shape_band_ratio;
  });
  const bool too_old =
      state.shape_kept != 0 && ts_ns - state.shape_since_ns >= settings.shape_age_max_ns;
  VolGuardResult result{RecordStatus::ok,
                        no_row,
                        level,
                        twisted && !too_old,
                        twisted && too_old,
                        twisted || std::fabs(level) > settings.level_band_ratio};
  if (result.shape_kept) {
    if (state.shape_kept == 0) state.shape_since_ns = ts_ns;
    keep_shape(settings, rows, kernels::exp_of(level), new_vol);
  } else {
    state.shape_since_ns = 0;
    take_staged(rows, new_vol);
  }
  state.shape_kept = result.shape_kept ? 1 : 0;
  state.ts_ns = ts_ns;
  return result;
}

VolUpdate check_update(const VolGuardSettings& settings, double old_vol, double new_vol) noexcept {
  const RecordStatus status = check_vol(settings, new_vol);
  if (status != RecordStatus::ok || !is_vol(old_vol)) return {status, false};
  return {status, std::fabs(kernels::log_of(new_vol / old_vol)) > settings.level_band_ratio};
}

}  // namespace tickmargin::market
