#include "protocol/panoptic.hpp"

namespace tickmargin::protocol::panoptic {
namespace {

using base::mul_div;
using base::Rounding;

constexpr base::Int128 whole = 10000;

}  // namespace

Checked sell_ratio(const Utilisation& utilisation, Checked least) {
  Checked now = utilisation.now;
  if (now.value() < 0) {
    least = divide(least, 2, Rounding::floor);
    now = -now;
  }
  if (now.value() < utilisation.target.value()) return least;
  if (now.value() > utilisation.saturated.value()) return whole;
  return least + mul_div(Checked(whole) - least, now - utilisation.target,
                         utilisation.saturated - utilisation.target, Rounding::floor);
}

Checked buy_ratio(const Utilisation& utilisation, Checked most) {
  if (utilisation.now.value() < utilisation.target.value()) return most;
  if (utilisation.now.value() > utilisation.saturated.value()) {
    return divide(most, 2, Rounding::floor);
  }
  const Checked share = mul_div(most, utilisation.saturated - utilisation.now,
                                utilisation.saturated - utilisation.target, Rounding::floor);
  return divide(most + share, 2, Rounding::floor);
}

}  // namespace tickmargin::protocol::panoptic
