// The live engine with a journal behind it: what apply costs with and without one, and how long an
// engine of many positions takes to come back from a snapshot and a long journal. The state that
// comes back must have the hash of the state that was left.
//
//   bench_live_durable [positions] [records] [directory]
#include <filesystem>
#include <thread>

#include "harness.hpp"
#include "live_book.hpp"

using namespace tickmargin;
using namespace live_book;

namespace {

constexpr int positions_an_account = 10;

// Accounts far from their borders but for one in a hundred, as a venue's are.
LiveInputs venue(std::size_t positions) {
  const auto accounts = static_cast<std::int32_t>(positions / positions_an_account);
  LiveInputs in = make_inputs(accounts, 1, 2 * positions_an_account + 1);
  PortfolioColumns& p = in.engine.portfolio;
  for (std::size_t b = 0; b < p.balance_account.size(); ++b) {
    if (p.balance_account[b] % 100 != 0) p.balance_amount[b] = std::fabs(p.balance_amount[b]) * 20;
  }
  return in;
}

// Ticks of 100 ms of three indices at 50 % a year, in every tenth place a fill, in every
// thousandth a clock. The same number draws the same record.
class Stream {
 public:
  explicit Stream(std::size_t accounts) : accounts_(accounts), draw_(7) {
    for (std::int32_t u = 0; u < underlyings; ++u) price_[u] = index_at_start[u];
  }
  Record next() {
    ++number_;
    if (number_ % 1000 == 0) return make_record(RecordType::clock, 0, now_);
    const std::int32_t u = draw_.below(underlyings);
    if (number_ % 10 == 0) {
      Record r = make_record(RecordType::fill, u * 31, now_);
      r.account = draw_.below(accounts_);
      r.value[0] = draw_.chance(0.5) ? 0.1 : -0.1;
      r.value[1] = price_[u];
      return r;
    }
    price_[u] *= 1 + 2.8e-5 * draw_.normal();
    now_ += 33'000'000;
    return index_tick(u, number_, price_[u], now_);
  }

 private:
  std::size_t accounts_;
  Draw draw_;
  double price_[underlyings];
  std::uint64_t number_ = 0;
  TimeNs now_ = start_ns;
};

void apply(LiveEngine& engine, const Record& record) {
  static std::vector<Event> events(4096);
  while (engine.apply(record).status == RecordStatus::ring_full) {
    while (engine.events(events) != 0) {
    }
    std::this_thread::yield();
  }
}

double percentile(std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void report(const char* name, std::vector<double>& ns) {
  double sum = 0;
  for (const double x : ns) sum += x;
  std::sort(ns.begin(), ns.end());
  std::printf("%-24s p50 %6.0f  p99 %8.0f  p99.9 %9.0f  mean %7.0f ns\n", name, percentile(ns, 0.5),
              percentile(ns, 0.99), percentile(ns, 0.999), sum / static_cast<double>(ns.size()));
}

// Both engines take each record in turn, so that they are measured in the same weather.
void bench_apply(const LiveInputs& inputs, const std::string& directory, std::size_t count) {
  LiveEngine alone(inputs), recording(inputs);
  recording.record_to(directory);
  Stream stream(alone.account_count());
  std::vector<double> alone_ns, recording_ns;
  const auto timed = [](LiveEngine& engine, const Record& record) {
    const double start = harness::now_ns();
    apply(engine, record);
    return harness::now_ns() - start;
  };
  for (std::size_t n = 0; n < count; ++n) {
    const Record record = stream.next();
    const bool first = n % 2 == 0;
    if (first) alone_ns.push_back(timed(alone, record));
    recording_ns.push_back(timed(recording, record));
    if (!first) alone_ns.push_back(timed(alone, record));
  }
  harness::require(recording.flush(), "every record is on the disk");
  harness::require(alone.state_hash() == recording.state_hash(), "one state");
  harness::require(recording.durable_seq() == recording.applied_seq(), "all of it is durable");
  report("apply", alone_ns);
  report("apply, recording", recording_ns);
}

double seconds_since(double start_ns_of) {
  return (harness::now_ns() - start_ns_of) * 1e-9;
}

void bench_recovery(const LiveInputs& inputs, const std::string& directory, std::size_t count) {
  std::uint64_t hash = 0;
  {
    LiveEngine engine(inputs);
    double start = harness::now_ns();
    engine.record_to(directory);
    std::printf("snapshot written         %7.3f s\n", seconds_since(start));
    Stream stream(engine.account_count());
    start = harness::now_ns();
    for (std::size_t n = 0; n < count; ++n) apply(engine, stream.next());
    harness::require(engine.flush(), "every record is on the disk");
    const double seconds = seconds_since(start);
    std::printf("%zu records applied  %7.3f s, %.0f ns each\n", count, seconds,
                seconds * 1e9 / static_cast<double>(count));
    hash = engine.state_hash();
  }
  double start = harness::now_ns();
  RecoveredEngine back = LiveEngine::recover(directory);
  const double seconds = seconds_since(start);
  harness::require(back.report.state_hash == hash, "the same state");
  harness::require(back.engine.audit() == 0, "every state as a recompute has it");
  start = harness::now_ns();
  back.engine.record_to(directory);
  std::printf("record_to again          %7.3f s\n", seconds_since(start));
  back.engine = LiveEngine(make_inputs(1, 1));
  start = harness::now_ns();
  back = LiveEngine::recover(directory);
  const double alone = seconds_since(start);
  harness::require(back.report.state_hash == hash, "the same state again");
  std::printf("recovered, snapshot only %7.3f s\n", alone);
  std::printf("recovered, with journal  %7.3f s: %.0f ns a record\n", seconds,
              (seconds - alone) * 1e9 / static_cast<double>(count));
}

}  // namespace

int main(int argc, char** argv) {
  const auto positions = static_cast<std::size_t>(argc > 1 ? std::atoll(argv[1]) : 1'000'000);
  const auto records = static_cast<std::size_t>(argc > 2 ? std::atoll(argv[2]) : 10'000'000);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string base = std::string(argc > 3 ? argv[3] : ".") + "/bench_live_durable";
  std::filesystem::remove_all(base);
  std::filesystem::create_directories(base + "/apply");
  std::filesystem::create_directories(base + "/recovery");
  const LiveInputs inputs = venue(positions);
  std::printf("%zu accounts, %zu positions, %zu records, %s\n",
              static_cast<std::size_t>(inputs.engine.portfolio.account_count),
              inputs.engine.portfolio.position_account.size(), records, base.c_str());
  bench_apply(inputs, base + "/apply", std::min<std::size_t>(records, 200'000));
  bench_recovery(inputs, base + "/recovery", records);
  std::filesystem::remove_all(base);
  return 0;
}
