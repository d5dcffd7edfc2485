#include "market/market.hpp"

#include <cmath>
#include <limits>

#include "check.hpp"

using namespace tickmargin;
using market::asset_price;
using market::forward_at;
using market::make_market;
using market::Market;
using market::surface_vol;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr TimeNs day = ns_per_day;
constexpr TimeNs now = 1'700'000'000'000'000'000;

// USD numeraire; BTC follows its index in USD, ETH one quoted in BTC; stETH stands 2 % under ETH.
MarketColumns three_assets() {
  MarketColumns c;
  c.as_of_ns = now;
  c.asset_price = {1.0, missing, missing, 0.98 * 0.05 * 60000.0};
  c.asset_underlying = {-1, 0, 1, 1};
  c.index_price = {60000.0, 0.05};
  c.quote_asset = {0, 1};
  for (auto* column : {&c.realised_vol_annual, &c.depth_notional, &c.previous_mm_ratio}) {
    column->assign(2, missing);
  }
  c.previous_ts_ns = {0, 0};
  c.forward_underlying = {0, 0};
  c.forward_expiry_ns = {now + 30 * day, now + 90 * day};
  c.forward_price = {60600.0, 61200.0};
  c.forward_rate_annual = {0.01, 0.02};
  c.surface_underlying = {0, 0, 0, 0};
  c.surface_expiry_ns = {now + 30 * day, now + 30 * day, now + 90 * day, now + 90 * day};
  c.surface_strike = {50000.0, 70000.0, 50000.0, 70000.0};
  c.surface_vol_annual = {0.6, 0.4, 0.5, 0.5};
  return c;
}

}  // namespace

TEST(linked_assets_follow_their_index_through_the_quote_asset) {
  Market m = make_market(three_assets(), {});
  CHECK_EQ(asset_price(m, -1), 1.0);
  CHECK_EQ(asset_price(m, 1), 60000.0);
  CHECK_NEAR(asset_price(m, 2), 3000.0, 1e-9);
  CHECK_NEAR(asset_price(m, 3), 2940.0, 1e-9);
  m.columns.index_price[0] = 30000.0;
  CHECK_NEAR(asset_price(m, 2), 1500.0, 1e-9);
  CHECK_NEAR(asset_price(m, 3), 1470.0, 1e-9);
}

TEST(quote_assets_in_a_circle_have_no_price) {
  MarketColumns c = three_assets();
  c.quote_asset = {2, 1};  // BTC quoted in ETH, ETH quoted in BTC
  c.asset_price[3] = missing;
  const Market m = make_market(std::move(c), {});
  CHECK(std::isnan(asset_price(m, 1)));
  CHECK(std::isnan(asset_price(m, 2)));
}

TEST(forwards_are_exact_at_their_nodes_and_move_with_the_index) {
  Market m = make_market(three_assets(), {});
  CHECK_NEAR(forward_at(m, 0, now + 30 * day).forward, 60600.0, 1e-9);
  CHECK_EQ(forward_at(m, 0, now + 90 * day).rate_annual, 0.02);
  m.columns.index_price[0] = 66000.0;
  CHECK_NEAR(forward_at(m, 0, now + 30 * day).forward, 66660.0, 1e-9);
}

// Between nodes log(F/S) is linear in time: at 60 days F/S = sqrt(1.01 x 1.02). Before the first
// node its carry holds: at 15 days F/S = sqrt(1.01). After the last: at 180 days 1.02^2.
TEST(forwards_between_nodes_interpolate_the_carry) {
  const Market m = make_market(three_assets(), {});
  CHECK_NEAR(forward_at(m, 0, now + 60 * day).forward, 60000.0 * std::sqrt(1.01 * 1.02), 1e-7);
  CHECK_NEAR(forward_at(m, 0, now + 15 * day).forward, 60000.0 * std::sqrt(1.01), 1e-7);
  CHECK_NEAR(forward_at(m, 0, now + 180 * day).forward, 60000.0 * 1.02 * 1.02, 1e-7);
  CHECK(std::isnan(forward_at(m, 1, now + 30 * day).forward));
}

TEST(the_surface_is_exact_at_nodes_and_flat_outside_the_strikes) {
  const Market m = make_market(three_assets(), {});
  CHECK_NEAR(surface_vol(m, 0, now + 30 * day, 50000.0), 0.6, 1e-15);
  CHECK_NEAR(surface_vol(m, 0, now + 30 * day, 90000.0), 0.4, 1e-15);
  CHECK_NEAR(surface_vol(m, 0, now + 10 * day, 50000.0), 0.6, 1e-2);
  CHECK(std::isnan(surface_vol(m, 1, now + 30 * day, 0.05)));
}

// Within an expiry total variance is linear in log-strike: in the middle of the logs the variance
// is the mean, (0.36 + 0.16) / 2 = 0.26.
TEST(the_surface_interpolates_total_variance_over_log_strike) {
  const Market m = make_market(three_assets(), {});
  const double middle = std::sqrt(50000.0 * 70000.0);
  CHECK_NEAR(surface_vol(m, 0, now + 30 * day, middle), std::sqrt(0.26), 1e-14);
}

// Between expiries at equal moneyness: w(60 d) is the mean of w(30 d) = v^2 30/365 and
// w(90 d) = 0.25 x 90/365, for a strike that stands at moneyness 50000/60600 in the first slice.
TEST(the_surface_interpolates_total_variance_over_time) {
  const Market m = make_market(three_assets(), {});
  const double forward = forward_at(m, 0, now + 60 * day).forward;
  const double strike = forward * (50000.0 / 60600.0);
  const double variance = 0.5 * (0.36 * 30.0 + 0.25 * 90.0) / 60.0;
  CHECK_NEAR(surface_vol(m, 0, now + 60 * day, strike), std::sqrt(variance), 1e-12);
}

// From 30 to 90 days r T goes from 0.01 x 30 to 0.02 x 90 day-rates: at 60 days (0.3 + 1.8) / 2.
TEST(discounts_between_nodes_are_log_linear) {
  const Market m = make_market(three_assets(), {});
  CHECK_NEAR(forward_at(m, 0, now + 60 * day).rate_annual, 1.05 / 60.0, 1e-16);
  CHECK_EQ(forward_at(m, 0, now + 10 * day).rate_annual, 0.01);
  CHECK_EQ(forward_at(m, 0, now + 200 * day).rate_annual, 0.02);
}

// A node of a month ago says nothing about next month: only the live one carries.
TEST(expired_nodes_are_not_part_of_the_curve) {
  MarketColumns c = three_assets();
  c.forward_expiry_ns = {now - 30 * day, now + 90 * day};
  c.surface_expiry_ns = {now - 30 * day, now - 30 * day, now + 90 * day, now + 90 * day};
  const Market m = make_market(std::move(c), {});
  CHECK_NEAR(forward_at(m, 0, now + 45 * day).forward, 60000.0 * std::sqrt(1.02), 1e-7);
  CHECK_NEAR(surface_vol(m, 0, now + 45 * day, 50000.0), 0.5, 1e-15);
}

TEST(an_option_at_its_expiry_still_has_a_volatility) {
  MarketColumns c = three_assets();
  c.surface_expiry_ns = {now, now, now + 90 * day, now + 90 * day};
  c.forward_expiry_ns = {now, now + 90 * day};
  const Market m = make_market(std::move(c), {});
  CHECK_NEAR(surface_vol(m, 0, now, 50000.0), 0.6, 1e-15);
}

TEST(a_forward_at_or_below_zero_keeps_its_distance_to_the_index) {
  MarketColumns c = three_assets();
  c.forward_price = {-500.0, 61200.0};
  Market m = make_market(std::move(c), {});
  m.columns.index_price[0] = 60100.0;
  CHECK_NEAR(forward_at(m, 0, now + 30 * day).forward, -400.0, 1e-9);
  CHECK_NEAR(forward_at(m, 0, now + 90 * day).forward, 61302.0, 1e-9);
}

CHECK_MAIN()
