// Positions against a table of scenario profits. The sums of up to `chunk` columns live in vector
// registers while the positions of a group pass by, one after the other: the order of additions is
// that of the positions on every target, whatever its vector width.
#pragma once

using Vector = double __attribute__((vector_size(TICKMARGIN_VECTOR_BYTES), aligned(8)));
constexpr std::size_t vector_lanes = TICKMARGIN_VECTOR_BYTES / sizeof(double);
constexpr std::size_t column_step = 8;  // a row of the table is a whole number of these

// Where a chunk of sums goes when the caller does not ask for all of them.
constexpr std::size_t widest_chunk = TICKMARGIN_SCAN_COLUMNS;

template <std::size_t columns>
TICKMARGIN_INLINE void sum_columns(const PositionGroups& groups, std::size_t group,
                                   const double* table, std::size_t stride, double* sums) {
  constexpr std::size_t vectors = columns / vector_lanes;
  Vector total[vectors];
  for (std::size_t v = 0; v < vectors; ++v) total[v] = Vector{} + 0.0;
  for (std::int64_t p = groups.offsets[group]; p < groups.offsets[group + 1]; ++p) {
    const double* row = table + groups.row[p] * stride;
    const Vector quantity = Vector{} + groups.quantity[p];
    for (std::size_t v = 0; v < vectors; ++v) {
      const Vector value = *reinterpret_cast<const Vector*>(row + v * vector_lanes);
      total[v] = total[v] + quantity * value;
    }
  }
  for (std::size_t v = 0; v < vectors; ++v) {
    const Vector clean = total[v] == total[v] ? total[v] : Vector{} + canonical_nan;
    *reinterpret_cast<Vector*>(sums + v * vector_lanes) = clean;
  }
}

struct Worst {
  double value;
  std::uint32_t column;
};

// The first smallest; NaN is worse than any number.
TICKMARGIN_INLINE void worst_of(const double* sums, std::size_t first, std::size_t count,
                                Worst& worst) {
  for (std::size_t c = 0; c < count; ++c) {
    const bool worse = sums[c] < worst.value || (sums[c] != sums[c] && worst.value == worst.value);
    if (worse) worst = {sums[c], static_cast<std::uint32_t>(first + c)};
  }
}

void portfolio_scan(const PositionGroups& groups, const double* table, std::size_t stride,
                    std::size_t columns, double* sums, double* worst,
                    std::uint32_t* worst_column) noexcept {
  alignas(64) double scratch[widest_chunk];
  for (std::size_t g = 0; g < groups.count; ++g) {
    Worst found{infinity, 0};
    for (std::size_t c = 0; c < stride;) {
      double* target = sums != nullptr ? sums + g * stride + c : scratch;
      const std::size_t width = stride - c >= widest_chunk ? widest_chunk : column_step;
      if (width == widest_chunk) {
        sum_columns<widest_chunk>(groups, g, table + c, stride, target);
      } else {
        sum_columns<column_step>(groups, g, table + c, stride, target);
      }
      const std::size_t used = columns > c ? columns - c : 0;
      worst_of(target, c, used < width ? used : width, found);
      c += width;
    }
    if (worst != nullptr) worst[g] = found.value;
    if (worst_column != nullptr) worst_column[g] = found.column;
  }
}
