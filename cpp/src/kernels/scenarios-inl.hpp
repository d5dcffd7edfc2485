// Options under a scenario grid: (row, scenario) pairs are laid one after the other into blocks and
// priced by the stages of black76, so a revalued price has the bits of a price.
#pragma once

struct ScenarioBlock {
  OptionFeed feed;
  double scale[block_rows];
  double base_value[block_rows];
  double weight[block_rows];
  double* out[block_rows];
};

struct ScenarioCursor {
  std::size_t row;
  std::size_t scenario;
};

// Fills up to block_rows lanes from the cursor on; returns how many.
inline std::size_t fill_scenarios(ScenarioBlock& block, const ScenarioRows& rows,
                                  const ScenarioGrid& grid, ScenarioCursor& at, double* out,
                                  std::size_t stride) noexcept {
  OptionFeed& feed = block.feed;
  std::size_t lane = 0;
  while (lane < block_rows && at.row < rows.count) {
    const std::size_t left = grid.count - at.scenario;
    const std::size_t take = left < block_rows - lane ? left : block_rows - lane;
    const double* vols = rows.vols_annual + at.row * rows.vol_count;
    const double sign = rows.is_call[at.row] != 0 ? 1.0 : -1.0;
    for (std::size_t i = 0; i < take; ++i) {
      feed.forward.copy[lane + i] = rows.forward[at.row] * grid.price_factor[at.scenario + i];
      feed.vol.copy[lane + i] = vols[grid.vol_index[at.scenario + i]];
      feed.strike.copy[lane + i] = rows.strike[at.row];
      feed.expiry.copy[lane + i] = rows.expiry_years[at.row];
      feed.sign[lane + i] = sign;
      block.scale[lane + i] = rows.scale[at.row];
      block.base_value[lane + i] = rows.base_value[at.row];
      block.weight[lane + i] = grid.weight[at.scenario + i];
      block.out[lane + i] = out + at.row * stride + at.scenario + i;
    }
    lane += take;
    at.scenario += take;
    if (at.scenario == grid.count) at = {at.row + 1, 0};
  }
  return lane;
}

void option_scenarios(const ScenarioRows& rows, const ScenarioGrid& grid, double* out,
                      std::size_t stride) noexcept {
  if (grid.count == 0) return;
  const double one = 1.0;
  const double zero = 0.0;
  const std::uint8_t call = 1;
  const Column shared{&one, 0};
  ScenarioBlock block;
  open_options(block.feed, OptionRows{&call, 0, shared, shared, shared, shared, Column{&zero, 0}});
  ScenarioCursor at{0, 0};
  while (at.row < rows.count) {
    const std::size_t lanes = fill_scenarios(block, rows, grid, at, out, stride);
    BlackBlock black;
    black_deviation<block_rows>(black, block.feed);
    black_logarithm<block_rows>(black, block.feed);
    black_moneyness<block_rows>(black, block.feed);
    black_density<block_rows>(black, block.feed);
    black_tails<block_rows>(black, block.feed);
    black_series<block_rows>(black);
    black_price<block_rows>(black, block.feed);
    double profit[block_rows];
    TICKMARGIN_EACH_ROW(i, block_rows) {
      const double change = block.scale[i] * black.price[i] - block.base_value[i];
      profit[i] = canonical(block.weight[i] * change);
    }
    TICKMARGIN_EACH_ROW(i, lanes) *block.out[i] = profit[i];
  }
}
