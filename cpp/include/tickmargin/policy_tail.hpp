// Parameters of the methods `var` and `es`: joint scenarios as plain arrays, and what is measured
// in them. Where the scenarios come from is the caller's matter; the formulas are in
// cpp/src/margin/README.md.
#pragma once

#include <cstdint>
#include <vector>

#include "tickmargin/policy_venues.hpp"

namespace tickmargin {

// What happens to one underlying, by scenario: element s of every underlying happens at once.
struct TailMoves {
  bool known = false;              // false: there is no history, and its moves are NaN
  std::vector<double> price_move;  // relative
  std::vector<double> vol_shock;   // of its volatilities; empty: they are held
};

// Scenarios `first` to `first + count` that make one sample; weights add up to 1, none: all alike.
struct TailSet {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::vector<double> weight;
};

// The measure of one sample counts with `share`; shares of a requirement add up to 1.
struct TailTerm {
  std::uint64_t set = 0;
  double share = 1;
};

// One of the two requirements: factor x sum of share x max(0, measure).
struct TailMargin {
  double confidence = 0.99;
  double factor = 1;
  std::uint8_t quantile = 0;  // risk::QuantileRule, of value at risk without weights
  std::vector<TailTerm> terms;
  // Instead of terms, for normal or Student t moves: so many standard deviations of the deltas, or
  // with `quadratic` below the measure of deltas and gammas at the confidence.
  double multiple = 0;
  std::vector<double> covariance;  // of relative moves over the horizon [underlying x underlying]
};

struct TailParameters {
  std::vector<TailSet> sets;
  std::vector<TailMoves> moves;  // by underlying
  TailMargin initial;
  TailMargin maintenance;
  bool quadratic = false;  // gammas count, under normal moves
  VolShock vol_shock_kind = VolShock::relative;
  double vol_reference_days = 30;
  double vol_power_short = 0;
  double vol_power_long = 0;
  double vol_up_floor_annual = 0;
  double min_days = 1;
};

}  // namespace tickmargin
