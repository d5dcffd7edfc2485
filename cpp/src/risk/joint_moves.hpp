// Relative moves of several prices over a horizon: a history at today's volatility, or drawn, of a
// model or with the history's own marginals. Own random numbers, exp, log and normal quantile: a
// seed gives the same moves everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tickmargin::risk {

// Moves from row start[i] to row end[i] of a price history, had every step between two rows been
// made at the volatility forecast for the next one: logs of steps are rescaled by filtered_returns
// (tail_risk.hpp), their variance beginning at the mean of their squares, and added up.
struct RowPairs {
  std::span<const std::uint32_t> start;
  std::span<const std::uint32_t> end;
};
std::vector<double> filtered_moves(std::span<const double> prices, double omega, double alpha,
                                   double beta, const RowPairs& pairs);

// Logs of moves: normal, or with `freedom` above 2 Student t of the same variance that share one
// chi-square, so that extremes come together; and a number of jumps, Poisson with this mean over
// the horizon, each moving the logs of all prices by the same normal amount.
struct Draws {
  std::span<const double> deviation;    // of logs over the horizon, by underlying
  std::span<const double> correlation;  // [underlying x underlying], positive semi-definite
  std::size_t count = 0;
  std::uint64_t seed = 0;
  double freedom = 0;  // 0: normal
  double jump_count = 0;
  double jump_mean = 0;
  double jump_deviation = 0;
};
std::vector<double> drawn_moves(const Draws& draws);  // [underlying x count]

// Moves of each underlying's own past, joined by a normal copula, or with `freedom` above 2 a
// Student t one. Of `count` joint draws an underlying's r-th from below (0-based, equal ones in the
// order of the draws) takes the move at index ceil((2r + 1) n / (2 count)) - 1 of its n sorted
// ones: quantiles of the past at the middle of each of `count` equal shares, in whole numbers.
struct CopulaDraws {
  std::span<const double> history;      // [underlying x n] relative moves; NaN: all of it unknown
  std::span<const double> correlation;  // [underlying x underlying], positive semi-definite
  std::size_t underlyings = 0;
  std::size_t count = 0;
  std::uint64_t seed = 0;
  double freedom = 0;  // 0: normal
};
std::vector<double> copula_moves(const CopulaDraws& draws);  // [underlying x count]

}  // namespace tickmargin::risk
