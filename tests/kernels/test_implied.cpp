// The status of each kind of row, and round trips over the whole plane.
#include <algorithm>
#include <cmath>
#include <limits>

#include "check.hpp"
#include "inputs.hpp"

using namespace tickmargin::kernels;

namespace {

struct Solved {
  double vol;
  ImpliedVolStatus status;
};

using Solver = void (*)(const OptionRows&, Column, double*, ImpliedVolStatus*,
                        std::size_t) noexcept;

struct Quote {
  int is_call;
  double price, forward, strike, expiry, rate;
};

Solved solve(Solver kernel, const Quote& q) {
  const auto call = static_cast<std::uint8_t>(q.is_call);
  const double unused = std::nan("");
  Solved solved{};
  kernel({&call, 1, {&q.forward, 1}, {&q.strike, 1}, {&unused, 1}, {&q.expiry, 1}, {&q.rate, 1}},
         {&q.price, 1}, &solved.vol, &solved.status, 1);
  return solved;
}

void expect(Solver kernel, const Quote& q, ImpliedVolStatus status) {
  const Solved solved = solve(kernel, q);
  CHECK_EQ(solved.status, status);
  if (status == ImpliedVolStatus::at_intrinsic) {
    CHECK_SAME_BITS(solved.vol, 0.0);
  } else if (status != ImpliedVolStatus::ok) {
    CHECK_SAME_BITS(solved.vol, std::bit_cast<double>(std::uint64_t{0x7ff8000000000000}));
  }
}

double black_price(const Kernels& k, const Quote& q, double vol) {
  const auto call = static_cast<std::uint8_t>(q.is_call);
  double price = 0.0;
  k.black76({&call, 1, {&q.forward, 1}, {&q.strike, 1}, {&vol, 1}, {&q.expiry, 1}, {&q.rate, 1}},
            {&price, {}, {}, {}, {}, {}, {}, {}, {}}, 1);
  return price;
}

}  // namespace

TEST(status_of_each_kind) {
  using S = ImpliedVolStatus;
  const double nan = std::nan("");
  const double inf = std::numeric_limits<double>::infinity();
  for (const Kernels* k : inputs::runnable()) {
    const Solver s = k->implied_vol;
    expect(s, {1, 10.0, 100, 100, 0.5, 0.0}, S::ok);
    expect(s, {1, 19.999, 100, 80, 0.5, 0.0}, S::below_intrinsic);
    expect(s, {1, -1.0, 100, 120, 0.5, 0.0}, S::below_intrinsic);
    expect(s, {1, 20.0, 100, 80, 0.5, 0.0}, S::at_intrinsic);
    expect(s, {1, 0.0, 100, 120, 0.5, 0.0}, S::at_intrinsic);
    expect(s, {1, 100.0, 100, 120, 0.5, 0.0}, S::above_maximum);
    expect(s, {0, 120.0, 100, 120, 0.5, 0.0}, S::above_maximum);
    expect(s, {0, 121.0, 100, 120, 0.5, 0.0}, S::above_maximum);
    expect(s, {1, 100.0 * std::exp(-0.05), 100, 120, 1.0, 0.05}, S::above_maximum);
    for (const double bad : {nan, inf, -inf}) {
      expect(s, {1, bad, 100, 100, 0.5, 0.0}, S::invalid_input);
      expect(s, {1, 10.0, bad, 100, 0.5, 0.0}, S::invalid_input);
      expect(s, {1, 10.0, 100, bad, 0.5, 0.0}, S::invalid_input);
      expect(s, {1, 10.0, 100, 100, bad, 0.0}, S::invalid_input);
      expect(s, {1, 10.0, 100, 100, 0.5, bad}, S::invalid_input);
    }
    expect(s, {1, 10.0, 0.0, 100, 0.5, 0.0}, S::invalid_input);
    expect(s, {1, 10.0, 100, -1.0, 0.5, 0.0}, S::invalid_input);
    expect(s, {1, 10.0, 100, 100, 0.0, 0.0}, S::invalid_input);
    expect(s, {1, 10.0, 100, 100, -1.0, 0.0}, S::invalid_input);
    const Solver b = k->bachelier_implied_vol;
    expect(b, {1, 10.0, -3, 2, 0.5, 0.0}, S::ok);
    expect(b, {0, 5.0, -3, 2, 0.5, 0.0}, S::at_intrinsic);
    expect(b, {0, 4.0, -3, 2, 0.5, 0.0}, S::below_intrinsic);
    expect(b, {0, nan, -3, 2, 0.5, 0.0}, S::invalid_input);
    expect(b, {0, 5.0, -3, 2, 0.0, 0.0}, S::invalid_input);
  }
}

// What black76 prices at no volatility is recognised as intrinsic, discounted or not.
TEST(price_without_volatility_is_at_intrinsic) {
  inputs::Random random(4);
  for (const Kernels* k : inputs::runnable()) {
    for (int i = 0; i < 500; ++i) {
      Quote q{static_cast<int>(random.bits() & 1), 0.0, random.uniform(50, 150),
              random.uniform(50, 150), random.uniform(0.01, 2.0), random.uniform(-0.05, 0.1)};
      q.price = black_price(*k, q, 0.0);
      expect(k->implied_vol, q, ImpliedVolStatus::at_intrinsic);
    }
  }
}

// Out-of-the-money prices of the whole plane come back to the volatility they were made with, to
// the condition number; no valid price is left unsolved.
TEST(round_trip) {
  inputs::Random random(5);
  for (const Kernels* k : inputs::runnable()) {
    long solved_rows = 0;
    for (int i = 0; i < 30'000; ++i) {
      const double s = random.wide(-20, 3);
      const double h = random.uniform(-36.0, 36.0) * (i % 3 == 0 ? 1.0 : 0.05);
      const double x = h * s;
      if (std::fabs(x) > 80.0) continue;
      Quote q{0, 0.0, 100.0, 100.0 * std::exp(-x), 0.25, 0.0};
      q.is_call = q.forward <= q.strike;
      const double vol = 2.0 * s;
      q.price = black_price(*k, q, vol);
      const double bound = std::min(q.forward, q.strike);
      if (q.price < 1e-290 || q.price > bound * (1.0 - 1e-12)) continue;
      const Solved solved = solve(k->implied_vol, q);
      CHECK_EQ(solved.status, ImpliedVolStatus::ok);
      const double up = black_price(*k, q, vol * (1.0 + 1e-7));
      const double condition = 1e-7 * q.price / (up - q.price);
      CHECK_NEAR(solved.vol / vol, 1.0, std::max(1e-12, 1e-14 * condition));
      ++solved_rows;
    }
    CHECK(solved_rows > 15'000);
  }
}

CHECK_MAIN()
