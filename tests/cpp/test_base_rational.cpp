#include "base/rational.hpp"

#include "check.hpp"

using namespace tickmargin::base;

namespace {

constexpr Int128 two_to_126 = static_cast<Int128>(1) << 126;
constexpr Int128 largest = two_to_126 - 1 + two_to_126;
constexpr Int128 smallest = -largest - 1;

long rounded(long a, long b, Rounding rounding) {
  return static_cast<long>(divide(Checked(a), Checked(b), rounding).value());
}

}  // namespace

TEST(what_does_not_fit_is_said_and_stays_said) {
  CHECK((Checked(largest) + 0).ok());
  CHECK(!(Checked(largest) + 1).ok());
  CHECK(!(Checked(smallest) - 1).ok());
  CHECK(!(Checked(largest) * 2).ok());
  CHECK(!(-Checked(smallest)).ok());
  CHECK(!(Checked(largest) + 1 - 1).ok());
  CHECK(!divide(smallest, -1, Rounding::floor).ok());
  CHECK(!divide(1, 0, Rounding::floor).ok());
}

TEST(quotients_round_as_told) {
  CHECK_EQ(rounded(7, 2, Rounding::floor), 3);
  CHECK_EQ(rounded(-7, 2, Rounding::floor), -4);
  CHECK_EQ(rounded(7, -2, Rounding::ceil), -3);
  CHECK_EQ(rounded(7, 2, Rounding::ceil), 4);
  CHECK_EQ(rounded(-7, 2, Rounding::toward_zero), -3);
  CHECK_EQ(rounded(7, 2, Rounding::half_up), 4);
  CHECK_EQ(rounded(-7, 2, Rounding::half_up), -4);
  CHECK_EQ(rounded(7, 5, Rounding::half_up), 1);
  CHECK_EQ(rounded(8, 5, Rounding::half_up), 2);
  CHECK(divide(largest, smallest, Rounding::half_up).value() == -1);
}

TEST(products_are_divided_in_full) {
  CHECK(mul_div(largest, largest, largest, Rounding::floor).value() == largest);
  CHECK(mul_div(smallest, smallest, smallest, Rounding::floor).value() == smallest);
  CHECK(mul_div(smallest, largest, largest, Rounding::floor).value() == smallest);
  CHECK(!mul_div(smallest, smallest, largest, Rounding::floor).ok());
  CHECK(!mul_div(largest, largest, 0, Rounding::floor).ok());
  // largest^2 = (largest - 1) (largest + 1) + 1: one more than a multiple of largest - 1.
  const Checked below = Checked(largest) - 1;
  CHECK(!mul_div(largest, largest, below, Rounding::floor).ok());
  CHECK(product_rest(largest, below, below).value() == 0);
  CHECK(product_rest(below, below, largest).value() == 1);
  CHECK(mul_div(below, below, largest, Rounding::floor).value() == largest - 2);
  CHECK(mul_div(below, below, largest, Rounding::half_up).value() == largest - 2);
  CHECK(mul_div(below, below, largest, Rounding::ceil).value() == largest - 1);
  CHECK(mul_div(-below, below, largest, Rounding::floor).value() == 1 - largest);
  CHECK(mul_div(-below, below, largest, Rounding::toward_zero).value() == 2 - largest);
}

TEST(fractions_are_ordered) {
  CHECK(compare(Rational(1, 3), Rational(1, 2)).value() == -1);
  CHECK(compare(Rational(2, 4), Rational(1, 2)).value() == 0);
  CHECK(max(Rational(1, 3), Rational(1, 2)).denominator() == 2);
  CHECK(min(Rational(1, 3), Rational(1, 2)).denominator() == 3);
  CHECK(!max(Rational(1, largest), Rational(1, largest - 1)).ok());
}

TEST(fractions_are_reduced_and_exact) {
  const Rational third = Rational(2, -6);
  CHECK(third.numerator() == -1 && third.denominator() == 3);
  const Rational sum = third + Rational(1, 2);
  CHECK(sum.numerator() == 1 && sum.denominator() == 6);
  const Rational product = Rational(largest, 3) * Rational(3, largest);
  CHECK(product.ok() && product.numerator() == 1 && product.denominator() == 1);
  CHECK(!(Rational(1, 2) / Rational(0)).ok());
  CHECK(!(Rational(largest) + Rational(1)).ok());
  CHECK(!Rational(1, 0).ok());
}

CHECK_MAIN()
