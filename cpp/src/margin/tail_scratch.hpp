// Working columns of the methods `var` and `es`, kept between pockets.
#pragma once

#include <cstdint>
#include <vector>

#include "risk/quantile.hpp"
#include "risk/saddlepoint.hpp"

namespace tickmargin::margin {

// A scenario in the tail and what its loss counts in either requirement.
struct TailPick {
  std::uint32_t column;
  double initial;
  double maintenance;
};

// What each unit's delta and gamma lose in one requirement.
struct TailSlopes {
  std::vector<double> delta;
  std::vector<double> gamma;
};

struct TailScratch {
  std::vector<double> profit;      // of the pocket, by scenario
  std::vector<double> hurt;        // what resting orders could take, by scenario
  std::vector<double> losses;      // of one sample
  std::vector<double> exposure;    // delta by unit, for a relative move
  std::vector<double> curvature;   // gamma by unit, for half its square
  std::vector<std::int32_t> held;  // their underlyings
  std::vector<double> covariance;  // of those
  std::vector<double> lost_linear, lost_square;
  TailSlopes initial, maintenance;
  risk::SaddleScratch saddle;
  risk::TailScratch order;
  std::vector<risk::TailShare> shares;
  std::vector<TailPick> picks;
  std::int32_t told = -1;  // the scenario that is told of
};

}  // namespace tickmargin::margin
