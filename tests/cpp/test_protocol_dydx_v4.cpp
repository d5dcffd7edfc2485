#include "protocol/dydx_v4.hpp"

#include <array>

#include "check.hpp"

using namespace tickmargin::protocol::dydx_v4;

namespace {

long whole(Checked value) { return value.ok() ? static_cast<long>(value.value()) : -999; }

const Tier tier{200000, 500000, 1000000, 2000000};

// One position of a thousand quantums at 500: worth 500,000, initial margin 20 %, half of it kept.
std::array<Position, 1> book() { return {Position{1000, Checked(500), tier}}; }

}  // namespace

TEST(open_interest_scales_the_initial_margin_only) {
  CHECK_EQ(whole(adjusted_initial_margin_ppm(tier, 1000000)), 200000);
  CHECK_EQ(whole(adjusted_initial_margin_ppm(tier, 1500000)), 600000);
  CHECK_EQ(whole(adjusted_initial_margin_ppm(tier, 2000000)), 1000000);
  const Requirement crowded = margin_requirement(book()[0], 3000, 0);  // 1,500,000 open
  CHECK_EQ(whole(crowded.initial_margin), 300000);
  CHECK_EQ(whole(crowded.maintenance_margin), 50000);
}

// Owes 510,000 against 500,000: closing must bring in 510,000, and a fill at 520,000 leaves 10,000
// of which the fee of 1 % takes 5,200.
TEST(a_closed_position_pays_the_fund_at_most_the_fee) {
  CHECK_EQ(whole(bankruptcy_price(-510000, book(), 0, -1000)), 510000);
  CHECK_EQ(whole(insurance_fund_delta(-510000, book(), 0, -1000, 520000, 10000)), 5200);
  CHECK_EQ(whole(insurance_fund_delta(-510000, book(), 0, -1000, 500000, 10000)), -10000);
}

// Bankrupt: the whole spread, a tenth of the maintenance margin, 5,000 on 1,000 quantums.
TEST(a_bankrupt_account_is_filled_at_the_whole_spread) {
  const tickmargin::base::Rational price = fillable_price(-510000, book(), 0, 1000000, 100000);
  CHECK(price.ok() && price.numerator() == 495 && price.denominator() == 1);
}

CHECK_MAIN()
