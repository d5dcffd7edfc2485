// The market as the live engine sees it: every number of an instrument is computed when somebody
// asks for it and kept until something it depends on has moved. Versions only grow, so the sum of
// the versions an instrument depends on is a stamp: equal stamps, equal inputs.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/revaluation.hpp"
#include "market/market.hpp"
#include "pricing/instrument_values.hpp"
#include "risk/scenario_table.hpp"
#include "tickmargin/engine.hpp"

namespace tickmargin::live {

// Underlyings whose index an instrument's value follows: its own, and those of its settlement and
// quote assets.
struct Dependencies {
  std::array<UnderlyingIndex, 4> underlying{-1, -1, -1, -1};
  int count = 0;
};

// A price that bands are drawn to: half a cell's width above `step` widths. Four slots an
// underlying, reused.
struct NodeSlot {
  std::int64_t step = -1;
  std::uint64_t version = 0;
  double price = 0;
  std::vector<double> value;  // of one contract, by row among the underlying's instruments
  std::vector<std::uint64_t> stamp;
};
inline constexpr std::size_t node_slots = 4;

// A policy set made ready: parameters, scenario definitions, and rows filled as they are needed.
struct PolicyGrid {
  engine::PolicyState state;
  std::vector<std::uint64_t> stamp;  // by instrument
  std::uint64_t fresh_version = 0;   // of the world, as which every instrument has been refreshed
  struct Node {
    base::AlignedBuffer<double> profit;  // [row x stride]
    std::vector<std::uint64_t> stamp;    // by row
  };
  std::vector<std::array<Node, node_slots>> nodes;  // by underlying
  // What wear can do to an option between the nodes around the index, by instrument.
  std::vector<double> wear_value, wear_node;
  base::AlignedBuffer<double> wear_stressed;  // [instrument x stride]
  std::vector<std::uint64_t> wear_stamp;
  // Instruments that the pockets of one record hold, each once; `want_mark` says for which record.
  std::vector<std::uint32_t> wanted;
  std::vector<std::uint64_t> want_mark;
};
struct PolicyWorld {
  std::uint64_t epoch = 0;
  PolicySet set;
  std::vector<PolicyGrid> grids;  // by policy
};

struct WorldCapacity {
  std::size_t instruments;
  std::size_t pocket_positions;
};

class World {
 public:
  World(market::Market market, InstrumentColumns instruments, WorldCapacity capacity,
        double cell_ratio);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // The cold half of a policy change: every column a set needs, nothing computed yet.
  std::unique_ptr<PolicyWorld> prepare(std::uint64_t epoch, PolicySet set);

  // Values, and profits under one policy, of the instruments of `rows` as of now.
  void refresh(const book::PocketRows& rows, PolicyGrid& grid) noexcept;
  void refresh(std::span<const std::uint32_t> instruments_held, PolicyGrid& grid) noexcept;
  void refresh_value(std::uint32_t instrument) noexcept;
  void refresh_profits(std::uint32_t instrument, PolicyGrid& grid) noexcept;

  // The last node at or below the index.
  std::int64_t step_of(UnderlyingIndex underlying) const noexcept;
  // The node at `step` of an underlying, and there the values and profits of some instruments.
  std::size_t node(UnderlyingIndex underlying, std::int64_t step) noexcept;
  void refresh_node(UnderlyingIndex underlying, std::size_t slot,
                    std::span<const std::uint32_t> rows, PolicyGrid& grid) noexcept;

  // What wear can do to some instruments, valued as of now, between two nodes.
  void refresh_wear(UnderlyingIndex underlying, std::size_t below, std::size_t above,
                    std::span<const std::uint32_t> rows, PolicyGrid& grid) noexcept;

  // The same of all that is wanted, and with it what bands are drawn with: many rows in one call
  // take a third of the time of as many calls.
  void want(std::span<const std::uint32_t> instruments_held, std::uint64_t record,
            PolicyGrid& grid) noexcept;
  void refresh_wanted(bool with_nodes, PolicyGrid& grid) noexcept;
  // The same of every instrument; until something moves no row needs to be looked at again.
  void refresh_all(bool with_nodes, PolicyGrid& grid) noexcept;

  // What moves. An index takes forwards, marks and linked assets with it.
  void move_index(UnderlyingIndex underlying, double price) noexcept;
  void touch_curve(UnderlyingIndex underlying) noexcept;  // forwards, rates or time
  void touch_instrument(std::uint32_t instrument) noexcept;
  void touch_all() noexcept;
  // Scenario definitions that follow the market; true when they changed.
  bool refresh_scenarios(PolicyGrid& grid, UnderlyingIndex underlying) noexcept;

  // A new instrument in the next row; its columns hold what it is.
  void list(std::uint32_t instrument);

  // Rises with everything but the index itself that changes a value or profit of an underlying's
  // contracts.
  std::uint64_t contents_version(UnderlyingIndex u) const noexcept {
    return contents_version_[static_cast<std::size_t>(u)];
  }

  pricing::Context context() const noexcept { return reval.context(); }
  double index(UnderlyingIndex u) const noexcept {
    return reval.market.columns.index_price[static_cast<std::size_t>(u)];
  }
  double cell_width(UnderlyingIndex u) const noexcept {
    return cell_width_[static_cast<std::size_t>(u)];
  }
  std::size_t underlying_count() const noexcept { return reval.market.underlying_count(); }
  const NodeSlot& slot(UnderlyingIndex u, std::size_t s) const noexcept {
    return slots_[static_cast<std::size_t>(u)][s];
  }

  InstrumentColumns instruments;
  engine::Revaluation reval;          // market and values; policies stand in PolicyWorld
  std::vector<Dependencies> depends;  // by instrument
  std::vector<std::uint8_t> bounded;  // its value is linear or convex in one index
  std::vector<std::uint32_t> row_of;  // by instrument, among its underlying's
  std::vector<std::vector<std::uint32_t>> instruments_of;  // by underlying
  std::vector<UnderlyingIndex> asset_link;                 // by asset; -1: follows no index
  std::vector<std::uint8_t> asset_simple;                  // by asset: follows at most one index

 private:
  std::uint64_t stamp_of(std::uint32_t i) const noexcept;
  std::uint64_t node_stamp_of(std::uint32_t i, const NodeSlot& slot) const noexcept;
  void describe(std::uint32_t instrument);
  void fill(std::span<const std::uint32_t> rows, PolicyGrid& grid) noexcept;
  void refresh_around(UnderlyingIndex underlying, std::span<const std::uint32_t> rows,
                      PolicyGrid& grid) noexcept;

  WorldCapacity capacity_;
  std::uint64_t version_ = 1;  // rises with every change of a number
  std::vector<double> cell_width_;
  std::vector<std::uint64_t> instrument_version_, index_version_, curve_version_;
  std::vector<std::uint64_t> contents_version_;
  std::vector<std::uint64_t> value_stamp_;
  std::vector<std::array<NodeSlot, node_slots>> slots_;
  std::vector<std::vector<AssetIndex>> assets_of_;  // by underlying: their price follows it
  std::vector<std::uint32_t> stale_values_, stale_rows_;
  pricing::InstrumentValues node_values_;
  pricing::ValueScratch value_scratch_;
  risk::TableScratch table_scratch_;
  risk::UnderlyingScenarios previous_scenarios_;
};

}  // namespace tickmargin::live
