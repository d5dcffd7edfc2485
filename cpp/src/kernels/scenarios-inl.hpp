// Options under a scenario grid: runs of one row's scenarios are laid one after the other into
// blocks and priced by the stages of black76, so a revalued price has the bits of a price.
#pragma once

// Scenarios `first` .. `first + count - 1` of one row, in lanes `lane` .. of a block.
struct ScenarioRun {
  std::size_t row;
  std::size_t first;
  std::size_t lane;
  std::size_t count;
};

struct ScenarioBlock {
  OptionFeed feed;
  BlackBlock black;
  ScenarioRun runs[block_rows];
  std::size_t run_count;
};

inline void fill_run(OptionFeed& feed, const ScenarioRows& rows, const ScenarioGrid& grid,
                     const ScenarioRun& run) noexcept {
  const double forward = rows.forward[run.row];
  const double strike = rows.strike[run.row];
  const double expiry = rows.expiry_years[run.row];
  const double sign = rows.is_call[run.row] != 0 ? 1.0 : -1.0;
  const double* factor = grid.price_factor + run.first;
  const double* vols = rows.vols_annual + run.row * rows.vol_count;
  const std::uint8_t* vol_index = grid.vol_index + run.first;
  const std::size_t lane = run.lane;
  for (std::size_t i = 0; i < run.count; ++i) feed.vol.copy[lane + i] = vols[vol_index[i]];
  TICKMARGIN_EACH_ROW(i, run.count) {
    feed.forward.copy[lane + i] = forward * factor[i];
    feed.strike.copy[lane + i] = strike;
    feed.expiry.copy[lane + i] = expiry;
    feed.sign[lane + i] = sign;
  }
}

// Fills a block from scenario `first` of `row` on, which move to what comes next.
inline void fill_scenarios(ScenarioBlock& block, const ScenarioRows& rows,
                           const ScenarioGrid& grid, std::size_t& row,
                           std::size_t& first) noexcept {
  block.run_count = 0;
  for (std::size_t lane = 0; lane < block_rows && row < rows.count;) {
    const std::size_t left = grid.count - first;
    const std::size_t count = left < block_rows - lane ? left : block_rows - lane;
    const ScenarioRun run{row, first, lane, count};
    fill_run(block.feed, rows, grid, run);
    block.runs[block.run_count++] = run;
    lane += count;
    first += count;
    if (first == grid.count) {
      first = 0;
      ++row;
    }
  }
}

// Scale, difference and weight each round on their own: a scenario that changes nothing gives
// exactly 0 against a base value that is scale times price.
inline void write_run(const BlackBlock& black, const ScenarioRows& rows, const ScenarioGrid& grid,
                      const ScenarioRun& run, double* out) noexcept {
  const double scale = rows.scale[run.row];
  const double base_value = rows.base_value[run.row];
  const double* price = black.price + run.lane;
  const double* weight = grid.weight + run.first;
  TICKMARGIN_EACH_ROW(i, run.count) {
    out[i] = canonical(weight[i] * (scale * price[i] - base_value));
  }
}

void option_scenarios(const ScenarioRows& rows, const ScenarioGrid& grid, double* out,
                      std::size_t stride) noexcept {
  if (grid.count == 0) return;
  const double one = 1.0;
  const double zero = 0.0;
  const std::uint8_t call = 1;
  const Column shared{&one, 0};
  ScenarioBlock block;
  BlackBlock& black = block.black;
  open_options(block.feed, OptionRows{&call, 0, shared, shared, shared, shared, Column{&zero, 0}});
  std::size_t row = 0;
  std::size_t first = 0;
  while (row < rows.count) {
    fill_scenarios(block, rows, grid, row, first);
    black_deviation<block_rows, true>(black, block.feed);
    black_logarithm<block_rows>(black, block.feed);
    black_moneyness<block_rows>(black, block.feed);
    black_series<block_rows>(black);
    black_density<block_rows>(black, block.feed);
    black_tails<block_rows>(black, block.feed);
    black_price<block_rows>(black);
    for (std::size_t r = 0; r < block.run_count; ++r) {
      const ScenarioRun& run = block.runs[r];
      write_run(black, rows, grid, run, out + run.row * stride + run.first);
    }
  }
}
