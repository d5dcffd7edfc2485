// Option rows cut into blocks that fit the first-level cache. A block always has a fixed number of
// lanes; the rows missing at the end are padded, so every row takes the same instructions wherever
// it stands.
#pragma once

constexpr std::size_t block_rows = 64;
constexpr std::size_t short_block_rows = 8;  // for what is left over, and for short calls

constexpr double largest_exponent = 709.0;  // a discount factor over e^709 gives NaN

// exp(-rT), NaN where it is not finite. What is wrong is added, not chosen: a choice would let the
// compiler branch around the exponential and give up on vectors.
TICKMARGIN_INLINE double discount_factor(double rate, double expiry) {
  const double exponent = -rate * expiry;
  const double spoiled = above(exponent, largest_exponent) ? canonical_nan : 0.0;
  return exp_flushed(exponent) + spoiled;
}

TICKMARGIN_INLINE bool positive_normal(double x) { return x >= smallest_normal && x <= largest; }
TICKMARGIN_INLINE bool not_negative(double x) { return x >= 0.0 && x <= largest; }
TICKMARGIN_INLINE bool finite(double x) { return absolute(x) <= largest; }

// One column of a block: the caller's memory where it holds a full block, else a padded copy.
struct Feed {
  const double* rows;
  alignas(64) double copy[block_rows];  // a register that crosses a cache line takes two loads
};

inline void open_feed(Feed& feed, const Column& column) noexcept {
  feed.rows = feed.copy;
  const double value = column.step == 0 ? *column.data : 1.0;
  for (std::size_t i = 0; i < block_rows; ++i) feed.copy[i] = value;
}

inline void advance_feed(Feed& feed, const Column& column, std::size_t first, std::size_t filled,
                         std::size_t lanes) noexcept {
  if (column.step == 0) return;
  if (filled == lanes) {
    feed.rows = column.data + first;
    return;
  }
  for (std::size_t i = 0; i < filled; ++i) feed.copy[i] = column.data[first + i];
  feed.rows = feed.copy;
}

struct OptionFeed {
  Feed forward, strike, vol, expiry, rate;
  alignas(64) double sign[block_rows];  // 1 for a call, -1 for a put
};

inline void open_options(OptionFeed& feed, const OptionRows& rows) noexcept {
  open_feed(feed.forward, rows.forward);
  open_feed(feed.strike, rows.strike);
  open_feed(feed.vol, rows.vol_annual);
  open_feed(feed.expiry, rows.expiry_years);
  open_feed(feed.rate, rows.rate_annual);
  const double sign = rows.is_call_step == 0 && *rows.is_call == 0 ? -1.0 : 1.0;
  for (std::size_t i = 0; i < block_rows; ++i) feed.sign[i] = sign;
}

inline void advance_options(OptionFeed& feed, const OptionRows& rows, std::size_t first,
                            std::size_t filled, std::size_t lanes) noexcept {
  advance_feed(feed.forward, rows.forward, first, filled, lanes);
  advance_feed(feed.strike, rows.strike, first, filled, lanes);
  advance_feed(feed.vol, rows.vol_annual, first, filled, lanes);
  advance_feed(feed.expiry, rows.expiry_years, first, filled, lanes);
  advance_feed(feed.rate, rows.rate_annual, first, filled, lanes);
  if (rows.is_call_step == 0) return;
  const std::uint8_t* is_call = rows.is_call + first;
  for (std::size_t i = 0; i < filled; ++i) feed.sign[i] = is_call[i] != 0 ? 1.0 : -1.0;
}

// Calls `body` with a compile-time lane count for each block of `count` rows: whole blocks first,
// then short ones, the last padded.
template <class Body>
inline void for_each_block(std::size_t count, const Body& body) noexcept {
  std::size_t first = 0;
  for (; first + block_rows <= count; first += block_rows) {
    body.template run<block_rows>(first, block_rows);
  }
  for (; first < count; first += short_block_rows) {
    const std::size_t left = count - first;
    body.template run<short_block_rows>(first, left < short_block_rows ? left : short_block_rows);
  }
}

// Where a block writes: the caller's columns, or scratch for a padded block, copied afterwards.
constexpr std::size_t option_outputs = 9;

struct OutputWindow {
  double scratch[option_outputs][short_block_rows];
  OptionOutputs at;
};

inline void list_outputs(const OptionOutputs& out, double* (&columns)[option_outputs]) noexcept {
  double* const all[] = {out.price, out.delta, out.gamma, out.vega, out.theta,
                         out.rho,   out.vanna, out.volga, out.charm};
  for (std::size_t c = 0; c < option_outputs; ++c) columns[c] = all[c];
}

inline OptionOutputs bundle_outputs(double* const (&c)[option_outputs]) noexcept {
  return {c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]};
}

inline void open_window(OutputWindow& window, const OptionOutputs& out, std::size_t first,
                        bool padded) noexcept {
  double* columns[option_outputs];
  list_outputs(out, columns);
  for (std::size_t c = 0; c < option_outputs; ++c) {
    if (columns[c] == nullptr) continue;
    columns[c] = padded ? window.scratch[c] : columns[c] + first;
  }
  window.at = bundle_outputs(columns);
}

inline void close_window(const OutputWindow& window, const OptionOutputs& out, std::size_t first,
                         std::size_t filled) noexcept {
  double* columns[option_outputs];
  list_outputs(out, columns);
  for (std::size_t c = 0; c < option_outputs; ++c) {
    if (columns[c] == nullptr) continue;
    for (std::size_t i = 0; i < filled; ++i) columns[c][first + i] = window.scratch[c][i];
  }
}
