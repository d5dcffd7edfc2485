// A whole surface marked anew: every option of one underlying moves so far that no band holds, so
// that the commit prices all of them and decides every account, Greeks of its units included; then
// the row of every account is read. Beside it the bare scan of the same positions in the same
// rounds. Every row must be what a recompute of the frozen engine says.
//
//   bench_surface [rounds] [accounts]   ten positions an account
#include <array>
#include <cmath>

#include "feed.hpp"
#include "kernels/kernels.hpp"
#include "tickmargin/live.hpp"

using namespace venue;

namespace {

// The venue's contracts, all of them on the first underlying.
void join_underlyings(EngineInputs& e) {
  for (std::size_t i = 0; i < e.instruments.size(); ++i) {
    const auto u = static_cast<std::size_t>(e.instruments.underlying[i]);
    e.instruments.underlying[i] = 0;
    e.instruments.strike[i] *= index_price[0] / index_price[u];
    e.market.mark_price[i] *= index_price[0] / index_price[u];
  }
  PortfolioColumns& p = e.portfolio;
  for (std::size_t k = 0; k < p.position_instrument.size(); ++k) {
    if (p.position_instrument[k] >= options) p.position_entry_price[k] = index_price[0];
  }
}

struct Case {
  const char* name;
  MethodId method;
  bool strike_nodes;
  bool joined;
};

LiveInputs make_inputs(const Case& of, std::int32_t accounts) {
  return venue::make_inputs(of.method, accounts, [&](EngineInputs& e) {
    if (of.joined) join_underlyings(e);
    for (ScenarioParameters& p : e.policies.policies[0].scenario) p.strike_nodes = of.strike_nodes;
  });
}

// The least that a sweep must do: read every position and one row of 32 scenarios for it.
struct BareScan {
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint32_t> rows;
  std::vector<double> quantity, table, worst;
  std::vector<std::uint32_t> column;

  explicit BareScan(const PortfolioColumns& p)
      : rows(p.position_instrument.begin(), p.position_instrument.end()),
        quantity(p.position_quantity),
        table((options + underlyings) * 32),
        worst(static_cast<std::size_t>(p.account_count)),
        column(worst.size()) {
    harness::Random random(5);
    for (double& cell : table) cell = random.uniform(-1.0, 1.0);
    for (std::size_t a = 1; a <= worst.size(); ++a) {
      offsets.push_back(static_cast<std::int64_t>(10 * a));
    }
  }
  void run() {
    kernels::kernels().portfolio_scan({worst.size(), offsets.data(), rows.data(), quantity.data()},
                                      table.data(), 32, 32, nullptr, worst.data(), column.data());
  }
};

class Remark {
 public:
  Remark(LiveInputs inputs, const InstrumentColumns& instruments) : engine_(std::move(inputs)) {
    for (std::int32_t u = 0; u < underlyings; ++u) tick(u);
    for (std::int32_t i = 0; i < options; ++i) {
      if (instruments.underlying[static_cast<std::size_t>(i)] == 0) rows_.push_back(i);
    }
    rows_read_.resize(engine_.account_count());
  }

  // Volatilities go up and down by an eighth, further than any band lasts.
  void commit(const std::vector<double>& vol) {
    up_ = !up_;
    for (const std::int32_t i : rows_) {
      Record r = record(RecordType::surface_stage, i);
      r.value[0] = vol[static_cast<std::size_t>(i)] * (up_ ? 1.125 : 1.0);
      apply(r);
    }
    Record r = record(RecordType::surface_commit, 0);
    r.detail = static_cast<std::int32_t>(rows_.size());
    apply(r);
  }
  void read() {
    for (std::size_t a = 0; a < rows_read_.size(); ++a) {
      rows_read_[a] = engine_.account(static_cast<AccountIndex>(a));
    }
  }
  void tick(std::int32_t u) {
    Record r = record(RecordType::index_tick, u);
    r.sequence = ++sequence_;
    r.ts_ns = now_ += 1'000'000;
    r.value[0] = index_price[u];
    apply(r);
  }
  // Bands of all accounts drawn again: what a venue does between two surfaces.
  void draw_bands() {
    for (int n = 0; n < 60; ++n) tick(n % underlyings);
  }
  void require_recompute() {
    read();
    const Result result = engine_.freeze().recompute();
    const AccountRows& rows = result.accounts;
    for (std::size_t a = 0; a < rows_read_.size(); ++a) {
      const LiveAccount& row = rows_read_[a];
      harness::require(row.status == Status::ok && rows.status[a] == Status::ok, "status");
      const auto same = [](Ticks ticks, double amount) {
        return static_cast<double>(ticks) / 1e6 == amount;
      };
      harness::require(same(row.equity, rows.equity[a]) &&
                           same(row.initial_margin, rows.initial_margin[a]) &&
                           same(row.maintenance_margin, rows.maintenance_margin[a]),
                       "account against recompute");
    }
    harness::require(engine_.audit() == 0, "states");
  }
  std::uint64_t evaluated() const { return engine_.counters().evaluated; }

 private:
  Record record(RecordType type, std::int32_t subject) const {
    Record r{};
    r.type = type;
    r.subject = subject;
    r.ts_ns = now_;
    return r;
  }
  void apply(const Record& r) {
    const RecordStatus status = engine_.apply(r).status;
    harness::require(status == RecordStatus::ok, record_status_name(status));
    while (engine_.events(events_) == events_.size()) {
    }
  }

  LiveEngine engine_;
  std::vector<std::int32_t> rows_;
  std::vector<LiveAccount> rows_read_;
  std::array<Event, 1024> events_;
  std::uint64_t sequence_ = 0;
  TimeNs now_ = 20'000 * day_ns;
  bool up_ = false;
};

void run(const Case& of, int rounds, std::int32_t accounts) {
  LiveInputs inputs = make_inputs(of, accounts);
  BareScan scan(inputs.engine.portfolio);
  const std::vector<double> vol = inputs.engine.market.mark_vol_annual;
  const InstrumentColumns instruments = inputs.engine.instruments;
  Remark remark(std::move(inputs), instruments);
  std::vector<double> scans, commits, reads, wholes, totals;
  std::uint64_t touched = 0;
  for (int round = 0; round < rounds; ++round) {
    remark.draw_bands();
    const std::uint64_t before = remark.evaluated();
    double start = cpu_ns();
    remark.commit(vol);
    double end = cpu_ns();
    touched = remark.evaluated() - before;
    commits.push_back(end - start);
    start = cpu_ns();
    remark.read();
    reads.push_back(cpu_ns() - start);
    totals.push_back(commits.back() + reads.back());
    scan.run();
    start = cpu_ns();
    scan.run();
    scans.push_back(cpu_ns() - start);
    wholes.push_back(totals.back() / scans.back());
    if (round < 2) remark.require_recompute();
  }
  remark.require_recompute();
  std::printf("%-26s %-6s %8.2f %10.2f %8.2f %10llu %8.1f\n", of.name, of.joined ? "one" : "three",
              harness::median(scans) / 1e6, harness::median(commits) / 1e6,
              harness::median(reads) / 1e6, static_cast<unsigned long long>(touched),
              harness::median(wholes));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  const std::int32_t accounts = argc > 2 ? std::atoi(argv[2]) : 100'000;
  std::printf("%d positions of %d accounts; %d options on one underlying marked anew, or %d\n",
              accounts * 10, accounts, options, options / underlyings);
  std::printf("%-26s %-6s %8s %10s %8s %10s %8s\n", "method", "under.", "scan ms", "commit ms",
              "read ms", "evaluated", "x scan");
  for (const bool joined : {true, false}) {
    run({"fixed", MethodId::fixed, false, joined}, rounds, accounts);
    run({"dynamic", MethodId::dynamic, false, joined}, rounds, accounts);
    run({"scenario", MethodId::scenario, false, joined}, rounds, accounts);
    run({"scenario, strike nodes", MethodId::scenario, true, joined}, rounds, accounts);
  }
  return 0;
}
