#include "risk/scenario_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/assert.hpp"
#include "base/ticks.hpp"
#include "kernels/kernels.hpp"
#include "pricing/everlasting.hpp"

namespace tickmargin::risk {
namespace {

std::size_t whole_vectors(std::size_t count) {
  return (count + 7) / 8 * 8;
}

// Rows that go through the kernel in one call.
constexpr std::size_t rows_per_call = 64;

// Scenarios with shocks of their own that are revalued in one call: as many as an index has values.
constexpr std::size_t scenarios_per_chunk = 256;

// The options that Black-76 prices among rows `first` to `end`, into the columns the kernel reads.
void gather(const Valued& v, std::span<const std::uint32_t> rows, std::size_t first,
            std::size_t end, const VolShocks& shocks, TableScratch& batch) {
  batch.place.clear();
  batch.is_call.clear();
  for (auto* column : {&batch.forward, &batch.strike, &batch.years, &batch.vols, &batch.scale,
                       &batch.base_value}) {
    column->clear();
  }
  for (std::size_t n = first; n < end; ++n) {
    const std::uint32_t i = rows[n];
    if (v.instruments.kind[i] != Kind::option) continue;
    if (v.values.status[i] != Status::ok) continue;
    if (v.values.model[i] != pricing::OptionModel::black76) continue;
    if (v.values.open[i] != 1.0) continue;
    batch.place.push_back(static_cast<std::uint32_t>(n));
    batch.is_call.push_back(v.instruments.is_call[i]);
    batch.forward.push_back(v.values.forward[i]);
    batch.strike.push_back(v.values.strike[i]);
    batch.years.push_back(v.values.years[i]);
    batch.scale.push_back(v.values.scale[i]);
    batch.base_value.push_back(v.values.base_value[i]);
    const double scale = term_scale(shocks, v.values.years[i]);
    for (const double shock : shocks.shock) {
      batch.vols.push_back(scaled_vol(shocks, shock, scale, v.values.vol_annual[i]));
    }
  }
}

void revalue_options(const VolShocks& shocks, const Scenarios& scenarios, std::size_t stride,
                     TableScratch& batch) {
  const std::size_t n = scenarios.size();
  batch.price_factor.resize(n);
  for (std::size_t s = 0; s < n; ++s) batch.price_factor[s] = 1.0 + scenarios.price_move[s];
  batch.profit.resize(batch.place.size() * stride);
  const kernels::ScenarioRows rows{
      batch.place.size(),  batch.is_call.data(), batch.forward.data(),
      batch.strike.data(), batch.years.data(),   batch.vols.data(),
      shocks.shock.size(), batch.scale.data(),   batch.base_value.data()};
  const kernels::ScenarioGrid grid{n, batch.price_factor.data(), scenarios.vol_index.data(),
                                   scenarios.weight.data()};
  kernels::kernels().option_scenarios(rows, grid, batch.profit.data(), stride);
}

// Spot, futures, perpetuals: proportional to the move; a linear pay-off in an asset that follows
// the same index is worth more of the numeraire when it wins.
void revalue_linear(const pricing::InstrumentValues& values, std::size_t i,
                    const Scenarios& scenarios, double* out) {
  const double scale = values.scale[i];
  for (std::size_t s = 0; s < scenarios.size(); ++s) {
    const double move = scenarios.price_move[s];
    const double settled = values.settled_in_base[i] != 0 ? 1.0 + move : 1.0;
    out[s] = scenarios.weight[s] * (scale * move * settled);
  }
}

// A forward at or below zero moves by the index's own change, not in proportion to itself.
void revalue_normal(const InstrumentColumns& instruments, const pricing::InstrumentValues& values,
                    std::size_t i, double index, const VolShocks& shocks,
                    const Scenarios& scenarios, double* out) {
  static constexpr double zero = 0.0;
  for (std::size_t s = 0; s < scenarios.size(); ++s) {
    const double forward = values.forward[i] + index * scenarios.price_move[s];
    const double vol = shocked_vol(shocks, shocks.shock[scenarios.vol_index[s]],
                                   values.vol_annual[i], values.years[i]);
    double price;
    kernels::OptionOutputs outputs{};
    outputs.price = &price;
    const kernels::OptionRows rows{
        &instruments.is_call[i], 0,         {&forward, 0}, {&values.strike[i], 0}, {&vol, 0},
        {&values.years[i], 0},   {&zero, 0}};
    kernels::kernels().bachelier(rows, outputs, 1);
    out[s] = scenarios.weight[s] * (values.scale[i] * price - values.base_value[i]);
  }
}

// An everlasting option follows the index itself; the term of its volatility is its funding period.
void revalue_everlasting(const Valued& v, std::size_t i, const VolShocks& shocks,
                         const Scenarios& scenarios, double* out) {
  const double index = v.values.forward[i];
  for (std::size_t s = 0; s < scenarios.size(); ++s) {
    const double vol = shocked_vol(shocks, shocks.shock[scenarios.vol_index[s]],
                                   v.values.vol_annual[i], v.values.years[i]);
    const pricing::EverlastingValue moved = pricing::everlasting_value(
        {v.instruments.is_call[i] != 0, index * (1.0 + scenarios.price_move[s]),
         v.instruments.strike[i], vol, v.instruments.funding_period_years[i],
         v.instruments.funding_rate_annual[i]});
    out[s] = scenarios.weight[s] * (v.values.scale[i] * moved.price - v.values.base_value[i]);
  }
}

// Undiscounted prices in each scenario of an option inside its settlement window.
void price_settling(const Valued& v, std::size_t i, const VolShocks& shocks,
                    const Scenarios& scenarios, TableScratch& scratch) {
  const std::size_t n = scenarios.size();
  const double forward = v.values.forward[i], strike = v.values.strike[i];
  const bool call = v.instruments.is_call[i] != 0;
  scratch.settling_price.resize(n);
  if (v.values.form[i] == pricing::OptionForm::settled) {
    const double payoff = std::fmax(call ? forward - strike : strike - forward, 0.0);
    std::fill_n(scratch.settling_price.data(), n, payoff);
    return;
  }
  if (v.values.form[i] == pricing::OptionForm::forward) {
    for (std::size_t s = 0; s < n; ++s) {
      const double moved = forward * (1.0 + scenarios.price_move[s]);
      scratch.settling_price[s] = call ? moved - strike : 0.0;
    }
    return;
  }
  scratch.settling_forward.resize(n);
  scratch.settling_vol.resize(n);
  for (std::size_t s = 0; s < n; ++s) {
    scratch.settling_forward[s] = forward * (1.0 + scenarios.price_move[s]);
    scratch.settling_vol[s] = shocked_vol(shocks, shocks.shock[scenarios.vol_index[s]],
                                          v.values.vol_annual[i], v.values.years[i]);
  }
  static constexpr double zero = 0.0;
  kernels::OptionOutputs outputs{};
  outputs.price = scratch.settling_price.data();
  const kernels::OptionRows rows{&v.instruments.is_call[i],
                                 0,
                                 {scratch.settling_forward.data(), 1},
                                 {&v.values.strike[i], 0},
                                 {scratch.settling_vol.data(), 1},
                                 {&v.values.years[i], 0},
                                 {&zero, 0}};
  kernels::kernels().black76(rows, outputs, n);
}

// An option inside its settlement window. Where it settles in coin, the coin moves with the whole
// index but the average that its pay-off is divided by only with the part still to come.
void revalue_settling(const Valued& v, std::size_t i, const VolShocks& shocks,
                      const Scenarios& scenarios, TableScratch& scratch, double* out) {
  price_settling(v, i, shocks, scenarios, scratch);
  const double settled = v.values.settled_ratio[i];
  for (std::size_t s = 0; s < scenarios.size(); ++s) {
    const double growth = 1.0 + scenarios.price_move[s];
    const double coin = settled == 0 ? 1.0 : growth / (settled + (1.0 - settled) * growth);
    out[s] = scenarios.weight[s] *
             (v.values.scale[i] * coin * scratch.settling_price[s] - v.values.base_value[i]);
  }
}

// Instruments of one underlying under one list of scenarios; `destination(n)` is where the profits
// of the n-th of `rows` go.
template <class Destination>
void revalue(const Valued& v, UnderlyingIndex u, std::span<const std::uint32_t> rows,
             const VolShocks& shocks, const Scenarios& scenarios, TableScratch& scratch,
             Destination destination) {
  const std::size_t n = scenarios.size();
  if (n == 0) return;
  const std::size_t stride = whole_vectors(n);
  for (std::size_t first = 0; first < rows.size(); first += rows_per_call) {
    gather(v, rows, first, std::min(first + rows_per_call, rows.size()), shocks, scratch);
    revalue_options(shocks, scenarios, stride, scratch);
    for (std::size_t j = 0; j < scratch.place.size(); ++j) {
      std::memcpy(destination(scratch.place[j]), scratch.profit.data() + j * stride,
                  n * sizeof(double));
    }
  }
  const double index = v.market.columns.index_price[static_cast<std::size_t>(u)];
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::uint32_t i = rows[r];
    double* out = destination(r);
    if (v.values.status[i] != Status::ok) {
      std::fill_n(out, n, base::canonical_nan);
    } else if (v.instruments.kind[i] != Kind::option) {
      revalue_linear(v.values, i, scenarios, out);
    } else if (v.values.model[i] == pricing::OptionModel::everlasting) {
      revalue_everlasting(v, i, shocks, scenarios, out);
    } else if (v.values.model[i] == pricing::OptionModel::bachelier) {
      revalue_normal(v.instruments, v.values, i, index, shocks, scenarios, out);
    } else if (v.values.open[i] != 1.0) {
      revalue_settling(v, i, shocks, scenarios, scratch, out);
    }
  }
}

// The same under an underlying's own grid: in one call, or chunk by chunk where each scenario has a
// volatility shock of its own. A profit has the same bits in whichever call it is computed.
template <class Destination>
void revalue_grid(const Valued& v, UnderlyingIndex u, std::span<const std::uint32_t> rows,
                  const UnderlyingScenarios& scenarios, TableScratch& scratch,
                  Destination destination) {
  if (!scenarios.shocks.by_scenario) {
    return revalue(v, u, rows, scenarios.shocks, scenarios.grid, scratch, destination);
  }
  const Scenarios& grid = scenarios.grid;
  VolShocks& shocks = scratch.chunk_shocks;
  shocks.kind = scenarios.shocks.kind;
  shocks.reference_days = scenarios.shocks.reference_days;
  shocks.power_short = scenarios.shocks.power_short;
  shocks.power_long = scenarios.shocks.power_long;
  shocks.up_floor_annual = scenarios.shocks.up_floor_annual;
  shocks.min_days = scenarios.shocks.min_days;
  for (std::size_t first = 0; first < grid.size(); first += scenarios_per_chunk) {
    const std::size_t count = std::min(scenarios_per_chunk, grid.size() - first);
    const auto slice = [&](const std::vector<double>& from, std::vector<double>& to) {
      to.assign(from.data() + first, from.data() + first + count);
    };
    slice(grid.price_move, scratch.chunk.price_move);
    slice(grid.weight, scratch.chunk.weight);
    slice(scenarios.shocks.shock, shocks.shock);
    scratch.chunk.vol_index.resize(count);
    for (std::size_t s = 0; s < count; ++s) {
      scratch.chunk.vol_index[s] = static_cast<std::uint8_t>(s);
    }
    revalue(v, u, rows, shocks, scratch.chunk, scratch,
            [&](std::size_t n) { return destination(n) + first; });
  }
}

Scenarios node_scenarios(const UnderlyingScenarios& underlying) {
  Scenarios nodes;
  for (const double move : underlying.node_move) {
    for (std::size_t v = 0; v < underlying.shocks.shock.size(); ++v) {
      nodes.price_move.push_back(move);
      nodes.vol_index.push_back(static_cast<std::uint8_t>(v));
      nodes.weight.push_back(1.0);
    }
  }
  return nodes;
}

// Places of the rows of the strike nodes.
void lay_out_nodes(const InstrumentColumns& instruments, ScenarioTable& table) {
  const std::size_t n = instruments.size();
  std::vector<std::uint32_t> rows(table.underlying.size(), 0);
  table.node_row.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    table.node_row[i] = rows[static_cast<std::size_t>(instruments.underlying[i])]++;
  }
  std::size_t entries = 0;
  for (std::size_t u = 0; u < table.underlying.size(); ++u) {
    const UnderlyingScenarios& underlying = table.underlying[u];
    table.node_block.push_back(entries);
    table.node_stride.push_back(
        whole_vectors(underlying.node_move.size() * underlying.shocks.shock.size()));
    entries += rows[u] * table.node_stride[u];
  }
  table.nodes = base::AlignedBuffer<double>(entries);
}

void number_strikes(const market::Market& market, const InstrumentColumns& instruments,
                    const pricing::InstrumentValues& values, ScenarioTable& table) {
  table.node_of_strike.assign(instruments.size(), -1);
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    if (instruments.kind[i] != Kind::option) continue;
    const std::vector<double>& moves =
        table.underlying[static_cast<std::size_t>(instruments.underlying[i])].node_move;
    const double move = strike_move(market, instruments, values, i);
    const auto at = std::lower_bound(moves.begin(), moves.end(), move);
    if (at != moves.end() && *at == move) {
      table.node_of_strike[i] = static_cast<std::int32_t>(at - moves.begin());
    }
  }
}

}  // namespace

double strike_move(const market::Market& market, const InstrumentColumns& instruments,
                   const pricing::InstrumentValues& values, std::size_t instrument) noexcept {
  if (values.form[instrument] != pricing::OptionForm::curved) return base::canonical_nan;
  const double strike = values.strike[instrument];
  const double forward = values.forward[instrument];
  if (values.model[instrument] != pricing::OptionModel::bachelier) return strike / forward - 1.0;
  const auto u = static_cast<std::size_t>(instruments.underlying[instrument]);
  return (strike - forward) / market.columns.index_price[u];
}

void add_strike_nodes(const market::Market& market, const InstrumentColumns& instruments,
                      const pricing::InstrumentValues& values, UnderlyingIndex underlying,
                      double range, UnderlyingScenarios& out) {
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    if (instruments.underlying[i] != underlying || instruments.kind[i] != Kind::option) continue;
    const double move = strike_move(market, instruments, values, i);
    if (std::fabs(move) <= range) out.node_move.push_back(move);
  }
  std::sort(out.node_move.begin(), out.node_move.end());
  out.node_move.erase(std::unique(out.node_move.begin(), out.node_move.end()), out.node_move.end());
}

void TableScratch::reserve(std::size_t rows, std::size_t shocks, std::size_t scenarios) {
  rows = std::min(rows, rows_per_call);
  place.reserve(rows);
  is_call.reserve(rows);
  for (auto* column : {&forward, &strike, &years, &scale, &base_value}) column->reserve(rows);
  vols.reserve(rows * shocks);
  for (auto* column : {&chunk.price_move, &chunk.weight, &chunk_shocks.shock}) {
    column->reserve(scenarios_per_chunk);
  }
  chunk.vol_index.reserve(scenarios_per_chunk);
  price_factor.reserve(scenarios);
  profit.reserve(rows * whole_vectors(scenarios));
  for (auto* column : {&settling_forward, &settling_vol, &settling_price}) {
    column->reserve(scenarios);
  }
}

void profits_in_order(const Valued& valued, std::span<const std::uint32_t> rows,
                      const VolShocks& shocks, const Scenarios& scenarios, TableScratch& scratch,
                      double* out) {
  if (rows.empty()) return;
  revalue(valued, valued.instruments.underlying[rows.front()], rows, shocks, scenarios, scratch,
          [&](std::size_t n) { return out + n * scenarios.size(); });
}

ScenarioTable make_grid(std::size_t instrument_count, std::vector<UnderlyingScenarios> scenarios) {
  ScenarioTable table;
  table.underlying = std::move(scenarios);
  for (const UnderlyingScenarios& underlying : table.underlying) {
    table.stride = std::max(table.stride, whole_vectors(underlying.grid.size()));
  }
  table.grid = base::AlignedBuffer<double>(instrument_count * table.stride);
  return table;
}

void fill_rows(const Valued& valued, UnderlyingIndex underlying,
               std::span<const std::uint32_t> rows, const UnderlyingScenarios& scenarios,
               TableScratch& scratch, const std::uint32_t* row_of, std::size_t stride,
               double* out) {
  revalue_grid(valued, underlying, rows, scenarios, scratch,
               [&](std::size_t n) { return out + row_of[rows[n]] * stride; });
}

void fill_grid_rows(const Valued& valued, UnderlyingIndex underlying,
                    std::span<const std::uint32_t> rows, TableScratch& scratch,
                    ScenarioTable& table) {
  const UnderlyingScenarios& scenarios = table.underlying[static_cast<std::size_t>(underlying)];
  double* const grid = table.grid.data();
  revalue_grid(valued, underlying, rows, scenarios, scratch,
               [&](std::size_t n) { return grid + rows[n] * table.stride; });
}

ScenarioTable build_scenario_table(const market::Market& market,
                                   const InstrumentColumns& instruments,
                                   const pricing::InstrumentValues& values,
                                   std::vector<UnderlyingScenarios> scenarios) {
  TICKMARGIN_ASSERT(scenarios.size() == market.underlying_count());
  ScenarioTable table = make_grid(instruments.size(), std::move(scenarios));
  lay_out_nodes(instruments, table);
  number_strikes(market, instruments, values, table);
  std::vector<std::vector<std::uint32_t>> rows(table.underlying.size());
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    rows[static_cast<std::size_t>(instruments.underlying[i])].push_back(
        static_cast<std::uint32_t>(i));
  }
  const Valued valued{market, instruments, values};
  TableScratch scratch;
  double* const nodes = table.nodes.data();
  for (std::size_t u = 0; u < table.underlying.size(); ++u) {
    const UnderlyingScenarios& underlying = table.underlying[u];
    const auto index = static_cast<UnderlyingIndex>(u);
    fill_grid_rows(valued, index, rows[u], scratch, table);
    revalue(valued, index, rows[u], underlying.shocks, node_scenarios(underlying), scratch,
            [&](std::size_t n) {
              const std::size_t row = table.node_row[rows[u][n]];
              return nodes + table.node_block[u] + row * table.node_stride[u];
            });
  }
  return table;
}

}  // namespace tickmargin::risk
