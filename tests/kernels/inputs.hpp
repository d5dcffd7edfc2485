// Seeded rows for the kernel tests: ordinary ones and ones chosen to hurt. Only IEEE arithmetic is
// used to make them, so every machine makes the same.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kernels/kernels.hpp"

namespace inputs {

using namespace tickmargin::kernels;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * unit(); }
  // Exponents uniform, mantissas uniform: spread like a logarithm, without one.
  double wide(int low_exponent, int high_exponent) {
    const int span = high_exponent - low_exponent + 1;
    const int exponent = low_exponent + static_cast<int>(bits() % static_cast<unsigned>(span));
    return std::ldexp(1.0 + unit(), exponent);
  }
  std::uint64_t below(std::uint64_t limit) { return bits() % limit; }

 private:
  std::uint64_t state_;
};

inline const std::vector<double>& hostile() {
  using limits = std::numeric_limits<double>;
  static const std::vector<double> values = {
      0.0, -0.0, 1.0, -1.0, limits::quiet_NaN(), -limits::quiet_NaN(), limits::infinity(),
      -limits::infinity(), limits::max(), -limits::max(), limits::min(), limits::denorm_min(),
      1e300, 1e-300, 1e150, 1e-150, 1e-160, 0.5, 2.0, 100.0, 1e-8, 37.6, 708.5, -708.5,
      1.0 + 0x1p-52, 1.0 - 0x1p-53, 40.0, 1e4};
  return values;
}

struct Columns {
  std::vector<std::uint8_t> is_call;
  std::vector<double> forward, strike, vol, expiry, rate, price;

  std::size_t size() const { return forward.size(); }
  OptionRows rows(std::size_t first = 0) const {
    return {is_call.data() + first,     1, {forward.data() + first, 1}, {strike.data() + first, 1},
            {vol.data() + first, 1}, {expiry.data() + first, 1}, {rate.data() + first, 1}};
  }
  void add(std::uint8_t call, double f, double k, double v, double t, double r, double p) {
    is_call.push_back(call);
    forward.push_back(f);
    strike.push_back(k);
    vol.push_back(v);
    expiry.push_back(t);
    rate.push_back(r);
    price.push_back(p);
  }
};

// A third each: a listed chain, anything positive, anything at all. One draw per statement: the
// order in which arguments are evaluated differs between processors.
inline void add_mixed(Columns& columns, Random& random) {
  const auto odd_or = [&](double usual) {
    const bool odd = random.bits() & 1;
    return odd ? hostile()[random.below(hostile().size())] : usual;
  };
  const auto call = static_cast<std::uint8_t>(random.bits() & 1);
  const std::uint64_t kind = random.below(3);
  double f = random.uniform(50.0, 150.0);
  double k = f * random.uniform(0.5, 2.0);
  double v = random.uniform(0.02, 2.0);
  double t = random.uniform(0.0002, 2.0);
  double r = random.uniform(-0.02, 0.1);
  double p = random.uniform(0.0, 60.0);
  if (kind == 1) {
    f = random.wide(-30, 30);
    k = f * random.wide(-2, 2);
    v = random.wide(-20, 3);
    t = random.wide(-20, 3);
    r = random.uniform(-1.0, 1.0);
    p = f * random.wide(-60, 1);
  } else if (kind == 2) {
    f = odd_or(f);
    k = odd_or(f);
    v = odd_or(0.5);
    t = odd_or(0.25);
    r = odd_or(0.0);
    p = odd_or(1.0);
  }
  columns.add(call, f, k, v, t, r, p);
}

inline Columns mixed(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Columns columns;
  for (std::size_t i = 0; i < count; ++i) add_mixed(columns, random);
  return columns;
}

// Scenario rows and a table with positions on it, hostile values included.
struct Book {
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint32_t> row;
  std::vector<double> quantity, table;
  std::size_t stride, columns;

  PositionGroups groups() const {
    return {offsets.size() - 1, offsets.data(), row.data(), quantity.data()};
  }
};

inline Book book(std::size_t columns, std::size_t groups, std::uint64_t seed) {
  Random random(seed);
  Book made;
  made.columns = columns;
  made.stride = (columns + 7) / 8 * 8;
  constexpr std::size_t instruments = 37;
  made.table.assign(instruments * made.stride, 0.0);
  for (std::size_t i = 0; i < instruments; ++i) {
    for (std::size_t c = 0; c < columns; ++c) {
      // Few distinct values, so that ties happen; now and then a NaN or an infinity.
      const double value = static_cast<double>(random.below(7)) - 3.0;
      const bool odd = i > 30 && random.below(9) == 0;
      made.table[i * made.stride + c] = odd ? hostile()[random.below(12)] : value;
    }
  }
  for (std::size_t g = 0; g < groups; ++g) {
    const std::uint64_t held = random.below(6);
    for (std::uint64_t p = 0; p < held; ++p) {
      made.row.push_back(static_cast<std::uint32_t>(random.below(g % 3 == 0 ? instruments : 30)));
      made.quantity.push_back(g % 5 == 0 ? random.uniform(-3.0, 3.0)
                                         : static_cast<double>(random.below(5)) - 2.0);
    }
    made.offsets.push_back(static_cast<std::int64_t>(made.row.size()));
  }
  return made;
}

struct ScenarioSet {
  std::vector<double> factor, weight, vols, scale, base;
  std::vector<std::uint8_t> vol_index;
  Columns options;
  std::size_t vol_count = 3;

  ScenarioRows rows() const {
    return {options.size(), options.is_call.data(), options.forward.data(), options.strike.data(),
            options.expiry.data(), vols.data(), vol_count, scale.data(), base.data()};
  }
  ScenarioGrid grid() const {
    return {factor.size(), factor.data(), vol_index.data(), weight.data()};
  }
};

inline ScenarioSet scenarios(std::size_t rows, std::size_t count, std::uint64_t seed) {
  Random random(seed);
  ScenarioSet set;
  set.options = mixed(rows, seed + 1);
  for (std::size_t s = 0; s < count; ++s) {
    set.factor.push_back(s == 0 ? 1.0 : random.uniform(0.5, 1.5));
    set.weight.push_back(s == 0 ? 1.0 : random.uniform(0.2, 1.0));
    set.vol_index.push_back(static_cast<std::uint8_t>(s == 0 ? 0 : random.below(set.vol_count)));
  }
  for (std::size_t i = 0; i < rows; ++i) {
    for (const double shock : {1.0, 1.5, 0.75}) set.vols.push_back(set.options.vol[i] * shock);
    set.scale.push_back(random.uniform(0.5, 3.0));
    set.base.push_back(random.uniform(0.0, 10.0));
  }
  return set;
}

inline std::vector<const Kernels*> runnable() {
  const Target* all = nullptr;
  const std::size_t count = targets(&all);
  std::vector<const Kernels*> tables;
  for (std::size_t i = 0; i < count; ++i) {
    if (all[i].runs_here) tables.push_back(all[i].table);
  }
  return tables;
}

}  // namespace inputs
