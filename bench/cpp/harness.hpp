// Timing for the C++ benches: contestants take turns within each round, the median of the rounds is
// what is reported, and the limits of the machine are measured in the same process.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace harness {

// Keeps the compiler from dropping work whose result is not read.
template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

inline double now_ns() {
  const auto t = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(t).count();
}

inline void require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "wrong answer: %s\n", what.c_str());
  std::exit(1);
}

struct Contestant {
  std::string name;
  std::function<void()> run;
  int repeats = 1;             // calls per timing, so that one timing lasts long enough
  std::vector<double> times;   // ns per call, one per round
};

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// One untimed call each, then `rounds` rounds in which every contestant is timed once.
inline void race(std::vector<Contestant>& all, int rounds, double least_ns = 2e6) {
  for (Contestant& c : all) {
    c.run();
    const double start = now_ns();
    c.run();
    c.repeats = std::max(1, static_cast<int>(least_ns / std::max(now_ns() - start, 1.0)));
  }
  for (int round = 0; round < rounds; ++round) {
    for (Contestant& c : all) {
      const double start = now_ns();
      for (int i = 0; i < c.repeats; ++i) c.run();
      c.times.push_back((now_ns() - start) / c.repeats);
    }
  }
}

// Core cycles per nanosecond, from a chain of dependent additions of one cycle each.
inline double core_ghz() {
  std::vector<double> found;
  for (int round = 0; round < 9; ++round) {
    std::uint64_t x = 1;
    constexpr int chain = 4'000'000;
    const double start = now_ns();
    for (int i = 0; i < chain; i += 4) {
#if defined(__x86_64__)
      asm volatile("add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0" : "+r"(x));
#else
      asm volatile("add %0, %0, #1\n\tadd %0, %0, #1\n\tadd %0, %0, #1\n\tadd %0, %0, #1"
                   : "+r"(x));
#endif
    }
    found.push_back(chain / (now_ns() - start));
  }
  return median(found);
}

// Small, fast, seeded; not for anything but filling arrays.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
  }
  std::uint64_t below(std::uint64_t limit) { return bits() % limit; }

 private:
  std::uint64_t state_;
};

}  // namespace harness
