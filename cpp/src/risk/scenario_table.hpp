// What each contract gains or loses in each scenario, in the numeraire: instruments x scenarios.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "market/market.hpp"
#include "pricing/instrument_values.hpp"
#include "risk/vol_shocks.hpp"
#include "tickmargin/inputs.hpp"
#include "tickmargin/policy.hpp"

namespace tickmargin::risk {

// A scenario moves the index by `price_move` (the whole forward curve with it) and each implied
// volatility by its shock; its profit counts with `weight` (below 1 for damped tails).
struct Scenarios {
  std::vector<double> price_move;
  std::vector<std::uint8_t> vol_index;
  std::vector<double> weight;

  std::size_t size() const noexcept { return price_move.size(); }
};

// The scenarios of one underlying: the grid, and the strikes inside the scanned range as nodes of
// their own, so that a position whose worst price lies between two grid prices is still found.
struct UnderlyingScenarios {
  Scenarios grid;
  VolShocks shocks;
  std::vector<double> node_move;  // ascending, distinct; see strike_move()

  double shock_of(std::size_t scenario) const noexcept {
    return shocks.shock[shocks.by_scenario ? scenario : grid.vol_index[scenario]];
  }
};

struct ScenarioTable {
  std::vector<UnderlyingScenarios> underlying;
  std::size_t stride = 0;            // of `grid`, a multiple of 8; unused columns are 0
  base::AlignedBuffer<double> grid;  // [instrument x stride]
  // Strike nodes: each underlying has a block of [its instruments x stride] rows, a row holding
  // [node x vol shock] profits.
  base::AlignedBuffer<double> nodes;
  std::vector<std::size_t> node_block;       // underlying -> first entry of its block
  std::vector<std::size_t> node_stride;      // by underlying, a multiple of 8
  std::vector<std::uint32_t> node_row;       // instrument -> row in its underlying's block
  std::vector<std::int32_t> node_of_strike;  // instrument -> node of its own strike, -1 without

  const double* node_table(std::size_t u) const noexcept { return nodes.data() + node_block[u]; }
  const double* node_profits(std::size_t u, std::size_t instrument) const noexcept {
    return node_table(u) + node_row[instrument] * node_stride[u];
  }
  const double* row(std::size_t instrument) const noexcept {
    return grid.data() + instrument * stride;
  }
};

// The move of the index that brings the forward of an option to its strike, where its value has its
// kink: strike / forward - 1. NaN without a forward, or where no kink is left (OptionForm).
double strike_move(const market::Market& market, const InstrumentColumns& instruments,
                   const pricing::InstrumentValues& values, std::size_t instrument) noexcept;

// Makes nodes of the listed options of an underlying whose strike_move lies inside +-range.
void add_strike_nodes(const market::Market& market, const InstrumentColumns& instruments,
                      const pricing::InstrumentValues& values, UnderlyingIndex underlying,
                      double range, UnderlyingScenarios& out);

// Inputs of the kernel, reused from call to call; once reserved nothing is allocated for as many
// rows, shocks and scenarios.
struct TableScratch {
  std::vector<std::uint32_t> place;  // among the rows asked for
  std::vector<std::uint8_t> is_call;
  std::vector<double> forward, strike, years, vols, scale, base_value, price_factor, profit;
  std::vector<double> settling_forward, settling_vol, settling_price;  // by scenario
  Scenarios chunk;         // of scenarios with shocks of their own
  VolShocks chunk_shocks;

  void reserve(std::size_t rows, std::size_t shocks, std::size_t scenarios);
};

// The market, the instruments and their values: what a revaluation reads.
struct Valued {
  const market::Market& market;
  const InstrumentColumns& instruments;
  const pricing::InstrumentValues& values;
};

// Profits of contracts of one underlying in each scenario, one contract after the other into `out`.
// A profit is computed alone: the same bits as in a table.
void profits_in_order(const Valued& valued, std::span<const std::uint32_t> rows,
                      const VolShocks& shocks, const Scenarios& scenarios, TableScratch& scratch,
                      double* out);
inline void contract_profits(const Valued& valued, std::uint32_t instrument,
                             const VolShocks& shocks, const Scenarios& scenarios,
                             TableScratch& scratch, double* out) {
  profits_in_order(valued, {&instrument, 1}, shocks, scenarios, scratch, out);
}

// A table without strike nodes, room for every instrument's row but nothing in it.
ScenarioTable make_grid(std::size_t instrument_count, std::vector<UnderlyingScenarios> scenarios);

// Profits of `rows`, which all belong to one underlying, under its grid: that of instrument i goes
// to out + row_of[i] x stride.
void fill_rows(const Valued& valued, UnderlyingIndex underlying,
               std::span<const std::uint32_t> rows, const UnderlyingScenarios& scenarios,
               TableScratch& scratch, const std::uint32_t* row_of, std::size_t stride, double* out);

// The same into the table's own rows.
void fill_grid_rows(const Valued& valued, UnderlyingIndex underlying,
                    std::span<const std::uint32_t> rows, TableScratch& scratch,
                    ScenarioTable& table);

// Revalues every instrument in every scenario of its underlying, strike nodes included.
ScenarioTable build_scenario_table(const market::Market& market,
                                   const InstrumentColumns& instruments,
                                   const pricing::InstrumentValues& values,
                                   std::vector<UnderlyingScenarios> scenarios);

}  // namespace tickmargin::risk
