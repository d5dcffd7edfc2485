#include "protocol/vega.hpp"

#include <array>

#include "check.hpp"

using namespace tickmargin::protocol::vega;

namespace {

long whole(Checked value) {
  return value.ok() ? static_cast<long>(value.value()) : -999;
}

Market market() {
  return {Checked(1000), Rational(1, 5), Rational(1, 10), Rational(1, 4),
          Checked(0),    Checked(1),     Checked(0)};
}
constexpr Orders none{0, 0};

}  // namespace

// 5 long at 1,000: slippage 1,250 and risk 1,000.
TEST(cross_margin_is_slippage_and_risk) {
  const Rational margin = maintenance_margin(market(), 5, none, none, {false, Checked(0)});
  const Levels levels =
      margin_levels(margin, {Rational(11, 10), Rational(6, 5), Rational(1400009, 1000000)});
  CHECK_EQ(whole(levels.maintenance), 2250);
  CHECK_EQ(whole(levels.search), 2475);
  CHECK_EQ(whole(levels.release), 3150);  // the sixth decimal does not count
}

// Sells of 3 against a long of 2: 2 are free, those at 10.
TEST(orders_that_close_the_position_are_free) {
  const std::array<Order, 2> orders{Order{1, 30}, Order{2, 10}};
  CHECK_EQ(whole(order_side_margin(2, orders, Side::sell, Rational(1, 2), Checked(1), 0)), 15);
  CHECK_EQ(whole(order_side_margin(2, orders, Side::buy, Rational(1, 2), Checked(1), 0)), 25);
  CHECK_EQ(whole(order_side_margin(0, orders, Side::buy, Rational(1, 2), Checked(1), 20)), 35);
}

TEST(a_liquidation_price_may_not_exist) {
  Market plain = market();
  plain.linear_slippage = Checked(0);
  plain.risk_long = Checked(1);
  CHECK(!liquidation_price(plain, 5, Checked(100)));
}

TEST(what_rounding_leaves_goes_to_one) {
  const std::array<Checked, 3> due{33, 33, 34};
  const std::vector<Checked> paid = distribute(due, 50, 100, 0);
  CHECK_EQ(whole(paid[0]), 17);
  CHECK_EQ(whole(paid[1]), 16);
  CHECK_EQ(whole(paid[2]), 17);
}

CHECK_MAIN()
