// Planned moments: a stall is charged to all that wait behind it, on a clock that the test moves.
#include <algorithm>
#include <chrono>
#include <vector>

#include "base/planned.hpp"
#include "check.hpp"

namespace {

// A look at it takes 1 ns; work takes what it adds.
struct HandClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<HandClock>;
  static constexpr bool is_steady = true;
  static inline rep at = 0;
  static time_point now() { return time_point(duration(++at)); }
};

struct Played {
  std::vector<std::int64_t> response, service;
};

// Pieces of work 1,000 ns apart that take 10 ns each, but for one that takes `stall_ns`.
Played play(std::size_t count, std::size_t stalled, std::int64_t stall_ns,
            std::int64_t after_ns = 0) {
  std::vector<std::int64_t> planned(count);
  for (std::size_t i = 0; i < count; ++i) planned[i] = static_cast<std::int64_t>(i) * 1'000;
  Played out{std::vector<std::int64_t>(count), std::vector<std::int64_t>(count)};
  tickmargin::play_planned<HandClock>(
      planned, out.response.data(), out.service.data(),
      [&](std::size_t i) { HandClock::at += i == stalled && after_ns == 0 ? stall_ns : 10; },
      [&](std::size_t i) { HandClock::at += i == stalled ? after_ns : 0; });
  return out;
}

std::int64_t percentile(std::vector<std::int64_t> values, double p) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
}

TEST(without_a_stall_every_response_is_its_service_and_a_look) {
  const Played out = play(1'000, 1'000, 0);
  CHECK_EQ(*std::max_element(out.service.begin(), out.service.end()), 11);
  CHECK(*std::max_element(out.response.begin(), out.response.end()) <= 12);
}

// 100,000 ns stand in the way of a hundred moments: the responses of those fall from the whole of
// it by what was planned between, and the percentiles of the play say so. Timing each piece from
// where it begins would have had one slow piece of a thousand and p99 at 11 ns.
TEST(a_stall_is_charged_to_all_that_wait) {
  const Played out = play(1'000, 200, 100'000);
  CHECK_EQ(std::count_if(out.service.begin(), out.service.end(), [](auto t) { return t > 11; }), 1);
  CHECK(out.response[200] >= 100'000 && out.response[200] < 100'010);
  for (std::size_t i = 201; i < 300; ++i) {
    const std::int64_t waits = 100'000 - static_cast<std::int64_t>(i - 200) * 1'000;
    CHECK(out.response[i] >= waits);
    CHECK(out.response[i] <= waits + static_cast<std::int64_t>(i - 199) * 20);
  }
  CHECK(out.response[305] <= 12);
  CHECK_EQ(percentile(out.service, 0.99), 11);
  CHECK(percentile(out.response, 0.99) > 89'000);
  CHECK(percentile(out.response, 0.95) > 49'000);
  CHECK(percentile(out.response, 0.5) <= 12);
}

TEST(what_is_done_in_between_is_charged_to_those_that_wait_for_it) {
  const Played out = play(1'000, 200, 0, 5'000);
  CHECK(out.response[200] <= 12);
  CHECK(out.response[201] >= 4'000);
  CHECK(out.response[204] >= 1'000);
  CHECK(out.response[206] <= 12);
}

}  // namespace

CHECK_MAIN()
