// The edges of the domain: limits that have a value give it, everything else gives the one NaN.
#include <cmath>
#include <limits>

#include "check.hpp"
#include "inputs.hpp"

using namespace tickmargin::kernels;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double nan_bits = std::bit_cast<double>(std::uint64_t{0x7ff8000000000000});

struct Row {
  int is_call;
  double forward, strike, vol, expiry, rate;
};

struct Greeks {
  double price, delta, gamma, vega, theta, rho, vanna, volga, charm;
  const double* all() const { return &price; }
};

using Pricer = void (*)(const OptionRows&, const OptionOutputs&, std::size_t) noexcept;

Greeks priced(Pricer kernel, const Row& r) {
  const auto call = static_cast<std::uint8_t>(r.is_call);
  Greeks g{};
  kernel({&call, 1, {&r.forward, 1}, {&r.strike, 1}, {&r.vol, 1}, {&r.expiry, 1}, {&r.rate, 1}},
         {&g.price, &g.delta, &g.gamma, &g.vega, &g.theta, &g.rho, &g.vanna, &g.volga, &g.charm},
         1);
  return g;
}

void check_all_nan(const Greeks& g) {
  for (int i = 0; i < 9; ++i) CHECK_SAME_BITS(g.all()[i], nan_bits);
}

void check_intrinsic(Pricer kernel, const Row& r) {
  const Greeks g = priced(kernel, r);
  const double sign = r.is_call ? 1.0 : -1.0;
  const double side = sign * (r.forward - r.strike);
  const double discount = r.rate == 0.0 ? 1.0 : std::exp(-r.rate * r.expiry);
  CHECK_NEAR(g.price, discount * std::fmax(side, 0.0), 1e-15 * std::fabs(r.forward));
  if (r.rate == 0.0) CHECK_EQ(g.price, std::fmax(side, 0.0));
  CHECK_NEAR(g.delta, sign * discount * (side > 0.0 ? 1.0 : side < 0.0 ? 0.0 : 0.5), 2e-16);
  CHECK_EQ(g.gamma, 0.0);
  CHECK_EQ(g.volga, 0.0);
  if (side != 0.0) {
    CHECK_EQ(g.vega, 0.0);
    CHECK_EQ(g.vanna, 0.0);
  }
  CHECK_NEAR(g.theta, r.rate * g.price, 1e-12);
  CHECK_NEAR(g.charm, r.rate * g.delta, 1e-12);
}

}  // namespace

TEST(no_time_or_no_volatility_is_intrinsic) {
  for (const Kernels* k : inputs::runnable()) {
    for (const Pricer kernel : {k->black76, k->bachelier}) {
      for (const int call : {0, 1}) {
        for (const double strike : {80.0, 100.0, 125.0, 100.0 + 0x1p-46}) {
          for (const double rate : {0.0, 0.05}) {
            check_intrinsic(kernel, {call, 100.0, strike, 0.6, 0.0, rate});
            check_intrinsic(kernel, {call, 100.0, strike, 0.0, 0.75, rate});
            check_intrinsic(kernel, {call, 100.0, strike, 0.0, 0.0, rate});
            check_intrinsic(kernel, {call, 100.0, strike, 1e-170, 1.0, rate});
          }
        }
      }
    }
  }
}

// Where a limit exists at the strike it is taken: vega and vanna as vol -> 0 with time left.
TEST(limits_at_the_strike_without_volatility) {
  for (const Kernels* k : inputs::runnable()) {
    const Greeks g = priced(k->black76, {1, 100.0, 100.0, 0.0, 0.25, 0.0});
    CHECK_NEAR(g.vega, 100.0 * 0.5 * 0.39894228040143268, 1e-14);
    CHECK_NEAR(g.vanna, 0.5 * 0.5 * 0.39894228040143268, 1e-16);
    CHECK_EQ(priced(k->black76, {1, 100.0, 100.0, 0.6, 0.0, 0.0}).vega, 0.0);
  }
}

TEST(senseless_black76_rows_give_the_canonical_nan) {
  const double nan = std::nan("0x123");
  const std::vector<Row> rows = {
      {1, nan, 100, .5, 1, 0},       {1, -nan, 100, .5, 1, 0},   {1, 100, nan, .5, 1, 0},
      {1, 100, 100, nan, 1, 0},      {1, 100, 100, .5, nan, 0},  {1, 100, 100, .5, 1, nan},
      {1, 0, 100, .5, 1, 0},         {1, -1, 100, .5, 1, 0},     {1, 100, 0, .5, 1, 0},
      {0, 100, -100, .5, 1, 0},      {0, 100, 100, -.5, 1, 0},   {0, 100, 100, .5, -1, 0},
      {1, infinity, 100, .5, 1, 0},  {1, 100, infinity, .5, 1, 0}, {1, 100, 100, infinity, 1, 0},
      {1, 100, 100, .5, infinity, 0}, {1, 100, 100, .5, 1, infinity},
      {1, 100, 100, .5, 1, -infinity}, {1, 5e-324, 100, .5, 1, 0}, {1, 100, 1e-310, .5, 1, 0},
      {1, 100, 100, .5, 1, -800},    {1, 100, 100, 0, 0, nan},   {1, 100, 100, 0, infinity, 0}};
  for (const Kernels* k : inputs::runnable()) {
    for (const Row& r : rows) check_all_nan(priced(k->black76, r));
  }
}

TEST(senseless_bachelier_rows_give_the_canonical_nan) {
  const double nan = std::nan("7");
  const std::vector<Row> rows = {
      {1, nan, 1, 5, 1, 0},      {1, 1, nan, 5, 1, 0},  {1, 1, 1, nan, 1, 0}, {1, 1, 1, 5, nan, 0},
      {1, 1, 1, 5, 1, nan},      {1, infinity, 1, 5, 1, 0}, {1, 1, -infinity, 5, 1, 0},
      {1, infinity, infinity, 5, 1, 0}, {1, 1, 1, -5, 1, 0}, {1, 1, 1, 5, -1, 0},
      {1, 1, 1, infinity, 1, 0}, {1, 1, 1, 5, infinity, 0}};
  for (const Kernels* k : inputs::runnable()) {
    for (const Row& r : rows) check_all_nan(priced(k->bachelier, r));
    CHECK(priced(k->bachelier, {1, -3.0, -5.0, 4.0, 0.5, 0.0}).price > 2.0);
    CHECK(priced(k->bachelier, {1, 0.0, 0.0, 4.0, 0.5, 0.0}).delta == 0.5);
  }
}

// Any bits whatsoever: never a NaN but the canonical one, and no price outside its bounds.
TEST(any_bits) {
  inputs::Random random(99);
  for (const Kernels* k : inputs::runnable()) {
    for (int i = 0; i < 40'000; ++i) {
      const auto any = [&] { return std::bit_cast<double>(random.bits()); };
      const Row r{static_cast<int>(random.bits() & 1), std::fabs(any()), std::fabs(any()),
                  std::fabs(any()), std::fabs(any()), i % 3 == 0 ? any() : 0.0};
      const Greeks g = priced(k->black76, r);
      for (int o = 0; o < 9; ++o) {
        if (std::isnan(g.all()[o])) CHECK_SAME_BITS(g.all()[o], nan_bits);
      }
      if (r.rate != 0.0 || std::isnan(g.price)) continue;
      const double bound = r.is_call ? r.forward : r.strike;
      const double side = r.is_call ? r.forward - r.strike : r.strike - r.forward;
      CHECK(g.price >= std::fmax(side, 0.0) && g.price <= bound * (1 + 1e-15));
      CHECK(std::fabs(g.delta) <= 1.0);
    }
  }
}

TEST(huge_and_tiny_prices) {
  for (const Kernels* k : inputs::runnable()) {
    const Greeks one = priced(k->black76, {1, 1.0, 1.1, 0.5, 0.5, 0.0});
    for (const double scale : {0x1p990, 0x1p-980, 0x1p500}) {
      const Greeks g = priced(k->black76, {1, scale, 1.1 * scale, 0.5, 0.5, 0.0});
      CHECK_EQ(g.price, one.price * scale);
      CHECK_EQ(g.delta, one.delta);
      CHECK_EQ(g.vega, one.vega * scale);
    }
    const Greeks far = priced(k->black76, {1, 1e300, 1e-300, 0.5, 0.5, 0.0});
    CHECK_EQ(far.price, 1e300);
    CHECK_EQ(far.delta, 1.0);
    CHECK_EQ(priced(k->black76, {0, 1e300, 1e-300, 0.5, 0.5, 0.0}).price, 0.0);
    CHECK_EQ(priced(k->black76, {1, 100.0, 120.0, 1e6, 1.0, 0.0}).price, 100.0);
  }
}

TEST(put_call_parity) {
  const inputs::Columns columns = inputs::mixed(3000, 12);
  const Kernels& k = kernels();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Row r{1, columns.forward[i], columns.strike[i], columns.vol[i], columns.expiry[i], 0.0};
    const Greeks call = priced(k.black76, r);
    if (std::isnan(call.price)) continue;
    r.is_call = 0;
    const Greeks put = priced(k.black76, r);
    const double larger = std::fmax(r.forward, r.strike);
    CHECK_NEAR(call.price / larger - put.price / larger, (r.forward - r.strike) / larger, 5e-16);
    CHECK_NEAR(call.delta - put.delta, 1.0, 3e-16);
    CHECK_SAME_BITS(call.gamma, put.gamma);
    CHECK_SAME_BITS(call.vega, put.vega);
    CHECK_SAME_BITS(call.vanna, put.vanna);
  }
}

TEST(elementary_at_the_edges) {
  for (const Kernels* k : inputs::runnable()) {
    const auto at = [](auto kernel, double x) {
      double out = 0.0;
      kernel(&x, &out, 1);
      return out;
    };
    CHECK_EQ(at(k->exp, 0.0), 1.0);
    CHECK_EQ(at(k->exp, -0.0), 1.0);
    CHECK_EQ(at(k->exp, infinity), infinity);
    CHECK_EQ(at(k->exp, -infinity), 0.0);
    CHECK_EQ(at(k->exp, 709.9), infinity);
    CHECK_EQ(at(k->exp, -744.4400719213812), 0x1p-1074);
    CHECK_EQ(at(k->exp, -746.0), 0.0);
    CHECK_EQ(at(k->log, 1.0), 0.0);
    CHECK_EQ(at(k->log, 0.0), -infinity);
    CHECK_EQ(at(k->log, -0.0), -infinity);
    CHECK_EQ(at(k->log, infinity), infinity);
    CHECK_NEAR(at(k->log, 0x1p-1074), -744.4400719213812, 1e-13);
    CHECK_SAME_BITS(at(k->log, -1.0), nan_bits);
    CHECK_EQ(at(k->erfc, 0.0), 1.0);
    CHECK_EQ(at(k->erfc, infinity), 0.0);
    CHECK_EQ(at(k->erfc, -infinity), 2.0);
    for (const auto kernel : {k->exp, k->log, k->erfc}) {
      CHECK_SAME_BITS(at(kernel, -std::nan("9")), nan_bits);
    }
  }
}

CHECK_MAIN()
