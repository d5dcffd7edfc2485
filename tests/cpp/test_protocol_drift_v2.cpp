#include "protocol/drift_v2.hpp"

#include <array>

#include "check.hpp"
#include "protocol/drift_v2_liquidation.hpp"

using namespace tickmargin::protocol::drift_v2;

namespace {

long whole(Checked value) {
  return value.ok() ? static_cast<long>(value.value()) : -999;
}

constexpr SpotMarket token{9, 8000, 9000, 12000, 11000, 0, 0, 0};

}  // namespace

// 1,000 tokens: sqrt(1e13 + 1) = 3,162,277.
TEST(weights_move_with_the_root_of_the_size) {
  CHECK_EQ(whole(size_premium_liability_weight(1000000000000, 10000, 11000)), 8800 + 3162);
  CHECK_EQ(whole(size_premium_liability_weight(1000000000000, 0, 11000)), 11000);
  CHECK_EQ(whole(size_discount_asset_weight(1000000000000, 10000, 9000)), 8357);
  CHECK_EQ(whole(size_discount_asset_weight(1000000000000, 100000, 9000)), 2642);
}

// Nothing held, 5 tokens bid and 1 asked at 100: the bid leaves 400 of collateral and owes 500, the
// ask adds 100 and owes 120. The bid leaves less.
TEST(orders_are_filled_on_the_worse_side) {
  const SpotPosition position{token, 0, 5000000000, -1000000000, 2, strict_price(100000000, 0),
                              false};
  const Terms terms{MarginType::initial, 0, 10000, strict_price(1000000, 0)};
  const AccountMargin margin = account_margin(std::array{position}, {}, terms);
  CHECK_EQ(whole(margin.collateral), 400000000);
  CHECK_EQ(whole(margin.requirement), 500020000);
}

TEST(what_does_not_fit_is_a_failed_margin) {
  const Checked huge = static_cast<tickmargin::base::Int128>(1) << 126;
  const SpotPosition position{token, huge, 0, 0, 0, strict_price(1000000000000000, 0), false};
  const Terms terms{MarginType::initial, 0, 10000, strict_price(1000000, 0)};
  const AccountMargin margin = account_margin(std::array{position}, {}, terms);
  CHECK(!margin.collateral.ok());
  CHECK(!margin.requirement.ok());
}

// A shortage of 10 at a price of 100 and a ratio of 10 %: closing 1 frees it.
TEST(liquidation_covers_the_shortage) {
  CHECK_EQ(whole(*base_to_cover(10000000, 1000, 0, 0, 100000000, 1000000)), 1000000000);
  CHECK(!base_to_cover(10000000, 100, 10000, 0, 100000000, 1000000));
  CHECK_EQ(whole(share_to_liquidate(49999999, 0, 0, 100, 150)), 10000);
  CHECK_EQ(whole(share_to_liquidate(100000000, 0, 75, 100, 150)), 5100);
}

CHECK_MAIN()
