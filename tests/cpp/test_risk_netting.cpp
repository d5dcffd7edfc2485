#include "risk/netting.hpp"

#include <vector>

#include "check.hpp"

using namespace tickmargin;
using risk::netted_loss;
using risk::TwoSidedLoss;

namespace {

NettingParameters correlated(double rho, double cap = 1.0, double breaks = 0.0) {
  NettingParameters p;
  p.rule = NettingRule::correlation;
  p.correlation = {1.0, rho, rho, 1.0};
  p.credit_cap_ratio = cap;
  p.correlation_break = breaks;
  return p;
}

}  // namespace

TEST(the_sum_rule_adds_the_larger_sides) {
  const std::vector<TwoSidedLoss> units{{0, 3, 1}, {1, 2, 4}};
  CHECK_EQ(netted_loss(units, {}, 2), 7.0);
}

TEST(uncorrelated_units_add_in_quadrature) {
  const std::vector<TwoSidedLoss> units{{0, 3, 3}, {1, 4, 4}};
  CHECK_NEAR(netted_loss(units, correlated(0.0), 2), 5.0, 1e-15);
}

// Long one, short the other, moving together: when both rise the one loses 4 and the other nothing.
// sqrt(4^2 + 3^2 - 2 x 0.5 x 4 x 3) = sqrt(13) holds when they move apart, and it is less than 4.
TEST(a_hedge_is_never_below_its_largest_leg) {
  const std::vector<TwoSidedLoss> units{{0, 0, 4}, {1, 3, 0}};
  CHECK_EQ(netted_loss(units, correlated(0.5), 2), 4.0);
}

// Two longs: both fall together, sqrt(9 + 16 + 2 x 0.5 x 12) = sqrt(37).
TEST(longs_that_fall_together_are_charged_together) {
  const std::vector<TwoSidedLoss> units{{0, 0, 3}, {1, 0, 4}};
  CHECK_NEAR(netted_loss(units, correlated(0.5), 2), 6.082762530298219, 1e-14);
}

// Broken by 0.5 towards one, rho 0.5 becomes 0.75: sqrt(25 + 2 x 0.75 x 12) = sqrt(43).
TEST(the_correlation_is_tested_broken) {
  const std::vector<TwoSidedLoss> units{{0, 0, 3}, {1, 0, 4}};
  CHECK_NEAR(netted_loss(units, correlated(0.5, 1.0, 0.5), 2), 6.557438524302, 1e-12);
}

TEST(the_credit_is_capped) {
  const std::vector<TwoSidedLoss> units{{0, 3, 3}, {1, 4, 4}};
  CHECK_NEAR(netted_loss(units, correlated(0.0, 0.1), 2), 6.3, 1e-14);
}

TEST(nine_units_net_eight_and_add_the_smallest) {
  constexpr std::size_t n = 9;
  NettingParameters p;
  p.rule = NettingRule::correlation;
  p.correlation.assign(n * n, 0.0);
  p.credit_cap_ratio = 1.0;
  std::vector<TwoSidedLoss> units;
  for (std::size_t u = 0; u < n; ++u) {
    p.correlation[u * n + u] = 1.0;
    const double loss = u == 4 ? 0.5 : 1.0;
    units.push_back({static_cast<std::int32_t>(u), loss, loss});
  }
  CHECK_NEAR(netted_loss(units, p, n), 2.8284271247461903 + 0.5, 1e-14);
}

// Uncorrelated 3 and 4 make 5: shares 9 / 25 and 16 / 25. 4 and 3 falling together at rho 0.5
// make sqrt(37), of which they carry (16 + 6) / 37 and (9 + 6) / 37; a unit without loss nothing.
TEST(euler_shares_add_up_to_one) {
  const std::vector<double> plain =
      risk::euler_shares(std::vector<TwoSidedLoss>{{0, 3, 3}, {1, 4, 4}}, correlated(0.0), 2);
  CHECK_NEAR(plain[0], 9.0 / 25.0, 1e-15);
  CHECK_NEAR(plain[1], 16.0 / 25.0, 1e-15);
  const std::vector<double> nested = risk::euler_shares(
      std::vector<TwoSidedLoss>{{0, 0, 4}, {1, 0, 3}, {2, 0, 0}},
      [] {
        NettingParameters p;
        p.rule = NettingRule::correlation;
        p.correlation = {1, 0.5, 0, 0.5, 1, 0, 0, 0, 1};
        return p;
      }(),
      3);
  CHECK_NEAR(nested[0], (16.0 + 6.0) / 37.0, 1e-15);
  CHECK_NEAR(nested[1], (9.0 + 6.0) / 37.0, 1e-15);
  CHECK_EQ(nested[2], 0.0);
}

CHECK_MAIN()
