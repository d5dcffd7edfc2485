// Options under a scenario grid, priced by the stages of black76, so a revalued price has the bits
// of a price. Rows are taken 64 at a time, one scenario after the other: what depends on a row and
// a volatility only is then computed once for all price moves. Those close to expiry are kept
// apart, or every block would compute the series for a few. Rows left over are taken one after the
// other, their scenarios side by side.
#pragma once

// Scenarios `first` .. `first + count - 1` of one row, in lanes `lane` .. of a block.
struct ScenarioRun {
  std::size_t row;
  std::size_t first;
  std::size_t lane;
  std::size_t count;
};

// Scenarios of a tile whose profits are held before they are written.
struct ScenarioWindow {
  std::size_t first;
  std::size_t count;
};

// Rows on their way into a block that is not full yet.
struct ScenarioQueue {
  OptionFeed feed;
  ScenarioRun runs[block_rows];
  std::size_t run_count;
  std::size_t lanes;  // filled
};

// Rows side by side.
struct ScenarioTile {
  OptionFeed feed;
  alignas(64) double forward[block_rows];  // not moved
  double scale[block_rows];
  double base_value[block_rows];
  std::size_t row[block_rows];
  std::size_t lanes;  // filled
};

constexpr std::size_t window_scenarios = 32;

struct ScenarioWork {
  BlackBlock black;
  ScenarioQueue queue;
  ScenarioTile near_expiry;
  ScenarioTile other;
  alignas(64) double profit[window_scenarios][block_rows];
};

struct ScenarioCall {
  const ScenarioRows& rows;
  const ScenarioGrid& grid;
  double* out;
  std::size_t stride;
  ScenarioWork& work;
};

inline void open_scenarios(OptionFeed& feed) noexcept {
  static constexpr double one = 1.0;
  static constexpr double zero = 0.0;
  static constexpr std::uint8_t call = 1;
  const Column shared{&one, 0};
  open_options(feed, OptionRows{&call, 0, shared, shared, shared, shared, Column{&zero, 0}});
}

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

// Scale, difference and weight each round on their own: a scenario that changes nothing gives
// exactly 0 against a base value that is scale times price.
TICKMARGIN_INLINE double scenario_profit(double weight, double scale, double price, double base) {
  return canonical(weight * (scale * price - base));
}

inline void write_run(const BlackBlock& black, const ScenarioRows& rows, const ScenarioGrid& grid,
                      const ScenarioRun& run, double* out) noexcept {
  const double scale = rows.scale[run.row];
  const double base_value = rows.base_value[run.row];
  const double* price = black.price + run.lane;
  const double* weight = grid.weight + run.first;
  TICKMARGIN_EACH_ROW(i, run.count) {
    out[i] = scenario_profit(weight[i], scale, price[i], base_value);
  }
}

// What of a price changes with its forward.
inline void price_moved(BlackBlock& black, const OptionFeed& feed, bool series) noexcept {
  black_logarithm<block_rows>(black, feed);
  black_moneyness<block_rows>(black, feed);
  if (series) black_series<block_rows>(black);
  black_density<block_rows>(black, feed);
  black_tails<block_rows>(black, feed);
  black_price<block_rows>(black);
}

inline void flush_queue(const ScenarioCall& call) noexcept {
  ScenarioQueue& queue = call.work.queue;
  black_deviation<block_rows, true>(call.work.black, queue.feed);
  price_moved(call.work.black, queue.feed, true);
  for (std::size_t r = 0; r < queue.run_count; ++r) {
    const ScenarioRun& run = queue.runs[r];
    double* out = call.out + run.row * call.stride + run.first;
    write_run(call.work.black, call.rows, call.grid, run, out);
  }
  queue.run_count = queue.lanes = 0;
}

inline void queue_row(const ScenarioCall& call, std::size_t row) noexcept {
  ScenarioQueue& queue = call.work.queue;
  for (std::size_t first = 0; first < call.grid.count;) {
    const std::size_t left = call.grid.count - first;
    const std::size_t room = block_rows - queue.lanes;
    const ScenarioRun run{row, first, queue.lanes, left < room ? left : room};
    fill_run(queue.feed, call.rows, call.grid, run);
    queue.runs[queue.run_count++] = run;
    queue.lanes += run.count;
    first += run.count;
    if (queue.lanes == block_rows) flush_queue(call);
  }
}

// Forwards under one scenario. One that makes no sense becomes NaN, as the price then does.
inline void move_forwards(ScenarioTile& tile, double factor) noexcept {
  TICKMARGIN_EACH_ROW(i, block_rows) {
    const double moved = tile.forward[i] * factor;
    tile.feed.forward.copy[i] = positive_normal(moved) ? moved : canonical_nan;
  }
}

// The scenarios of a window with one of the volatilities. Until the first has moved the forwards
// they stand at the strikes: whether they make sense is for each scenario to find.
inline void price_tile(const ScenarioCall& call, ScenarioTile& tile, const ScenarioWindow& window,
                       std::size_t vol) noexcept {
  BlackBlock& black = call.work.black;
  const double* vols = call.rows.vols_annual + vol;
  for (std::size_t i = 0; i < block_rows; ++i) {
    tile.feed.vol.copy[i] = vols[tile.row[i] * call.rows.vol_count];
  }
  tile.feed.forward.rows = tile.feed.strike.copy;
  black_deviation<block_rows, true>(black, tile.feed);
  tile.feed.forward.rows = tile.feed.forward.copy;
  const bool series = rows_below<block_rows>(black.deviation, series_deviation) != 0;
  for (std::size_t s = 0; s < window.count; ++s) {
    if (call.grid.vol_index[window.first + s] != vol) continue;
    move_forwards(tile, call.grid.price_factor[window.first + s]);
    price_moved(black, tile.feed, series);
    const double weight = call.grid.weight[window.first + s];
    double* profit = call.work.profit[s];
    TICKMARGIN_EACH_ROW(i, block_rows) {
      profit[i] = scenario_profit(weight, tile.scale[i], black.price[i], tile.base_value[i]);
    }
  }
}

// Rows `first` .. of a tile, as many as a vector has lanes: their profits turned into output rows.
TICKMARGIN_INLINE void write_rows(const ScenarioCall& call, const ScenarioTile& tile,
                                  const ScenarioWindow& window, std::size_t first) {
  double* out[vector_lanes];
  for (std::size_t r = 0; r < vector_lanes; ++r) {
    out[r] = call.out + tile.row[first + r] * call.stride + window.first;
  }
  std::size_t s = 0;
  for (; s + vector_lanes <= window.count; s += vector_lanes) {
    Vector profit[vector_lanes];
    for (std::size_t r = 0; r < vector_lanes; ++r) {
      profit[r] = *reinterpret_cast<const Vector*>(call.work.profit[s + r] + first);
    }
    transpose(profit);
    for (std::size_t r = 0; r < vector_lanes; ++r) {
      *reinterpret_cast<Vector*>(out[r] + s) = profit[r];
    }
  }
  for (; s < window.count; ++s) {
    for (std::size_t r = 0; r < vector_lanes; ++r) out[r][s] = call.work.profit[s][first + r];
  }
}

// The profits of a window are turned as a whole: a store for every row of every scenario would
// keep the processor waiting for cache lines.
inline void flush_tile(const ScenarioCall& call, ScenarioTile& tile) noexcept {
  for (std::size_t first = 0; first < call.grid.count; first += window_scenarios) {
    const std::size_t left = call.grid.count - first;
    const ScenarioWindow window{first, left < window_scenarios ? left : window_scenarios};
    for (std::size_t vol = 0; vol < call.rows.vol_count; ++vol) {
      price_tile(call, tile, window, vol);
    }
    for (std::size_t row = 0; row < block_rows; row += vector_lanes) {
      write_rows(call, tile, window, row);
    }
  }
  tile.lanes = 0;
}

inline void tile_row(const ScenarioCall& call, ScenarioTile& tile, std::size_t row) noexcept {
  const ScenarioRows& rows = call.rows;
  const std::size_t lane = tile.lanes++;
  tile.row[lane] = row;
  tile.forward[lane] = rows.forward[row];
  tile.feed.strike.copy[lane] = rows.strike[row];
  tile.feed.expiry.copy[lane] = rows.expiry_years[row];
  tile.feed.sign[lane] = rows.is_call[row] != 0 ? 1.0 : -1.0;
  tile.scale[lane] = rows.scale[row];
  tile.base_value[lane] = rows.base_value[row];
  if (tile.lanes == block_rows) flush_tile(call, tile);
}

// Whether a row may need the series under one of its volatilities.
inline bool is_near_expiry(const ScenarioRows& rows, std::size_t row) noexcept {
  const double* vols = rows.vols_annual + row * rows.vol_count;
  double lowest = vols[0];
  for (std::size_t v = 1; v < rows.vol_count; ++v) lowest = smaller_of(lowest, vols[v]);
  return lowest * lowest * rows.expiry_years[row] < series_deviation * series_deviation;
}

inline void open_tile(ScenarioTile& tile) noexcept {
  open_scenarios(tile.feed);
  tile.lanes = 0;
}

void option_scenarios(const ScenarioRows& rows, const ScenarioGrid& grid, double* out,
                      std::size_t stride) noexcept {
  ScenarioWork work;
  open_scenarios(work.queue.feed);
  work.queue.run_count = work.queue.lanes = 0;
  open_tile(work.near_expiry);
  open_tile(work.other);
  const ScenarioCall call{rows, grid, out, stride, work};
  for (std::size_t row = 0; row < rows.count; ++row) {
    tile_row(call, is_near_expiry(rows, row) ? work.near_expiry : work.other, row);
  }
  const ScenarioTile* const left[] = {&work.near_expiry, &work.other};
  for (const ScenarioTile* tile : left) {
    for (std::size_t lane = 0; lane < tile->lanes; ++lane) queue_row(call, tile->row[lane]);
  }
  if (work.queue.lanes > 0) flush_queue(call);
}
