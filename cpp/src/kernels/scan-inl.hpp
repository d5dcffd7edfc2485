// Positions against a table of scenario profits. The sums of up to `widest_chunk` columns live in
// vector registers while the positions of a group pass by, one after the other: the order of
// additions is that of the positions on every target, whatever its vector width.
#pragma once

constexpr std::size_t column_step = 8;  // a row of the table is a whole number of these
constexpr std::size_t widest_chunk = TICKMARGIN_SCAN_COLUMNS;

struct Worst {
  double value;
  std::uint32_t column;
};

// The first smallest; NaN is worse than any number.
TICKMARGIN_INLINE bool is_worse(double candidate, double than) {
  return candidate < than || (candidate != candidate && than == than);
}

TICKMARGIN_INLINE void worst_by_column(const double* sums, std::size_t first, std::size_t count,
                                       Worst& worst) {
  for (std::size_t c = 0; c < count; ++c) {
    if (is_worse(sums[c], worst.value)) worst = {sums[c], static_cast<std::uint32_t>(first + c)};
  }
}

// The lanes of a vector at a distance of `step`, a power of two, exchanged. Their type is a
// parameter so that the shuffles of other widths are not looked at.
template <std::size_t step, class V>
TICKMARGIN_INLINE V exchange_lanes(V v) {
  if constexpr (vector_lanes == 8 && step == 4) {
    return __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
  } else if constexpr (vector_lanes == 8 && step == 2) {
    return __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5);
  } else if constexpr (vector_lanes == 8) {
    return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
  } else if constexpr (vector_lanes == 4 && step == 2) {
    return __builtin_shufflevector(v, v, 2, 3, 0, 1);
  } else if constexpr (vector_lanes == 4) {
    return __builtin_shufflevector(v, v, 1, 0, 3, 2);
  } else {
    return __builtin_shufflevector(v, v, 1, 0);
  }
}

TICKMARGIN_INLINE Vector lower_of(Vector a, Vector b) { return a < b ? a : b; }

// The smallest lane in every lane.
template <std::size_t step = vector_lanes / 2>
TICKMARGIN_INLINE Vector lowest_lane(Vector v) {
  if constexpr (step == 0) {
    return v;
  } else {
    return lowest_lane<step / 2>(lower_of(v, exchange_lanes<step>(v)));
  }
}

// The smallest of a chunk and its first column, if that is under `worst`; false, and nothing done,
// if there is a NaN. No sum is -0 (it begins as +0), so equal sums have equal bits.
template <std::size_t vectors>
TICKMARGIN_INLINE bool worst_by_lane(const Vector (&total)[vectors], std::size_t first,
                                     Worst& worst) {
  std::uint32_t unordered = 0;
  for (std::size_t v = 0; v < vectors; v += 2) {
    unordered |= lanes_where<Test::unordered>(total[v], total[v + 1 < vectors ? v + 1 : v]);
  }
  if (unordered != 0) return false;
  Vector lowest = total[0];
  for (std::size_t v = 1; v < vectors; ++v) lowest = lower_of(total[v], lowest);
  lowest = lowest_lane(lowest);
  std::uint32_t found = 0;
  for (std::size_t v = 0; v < vectors; ++v) {
    found |= lanes_where<Test::equal>(total[v], lowest) << (v * vector_lanes);
  }
  if (lowest[0] < worst.value) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(found));
    worst = {lowest[0], static_cast<std::uint32_t>(first + lane)};
  }
  return true;
}

// Columns past `used` made no candidates.
template <std::size_t vectors>
TICKMARGIN_INLINE void leave_out(Vector (&total)[vectors], std::size_t used) {
  Vector column;
  for (std::size_t v = 0; v < vector_lanes; ++v) column[v] = static_cast<double>(v);
  for (std::size_t v = 0; v < vectors; ++v) {
    total[v] = column < static_cast<double>(used) ? total[v] : Vector{} + infinity;
    column = column + static_cast<double>(vector_lanes);
  }
}

struct Scan {
  const PositionGroups& groups;
  const double* table;
  std::size_t stride;
  std::int64_t end;  // of the positions of all groups
};

struct Chunk {
  std::size_t first;  // column
  std::size_t used;   // columns that count for the worst
};

constexpr std::int64_t rows_ahead = 12;  // a row takes as long from the second-level cache as this

// Positions `begin` .. `end - 1` over the columns at `table`. `soon` are the rows to ask for early.
// The rows of the table set the pace, and only instructions already in flight ask for them: two
// or three fewer a position are a tenth of the whole.
template <std::size_t columns, std::size_t vectors>
TICKMARGIN_INLINE void add_rows(const Scan& scan, const double* table, std::int64_t begin,
                                std::int64_t end, const std::uint32_t* soon,
                                Vector (&total)[vectors]) {
  for (std::int64_t p = begin; p < end; ++p) {
    const double* later = table + soon[p] * scan.stride;
    for (std::size_t c = 0; c < columns; c += column_step) __builtin_prefetch(later + c);
    const double* row = table + scan.groups.row[p] * scan.stride;
    const Vector quantity = scan.groups.quantity[p] - Vector{};
    for (std::size_t v = 0; v < vectors; ++v) {
      const Vector value = *reinterpret_cast<const Vector*>(row + v * vector_lanes);
      total[v] = total[v] + quantity * value;
    }
  }
}

// Sums of one group over a chunk. Rows wanted soon are asked for early, those of the next groups
// too: the processor mispredicts the end of a group, and would only then ask for them itself. The
// last few positions of all have none to ask for.
template <std::size_t columns, std::size_t vectors>
TICKMARGIN_INLINE void sum_chunk(const Scan& scan, std::size_t group, std::size_t first,
                                 Vector (&total)[vectors]) {
  const std::int64_t begin = scan.groups.offsets[group];
  const std::int64_t end = scan.groups.offsets[group + 1];
  const std::int64_t last_few = scan.end - rows_ahead;
  const std::int64_t middle = end <= last_few ? end : begin < last_few ? last_few : begin;
  const double* table = scan.table + first;
  const std::uint32_t* rows = scan.groups.row;
  for (std::size_t v = 0; v < vectors; ++v) total[v] = Vector{};
  add_rows<columns>(scan, table, begin, middle, rows + rows_ahead, total);
  add_rows<columns>(scan, table, middle, end, rows, total);
}

template <std::size_t vectors>
TICKMARGIN_INLINE void store_sums(const Vector (&total)[vectors], double* sums) {
  for (std::size_t v = 0; v < vectors; ++v) {
    const Vector clean = total[v] == total[v] ? total[v] : canonical_nan - Vector{};
    *reinterpret_cast<Vector*>(sums + v * vector_lanes) = clean;
  }
}

template <std::size_t vectors>
TICKMARGIN_INLINE void worst_of_chunk(const Vector (&total)[vectors], const Chunk& chunk,
                                      Worst& worst) {
  if (worst_by_lane(total, chunk.first, worst)) return;
  double plain[vectors * vector_lanes];
  for (std::size_t v = 0; v < vectors; ++v) {
    *reinterpret_cast<Vector*>(plain + v * vector_lanes) = total[v];
  }
  worst_by_column(plain, chunk.first, chunk.used, worst);
}

template <std::size_t columns>
TICKMARGIN_INLINE void scan_chunk(const Scan& scan, std::size_t group, const Chunk& chunk,
                                  double* sums, Worst& worst) {
  Vector total[columns / vector_lanes];
  sum_chunk<columns>(scan, group, chunk.first, total);
  if (sums != nullptr) store_sums(total, sums + chunk.first);
  if (chunk.used < columns) leave_out(total, chunk.used);
  worst_of_chunk(total, chunk, worst);
}

// One chunk that wants nothing but its worst: what is decided for every group is a tenth here.
TICKMARGIN_INLINE void scan_one_chunk(const Scan& scan, double* worst,
                                      std::uint32_t* worst_column) {
  for (std::size_t g = 0; g < scan.groups.count; ++g) {
    Vector total[widest_chunk / vector_lanes];
    sum_chunk<widest_chunk>(scan, g, 0, total);
    Worst found{infinity, 0};
    worst_of_chunk(total, Chunk{0, widest_chunk}, found);
    worst[g] = canonical(found.value);
    worst_column[g] = found.column;
  }
}

TICKMARGIN_INLINE void scan_chunks(const Scan& scan, std::size_t columns, double* sums,
                                   double* worst, std::uint32_t* worst_column) {
  for (std::size_t g = 0; g < scan.groups.count; ++g) {
    double* target = sums != nullptr ? sums + g * scan.stride : nullptr;
    Worst found{infinity, 0};
    for (std::size_t c = 0; c < scan.stride;) {
      const std::size_t width = scan.stride - c >= widest_chunk ? widest_chunk : column_step;
      const std::size_t left = columns > c ? columns - c : 0;
      const Chunk chunk{c, left < width ? left : width};
      if (width == widest_chunk) {
        scan_chunk<widest_chunk>(scan, g, chunk, target, found);
      } else {
        scan_chunk<column_step>(scan, g, chunk, target, found);
      }
      c += width;
    }
    if (worst != nullptr) worst[g] = canonical(found.value);
    if (worst_column != nullptr) worst_column[g] = found.column;
  }
}

void portfolio_scan(const PositionGroups& groups, const double* table, std::size_t stride,
                    std::size_t columns, double* sums, double* worst,
                    std::uint32_t* worst_column) noexcept {
  if (groups.count == 0) return;
  const bool one_chunk = stride == widest_chunk && columns == widest_chunk;
  if (one_chunk && sums == nullptr && worst != nullptr && worst_column != nullptr) {
    scan_one_chunk({groups, table, widest_chunk, groups.offsets[groups.count]}, worst,
                   worst_column);
  } else {
    scan_chunks({groups, table, stride, groups.offsets[groups.count]}, columns, sums, worst,
                worst_column);
  }
}

std::uint32_t largest_row(const std::uint32_t* row, std::size_t count) noexcept {
  std::uint32_t largest_yet = 0;
  TICKMARGIN_EACH_ROW(i, count) largest_yet = row[i] > largest_yet ? row[i] : largest_yet;
  return largest_yet;
}
