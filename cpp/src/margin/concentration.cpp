// A position beyond what the market can take in a day costs more than in proportion: the ratio
// grows with each multiple of the threshold, up to a cap. In both requirements.
#include <algorithm>

#include "margin/add_ons.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t { threshold_notional, slope_ratio, cap_ratio };
constexpr Key keys[] = {
    {"threshold_notional", KeyRange::positive, required, "net notional that is not charged"},
    {"slope_ratio", KeyRange::non_negative, required, "per multiple of the threshold beyond it"},
    {"cap_ratio", KeyRange::ratio, required, "most that the ratio may be"},
};

Charge concentration_charge(const Holding& held, const double* p) noexcept {
  const double net = held.exposure.net_notional;
  const double beyond = net / p[threshold_notional] - 1.0;
  const double ratio = std::min(p[slope_ratio] * std::max(beyond, 0.0), p[cap_ratio]);
  return {net * ratio, net * ratio};
}

}  // namespace

constexpr AddOn concentration_add_on{
    "concentration",
    "Add-on: a ratio of net notional that grows beyond a threshold, in IM and MM.",
    keys,
    seen_by(),
    Orders::inside,
    concentration_charge};

}  // namespace tickmargin::margin
