// option_scenarios against black76, portfolio_scan against the plainest loop.
#include <cmath>
#include <limits>

#include "check.hpp"
#include "inputs.hpp"

using namespace tickmargin::kernels;

namespace {

double canonical(double x) {
  return x == x ? x : std::bit_cast<double>(std::uint64_t{0x7ff8000000000000});
}

double undiscounted(const Kernels& k, const inputs::ScenarioSet& set, std::size_t row,
                    std::size_t s) {
  const double forward = set.options.forward[row] * set.factor[s];
  const double vol = set.vols[row * set.vol_count + set.vol_index[s]];
  const double zero = 0.0;
  double price = 0.0;
  k.black76({&set.options.is_call[row], 1, {&forward, 1}, {&set.options.strike[row], 1}, {&vol, 1},
             {&set.options.expiry[row], 1}, {&zero, 0}},
            {&price, {}, {}, {}, {}, {}, {}, {}, {}}, 1);
  return price;
}

}  // namespace

TEST(scenarios_are_repricing) {
  constexpr std::size_t rows = 500;  // whole blocks of both kinds, and some left over
  for (const Kernels* k : inputs::runnable()) {
    for (const std::size_t count : {1, 5, 32, 70}) {
      const inputs::ScenarioSet set = inputs::scenarios(rows, count, 21);
      const std::size_t stride = count + 3;
      std::vector<double> out(rows * stride, -7.0);
      k->option_scenarios(set.rows(), set.grid(), out.data(), stride);
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t s = 0; s < count; ++s) {
          const double value = set.scale[i] * undiscounted(*k, set, i, s);
          const double expected = canonical(set.weight[s] * (value - set.base[i]));
          CHECK_SAME_BITS(out[i * stride + s], expected);
        }
        for (std::size_t pad = count; pad < stride; ++pad) CHECK_EQ(out[i * stride + pad], -7.0);
      }
    }
  }
}

TEST(base_scenario_is_exactly_zero) {
  for (const Kernels* k : inputs::runnable()) {
    inputs::ScenarioSet set = inputs::scenarios(500, 4, 22);
    for (std::size_t i = 0; i < 500; ++i) set.base[i] = set.scale[i] * undiscounted(*k, set, i, 0);
    std::vector<double> out(500 * 4);
    k->option_scenarios(set.rows(), set.grid(), out.data(), 4);
    long priced = 0;
    for (std::size_t i = 0; i < 500; ++i) {
      if (!std::isfinite(set.base[i])) continue;
      CHECK_SAME_BITS(out[i * 4], 0.0);
      ++priced;
    }
    CHECK(priced > 250);
  }
}

TEST(scan_is_the_plain_loop) {
  for (const Kernels* k : inputs::runnable()) {
    for (const std::size_t columns : {1, 3, 8, 16, 31, 32, 40, 64, 65}) {
      const inputs::Book book = inputs::book(columns, 400, 23 + columns);
      const PositionGroups groups = book.groups();
      std::vector<double> sums(groups.count * book.stride), worst(groups.count);
      std::vector<std::uint32_t> column(groups.count);
      k->portfolio_scan(groups, book.table.data(), book.stride, columns, sums.data(), worst.data(),
                        column.data());
      for (std::size_t g = 0; g < groups.count; ++g) {
        double lowest = std::numeric_limits<double>::infinity();
        std::uint32_t at = 0;
        for (std::uint32_t c = 0; c < columns; ++c) {
          double sum = 0.0;
          for (std::int64_t p = groups.offsets[g]; p < groups.offsets[g + 1]; ++p) {
            const double product = groups.quantity[p] * book.table[groups.row[p] * book.stride + c];
            sum = sum + product;
          }
          sum = canonical(sum);
          CHECK_SAME_BITS(sums[g * book.stride + c], sum);
          if (sum < lowest || (std::isnan(sum) && !std::isnan(lowest))) {
            lowest = sum;
            at = c;
          }
        }
        CHECK_SAME_BITS(worst[g], lowest);
        CHECK_EQ(column[g], at);
      }
    }
  }
}

TEST(scan_outputs_may_be_left_out) {
  const inputs::Book book = inputs::book(32, 100, 24);
  const PositionGroups groups = book.groups();
  for (const Kernels* k : inputs::runnable()) {
    std::vector<double> sums(groups.count * 32), worst(groups.count), other(groups.count);
    k->portfolio_scan(groups, book.table.data(), 32, 32, sums.data(), worst.data(), nullptr);
    k->portfolio_scan(groups, book.table.data(), 32, 32, nullptr, other.data(), nullptr);
    for (std::size_t g = 0; g < groups.count; ++g) CHECK_SAME_BITS(worst[g], other[g]);
    k->portfolio_scan(groups, book.table.data(), 32, 32, nullptr, nullptr, nullptr);
  }
}

TEST(largest_row_is_found_wherever_it_stands) {
  for (const Kernels* k : inputs::runnable()) {
    CHECK_EQ(k->largest_row(nullptr, 0), 0u);
    for (const std::size_t count : {1, 7, 64, 101}) {
      std::vector<std::uint32_t> rows(count, 3);
      for (std::size_t at = 0; at < count; ++at) {
        rows[at] = 0xfffffff0u + static_cast<std::uint32_t>(at % 2);
        CHECK_EQ(k->largest_row(rows.data(), count), rows[at]);
        rows[at] = 2;
      }
    }
  }
}

CHECK_MAIN()
