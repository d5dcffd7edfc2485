#include "base/ticks.hpp"

#include <limits>

#include "check.hpp"

using namespace tickmargin::base;

namespace {

const TickScale micro = tick_scale(6);

}  // namespace

TEST(scale_is_a_power_of_ten) {
  CHECK_EQ(tick_scale(0).per_unit, 1.0);
  CHECK_EQ(tick_scale(6).per_unit, 1e6);
  CHECK_EQ(tick_scale(15).per_unit, 1e15);
}

TEST(equity_rounds_down_and_requirements_up) {
  CHECK_EQ(floor_ticks(1.0000005, micro).value, 1000000);
  CHECK_EQ(ceil_ticks(1.0000005, micro).value, 1000001);
  CHECK_EQ(floor_ticks(-1.0000005, micro).value, -1000001);
  CHECK_EQ(ceil_ticks(-1.0000005, micro).value, -1000000);
  CHECK_EQ(floor_ticks(0.0, micro).value, 0);
  CHECK_EQ(ceil_ticks(-0.0, micro).value, 0);
}

TEST(whole_ticks_stay_whole) {
  CHECK_EQ(floor_ticks(3.0, micro).value, 3000000);
  CHECK_EQ(ceil_ticks(3.0, micro).value, 3000000);
}

// The float64 nearest to 0.1 lies above 0.1, that nearest to 0.3 below 0.3; both products with a
// million round to a whole number. The exact products do not.
TEST(the_rounding_of_the_product_is_undone) {
  CHECK_EQ(floor_ticks(0.1, micro).value, 100000);
  CHECK_EQ(ceil_ticks(0.1, micro).value, 100001);
  CHECK_EQ(floor_ticks(0.3, micro).value, 299999);
  CHECK_EQ(ceil_ticks(0.3, micro).value, 300000);
}

TEST(what_does_not_fit_is_said) {
  CHECK(!floor_ticks(std::numeric_limits<double>::quiet_NaN(), micro).ok);
  CHECK(!floor_ticks(std::numeric_limits<double>::infinity(), micro).ok);
  CHECK(!ceil_ticks(-std::numeric_limits<double>::infinity(), micro).ok);
  CHECK(!floor_ticks(4.62e12, micro).ok);
  CHECK(floor_ticks(4.61e12, micro).ok);
}

TEST(sums_are_checked) {
  tickmargin::Ticks sum = 0;
  CHECK(checked_add(1, 2, &sum));
  CHECK_EQ(sum, 3);
  CHECK(!checked_add(std::numeric_limits<tickmargin::Ticks>::max(), 1, &sum));
  CHECK(!checked_subtract(std::numeric_limits<tickmargin::Ticks>::min(), 1, &sum));
}

CHECK_MAIN()
