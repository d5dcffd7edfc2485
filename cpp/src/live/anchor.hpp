// Proofs for orders: what a pocket needed at an anchor, exactly, and how far that can have moved
// since.
//
// Evaluating a market maker's thousands of options for every order is out of question; but between
// two evaluations only indices have moved, a little. Around the anchor every scenario's profit lies
// between two lines (margin/bounds.hpp), the order's own row is exact, and netting never falls as a
// loss rises: so after the order initial margin is at most one number and equity at least another.
// Where they leave room the order is accepted; else the pocket is evaluated.
#pragma once

#include <cstdint>
#include <vector>

#include "margin/bounds.hpp"
#include "tickmargin/units.hpp"

namespace tickmargin::live {

// Strikes as nodes: what the unit's positions gain where the forward stands at one.
struct AnchorNodes {
  std::vector<double> at_strike;      // index at which the forward is at the strike, ascending
  std::vector<double> profit;         // [node x vol] at the anchor
  std::vector<std::int32_t> longs;    // options of the pocket held long at it
  std::vector<std::int32_t> node_of;  // by row among the underlying's instruments, -1: none
  std::size_t count = 0;
  margin::Slopes slope;  // of every node's profit
};

struct AnchorUnit {
  UnderlyingIndex underlying = -1;
  std::uint64_t contents = 0;  // World::contents_version at the anchor
  double other_now = 0;        // charges beside the scan, with the factor
  double equity_index = 0;     // where the anchor's equity stands; lines and nodes may be older
  std::size_t line_count = 0;  // of the grid
  margin::UnitLines lines;
  AnchorNodes nodes;
};

struct Anchor {
  std::int32_t pocket = -1;
  std::uint64_t pocket_version = 0;
  std::uint64_t epoch = 0;
  std::uint64_t used = 0, made = 0;  // number of the proof; equal until it has been of use
  double equity_initial = 0;
  double gross_notional = 0;
  std::size_t unit_count = 0;
  std::vector<AnchorUnit> units;
};

}  // namespace tickmargin::live
