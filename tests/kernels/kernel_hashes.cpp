// Prints one hash per kernel over all outputs of fixed seeds, and fails if two targets of this
// machine differ. The lines are the same on every machine: compare_neon.sh holds x86 to aarch64.
#include <cstdio>

#include "check.hpp"
#include "inputs.hpp"

using namespace tickmargin::kernels;

namespace {

// FNV-1a over the bytes, lowest first whatever the byte order.
class Hash {
 public:
  void add(double x) { add_bits(std::bit_cast<std::uint64_t>(x)); }
  void add_bits(std::uint64_t bits) {
    for (int i = 0; i < 8; ++i) value_ = (value_ ^ ((bits >> (8 * i)) & 0xff)) * 0x100000001b3;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

struct Named {
  const char* name;
  std::uint64_t (*of)(const Kernels&);
};

std::uint64_t pricing(void (*kernel)(const OptionRows&, const OptionOutputs&, std::size_t)
                          noexcept) {
  const inputs::Columns columns = inputs::mixed(6001, 31);
  const std::size_t n = columns.size();
  std::vector<double> out(9 * n);
  double* c = out.data();
  kernel(columns.rows(), {c, c + n, c + 2 * n, c + 3 * n, c + 4 * n, c + 5 * n, c + 6 * n,
                          c + 7 * n, c + 8 * n}, n);
  Hash hash;
  for (const double x : out) hash.add(x);
  return hash.value();
}

std::uint64_t implied(void (*kernel)(const OptionRows&, Column, double*, ImpliedVolStatus*,
                                     std::size_t) noexcept) {
  const inputs::Columns columns = inputs::mixed(6001, 32);
  std::vector<double> vol(columns.size());
  std::vector<ImpliedVolStatus> status(columns.size());
  kernel(columns.rows(), {columns.price.data(), 1}, vol.data(), status.data(), columns.size());
  Hash hash;
  for (const double x : vol) hash.add(x);
  for (const ImpliedVolStatus s : status) hash.add_bits(static_cast<std::uint64_t>(s));
  return hash.value();
}

std::uint64_t elementary(void (*kernel)(const double*, double*, std::size_t) noexcept) {
  inputs::Random random(33);
  std::vector<double> x = inputs::hostile();
  for (int i = 0; i < 20'000; ++i) {
    x.push_back(random.bits() & 1 ? random.uniform(-40.0, 40.0) : random.wide(-1070, 1020));
  }
  std::vector<double> out(x.size());
  kernel(x.data(), out.data(), x.size());
  Hash hash;
  for (const double y : out) hash.add(y);
  return hash.value();
}

std::uint64_t scenario_hash(const Kernels& k) {
  const inputs::ScenarioSet set = inputs::scenarios(301, 33, 34);
  std::vector<double> out(301 * 40);
  k.option_scenarios(set.rows(), set.grid(), out.data(), 40);
  Hash hash;
  for (const double x : out) hash.add(x);
  return hash.value();
}

std::uint64_t scan_hash(const Kernels& k) {
  Hash hash;
  for (const std::size_t columns : {5, 32, 72}) {
    const inputs::Book book = inputs::book(columns, 700, 35);
    const PositionGroups groups = book.groups();
    std::vector<double> sums(groups.count * book.stride), worst(groups.count);
    std::vector<std::uint32_t> column(groups.count);
    k.portfolio_scan(groups, book.table.data(), book.stride, columns, sums.data(), worst.data(),
                     column.data());
    for (const double x : sums) hash.add(x);
    for (const double x : worst) hash.add(x);
    for (const std::uint32_t c : column) hash.add_bits(c);
  }
  return hash.value();
}

const Named kernels_by_name[] = {
    {"black76", [](const Kernels& k) { return pricing(k.black76); }},
    {"bachelier", [](const Kernels& k) { return pricing(k.bachelier); }},
    {"implied_vol", [](const Kernels& k) { return implied(k.implied_vol); }},
    {"bachelier_implied_vol", [](const Kernels& k) { return implied(k.bachelier_implied_vol); }},
    {"option_scenarios", scenario_hash},
    {"portfolio_scan", scan_hash},
    {"exp", [](const Kernels& k) { return elementary(k.exp); }},
    {"log", [](const Kernels& k) { return elementary(k.log); }},
    {"erfc", [](const Kernels& k) { return elementary(k.erfc); }},
};

}  // namespace

int main() {
  bool same = true;
  for (const Named& kernel : kernels_by_name) {
    const std::vector<const Kernels*> tables = inputs::runnable();
    const std::uint64_t reference = kernel.of(*tables.back());
    std::printf("%-24s%016llx\n", kernel.name, static_cast<unsigned long long>(reference));
    for (const Kernels* table : tables) {
      if (kernel.of(*table) == reference) continue;
      std::fprintf(stderr, "%s differs from scalar on %s\n", kernel.name, table->name);
      same = false;
    }
  }
  return same ? 0 : 1;
}
