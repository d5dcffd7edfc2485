// What volatilities may do to an option, against every point of a grid over the box.
#include <cmath>

#include "check.hpp"
#include "live_book.hpp"
#include "margin/wear.hpp"

using namespace tickmargin;

namespace {

double vega(double strike, double m, double s) {
  const double d2 = m / s - 0.5 * s;
  return strike * 0.3989422804014327 * std::exp(-0.5 * d2 * d2);
}

TEST(largest_vega_is_the_largest_over_the_box) {
  live_book::Draw draw(7);
  double loosest = 0;
  int zero = 0, above = 0, below = 0;
  for (int n = 0; n < 4000; ++n) {
    const double s_low = std::exp(draw.uniform(std::log(0.003), std::log(2.0)));
    const double s_high = s_low * (draw.chance(0.1) ? 1.0 : draw.uniform(1.0, 2.0));
    const double m_low = draw.uniform(-1.5, 1.5) * (draw.chance(0.5) ? 1.0 : s_low);
    const double m_high = m_low + (draw.chance(0.1) ? 0.0 : draw.uniform(0.0, 0.3));
    const double bound = margin::largest_vega(2.0, m_low, m_high, s_low, s_high);
    double found = 0;
    constexpr int steps = 60;
    for (int i = 0; i <= steps; ++i) {
      for (int j = 0; j <= steps; ++j) {
        found = std::max(found, vega(2.0, m_low + (m_high - m_low) * i / steps,
                                     s_low + (s_high - s_low) * j / steps));
      }
    }
    CHECK(found <= bound * (1 + 1e-12));
    if (m_low > 0.5 * s_high * s_high) {
      ++above;
    } else if (m_high < 0.5 * s_low * s_low) {
      ++below;
    } else {
      ++zero;
      continue;  // the grid may miss the ridge
    }
    // The largest lies on a corner or close to a point of the grid's edge.
    if (found > 1e-12) loosest = std::max(loosest, bound / found);
  }
  CHECK(zero > 100 && above > 100 && below > 100);
  CHECK(loosest < 1.05);
}

TEST(a_volatility_of_zero_bounds_by_the_largest_there_is) {
  CHECK(std::isfinite(margin::largest_vega(1.0, -0.1, 0.1, 0.0, 0.0)));
  CHECK(std::isfinite(margin::largest_vega(1.0, -0.2, -0.1, 0.0, 0.1)));
  CHECK(margin::largest_vega(1.0, 0.1, 0.2, 0.0, 0.1) < 0.4);
}

}  // namespace

CHECK_MAIN()
