#include "market/vol_guard.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "check.hpp"

using namespace tickmargin;
using namespace tickmargin::market;

namespace {

constexpr TimeNs second = 1'000'000'000;
constexpr TimeNs start = 1'700'000'000 * second;
constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();

// Two expiries of three strikes; the middle one is at the money.
struct Surface {
  VolGuardSettings settings;
  VolGuardState state;
  std::vector<double> vol = {0.60, 0.50, 0.55, 0.50, 0.40, 0.45};
  std::vector<double> log_moneyness = {-0.2, 0.0, 0.2, -0.2, 0.01, 0.2};
  std::vector<TimeNs> expiry_ns = {start, start, start, start + 1, start + 1, start + 1};

  VolGuardResult commit(const std::vector<double>& staged, int at_seconds) {
    std::vector<double> scratch(2 * vol.size());
    return commit_surface(settings, state, {vol, staged, log_moneyness, expiry_ns},
                          start + at_seconds * second, vol, scratch);
  }
  std::vector<double> scaled(double factor) const {
    std::vector<double> staged = vol;
    for (double& v : staged) v *= factor;
    return staged;
  }
  // One row of six doubles against the others.
  std::vector<double> twisted(double factor) const {
    std::vector<double> staged = scaled(factor);
    staged[0] *= 2.0;
    return staged;
  }
};

}  // namespace

TEST(a_surface_that_keeps_its_shape_is_taken_whole) {
  Surface surface;
  std::vector<double> staged = surface.scaled(1.2);
  staged[2] *= 1.1;  // 9.5 % of shape, inside the band
  const VolGuardResult result = surface.commit(staged, 0);
  CHECK_EQ(result.status, RecordStatus::ok);
  CHECK(!result.shape_kept && !result.shape_forced && !result.degraded);
  CHECK_EQ(result.refused_row, no_row);
  CHECK_NEAR(result.level, std::log(1.2), 1e-15);
  CHECK(surface.vol == staged);
}

TEST(of_a_twisted_fit_only_the_level_is_taken) {
  Surface surface;
  const std::vector<double> old = surface.vol;
  const VolGuardResult result = surface.commit(surface.twisted(1.1), 0);
  CHECK(result.shape_kept && result.degraded && !result.shape_forced);
  CHECK_NEAR(result.level, std::log(1.1), 1e-15);
  for (std::size_t i = 0; i < old.size(); ++i) CHECK_NEAR(surface.vol[i], old[i] * 1.1, 1e-15);
  CHECK_EQ(surface.state.shape_kept, 1u);
  CHECK_EQ(surface.state.shape_since_ns, start);
}

TEST(at_the_money_volatility_is_never_below_what_is_observed) {
  Surface surface;
  std::vector<double> staged = surface.vol;
  staged[1] = 0.9;  // at the money of the first expiry
  staged[4] = 0.2;  // and of the second: lower than the level says
  const VolGuardResult result = surface.commit(staged, 0);
  CHECK(result.shape_kept);
  CHECK_NEAR(result.level, 0.0, 1e-15);
  CHECK_EQ(surface.vol[1], 0.9);
  CHECK_NEAR(surface.vol[4], 0.40, 1e-15);
  CHECK_NEAR(surface.vol[0], 0.60, 1e-15);
}

TEST(calls_and_puts_at_one_strike_are_both_at_the_money) {
  Surface surface;
  surface.vol = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
  surface.log_moneyness = {0.1, 0.1, -0.1, -0.3, 0.3, 0.2};
  surface.expiry_ns.assign(6, start);
  surface.commit({0.8, 0.9, 0.5, 0.5, 0.5, 0.5}, 0);
  CHECK_EQ(surface.vol[0], 0.8);
  CHECK_EQ(surface.vol[1], 0.9);
  CHECK_NEAR(surface.vol[2], 0.5, 1e-15);
}

TEST(a_kept_shape_has_a_limited_age) {
  Surface surface;
  surface.commit(surface.twisted(1.0), 0);
  CHECK(surface.commit(surface.twisted(1.0), 299).shape_kept);
  CHECK_EQ(surface.state.shape_since_ns, start);
  const std::vector<double> staged = surface.twisted(1.0);
  const VolGuardResult forced = surface.commit(staged, 300);
  CHECK(forced.shape_forced && !forced.shape_kept && forced.degraded);
  CHECK(surface.vol == staged);
  CHECK(surface.commit(surface.twisted(1.0), 301).shape_kept);
  CHECK_EQ(surface.state.shape_since_ns, start + 301 * second);
  CHECK(!surface.commit(surface.scaled(1.0), 302).degraded);
  CHECK_EQ(surface.state.shape_kept, 0u);
}

TEST(a_large_move_of_the_level_is_followed_and_told) {
  Surface surface;
  const std::vector<double> staged = surface.scaled(2.0);
  const VolGuardResult result = surface.commit(staged, 0);
  CHECK(result.degraded && !result.shape_kept);
  CHECK(surface.vol == staged);
}

TEST(a_kept_shape_stays_inside_the_bounds) {
  Surface surface;
  surface.settings.vol_max = 1.0;
  surface.vol = {0.9, 0.5, 0.5, 0.5, 0.5, 0.5};
  surface.commit({0.3, 0.8, 0.8, 0.8, 0.8, 0.8}, 0);
  CHECK_EQ(surface.vol[0], 1.0);
  CHECK_NEAR(surface.vol[2], 0.8, 1e-15);
}

TEST(rows_not_staged_stay_and_new_rows_take_what_is_staged) {
  Surface surface;
  surface.vol[3] = none;
  const VolGuardResult result = surface.commit({0.66, none, 0.605, 0.7, 0.44, 0.9}, 0);
  CHECK(result.shape_kept);
  CHECK_NEAR(result.level, std::log(1.1), 1e-15);
  CHECK_NEAR(surface.vol[0], 0.66, 1e-15);
  CHECK_EQ(surface.vol[1], 0.50);
  CHECK_EQ(surface.vol[3], 0.7);
  CHECK_NEAR(surface.vol[5], 0.495, 1e-15);
  Surface first;
  first.vol.assign(6, none);
  const std::vector<double> staged = {0.6, 0.5, 0.5, 0.5, 0.5, 2.0};
  CHECK(!first.commit(staged, 0).degraded);
  CHECK(first.vol == staged);
}

TEST(bad_rows_refuse_the_commit_and_change_nothing) {
  const std::pair<double, RecordStatus> cases[] = {{infinite, RecordStatus::not_finite},
                                                   {0.0, RecordStatus::not_positive},
                                                   {-0.5, RecordStatus::not_positive},
                                                   {0.005, RecordStatus::out_of_range},
                                                   {5.1, RecordStatus::out_of_range}};
  for (const auto& [bad, status] : cases) {
    Surface surface;
    const std::vector<double> old = surface.vol;
    std::vector<double> staged = surface.twisted(1.1);
    staged[4] = bad;
    const VolGuardResult result = surface.commit(staged, 0);
    CHECK_EQ(result.status, status);
    CHECK_EQ(result.refused_row, 4u);
    CHECK(surface.vol == old);
    CHECK_EQ(surface.state.shape_kept, 0u);
    CHECK_EQ(check_vol(surface.settings, bad), status);
    CHECK_EQ(check_update(surface.settings, 0.5, bad).status, status);
  }
  Surface surface;
  surface.commit(surface.scaled(1.0), 10);
  CHECK(surface.commit(surface.scaled(1.0), 9).status == RecordStatus::time_reversed);
  CHECK_EQ(surface.state.ts_ns, start + 10 * second);
}

// ln(1.6) = 0.47, ln(1.7) = 0.53.
TEST(one_row_s_update_is_taken_and_told_beyond_the_band) {
  const VolGuardSettings settings;
  CHECK_EQ(check_vol(settings, none), RecordStatus::not_finite);
  CHECK(!check_update(settings, 0.5, 0.5 * 1.6).degraded);
  CHECK(check_update(settings, 0.5, 0.5 * 1.7).degraded);
  CHECK(check_update(settings, 0.5, 0.5 / 1.7).degraded);
  CHECK(!check_update(settings, none, 3.0).degraded);
}

TEST(bounds_that_make_no_sense_are_told) {
  VolGuardSettings settings;
  CHECK(valid(settings));
  settings.vol_min = 0.0;
  CHECK(!valid(settings));
  settings = {};
  settings.vol_max = infinite;
  CHECK(!valid(settings));
  settings = {};
  settings.shape_band_ratio = none;
  CHECK(!valid(settings));
}

CHECK_MAIN()
