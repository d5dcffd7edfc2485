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

using namespace tickmargin;

namespace {

constexpr std::int64_t day_ns = 86'400'000'000'000;
constexpr std::int32_t underlyings = 3;
constexpr std::int32_t options = 1998;  // then one linear perpetual an underlying
constexpr double index_price[underlyings] = {60'000.0, 3'000.0, 150.0};

MarketColumns make_market() {
  MarketColumns m;
  m.as_of_ns = 20'000 * day_ns;
  m.asset_price = {1.0};
  m.asset_underlying = {-1};
  for (std::int32_t u = 0; u < underlyings; ++u) {
    m.index_price.push_back(index_price[u]);
    m.quote_asset.push_back(-1);
    m.realised_vol_annual.push_back(0.5);
    m.depth_notional.push_back(5e6);
    m.previous_mm_ratio.push_back(std::nan(""));
    m.previous_ts_ns.push_back(0);
    for (std::int64_t days = 7; days <= 175; days += 28) {
      m.forward_underlying.push_back(u);
      m.forward_expiry_ns.push_back(m.as_of_ns + days * day_ns);
      m.forward_price.push_back(index_price[u] * (1.0 + 2e-4 * static_cast<double>(days)));
      m.forward_rate_annual.push_back(0.0);
    }
  }
  return m;
}

void add_instrument(InstrumentColumns& in, MarketColumns& m, Kind kind, std::int32_t underlying) {
  in.kind.push_back(kind);
  in.payoff.push_back(Payoff::linear);
  in.underlying.push_back(underlying);
  in.settlement_asset.push_back(0);
  in.multiplier.push_back(1.0);
  in.strike.push_back(0.0);
  in.expiry_ns.push_back(0);
  in.is_call.push_back(0);
  in.bachelier.push_back(0);
  m.mark_price.push_back(index_price[underlying]);
  m.mark_vol_annual.push_back(std::nan(""));
  m.mark_vol_normal_annual.push_back(std::nan(""));
}

InstrumentColumns make_instruments(MarketColumns& m, harness::Random& random) {
  InstrumentColumns in;
  for (std::int32_t i = 0; i < options; ++i) {
    const std::int32_t u = i % underlyings;
    add_instrument(in, m, Kind::option, u);
    in.strike.back() = index_price[u] * random.uniform(0.6, 1.6);
    in.expiry_ns.back() = m.as_of_ns + (7 + 28 * (i / 3 % 7)) * day_ns;
    in.is_call.back() = random.bits() & 1;
    m.mark_price.back() = std::nan("");
    m.mark_vol_annual.back() = random.uniform(0.3, 0.9);
  }
  for (std::int32_t u = 0; u < underlyings; ++u) add_instrument(in, m, Kind::perpetual, u);
  return in;
}

// Positions come sorted by account; each account holds ten different instruments.
PortfolioColumns make_portfolio(std::int32_t accounts, harness::Random& random) {
  constexpr std::int32_t held = 10;
  constexpr std::int32_t apart = (options + underlyings) / held;
  PortfolioColumns p;
  p.account_count = accounts;
  for (std::int32_t a = 0; a < accounts; ++a) {
    for (std::int32_t k = 0; k < held; ++k) {
      const auto within = static_cast<std::int32_t>(random.below(apart));
      const std::int32_t instrument = k * apart + within;
      const bool perpetual = instrument >= options;
      p.position_account.push_back(a);
      p.position_pocket.push_back(0);
      p.position_instrument.push_back(instrument);
      p.position_quantity.push_back(std::round(random.uniform(-20.0, 20.0)));
      p.position_entry_price.push_back(perpetual ? index_price[instrument - options]
                                                 : std::nan(""));
    }
    p.balance_account.push_back(a);
    p.balance_pocket.push_back(0);
    p.balance_asset.push_back(0);
    p.balance_amount.push_back(random.uniform(1e4, 1e6));
  }
  return p;
}

Policy make_policy(MethodId method) {
  Policy policy;
  policy.name = "bench";
  policy.method = method;
  policy.haircut_initial.assign(1, Haircut{});
  policy.haircut_maintenance.assign(1, Haircut{});
  FuturesParameters futures;
  futures.initial_ratio = 0.05;
  futures.maintenance_ratio = 0.025;
  OptionParameters option;
  option.otm_a = 0.15;
  option.otm_b = 0.10;
  option.maintenance_c = 0.075;
  DynamicParameters dynamic;
  dynamic.horizon_initial_days = 2.0;
  dynamic.horizon_maintenance_days = 1.0;
  dynamic.confidence_initial = 0.995;
  dynamic.confidence_maintenance = 0.99;
  dynamic.floor_ratio = 0.02;
  dynamic.max_mm_increase_per_day_ratio = std::nan("");
  ScenarioParameters scenario;
  for (int step = -4; step <= 4; ++step) {
    for (std::uint8_t vol = 0; vol < 3; ++vol) {
      scenario.price_move.push_back(0.04 * step);
      scenario.vol_index.push_back(vol);
      scenario.weight.push_back(1.0);
    }
  }
  scenario.vol_shock = {0.0, 0.5, -0.25};
  scenario.price_range = 0.16;
  scenario.maintenance_factor = 0.8;
  policy.futures.assign(underlyings, futures);
  policy.options.assign(underlyings, option);
  policy.dynamic.assign(underlyings, dynamic);
  policy.scenario.assign(underlyings, scenario);
  return policy;
}

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
