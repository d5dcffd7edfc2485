#include "protocol/maker.hpp"

namespace tickmargin::protocol::maker {
namespace {

using base::Int128;
using base::mul_div;
using base::Rounding;

constexpr Int128 ray = static_cast<Int128>(1000000000) * 1000000000 * 1000000000;

Checked power(Checked factor, Int128 exponent) {
  Checked result = exponent % 2 != 0 ? factor : Checked(ray);
  for (exponent /= 2; exponent != 0; exponent /= 2) {
    factor = mul_div(factor, factor, ray, Rounding::half_up);
    if (exponent % 2 != 0) result = mul_div(result, factor, ray, Rounding::half_up);
  }
  return result;
}

}  // namespace

Checked linear_price(Checked top, Checked tau, Checked elapsed) {
  if (elapsed.value() >= tau.value()) return 0;
  const Checked left = mul_div(tau - elapsed, ray, tau, Rounding::floor);
  return mul_div(top, left, ray, Rounding::floor);
}

Checked stairstep_price(Checked top, Checked step, Checked cut, Checked elapsed) {
  const Checked steps = divide(elapsed, step, Rounding::floor);
  if (!steps.ok()) return steps;
  return mul_div(top, power(cut, steps.value()), ray, Rounding::floor);
}

}  // namespace tickmargin::protocol::maker
