// The batch from end to end: an engine over a drawn book, every account revalued and margined under
// each base method on one thread and on two, beside the bare scan of the same number of positions.
// The results of all thread counts must have the same bits, and a book small enough to work out by
// hand must come out so.
//
//   bench_batch [rounds] [accounts]   ten positions an account
#include <cmath>
#include <cstring>

#include "harness.hpp"
#include "kernels/kernels.hpp"
#include "tickmargin/engine.hpp"
#include "venue.hpp"

using namespace venue;

namespace {

Engine make_engine(MethodId method, std::int32_t accounts) {
  harness::Random random(3);
  EngineInputs inputs;
  inputs.market = make_market();
  inputs.instruments = make_instruments(inputs.market, random);
  inputs.portfolio = make_portfolio(accounts, random);
  inputs.policies = {{make_policy(method)}, std::vector<std::int32_t>(accounts, 0)};
  return Engine(std::move(inputs));
}

// One account long two perpetuals of 60,000 against 10,000 of cash: 2.5 % of 120,000 is 3,000.
void require_known_answer() {
  harness::Random random(3);
  EngineInputs inputs;
  inputs.market = make_market();
  inputs.instruments = make_instruments(inputs.market, random);
  PortfolioColumns& p = inputs.portfolio;
  p.account_count = 1;
  p.position_account = p.position_pocket = {0};
  p.position_instrument = {options};
  p.position_quantity = {2.0};
  p.position_entry_price = {59'000.0};
  p.balance_account = p.balance_pocket = p.balance_asset = {0};
  p.balance_amount = {10'000.0};
  inputs.policies = {{make_policy(MethodId::fixed)}, {0}};
  const AccountRows rows = Engine(std::move(inputs)).recompute().accounts;
  harness::require(rows.equity[0] == 12'000.0 && rows.initial_margin[0] == 6'000.0 &&
                       rows.maintenance_margin[0] == 3'000.0 && rows.status[0] == Status::ok,
                   "two perpetuals under fixed");
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

void require_same(const Result& one, const Result& two, const char* name) {
  const auto& a = one.accounts;
  const auto& b = two.accounts;
  harness::require(same_bits(a.equity, b.equity) && same_bits(a.initial_margin, b.initial_margin) &&
                       same_bits(a.maintenance_margin, b.maintenance_margin) &&
                       a.slack_ticks == b.slack_ticks && a.state == b.state,
                   std::string(name) + " on two threads");
  for (const Status status : a.status) {
    harness::require(status == Status::ok, std::string(name) + " left an account undecided");
  }
}

// The least the batch must do: read every position and one row of 32 scenarios for it.
struct BareScan {
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint32_t> rows;
  std::vector<double> quantity, table, worst;

  explicit BareScan(std::int32_t accounts)
      : table((options + underlyings) * 32), worst(static_cast<std::size_t>(accounts)) {
    harness::Random random(5);
    for (std::int32_t a = 0; a < accounts; ++a) {
      for (int k = 0; k < 10; ++k) {
        rows.push_back(static_cast<std::uint32_t>(random.below(options + underlyings)));
        quantity.push_back(random.uniform(-20.0, 20.0));
      }
      offsets.push_back(static_cast<std::int64_t>(rows.size()));
    }
    for (double& cell : table) cell = random.uniform(-1.0, 1.0);
  }
  void run() {
    kernels::kernels().portfolio_scan({worst.size(), offsets.data(), rows.data(), quantity.data()},
                                      table.data(), 32, 32, nullptr, worst.data(), nullptr);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  const std::int32_t accounts = argc > 2 ? std::atoi(argv[2]) : 100'000;
  require_known_answer();
  BareScan scan(accounts);
  const char* names[] = {"fixed", "dynamic", "scenario"};
  std::printf("%d positions of %d accounts\n", accounts * 10, accounts);
  std::printf("%-10s %12s %12s %12s %10s %14s\n", "method", "scan ms", "1 thread ms",
              "2 threads ms", "speed-up", "x bare scan");
  for (const MethodId method : {MethodId::fixed, MethodId::dynamic, MethodId::scenario}) {
    const char* name = names[static_cast<int>(method)];
    const Engine engine = make_engine(method, accounts);
    RecomputeOptions two;
    two.threads = 2;
    require_same(engine.recompute(), engine.recompute(two), name);
    std::vector<harness::Contestant> all(3);
    all[0] = {"scan", [&] { scan.run(); }, 1, {}};
    all[1] = {"one", [&] { harness::keep(engine.recompute()); }, 1, {}};
    all[2] = {"two", [&] { harness::keep(engine.recompute(two)); }, 1, {}};
    harness::race(all, rounds);
    const double bare = harness::median(all[0].times);
    const double single = harness::median(all[1].times);
    const double both = harness::median(all[2].times);
    std::printf("%-10s %12.2f %12.2f %12.2f %10.2f %14.1f\n", name, bare / 1e6, single / 1e6,
                both / 1e6, single / both, single / bare);
  }
  return 0;
}
