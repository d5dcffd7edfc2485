#include "monitor/bands.hpp"

#include <limits>

#include "check.hpp"

using namespace tickmargin;
using margin::ScenarioLine;
using margin::UnitLines;
using monitor::Border;
using monitor::Reach;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Two contracts held long under one scenario, at an index of 100: equity falls by 2 a unit of
// price, what is stressed by another 1.
UnitLines unit_of() {
  UnitLines unit;
  unit.index = 100;
  unit.equity_slope = 2;
  unit.unweighted_slope = 2;
  unit.scans = true;
  unit.factor = 1;
  unit.scan = 10;
  unit.linear_reach = 5;
  ScenarioLine line;
  line.profit = -10;
  line.stressed = {1, 1};
  line.wear = {4, 0};
  line.up = line.down = true;
  unit.lines.push_back(line);
  return unit;
}

Reach above(const UnitLines& unit, bool value_only = false) {
  Reach reach;
  monitor::keep_above(unit, {1.0, 30.0, value_only}, reach);
  return reach;
}

Reach below(const UnitLines& unit, bool value_only = false) {
  Reach reach;
  monitor::keep_below(unit, {1.0, 30.0, value_only}, reach);
  return reach;
}

TEST(a_band_ends_where_its_rate_has_used_up_the_gap) {
  const Reach danger = above(unit_of());
  CHECK_EQ(danger.lower, 90.0);  // 30 at 2 + 1 a unit; without a scenario 30 + 10 at 2
  CHECK(std::isinf(danger.upper));
  CHECK_EQ(danger.wear.vol, 7.5);
  CHECK_EQ(danger.wear.curve, 6.0);
  const Reach recovery = below(unit_of());
  CHECK_EQ(recovery.upper, 110.0);
  CHECK_EQ(recovery.lower, 0.0);
}

// Whatever is no number: the band ends where it stands, so that the pocket is looked at.
TEST(a_rate_that_is_no_number_ends_the_band) {
  const auto ends = [](const UnitLines& unit, bool value_only) {
    for (const Reach& reach : {above(unit, value_only), below(unit, value_only)}) {
      CHECK_EQ(reach.lower, 100.0);
      CHECK_EQ(reach.upper, 100.0);
    }
  };
  UnitLines unit = unit_of();
  unit.equity_slope = nan;
  ends(unit, false);
  unit = unit_of();
  unit.unweighted_slope = nan;
  ends(unit, true);
  unit = unit_of();
  unit.lines[0].stressed = {nan, nan};
  ends(unit, false);
  unit = unit_of();
  unit.other = {nan, nan};
  ends(unit, false);
  unit = unit_of();
  unit.lines[0].profit = nan;
  CHECK_EQ(above(unit).lower, 100.0);
}

TEST(a_wear_that_is_no_number_leaves_no_limit) {
  UnitLines unit = unit_of();
  unit.lines[0].wear = {nan, nan};
  CHECK_EQ(above(unit).wear.vol, 0.0);
  CHECK_EQ(above(unit).wear.curve, 0.0);
  unit = unit_of();
  unit.linear_reach = nan;
  CHECK_EQ(above(unit).wear.curve, 0.0);
  CHECK_EQ(below(unit).wear.curve, 0.0);
  CHECK_EQ(above(unit, true).wear.curve, 0.0);
}

// What leaves a double counts as no number does: a slope of infinity over a gap of one.
TEST(an_infinite_rate_ends_the_band_too) {
  UnitLines unit = unit_of();
  unit.equity_slope = std::numeric_limits<double>::infinity();
  CHECK_EQ(above(unit).lower, 100.0);
  CHECK_EQ(below(unit).upper, 100.0);
}

}  // namespace

CHECK_MAIN()
