// Order checks with everything in cache: one account is asked again and again with no record
// between, each call timed alone, beside the least that a check could be: the account's 32 scenario
// sums with one more row, and the worst of them. How long an order takes after a tick of its
// underlying, as it does at a venue, bench_orders tells. Verdicts are those of an engine that
// evaluates everything.
//
//   bench_warm_checks [checks]
#include <array>
#include <cmath>

#include "feed.hpp"

using namespace venue;

namespace {

constexpr std::size_t scenarios = 32;
constexpr std::int32_t accounts = 64;
constexpr std::size_t sample = 97;

void hear_marks(LiveEngine& engine) {
  Feed feed;
  std::array<Event, 1024> events;
  for (std::int32_t u = 0; u < underlyings; ++u) apply(engine, feed.tick(u, 0, 0), events);
}

std::vector<Order> draw_orders(AccountIndex account, std::size_t count) {
  harness::Random random(29);
  std::vector<Order> orders;
  for (std::size_t n = 0; n < count; ++n) {
    const auto i = static_cast<std::int32_t>(random.below(options));
    const double price = 0.05 * index_price[static_cast<std::size_t>(i % underlyings)];
    orders.push_back({account, 0, i, random.uniform(-10.0, 10.0), price});
  }
  return orders;
}

// Nanoseconds of each call; the clock's own are in them and printed apart.
template <class Work>
std::vector<double> time_each(std::size_t count, Work&& work) {
  std::vector<double> ns(count);
  for (std::size_t n = 0; n < count; ++n) {
    const double start = harness::now_ns();
    work(n);
    ns[n] = harness::now_ns() - start;
  }
  return ns;
}

void race(const char* name, LiveInputs in, AccountIndex account, std::size_t count) {
  LiveEngine engine(in);
  in.settings.bands = false;
  LiveEngine evaluating(in);
  hear_marks(engine);
  hear_marks(evaluating);
  const std::vector<Order> orders = draw_orders(account, count);
  for (std::size_t n = 0; n < count; n += sample) {
    harness::require(engine.check(orders[n]).verdict == evaluating.check(orders[n]).verdict,
                     "verdict");
  }
  const LiveCounters before = engine.counters();
  std::vector<double> ns =
      time_each(count, [&](std::size_t n) { harness::keep(engine.check(orders[n])); });
  const LiveCounters c = engine.counters();
  std::printf("%s: %llu by proof, %llu evaluated\n", name,
              static_cast<unsigned long long>(c.proofs - before.proofs),
              static_cast<unsigned long long>(c.exact_checks - before.exact_checks));
  print_times("check, warm", std::move(ns));
}

void bare_loop(std::size_t count) {
  harness::Random random(5);
  std::array<double, scenarios> account;
  std::vector<std::array<double, scenarios>> rows(64);
  for (double& x : account) x = random.uniform(-1e5, 1e5);
  for (auto& row : rows) {
    for (double& x : row) x = random.uniform(-1e3, 1e3);
  }
  print_times("the bare loop", time_each(count, [&](std::size_t n) {
                const std::array<double, scenarios>& row = rows[n % rows.size()];
                const auto quantity = static_cast<double>(n % 7) - 3.0;
                double worst = 0;
                for (std::size_t s = 0; s < scenarios; ++s) {
                  worst = std::min(worst, account[s] + quantity * row[s]);
                }
                harness::keep(worst);
              }));
  print_times("the clock", time_each(count, [](std::size_t) {}));
}

}  // namespace

int main(int argc, char** argv) {
  const auto checks = static_cast<std::size_t>(argc > 1 ? std::atoll(argv[1]) : 100'000);
  bare_loop(checks);
  race("fixed, ten positions", make_inputs(MethodId::fixed, accounts), 7, checks);
  race("dynamic, ten positions", make_inputs(MethodId::dynamic, accounts), 7, checks);
  race("scenario, ten positions", make_inputs(MethodId::scenario, accounts), 7, checks);
  race("scenario, a market maker's options", market_maker(), 0, checks);
  return 0;
}
