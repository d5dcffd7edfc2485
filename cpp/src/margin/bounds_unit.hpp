// What the files of bounds share: one unit in the making, and slopes from three prices.
#pragma once

#include <cmath>

#include "margin/bounds.hpp"

namespace tickmargin::margin {

struct BoundsUnit {
  const Context& context;
  const Prepared& prepared;
  const PocketRows& rows;
  const UnitQuestion& q;
  LineScratch& scratch;
  UnitLines& out;

  const Policy& policy() const { return *prepared.policy; }
  std::size_t u() const { return static_cast<std::size_t>(q.underlying); }
  bool is_option(std::uint32_t i) const { return context.instruments.kind[i] == Kind::option; }
  // Numeraire that one contract is worth at its forward: no value of it moves by more than this
  // does. Per unit of log price.
  double reach(std::uint32_t i) const {
    const double scale = std::fabs(context.values.scale[i]);
    return is_option(i) ? scale * context.values.forward[i] : scale;
  }
  double deviation(std::uint32_t i) const {
    return context.values.vol_annual[i] * std::sqrt(context.values.years[i]);
  }
};

inline double chord(double from, double to, double distance) noexcept {
  return (to - from) / distance;
}

inline void widen(Slopes& sum, double low, double high) noexcept {
  sum.low += low;
  sum.high += high;
}
inline void widen(Slopes& sum, double lipschitz) noexcept {
  widen(sum, -lipschitz, lipschitz);
}

// Slopes of a sum of convex and concave terms known at the three prices.
inline Slopes slopes_of(const double* convex, const double* concave, const UnitQuestion& q,
                        double index) noexcept {
  const double left = index - q.below.price;
  const double right = q.above.price - index;
  return {chord(convex[0], convex[1], left) + chord(concave[1], concave[2], right),
          chord(convex[1], convex[2], right) + chord(concave[0], concave[1], left)};
}

// bounds_fixed.cpp: whether the rule is continuous in the index, and the slopes of a unit under it.
bool fixed_is_bounded(const Policy& policy) noexcept;
bool add_fixed(const BoundsUnit& unit);

// bounds_add_ons.cpp: slopes and wear of what is charged on top; false where nothing is proven.
bool add_add_ons(const BoundsUnit& unit);

}  // namespace tickmargin::margin
