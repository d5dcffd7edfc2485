// The risk matrix of one unit, step by step: what is charged and what `risk_matrix` shows.
#pragma once

#include <span>

#include "margin/method.hpp"

namespace tickmargin::margin {

// One unit's positions, and the resting orders that may join them.
struct MatrixUnit {
  UnderlyingIndex underlying;
  std::int64_t begin, end;  // positions of the pocket's rows
  std::span<const book::OrderRow> orders;
};

// Amounts in the numeraire before the policy's factors, all at least 0 but `delta`.
struct MatrixCharges {
  double standard = 0;  // worst loss of the standard table
  double extended = 0;  // and of the extended one
  double theta = 0;
  double scan = 0;  // the largest of the three
  double roll = 0, delta_shock = 0, correlation = 0, vega = 0, rates = 0, hedge = 0;
  double minimum_raw = 0;     // before its tiers
  double minimum_scaled = 0;  // after them
  double minimum = 0;         // what it adds to the lines before
  double delta = 0;           // net, in the numeraire
  double loss_up = 0, loss_down = 0;
  std::int32_t worst_scenario = -1;
};

// Weight of a scenario's profit; 1 in the standard table.
double matrix_weight(const MatrixParameters& p, std::size_t scenario, bool in_coin) noexcept;

// Profit of holdings of one pair, in the numeraire at today's coin price: `raw` is the sum of
// their rows.
double matrix_profit(const MatrixParameters& p, std::size_t scenario, const MatrixPair& pair,
                     double raw) noexcept;

// A pair's weighted profit after the dampener and the offset of gains.
double matrix_aggregated(const MatrixParameters& p, std::size_t scenario, bool in_coin,
                         double weighted) noexcept;

// A pair of one contract alone.
MatrixPair matrix_pair(const Context& context, const MatrixParameters& p, std::uint32_t instrument);

// `amount` in slices, each at its tier's rate; the last tier has no end.
double tiered(std::span<const Tier> tiers, double amount) noexcept;

// Fills the scratch with the unit's pairs, sums and totals.
MatrixCharges matrix_charges(const Context& context, const Prepared& prepared,
                             const PocketRows& rows, const MatrixUnit& unit,
                             MatrixScratch& scratch);

// Unrounded initial margin of the whole pocket if the worst subset of its resting orders trades;
// what they lose against the mark is not in it.
double matrix_initial_with_orders(const Context& context, const Prepared& prepared,
                                  const PocketRows& rows, Scratch& scratch);

}  // namespace tickmargin::margin
