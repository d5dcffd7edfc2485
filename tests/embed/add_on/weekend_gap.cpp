// The worked example of a new add-on: what a gap over a weekend may cost, in initial margin alone
// a share of the gross delta, on top of whatever the method asks for.
#include "margin/add_ons.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t { gap_ratio };
constexpr Key keys[] = {
    {"gap_ratio", KeyRange::ratio, required, "of the gross delta at the index"},
};

Charge weekend_gap_charge(const Holding& held, const double* p) noexcept {
  return {held.exposure.gross_notional * p[gap_ratio], 0.0};
}

}  // namespace

constexpr AddOn weekend_gap_add_on{"weekend_gap",  "Add-on: a gap over a weekend, in IM alone.",
                                   keys,           seen_by(),
                                   Orders::inside, weekend_gap_charge};

}  // namespace tickmargin::margin
