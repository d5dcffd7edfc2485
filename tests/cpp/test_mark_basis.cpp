#include "market/mark_basis.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "check.hpp"

using namespace tickmargin;
using namespace tickmargin::market;

namespace {

constexpr TimeNs second = 1'000'000'000;
constexpr TimeNs start = 1'700'000'000 * second;
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

// Window 300 s. 1 % stands for 30 s after 0 %: 0.01 (1 - exp(-0.1)).
TEST(the_basis_weighs_an_observation_by_the_time_it_stood) {
  const GuardSettings settings;
  BasisState basis;
  CHECK(update(settings, basis, 100.0, 100.0, start) == RecordStatus::ok);
  CHECK_EQ(mark(basis, 250.0), 250.0);
  CHECK(update(settings, basis, 101.0, 100.0, start) == RecordStatus::ok);
  CHECK_EQ(basis.average_ratio, 0.0);
  update(settings, basis, 150.0, 100.0, start + 30 * second);
  CHECK_NEAR(basis.average_ratio, 0.01 * (1 - std::exp(-0.1)), 1e-15);
  const double before = basis.average_ratio;
  update(settings, basis, 100.0, 100.0, start + 30 * second);  // a print of no duration
  CHECK_EQ(basis.average_ratio, before);
  update(settings, basis, 100.0, 100.0, start + 3600 * second);  // at most a heartbeat of it
  CHECK_NEAR(basis.average_ratio, before * std::exp(-0.1), 1e-15);
  CHECK_NEAR(mark(basis, 1000.0), 1000.0 * (1 + before * std::exp(-0.1)), 1e-9);
}

TEST(the_basis_is_bounded_and_refuses_what_is_no_price) {
  const GuardSettings settings;
  BasisState basis;
  update(settings, basis, 500.0, 100.0, start);
  CHECK_EQ(basis.average_ratio, 0.02);
  const BasisState before = basis;
  CHECK(update(settings, basis, not_a_number, 100.0, start) == RecordStatus::not_finite);
  CHECK(update(settings, basis, 100.0, infinite, start) == RecordStatus::not_finite);
  CHECK(update(settings, basis, 0.0, 100.0, start) == RecordStatus::not_positive);
  CHECK(update(settings, basis, 100.0, -1.0, start) == RecordStatus::not_positive);
  CHECK(update(settings, basis, 100.0, 100.0, -1) == RecordStatus::out_of_range);
  CHECK(update(settings, basis, 100.0, 100.0, start - 1) == RecordStatus::time_reversed);
  CHECK(std::memcmp(&before, &basis, sizeof basis) == 0);
}

CHECK_MAIN()
