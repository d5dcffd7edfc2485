// How far a pocket's equity and maintenance margin can move with one index, as lines.
//
// Volatilities, ratios of forwards and marks to the index, other indices and time are held. Each
// number is then a sum of terms that are linear, convex (options held long) or concave (options
// held short) in the index, known at three prices: the node below, now, the node above. Between the
// nodes a convex term lies above its chord prolonged from the other side and below its own chord,
// a concave one the other way round. So every scenario's profit has, from now on, a slope it cannot
// fall below and one it cannot rise above; which of the two counts to the right counts mirrored to
// the left. What is neither convex nor concave is given a Lipschitz constant; a kink ends the cell.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "collateral/haircut.hpp"
#include "margin/method.hpp"
#include "margin/wear.hpp"

namespace tickmargin::margin {

// A price below or above the index with every contract's value and profits there.
struct NodePrices {
  double price;
  const double* value;          // of one contract, by row
  const double* profit;         // [row x stride]; null without a table
  const std::uint32_t* row_of;  // by instrument
};

// Least and greatest rise per unit of price, to the right of now; mirrored to the left.
struct Slopes {
  double low = 0;
  double high = 0;
};

struct ScenarioLine {
  double profit = 0;  // now
  double weight = 1;
  Slopes stressed;  // of profit + weight x option values
  Wear wear;        // of the same: what it can move by for each unit of the clocks
  bool up = false, down = false;
};

struct UnitLines {
  UnderlyingIndex underlying = -1;
  double index = 0;
  double cell_lower = 0, cell_upper = 0;
  double equity_slope = 0;      // of what is linear in equity
  double unweighted_slope = 0;  // of what is linear in the value without haircuts, less close-out
  Slopes option_value;
  bool options_in_equity = true;
  bool scans = false;                           // maintenance contains the worst of `lines`
  bool correlated = false;                      // netted across units on two-sided losses
  double factor = 1;                            // of scan lines in the requirement
  double scan = 0, loss_up = 0, loss_down = 0;  // losses now, without the factor
  Slopes other;                                 // of the rest of maintenance
  // What can change by the clocks: option values by volatility, option and linear values by the
  // curve, and the rest of maintenance, which besides may contain -other_weight x option values.
  double option_wear = 0, option_reach = 0, linear_reach = 0;
  Wear other_wear;
  double other_weight = 0;
  double close_out_ratio = 0;
  double curve_wear_max = margin::curve_wear_max;
  std::vector<ScenarioLine> lines;
};

struct LineScratch {
  std::vector<std::uint32_t> now_row, node_row;
  std::vector<double> quantity;
  std::vector<double> below, now, above;
};

// Of every instrument what option_wear() says; `stressed` null without a table.
struct WearRows {
  const double* value;
  const double* node;
  const double* stressed;
};

// What is asked about: one unit of a pocket whose requirement has just been evaluated.
struct UnitQuestion {
  UnderlyingIndex underlying;
  std::int64_t begin, end;             // positions of the unit; none for a unit of collateral alone
  std::size_t unit_count;              // of the pocket
  const UnitRequirement* requirement;  // null for a unit without one
  NodePrices below, above;
  WearRows wear;
  bool initial = false;  // of initial margin and its weights; `scenario` alone
};

// Fills `out`; false where the method or a parameter of it admits no bound.
bool unit_lines(const Context& context, const Prepared& prepared,
                const collateral::Weights& weights, const PocketRows& rows,
                const UnitQuestion& question, LineScratch& scratch, UnitLines& out);

// The part of unit_lines() that is about wear.
void add_wear(const Context& context, const Prepared& prepared, const PocketRows& rows,
              const UnitQuestion& question, LineScratch& scratch, UnitLines& out);

// Whether any pocket under the policy can be bounded.
bool policy_is_bounded(const Policy& policy) noexcept;

}  // namespace tickmargin::margin
