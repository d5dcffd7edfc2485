// Every target gives the bits of the scalar one, for every length and offset, and writes nothing
// past the rows it was given.
#include <cstring>
#include <functional>

#include "check.hpp"
#include "inputs.hpp"

using namespace tickmargin::kernels;

namespace {

constexpr std::size_t longest = 2 * 64 + 1;
constexpr std::size_t offsets = 9;
constexpr double untouched = -12345.678;

using Buffer = std::vector<double>;

bool same(const Buffer& a, const Buffer& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

// Runs `call` on each target into a buffer of `width` doubles; compares with scalar.
void compare(const char* what, std::size_t width,
             const std::function<void(const Kernels&, double*)>& call) {
  const std::vector<const Kernels*> tables = inputs::runnable();
  Buffer reference(width, untouched);
  call(*tables.back(), reference.data());
  for (const Kernels* k : tables) {
    Buffer result(width, untouched);
    call(*k, result.data());
    check::report(same(reference, result), __FILE__, __LINE__,
                  std::string(what) + " differs on " + k->name);
  }
}

OptionOutputs some_outputs(double* at, std::size_t stride, unsigned asked) {
  double* c[9];
  for (unsigned i = 0; i < 9; ++i) c[i] = (asked >> i) & 1 ? at + i * stride : nullptr;
  return {c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]};
}

}  // namespace

TEST(pricing_on_every_target) {
  const inputs::Columns columns = inputs::mixed(20'000, 1);
  const std::size_t n = columns.size();
  compare("black76", 9 * n, [&](const Kernels& k, double* out) {
    k.black76(columns.rows(), some_outputs(out, n, 0x1ff), n);
  });
  compare("bachelier", 9 * n, [&](const Kernels& k, double* out) {
    k.bachelier(columns.rows(), some_outputs(out, n, 0x1ff), n);
  });
}

// One row alone gives what it gives in the middle of others: the scalar target priced row by row is
// the reference for every length, at every offset of inputs and outputs.
TEST(pricing_of_every_length_and_offset) {
  const inputs::Columns columns = inputs::mixed(longest + offsets, 2);
  const Kernels& scalar = *inputs::runnable().back();
  const std::size_t n = columns.size();
  for (const bool normal : {false, true}) {
    Buffer alone(9 * n);
    for (std::size_t i = 0; i < n; ++i) {
      (normal ? scalar.bachelier : scalar.black76)(columns.rows(i),
                                                   some_outputs(alone.data() + i, n, 0x1ff), 1);
    }
    for (const Kernels* k : inputs::runnable()) {
      for (std::size_t offset = 0; offset < offsets; ++offset) {
        for (std::size_t length = 0; length <= longest; ++length) {
          Buffer result(9 * n, untouched);
          (normal ? k->bachelier : k->black76)(
              columns.rows(offset), some_outputs(result.data() + offset, n, 0x1ff), length);
          bool good = true;
          for (std::size_t at = 0; at < 9 * n; ++at) {
            const bool inside = at % n >= offset && at % n < offset + length;
            good = good && check::same_bits(result[at], inside ? alone[at] : untouched);
          }
          CHECK(good);
        }
      }
    }
  }
}

// Asking for less changes nothing in what is given, and leaves the rest alone.
TEST(every_subset_of_outputs) {
  const inputs::Columns columns = inputs::mixed(70, 3);
  const std::size_t n = columns.size();
  for (const Kernels* k : inputs::runnable()) {
    for (const auto kernel : {k->black76, k->bachelier}) {
      Buffer all(9 * n);
      kernel(columns.rows(), some_outputs(all.data(), n, 0x1ff), n);
      for (unsigned asked = 0; asked < 512; ++asked) {
        Buffer some(9 * n, untouched);
        kernel(columns.rows(), some_outputs(some.data(), n, asked), n);
        bool good = true;
        for (std::size_t at = 0; at < 9 * n; ++at) {
          const bool wanted = (asked >> (at / n)) & 1;
          good = good && check::same_bits(some[at], wanted ? all[at] : untouched);
        }
        CHECK(good);
      }
    }
  }
}

// A shared value (step 0) is the same as a column full of it, the skipped discounting included.
TEST(shared_columns) {
  inputs::Columns columns = inputs::mixed(200, 4);
  const std::size_t n = columns.size();
  const double rate = 0.0;
  const double strike = 95.0;
  const double expiry = 0.37;
  const std::uint8_t call = 0;
  for (std::size_t i = 0; i < n; ++i) {
    columns.rate[i] = rate;
    columns.strike[i] = strike;
    columns.expiry[i] = expiry;
    columns.is_call[i] = call;
  }
  OptionRows shared = columns.rows();
  shared.is_call = &call;
  shared.is_call_step = 0;
  shared.strike = {&strike, 0};
  shared.expiry_years = {&expiry, 0};
  shared.rate_annual = {&rate, 0};
  for (const Kernels* k : inputs::runnable()) {
    for (const auto kernel : {k->black76, k->bachelier}) {
      Buffer full(9 * n), short_cut(9 * n);
      kernel(columns.rows(), some_outputs(full.data(), n, 0x1ff), n);
      kernel(shared, some_outputs(short_cut.data(), n, 0x1ff), n);
      CHECK(same(full, short_cut));
    }
  }
}

TEST(implied_vol_of_every_length_and_offset) {
  const inputs::Columns columns = inputs::mixed(longest + offsets, 5);
  const Kernels& scalar = *inputs::runnable().back();
  const std::size_t n = columns.size();
  for (const bool normal : {false, true}) {
    Buffer alone(n);
    std::vector<ImpliedVolStatus> status_alone(n);
    for (std::size_t i = 0; i < n; ++i) {
      (normal ? scalar.bachelier_implied_vol : scalar.implied_vol)(
          columns.rows(i), {columns.price.data() + i, 1}, &alone[i], &status_alone[i], 1);
    }
    for (const Kernels* k : inputs::runnable()) {
      for (std::size_t offset = 0; offset < offsets; ++offset) {
        for (std::size_t length = 0; length <= longest; ++length) {
          Buffer result(n, untouched);
          std::vector<ImpliedVolStatus> status(n, ImpliedVolStatus{77});
          (normal ? k->bachelier_implied_vol : k->implied_vol)(
              columns.rows(offset), {columns.price.data() + offset, 1}, result.data() + offset,
              status.data() + offset, length);
          bool good = true;
          for (std::size_t i = 0; i < n; ++i) {
            const bool inside = i >= offset && i < offset + length;
            good = good && check::same_bits(result[i], inside ? alone[i] : untouched) &&
                   status[i] == (inside ? status_alone[i] : ImpliedVolStatus{77});
          }
          CHECK(good);
        }
      }
    }
  }
}

TEST(implied_vol_on_every_target) {
  const inputs::Columns columns = inputs::mixed(20'000, 6);
  const std::size_t n = columns.size();
  std::vector<ImpliedVolStatus> status(n);
  const Column price{columns.price.data(), 1};
  compare("implied_vol", 2 * n, [&](const Kernels& k, double* out) {
    k.implied_vol(columns.rows(), price, out, status.data(), n);
    for (std::size_t i = 0; i < n; ++i) out[n + i] = static_cast<double>(status[i]);
  });
  compare("bachelier_implied_vol", 2 * n, [&](const Kernels& k, double* out) {
    k.bachelier_implied_vol(columns.rows(), price, out, status.data(), n);
    for (std::size_t i = 0; i < n; ++i) out[n + i] = static_cast<double>(status[i]);
  });
}

TEST(elementary_on_every_target) {
  inputs::Random random(7);
  for (std::size_t length = 0; length <= longest; ++length) {
    Buffer x;
    for (std::size_t i = 0; i < length; ++i) {
      const std::uint64_t kind = random.below(3);
      x.push_back(kind == 0   ? random.uniform(-30.0, 30.0)
                  : kind == 1 ? random.wide(-1060, 1020)
                              : inputs::hostile()[random.below(inputs::hostile().size())]);
    }
    compare("exp, log or erfc", 3 * length + 1, [&](const Kernels& k, double* out) {
      k.exp(x.data(), out, length);
      k.log(x.data(), out + length, length);
      k.erfc(x.data(), out + 2 * length, length);
    });
  }
}

TEST(scenarios_on_every_target) {
  for (const std::size_t count : {1, 2, 7, 8, 31, 32, 33, 64, 65, 100}) {
    const inputs::ScenarioSet set = inputs::scenarios(341, count, 8 + count);
    const std::size_t stride = (count + 7) / 8 * 8;
    compare("option_scenarios", 341 * stride, [&](const Kernels& k, double* out) {
      k.option_scenarios(set.rows(), set.grid(), out, stride);
    });
  }
}

TEST(scan_on_every_target) {
  for (std::size_t columns = 1; columns <= 80; ++columns) {
    const inputs::Book book = inputs::book(columns, 50, 9 + columns);
    const std::size_t groups = book.groups().count;
    compare("portfolio_scan", groups * (book.stride + 2), [&](const Kernels& k, double* out) {
      std::vector<std::uint32_t> column(groups);
      double* worst = out + groups * book.stride;
      k.portfolio_scan(book.groups(), book.table.data(), book.stride, columns, out, worst,
                       column.data());
      for (std::size_t g = 0; g < groups; ++g) worst[groups + g] = column[g];
    });
  }
}

CHECK_MAIN()
