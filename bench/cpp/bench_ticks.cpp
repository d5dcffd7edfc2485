// The live engine under ticks and volatilities, beside a sweep of every account. The final states
// must be those of a recompute.
//
//   bench_ticks [accounts] [ticks]   ten positions an account
#include <array>

#include "feed.hpp"

using namespace venue;

namespace {

const char* const method_names[] = {"fixed", "dynamic", "scenario"};

struct Taken {
  double wall;
  double cpu;  // asking for it takes longer than most records: for the worst and for sums
};

Taken timed(LiveEngine& engine, const Record& r, std::array<Event, 1024>& events) {
  const double cpu = cpu_ns();
  const double start = harness::now_ns();
  const RecordStatus status = engine.apply(r).status;
  const double elapsed = harness::now_ns() - start;
  const double spent = cpu_ns() - cpu;
  harness::require(status == RecordStatus::ok, record_status_name(status));
  take_events(engine, events);
  return {elapsed, spent};
}

// Every volatility of one underlying moves a little, together; the worst record's time.
double remark(LiveEngine& engine, Surface& surface, Feed& feed, std::int32_t u,
              std::array<Event, 1024>& events) {
  surface.move(feed, u);
  double worst = 0;
  surface.each(feed.now, u,
               [&](const Record& r) { worst = std::max(worst, timed(engine, r, events).cpu); });
  return worst;
}

void run(MethodId method, std::int32_t accounts, int ticks) {
  LiveInputs inputs = make_inputs(method, accounts);
  Surface surface(inputs.engine.market);
  double start = harness::now_ns();
  LiveEngine engine(inputs);
  std::printf("%s: %d positions of %d accounts; created in %.1f s\n",
              method_names[static_cast<int>(method)], accounts * 10, accounts,
              (harness::now_ns() - start) / 1e9);
  std::array<Event, 1024> events;
  Feed feed;
  for (std::int32_t u = 0; u < underlyings; ++u) apply(engine, feed.tick(u, 0), events);
  // Bands are drawn once the marks are ready.
  for (int n = 0; n < 3 * accounts / 64 + 100; ++n) apply(engine, feed.tick(n % 3, 1e-6), events);

  std::vector<double> sweeps;
  for (int n = 0; n < 5; ++n) {
    for (std::int32_t u = 0; u < underlyings; ++u) apply(engine, feed.tick(u, 1e-6), events);
    start = cpu_ns();
    harness::require(engine.audit() == 0, "states");
    sweeps.push_back(cpu_ns() - start);
  }
  const double sweep = harness::median(sweeps);
  std::printf("  sweep of every account              %.1f ms\n", sweep / 1e6);

  std::vector<double> times;
  const LiveCounters before = engine.counters();
  const double cpu = cpu_ns();
  double worst = 0;
  for (int n = 0; n < ticks; ++n) {
    const Taken taken = timed(engine, feed.tick(n % 3, 2.8e-5), events);
    times.push_back(taken.wall);
    worst = std::max(worst, taken.cpu);
  }
  const double each = (cpu_ns() - cpu) / ticks;
  const LiveCounters after = engine.counters();
  harness::require(engine.audit() == 0, "states after ticks");
  print_times("price ticks of 100 ms", times);
  std::printf(
      "  %-34s %.0fx a sweep; evaluated %.2f (crossed %.2f, watched %.2f), renewed %.2f a "
      "tick; worst %.2f sweeps\n",
      "", sweep / each, static_cast<double>(after.evaluated - before.evaluated) / ticks,
      static_cast<double>(after.crossed - before.crossed) / ticks,
      static_cast<double>(after.watched - before.watched) / ticks,
      static_cast<double>(after.renewed - before.renewed) / ticks, worst / sweep);

  // A mixed stream: ten price ticks and one whole surface, as in a second.
  worst = 0;
  long records = 0;
  const LiveCounters first = engine.counters();
  const double mixed_start = cpu_ns();
  for (int second = 0; second < 60; ++second) {
    for (int n = 0; n < 10; ++n, ++records) {
      worst = std::max(worst, timed(engine, feed.tick(n % 3, 2.8e-5), events).cpu);
    }
    worst = std::max(worst, remark(engine, surface, feed, second % 3, events));
    ++records;  // a surface counts as one
  }
  const double spent = cpu_ns() - mixed_start;
  harness::require(engine.audit() == 0, "states after the mixed stream");
  const LiveCounters last = engine.counters();
  std::printf(
      "  %-34s %.1fx a sweep for each record; evaluated %.1f, renewed %.1f; worst %.2f "
      "sweeps\n",
      "mixed stream", sweep / (spent / static_cast<double>(records)),
      static_cast<double>(last.evaluated - first.evaluated) / static_cast<double>(records),
      static_cast<double>(last.renewed - first.renewed) / static_cast<double>(records),
      worst / sweep);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int32_t accounts = argc > 1 ? std::atoi(argv[1]) : 100'000;
  const int ticks = argc > 2 ? std::atoi(argv[2]) : 20'000;
  for (const MethodId method : {MethodId::fixed, MethodId::dynamic, MethodId::scenario}) {
    run(method, accounts, ticks);
  }
  return 0;
}
