// The live engine under ticks, volatilities and orders, beside a sweep of every account and the
// bare scan of every position. The final states must be those of a recompute.
//
//   bench_ticks [accounts] [ticks]   ten positions an account
#include <time.h>

#include <array>
#include <cmath>

#include "kernels/kernels.hpp"
#include "tickmargin/live.hpp"
#include "venue.hpp"

using namespace venue;

namespace {

const char* const method_names[] = {"fixed", "dynamic", "scenario"};

double percentile(std::vector<double>& sorted, double p) {
  return sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1))];
}

void print_times(const char* what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  double sum = 0;
  for (const double t : times) sum += t;
  std::printf("  %-34s mean %9.0f  p50 %8.0f  p99 %9.0f  p99.9 %9.0f  max %10.0f ns\n", what,
              sum / static_cast<double>(times.size()), percentile(times, 0.5),
              percentile(times, 0.99), percentile(times, 0.999), times.back());
}

// Processor time of this thread: what others do on the machine does not count.
double cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

LiveInputs make_inputs(MethodId method, std::int32_t accounts) {
  harness::Random random(3);
  LiveInputs in;
  EngineInputs& e = in.engine;
  e.market = make_market();
  e.instruments = make_instruments(e.market, random);
  e.portfolio = make_portfolio(accounts, random);
  Policy policy = make_policy(method);
  policy.close_out_cost_ratio = 0.001;
  e.policies = {{policy}, std::vector<std::int32_t>(static_cast<std::size_t>(accounts), 0)};
  settle_balances(e, random);
  in.settings.oracle = steady_oracles();
  return in;
}

struct Feed {
  harness::Random random{11};
  double price[underlyings] = {index_price[0], index_price[1], index_price[2]};
  std::uint64_t sequence = 0;
  TimeNs now = 20'000 * day_ns;

  double normal() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += random.uniform(-0.5, 0.5);
    return sum;
  }
  Record tick(std::int32_t u, double size) {
    price[u] *= 1 + size * normal();
    now += 100'000'000;
    Record r{};
    r.type = RecordType::index_tick;
    r.subject = u;
    r.ts_ns = now;
    r.sequence = ++sequence;
    r.value[0] = price[u];
    return r;
  }
};

struct Surface {
  std::vector<double> vol;
  std::vector<std::int32_t> rows[underlyings];
};

void apply(LiveEngine& engine, const Record& r, std::array<Event, 1024>& events) {
  RecordStatus status = engine.apply(r).status;
  harness::require(status == RecordStatus::ok, record_status_name(status));
  while (engine.events(events) == events.size()) {
  }
}

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
  while (engine.events(events) == events.size()) {
  }
  return {elapsed, spent};
}

// The surface of one underlying as it stands; the worst record's time.
double send(LiveEngine& engine, const Surface& surface, const Feed& feed, std::int32_t u,
            std::array<Event, 1024>& events) {
  double worst = 0;
  for (const std::int32_t i : surface.rows[u]) {
    Record r{};
    r.type = RecordType::surface_stage;
    r.subject = i;
    r.ts_ns = feed.now;
    r.value[0] = surface.vol[static_cast<std::size_t>(i)];
    worst = std::max(worst, timed(engine, r, events).cpu);
  }
  Record commit{};
  commit.type = RecordType::surface_commit;
  commit.subject = u;
  commit.ts_ns = feed.now;
  commit.detail = static_cast<std::int32_t>(surface.rows[u].size());
  return std::max(worst, timed(engine, commit, events).cpu);
}

// Every volatility of one underlying moves a little, together.
double remark(LiveEngine& engine, Surface& surface, Feed& feed, std::int32_t u,
              std::array<Event, 1024>& events) {
  const double level = 1 + 5e-4 * feed.normal();
  for (const std::int32_t i : surface.rows[u]) {
    surface.vol[static_cast<std::size_t>(i)] *= level * (1 + 1e-4 * feed.normal());
  }
  return send(engine, surface, feed, u, events);
}

void run(MethodId method, std::int32_t accounts, int ticks) {
  LiveInputs inputs = make_inputs(method, accounts);
  Surface surface{inputs.engine.market.mark_vol_annual, {}};
  for (std::int32_t i = 0; i < options; ++i) surface.rows[i % underlyings].push_back(i);
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

// A market maker long and short every listed option: an order before each of which its index has
// ticked, then orders between ticks. A sample of the verdicts is compared with evaluations.
void run_orders(int orders, bool surfaces) {
  LiveInputs in = make_inputs(MethodId::scenario, 100);
  EngineInputs& e = in.engine;
  harness::Random random(17);
  PortfolioColumns& p = e.portfolio;
  p.account_count = 1;
  p.position_account.assign(options, 0);
  p.position_pocket.assign(options, 0);
  p.position_instrument.clear();
  p.position_quantity.clear();
  p.position_entry_price.assign(options, std::nan(""));
  for (std::int32_t i = 0; i < options; ++i) {
    p.position_instrument.push_back(i);
    p.position_quantity.push_back(std::round(random.uniform(-20.0, 20.0)));
  }
  p.balance_account = p.balance_pocket = p.balance_asset = {0};
  p.balance_amount = {0.0};
  e.policies.account_policy.assign(1, 0);
  const Result bare = Engine(e).recompute();
  p.balance_amount = {1.3 * bare.accounts.initial_margin[0] - bare.accounts.equity[0]};
  LiveInputs exact = in;
  exact.settings.bands = false;
  LiveEngine engine(in), evaluating(exact);
  std::array<Event, 1024> events;
  Feed feed;
  for (std::int32_t u = 0; u < underlyings; ++u) {
    const Record r = feed.tick(u, 0);
    apply(engine, r, events);
    apply(evaluating, r, events);
  }
  std::vector<double> after_tick, after_surface, warm, empty;
  Surface surface{e.market.mark_vol_annual, {}};
  for (std::int32_t i = 0; i < options; ++i) surface.rows[i % underlyings].push_back(i);
  // Between surfaces other processes get their turn of the processor: its own time only.
  const auto now = surfaces ? cpu_ns : harness::now_ns;
  long compared = 0;
  for (int n = 0; n < orders; ++n) {
    const std::int32_t u = n % underlyings;
    // A surface a second among ten ticks a second, and an order after each.
    const bool marked_anew = surfaces && n % 10 == 0;
    if (marked_anew) remark(engine, surface, feed, u, events);
    const Record r = feed.tick(u, 2.8e-5);
    apply(engine, r, events);
    const auto draw = [&] {
      const auto i = static_cast<std::int32_t>(random.below(options / underlyings)) * 3 + u;
      const double quantity = random.uniform(-10.0, 10.0);
      return Order{0, 0, i, quantity, 0.05 * index_price[u]};
    };
    const Order order = draw();
    double start = now();
    const CheckedOrder decided = engine.check(order);
    (marked_anew ? after_surface : after_tick).push_back(now() - start);
    if (n % 500 == 0) {
      for (std::int32_t v = 0; v < underlyings; ++v) {
        if (surfaces) send(evaluating, surface, feed, v, events);
        Record same = r;
        same.subject = v;
        same.value[0] = feed.price[v];
        same.sequence = feed.sequence;
        apply(evaluating, same, events);
      }
      harness::require(evaluating.check(order).verdict == decided.verdict, "verdict");
      ++compared;
    }
    const Order again = draw();
    start = now();
    harness::keep(engine.check(again));
    warm.push_back(now() - start);
    start = now();
    harness::keep(again);
    empty.push_back(now() - start);
  }
  const LiveCounters c = engine.counters();
  std::printf(
      "orders of a market maker with %d option positions%s: %llu by proof, %llu evaluated; "
      "%ld verdicts compared\n",
      options, surfaces ? ", a surface before every tenth" : "",
      static_cast<unsigned long long>(c.proofs),
      static_cast<unsigned long long>(c.exact_checks), compared);
  print_times("check after a tick of its index", after_tick);
  if (surfaces) {
    print_times("check after its surface and a tick", after_surface);
    after_tick.insert(after_tick.end(), after_surface.begin(), after_surface.end());
    print_times("all of them", after_tick);
  }
  print_times("check, warm: no tick before it", warm);
  print_times("the empty loop", empty);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int32_t accounts = argc > 1 ? std::atoi(argv[1]) : 100'000;
  const int ticks = argc > 2 ? std::atoi(argv[2]) : 20'000;
  for (const MethodId method : {MethodId::fixed, MethodId::dynamic, MethodId::scenario}) {
    run(method, accounts, ticks);
  }
  run_orders(ticks, false);
  run_orders(ticks, true);
  return 0;
}
