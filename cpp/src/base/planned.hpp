// Work on planned time stamps: each piece has its moment, and its response runs from there, so that
// one which waits behind a slow one is charged for the wait (no coordinated omission). For what
// measures an engine, not for an engine.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tickmargin {

// `planned_ns` counts from the start and rises. `response_ns` is given from planned to done,
// `service_ns`, unless null, from given to done; both have an element for each moment. `work(i)` is
// measured. `after(i)` is not, but what it takes is charged to those that wait for it. A clock is
// looked at all the time, since a sleep overshoots.
template <class Clock = std::chrono::steady_clock, class Work, class After>
void play_planned(std::span<const std::int64_t> planned_ns, std::int64_t* response_ns,
                  std::int64_t* service_ns, Work&& work, After&& after) {
  const auto ns = [](typename Clock::duration d) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(d).count();
  };
  const typename Clock::time_point start = Clock::now();
  for (std::size_t i = 0; i < planned_ns.size(); ++i) {
    const typename Clock::time_point due = start + std::chrono::nanoseconds(planned_ns[i]);
    typename Clock::time_point given = Clock::now();
    while (given < due) given = Clock::now();
    work(i);
    const typename Clock::time_point done = Clock::now();
    response_ns[i] = ns(done - due);
    if (service_ns != nullptr) service_ns[i] = ns(done - given);
    after(i);
  }
}

}  // namespace tickmargin
