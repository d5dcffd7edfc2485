// Orders of a market maker long and short every listed option, each right after a tick of its
// underlying, while whole surfaces are marked anew: ticks, orders and surfaces on planned moments.
// A response runs from the planned moment, so that a check which waits behind a surface is charged
// for it; a service is the check alone. Beside them the same plan with nothing to do, played before
// and after. Every verdict and the final state must be those of a replay without a plan and, on a
// sample, of an engine that evaluates everything; the account, that of a recompute.
//
//   bench_orders [orders] [orders a second] [wall|processor]   a surface a second
//
// With `processor` the plan runs on this thread's own time: what others do on the machine does not
// count, and a look at the clock costs some 300 ns, as the empty loop shows.
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cmath>

#include "base/planned.hpp"
#include "feed.hpp"

using namespace venue;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t sample = 97;  // verdicts are compared with evaluations one in so many

struct ProcessorClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<ProcessorClock>;
  static constexpr bool is_steady = true;
  static time_point now() { return time_point(duration(static_cast<rep>(cpu_ns()))); }
};

// An order is checked, all else applied.
struct Plan {
  std::vector<std::int64_t> at;
  std::vector<Record> records;
  std::vector<Order> orders;    // by piece; read where it is of type order
  std::vector<Record> opening;  // before the plan: every mark is heard,
  std::vector<Order> first;     // and an order on each underlying makes what proofs stand on
};

// Orders evenly, a tick of the order's underlying half a turn before each, and a surface a second.
Plan draw(const LiveInputs& in, std::size_t orders, std::int64_t rate, bool surfaces) {
  Plan plan;
  Feed feed;
  Surface surface(in.engine.market);
  harness::Random random(29);
  const TimeNs start = feed.now;
  const std::int64_t turn = second_ns / rate;
  std::int64_t next_surface = second_ns / 3;
  const auto add = [&](std::int64_t at, const Record& r, const Order& order) {
    plan.at.push_back(at);
    plan.records.push_back(r);
    plan.orders.push_back(order);
  };
  for (std::int32_t u = 0; u < underlyings; ++u) {
    plan.opening.push_back(feed.tick(u, 0, 0));
    plan.first.push_back({0, 0, u, 1.0, 0.05 * index_price[u]});
  }
  std::int32_t marked = 0;
  for (std::size_t n = 0; n < orders; ++n) {
    const auto u = static_cast<std::int32_t>(n % underlyings);
    const std::int64_t at = static_cast<std::int64_t>(n + 1) * turn;
    if (surfaces && at >= next_surface) {
      surface.move(feed, marked);
      surface.each(feed.now, marked, [&](const Record& r) { add(next_surface, r, {}); });
      marked = (marked + 1) % underlyings;
      next_surface += second_ns;
    }
    const double size = 9e-5 * std::sqrt(static_cast<double>(turn) * 3e-9);
    add(at, feed.tick(u, size, start + at - feed.now), {});
    Record order{};
    order.type = RecordType::order;
    const auto i = static_cast<std::int32_t>(random.below(options / underlyings)) * 3 + u;
    add(at + turn / 2, order, {0, 0, i, random.uniform(-10.0, 10.0), 0.05 * index_price[u]});
  }
  return plan;
}

std::uint8_t give(LiveEngine& engine, const Plan& plan, std::size_t i) {
  if (plan.records[i].type != RecordType::order) {
    return static_cast<std::uint8_t>(engine.apply(plan.records[i]).status);
  }
  return static_cast<std::uint8_t>(engine.check(plan.orders[i]).verdict);
}

// The longest of the first checks.
double open(LiveEngine& engine, const Plan& plan, std::array<Event, 1024>& events) {
  for (const Record& r : plan.opening) apply(engine, r, events);
  double longest = 0;
  for (const Order& order : plan.first) {
    const double start = cpu_ns();
    harness::keep(engine.check(order));
    longest = std::max(longest, cpu_ns() - start);
  }
  return longest;
}

struct Played {
  std::vector<std::int64_t> response, service;
  std::vector<std::uint8_t> answer;
  long preempted;  // how often the thread lost its processor
};

template <class Clock, class Work, class After>
Played play(const Plan& plan, Work&& work, After&& after) {
  const std::size_t n = plan.at.size();
  Played out{std::vector<std::int64_t>(n), std::vector<std::int64_t>(n),
             std::vector<std::uint8_t>(n), 0};
  rusage before{}, then{};
  getrusage(RUSAGE_THREAD, &before);
  play_planned<Clock>(
      plan.at, out.response.data(), out.service.data(),
      [&](std::size_t i) { out.answer[i] = work(i); }, after);
  getrusage(RUSAGE_THREAD, &then);
  out.preempted = then.ru_nivcsw - before.ru_nivcsw;
  return out;
}

// The answers and the state of a play are those of the records given one after another, and on a
// sample those of an engine that evaluates everything.
void compare(const LiveInputs& in, LiveEngine& played, const Plan& plan, const Played& got) {
  LiveInputs exact = in;
  exact.settings.bands = false;
  LiveEngine replayed(in), evaluating(exact);
  std::array<Event, 1024> events;
  open(replayed, plan, events);
  open(evaluating, plan, events);
  std::size_t order = 0, compared = 0;
  for (std::size_t i = 0; i < plan.at.size(); ++i) {
    const std::uint8_t answer = give(replayed, plan, i);
    harness::require(answer == got.answer[i], "an answer depends on when it was asked");
    take_events(replayed, events);
    if (plan.records[i].type != RecordType::order) {
      harness::require(answer == 0, record_status_name(static_cast<RecordStatus>(answer)));
      harness::require(give(evaluating, plan, i) == answer, "status");
      take_events(evaluating, events);
    } else if (order++ % sample == 0) {
      harness::require(give(evaluating, plan, i) == answer, "verdict");
      ++compared;
    }
  }
  harness::require(played.state_hash() == replayed.state_hash(), "state of a replay");
  harness::require(played.state_hash() == evaluating.state_hash(), "state of evaluations");
  harness::require(played.audit() == 0 && replayed.audit() == 0, "states");
  const Result fresh = played.freeze().recompute();
  const LiveAccount a = played.account(0), b = evaluating.account(0);
  harness::require(a.equity == b.equity && a.initial_margin == b.initial_margin &&
                       a.maintenance_margin == b.maintenance_margin && a.state == b.state,
                   "account");
  harness::require(fresh.accounts.state[0] == a.state, "state of a recompute");
  std::printf("  every answer and the state are a replay's; %zu of %zu verdicts evaluated\n",
              compared, order);
}

// Checks planned before a surface, and all that waited behind it, were done; and all others.
void print(const Plan& plan, const Played& got, const Played& first, const Played& last) {
  std::vector<double> response[2], service[2], marking, first_after;
  std::int64_t busy_from = -1, busy_until = -1;
  bool fresh = false;
  for (std::size_t i = 0; i < plan.at.size(); ++i) {
    const RecordType type = plan.records[i].type;
    const std::int64_t done = plan.at[i] + got.response[i];
    if (type == RecordType::surface_stage && busy_from != plan.at[i]) busy_from = plan.at[i];
    if (type == RecordType::surface_commit) {
      busy_until = done;
      marking.push_back(static_cast<double>(done - busy_from));
      fresh = true;
    }
    const bool behind = plan.at[i] < busy_until;  // the queue behind it included
    if (behind) busy_until = std::max(busy_until, done);
    if (type != RecordType::order) continue;
    response[behind].push_back(static_cast<double>(got.response[i]));
    service[behind].push_back(static_cast<double>(got.service[i]));
    if (fresh) first_after.push_back(service[behind].back());
    fresh = false;
  }
  print_times("quiet: check", service[0]);
  print_times("quiet: from the plan", response[0]);
  print_times("behind a surface: check", service[1]);
  print_times("behind a surface: from the plan", response[1]);
  print_times("first check after a surface", first_after);
  for (auto* both : {service, response}) {
    std::vector<double> all = both[0];
    all.insert(all.end(), both[1].begin(), both[1].end());
    print_times(both == service ? "all: check" : "all: from the plan", std::move(all));
  }
  print_times("a surface from its plan", marking);
  std::vector<double> empty;  // at the orders' moments, as the checks are
  for (std::size_t i = 0; i < plan.at.size(); ++i) {
    if (plan.records[i].type != RecordType::order) continue;
    for (const Played* idle : {&first, &last}) {
      empty.push_back(static_cast<double>(idle->response[i]));
    }
  }
  print_times("the empty loop", std::move(empty));
  std::printf("  the processor was lost %ld times, by the empty loops %ld and %ld\n", got.preempted,
              first.preempted, last.preempted);
}

// Counts below each power of two: the checks from the plan beside the empty loop.
void print_histogram(const Plan& plan, const Played& got, const Played& empty) {
  std::array<std::array<long, 3>, 40> below{};
  const auto bin = [](std::int64_t ns) {
    std::size_t at = 0;
    while (at + 1 < 40 && (std::int64_t{1} << at) <= ns) ++at;
    return at;
  };
  for (std::size_t i = 0; i < plan.at.size(); ++i) {
    if (plan.records[i].type != RecordType::order) continue;
    ++below[bin(got.service[i])][0];
    ++below[bin(got.response[i])][1];
    ++below[bin(empty.response[i])][2];
  }
  std::printf("  %14s %9s %9s %9s\n", "below ns", "check", "from plan", "empty");
  for (std::size_t at = 0; at < below.size(); ++at) {
    const auto& [check, planned, nothing] = below[at];
    if (check + planned + nothing == 0) continue;
    std::printf("  %14lld %9ld %9ld %9ld\n", 1LL << at, check, planned, nothing);
  }
}

template <class Clock>
void run(std::size_t orders, std::int64_t rate, bool surfaces) {
  const LiveInputs in = market_maker();
  const Plan plan = draw(in, orders, rate, surfaces);
  LiveEngine engine(in);
  std::array<Event, 1024> events;
  const double longest = open(engine, plan, events);
  const auto nothing = [](std::size_t) { return std::uint8_t{0}; };
  const auto idle = [](std::size_t) {};
  const Played first = play<Clock>(plan, nothing, idle);
  const Played got = play<Clock>(
      plan, [&](std::size_t i) { return give(engine, plan, i); },
      [&](std::size_t) { take_events(engine, events); });
  const Played last = play<Clock>(plan, nothing, idle);
  const LiveCounters c = engine.counters();
  std::printf(
      "market maker with %d option positions, %lld orders a second%s: %llu by proof, "
      "%llu evaluated\n",
      options, static_cast<long long>(rate), surfaces ? ", a surface a second" : "",
      static_cast<unsigned long long>(c.proofs), static_cast<unsigned long long>(c.exact_checks));
  compare(in, engine, plan, got);
  std::printf("  the first check of all, before the plan: %.1f ms\n", longest / 1e6);
  print(plan, got, first, last);
  print_histogram(plan, got, first);
}

}  // namespace

int main(int argc, char** argv) {
  const auto orders = static_cast<std::size_t>(argc > 1 ? std::atoll(argv[1]) : 20'000);
  const std::int64_t rate = argc > 2 ? std::atoll(argv[2]) : 1'000;
  const bool processor = argc > 3 && std::string(argv[3]) == "processor";
  for (const bool surfaces : {false, true}) {
    processor ? run<ProcessorClock>(orders, rate, surfaces)
              : run<std::chrono::steady_clock>(orders, rate, surfaces);
  }
  return 0;
}
