// Every kernel on every target that runs here: ns and core cycles per row, rows and bytes per
// second, beside the limits of the machine. The answers of all targets must have the bits of the
// scalar one, which the tests hold against 60-digit references.
//
//   cmake --preset bench && cmake --build --preset bench && build/bench/bench/cpp/bench_kernels
//   bench_kernels [rounds] [name]   only kernels whose name contains `name`
#include <cstring>
#include <memory>

#include "kernels/kernels.hpp"
#include "limits.hpp"

using namespace tickmargin::kernels;

namespace {

constexpr std::size_t option_count = 4096;  // inputs and outputs stay in the second-level cache

struct Options {
  std::vector<std::uint8_t> is_call;
  std::vector<double> forward, strike, vol, expiry, rate;

  explicit Options(std::size_t count) {
    harness::Random random(7);
    for (std::size_t i = 0; i < count; ++i) {
      is_call.push_back(random.bits() & 1);
      forward.push_back(random.uniform(50.0, 150.0));
      strike.push_back(forward.back() * random.uniform(0.6, 1.6));
      vol.push_back(random.uniform(0.1, 1.1));
      expiry.push_back(random.uniform(0.01, 2.0));
      rate.push_back(random.uniform(-0.01, 0.06));
    }
  }
  OptionRows rows(bool with_rates) const {
    static const double zero = 0.0;
    const Column no_rate{&zero, 0};
    const Column own_rate{rate.data(), 1};
    return {is_call.data(),  1,
            {forward.data(), 1}, {strike.data(), 1},
            {vol.data(), 1},     {expiry.data(), 1},
            with_rates ? own_rate : no_rate};
  }
};

// One kernel under test: rows per call, the bytes a call must move, what to call, what it wrote.
struct Case {
  std::string name;
  double rows;
  double bytes_per_row;
  std::function<void(const Kernels&)> call;
  std::vector<double>* answer;
};

struct Outputs {
  std::vector<double> columns;
  Outputs() : columns(9 * option_count) {}
  double* column(std::size_t c) { return columns.data() + c * option_count; }
};

void add_pricing(std::vector<Case>& cases, const Options& options, Outputs& out) {
  const auto add = [&](const char* name, OptionOutputs outputs, double count, bool with_rates,
                       bool normal) {
    const double bytes = 8.0 * ((with_rates ? 5 : 4) + count) + 1;
    cases.push_back({name, option_count, bytes,
                     [&options, outputs, with_rates, normal](const Kernels& k) {
                       (normal ? k.bachelier : k.black76)(options.rows(with_rates), outputs,
                                                          option_count);
                     },
                     &out.columns});
  };
  double* c[9];
  for (std::size_t i = 0; i < 9; ++i) c[i] = out.column(i);
  const OptionOutputs price{c[0], {}, {}, {}, {}, {}, {}, {}, {}};
  const OptionOutputs five{c[0], c[1], c[2], c[3], c[4], {}, {}, {}, {}};
  const OptionOutputs nine{c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]};
  add("black76 price", price, 1, false, false);
  add("black76 5 outputs", five, 5, false, false);
  add("black76 5 outputs, rates", five, 5, true, false);
  add("black76 9 outputs, rates", nine, 9, true, false);
  add("bachelier 9 outputs, rates", nine, 9, true, true);
}

void add_implied(std::vector<Case>& cases, const Options& options, Outputs& out,
                 std::vector<double>& prices, std::vector<ImpliedVolStatus>& status) {
  const auto add = [&](const char* name, bool normal) {
    cases.push_back({name, option_count, 8.0 * 5 + 2,
                     [&, normal](const Kernels& k) {
                       (normal ? k.bachelier_implied_vol : k.implied_vol)(
                           options.rows(false), {prices.data(), 1}, out.column(0), status.data(),
                           option_count);
                     },
                     &out.columns});
  };
  add("implied_vol", false);
  add("bachelier_implied_vol", true);
}

struct Grid {
  static constexpr std::size_t instruments = 3000;
  static constexpr std::size_t scenarios = 32;
  std::vector<double> factor, weight, vols, scale, base, profit;
  std::vector<std::uint8_t> vol_index;
  Options options{instruments};

  Grid() : scale(instruments, 1.0), base(instruments, 0.0), profit(instruments * scenarios) {
    for (std::size_t s = 0; s < scenarios; ++s) {
      factor.push_back(0.84 + 0.01 * static_cast<double>(s));
      weight.push_back(1.0);
      vol_index.push_back(static_cast<std::uint8_t>(s % 3));
    }
    for (const double vol : options.vol) {
      for (const double shock : {1.0, 1.4, 0.75}) vols.push_back(vol * shock);
    }
  }
  void run(const Kernels& k) {
    const ScenarioRows rows{instruments, options.is_call.data(), options.forward.data(),
                            options.strike.data(), options.expiry.data(), vols.data(), 3,
                            scale.data(), base.data()};
    k.option_scenarios(rows, {scenarios, factor.data(), vol_index.data(), weight.data()},
                       profit.data(), scenarios);
  }
};

struct Book {
  static constexpr std::size_t accounts = 100'000;
  static constexpr std::size_t positions = 1'000'000;
  static constexpr std::size_t instruments = 3000;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint32_t> rows, worst_column;
  std::vector<double> quantity, worst, storage;
  std::size_t stride;
  double* table;  // on a cache line, as the engine keeps it: half the rows would cross two

  explicit Book(std::size_t columns) : worst_column(accounts), worst(accounts), stride(columns) {
    const std::size_t bytes = instruments * stride * sizeof(double);
    storage.resize(bytes / sizeof(double) + 8);
    void* start = storage.data();
    std::size_t space = storage.size() * sizeof(double);
    table = static_cast<double*>(std::align(64, bytes, start, space));
    harness::Random random(11);
    for (std::size_t i = 0; i < positions; ++i) {
      rows.push_back(static_cast<std::uint32_t>(random.below(instruments)));
      quantity.push_back(random.uniform(-10.0, 10.0));
    }
    std::vector<std::int64_t> cuts;
    for (std::size_t i = 1; i < accounts; ++i) {
      cuts.push_back(static_cast<std::int64_t>(random.below(positions)));
    }
    std::sort(cuts.begin(), cuts.end());
    offsets.insert(offsets.end(), cuts.begin(), cuts.end());
    offsets.push_back(positions);
    for (std::size_t i = 0; i < instruments * stride; ++i) table[i] = random.uniform(-1, 1);
  }
  void run(const Kernels& k) {
    k.portfolio_scan({accounts, offsets.data(), rows.data(), quantity.data()}, table,
                     stride, stride, nullptr, worst.data(), worst_column.data());
  }
};

void run_case(const Case& c, const std::vector<const Kernels*>& tables, int rounds, double ghz) {
  std::fill(c.answer->begin(), c.answer->end(), 0.0);
  c.call(*tables.back());
  const std::vector<double> reference = *c.answer;
  std::vector<harness::Contestant> all;
  for (const Kernels* table : tables) {
    std::fill(c.answer->begin(), c.answer->end(), 0.0);
    c.call(*table);
    harness::require(std::memcmp(reference.data(), c.answer->data(),
                                 reference.size() * sizeof(double)) == 0 &&
                         reference != std::vector<double>(reference.size()),
                     c.name + " on " + table->name);
    all.push_back({table->name, [&c, table] { c.call(*table); }, 1, {}});
  }
  harness::race(all, rounds);
  for (const harness::Contestant& one : all) {
    const double ns = harness::median(one.times) / c.rows;
    std::printf("%-28s %-8s %9.2f %9.1f %10.1f %8.1f\n", c.name.c_str(), one.name.c_str(), ns,
                ns * ghz, 1e3 / ns, c.bytes_per_row / ns);
  }
}

void print_limits(const Book& book, double ghz) {
  std::printf("core clock                   %9.2f cycles/ns\n", ghz);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    std::printf("fused multiply-add, 512 bit  %9.1f lanes/cycle\n",
                limits::fma_lanes_per_cycle(limits::fma_512, 8, ghz));
  }
  if (__builtin_cpu_supports("avx2")) {
    std::printf("fused multiply-add, 256 bit  %9.1f lanes/cycle\n",
                limits::fma_lanes_per_cycle(limits::fma_256, 4, ghz));
  }
#endif
  std::printf("row of %zu doubles gathered   %9.2f ns\n", book.stride,
              limits::row_gather_ns(book.table, book.stride, book.rows.data(),
                                    Book::positions));
  std::printf("copy, read and written       %9.1f GB/s\n\n", limits::copy_bytes_per_ns());
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  const char* wanted = argc > 2 ? argv[2] : "";
  std::vector<const Kernels*> tables;
  const Target* all = nullptr;
  const std::size_t count = targets(&all);
  for (std::size_t i = 0; i < count; ++i) {
    if (all[i].runs_here) tables.push_back(all[i].table);
  }
  const Options options(option_count);
  Outputs out;
  std::vector<double> prices(option_count);
  std::vector<ImpliedVolStatus> status(option_count);
  tables.back()->black76(options.rows(false), {prices.data(), {}, {}, {}, {}, {}, {}, {}, {}},
                         option_count);
  Grid grid;
  Book book32(32);
  Book book64(64);
  std::vector<Case> cases;
  add_pricing(cases, options, out);
  add_implied(cases, options, out, prices, status);
  cases.push_back({"option_scenarios 3000 x 32", 96'000, 8, [&](const Kernels& k) { grid.run(k); },
                   &grid.profit});
  cases.push_back({"portfolio_scan 32 columns", Book::positions, 12 + 256,
                   [&](const Kernels& k) { book32.run(k); }, &book32.worst});
  cases.push_back({"portfolio_scan 64 columns", Book::positions, 12 + 512,
                   [&](const Kernels& k) { book64.run(k); }, &book64.worst});
  const double ghz = harness::core_ghz();
  print_limits(book32, ghz);
  std::printf("%-28s %-8s %9s %9s %10s %8s\n", "kernel", "target", "ns/row", "cycles", "Mrows/s",
              "GB/s");
  for (const Case& c : cases) {
    if (c.name.find(wanted) != std::string::npos) run_case(c, tables, rounds, ghz);
  }
  return 0;
}
