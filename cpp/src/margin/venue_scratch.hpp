// Working columns of the methods `matrix` and `span`, kept between pockets.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tickmargin/units.hpp"

namespace tickmargin::margin {

// An amount that resting orders may move either way.
struct Range {
  double low = 0;
  double high = 0;

  void add(double amount) noexcept {
    low += amount;
    high += amount;
  }
  void may_add(double amount) noexcept { (amount > 0 ? high : low) += amount; }
  double largest() const noexcept { return std::max(std::fabs(low), std::fabs(high)); }
};

// Holdings of one unit that settle in one asset.
struct MatrixPair {
  AssetIndex asset = -1;
  bool in_coin = false;     // gains and losses are counted in the underlying's coin
  double option_value = 0;  // numeraire
  double index_gap = 0;     // what a move of the index adds to one of their own prices
  Range delta;              // base units
};

struct MatrixExpiry {
  TimeNs expiry_ns = 0;  // 0: perpetuals and spot
  Range delta, vega, rate;
};

struct MatrixScratch {
  std::vector<MatrixPair> pairs;
  std::vector<double> raw;    // [pair x scenario], the table's own sums
  std::vector<double> hurt;   // [pair x scenario], what resting orders could take
  std::vector<double> total;  // by scenario
  std::vector<MatrixExpiry> expiries;
};

// What a unit brings to credits between underlyings.
struct SpanUnit {
  double price_risk = 0;  // of one delta, numeraire
  double left = 0;        // net composite delta, less what credits have taken
};

struct SpanScratch {
  std::vector<double> tier_delta;
  std::vector<SpanUnit> units;
};

}  // namespace tickmargin::margin
