// Vectors of a target's register width, and comparisons that end in a plain register, a bit per
// lane: written for each processor, as no portable expression becomes the instruction for it.
#pragma once

using Vector = double __attribute__((vector_size(TICKMARGIN_VECTOR_BYTES), aligned(8)));
constexpr std::size_t vector_lanes = TICKMARGIN_VECTOR_BYTES / sizeof(double);

// The values are those of the x86 instructions.
enum class Test : int { equal = 0x00, unordered = 0x03, below = 0x11 };

template <Test test>
TICKMARGIN_INLINE std::uint32_t lanes_where(Vector a, Vector b) {
#if defined(__AVX512F__)
  return __builtin_ia32_cmppd512_mask(a, b, static_cast<int>(test), 0xff, 0x04);
#elif defined(__AVX__)
  return static_cast<std::uint32_t>(
      __builtin_ia32_movmskpd256(__builtin_ia32_cmppd256(a, b, static_cast<int>(test))));
#else
  std::uint32_t bits = 0;
  for (std::size_t v = 0; v < vector_lanes; ++v) {
    const bool unordered = a[v] != a[v] || b[v] != b[v];
    const bool ordered = test == Test::equal ? a[v] == b[v] : a[v] < b[v];
    bits |= ((test == Test::unordered ? unordered : ordered) ? 1U : 0U) << v;
  }
  return bits;
#endif
}

// A bit per row of a block: where it is under the limit.
template <std::size_t rows>
TICKMARGIN_INLINE std::uint64_t rows_below(const double* data, double limit) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < rows; i += vector_lanes) {
    const Vector here = *reinterpret_cast<const Vector*>(data + i);
    bits |= std::uint64_t{lanes_where<Test::below>(here, Vector{} + limit)} << i;
  }
  return bits;
}

// Rows of a column brought together, through registers: what was just written a double at a time
// cannot be read as a vector until it has left the store queue.
template <std::size_t count>
TICKMARGIN_INLINE void gather_rows(double (&to)[count], const double* from,
                                   const std::size_t (&row)[count]) {
  for (std::size_t i = 0; i < count; i += vector_lanes) {
    Vector here;
    for (std::size_t v = 0; v < vector_lanes; ++v) here[v] = from[row[i + v]];
    *reinterpret_cast<Vector*>(to + i) = here;
  }
}

// Of the blocks of `step` lanes, `a` gets the even ones of both vectors in turn, `b` the odd ones.
// Their type is a parameter so that the shuffles of other widths are not looked at.
template <std::size_t step, class V>
TICKMARGIN_INLINE void swap_blocks(V& a, V& b) {
  const V x = a;
  const V y = b;
  if constexpr (vector_lanes == 8 && step == 4) {
    a = __builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11);
    b = __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15);
  } else if constexpr (vector_lanes == 8 && step == 2) {
    a = __builtin_shufflevector(x, y, 0, 1, 8, 9, 4, 5, 12, 13);
    b = __builtin_shufflevector(x, y, 2, 3, 10, 11, 6, 7, 14, 15);
  } else if constexpr (vector_lanes == 8) {
    a = __builtin_shufflevector(x, y, 0, 8, 2, 10, 4, 12, 6, 14);
    b = __builtin_shufflevector(x, y, 1, 9, 3, 11, 5, 13, 7, 15);
  } else if constexpr (vector_lanes == 4 && step == 2) {
    a = __builtin_shufflevector(x, y, 0, 1, 4, 5);
    b = __builtin_shufflevector(x, y, 2, 3, 6, 7);
  } else if constexpr (vector_lanes == 4) {
    a = __builtin_shufflevector(x, y, 0, 4, 2, 6);
    b = __builtin_shufflevector(x, y, 1, 5, 3, 7);
  } else {
    a = __builtin_shufflevector(x, y, 0, 2);
    b = __builtin_shufflevector(x, y, 1, 3);
  }
}

// As many vectors as they have lanes, rows and columns exchanged.
template <std::size_t step = vector_lanes / 2>
TICKMARGIN_INLINE void transpose(Vector (&v)[vector_lanes]) {
  if constexpr (step != 0) {
    for (std::size_t r = 0; r < vector_lanes; ++r) {
      if ((r & step) == 0) swap_blocks<step>(v[r], v[r + step]);
    }
    transpose<step / 2>(v);
  }
}
