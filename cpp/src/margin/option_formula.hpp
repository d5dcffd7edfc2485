// The standard formula of a short option, on plain numbers.
#pragma once

#include <algorithm>

#include "tickmargin/policy.hpp"

namespace tickmargin::margin {

// Per contract. `base` and `strike` in quote units, `worth` the money per quote unit of one
// contract, marks in money.
struct OptionTerms {
  bool is_call;
  double base, strike, worth;
  double mark;
  double initial_mark;  // the larger of the mark and the entry premium, where entries count
  bool mark_in_requirement;
};

struct OptionMargin {
  double initial, maintenance;
};

inline double out_of_the_money(bool is_call, double base, double strike) noexcept {
  return std::max(is_call ? strike - base : base - strike, 0.0);
}

inline OptionMargin standard_option(const OptionParameters& p, const OptionTerms& t) noexcept {
  const double otm = out_of_the_money(t.is_call, t.base, t.strike);
  const bool floored = p.maintenance_mark_floor == MarkFloor::both ||
                       (p.maintenance_mark_floor == MarkFloor::put && !t.is_call);
  double maintenance = p.maintenance_c * t.worth * t.base;
  if (floored) maintenance = std::max(maintenance, p.maintenance_c * t.mark);
  double initial = t.worth * std::max(p.otm_a * t.base - otm, p.otm_b * t.base);
  initial *= p.margin_factor;
  maintenance *= p.margin_factor;
  maintenance += p.liquidation_fee_ratio * t.worth * t.base;
  if (t.mark_in_requirement) {
    initial += t.initial_mark;
    maintenance += t.mark;
  } else {
    initial += t.initial_mark - t.mark;
  }
  if (p.initial_at_least_maintenance) initial = std::max(initial, maintenance);
  return {initial, maintenance};
}

}  // namespace tickmargin::margin
