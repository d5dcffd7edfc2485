// What the C++ tests use instead of a framework: a test is a function registered by name, a failed
// check prints where and what and goes on, the process exits non-zero if any failed.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline long& failures() {
  static long count = 0;
  return count;
}

inline long& checks() {
  static long count = 0;
  return count;
}

struct Register {
  Register(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

constexpr long most_printed = 50;  // a broken kernel fails a million checks

inline void report(bool passed, const char* file, int line, const std::string& what) {
  ++checks();
  if (passed) return;
  if (++failures() <= most_printed) std::printf("%s:%d: failed: %s\n", file, line, what.c_str());
}

template <class A, class B>
std::string describe(const char* text, const A& a, const B& b) {
  std::ostringstream out;
  out.precision(17);
  out << text << "   [";
  if constexpr (std::is_enum_v<A>) {
    out << static_cast<long>(a) << " | " << static_cast<long>(b);
  } else {
    out << a << " | " << b;
  }
  out << "]";
  return out.str();
}

inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

template <class A, class B>
void equal(const A& a, const B& b, const char* file, int line, const char* text) {
  report(a == b, file, line, describe(text, a, b));
}

// Runs every registered test whose name contains the first argument; all without one.
inline int run(int argc, char** argv) {
  const char* wanted = argc > 1 ? argv[1] : "";
  long ran = 0;
  for (const Test& test : tests()) {
    if (std::strstr(test.name, wanted) == nullptr) continue;
    const long before = failures();
    test.body();
    ++ran;
    std::printf("%-8s%s\n", failures() == before ? "ok" : "FAILED", test.name);
  }
  std::printf("%ld tests, %ld checks, %ld failures\n", ran, checks(), failures());
  return failures() == 0 && ran > 0 && checks() > 0 ? 0 : 1;
}

}  // namespace check

// TEST(name) { ... } at namespace scope.
#define TEST(name)                                                  \
  static void test_##name();                                        \
  static const check::Register register_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition) check::report(static_cast<bool>(condition), __FILE__, __LINE__, #condition)

// Each side is evaluated once.
#define CHECK_EQ(a, b) check::equal((a), (b), __FILE__, __LINE__, #a " == " #b)

#define CHECK_SAME_BITS(a, b)                                   \
  check::report(check::same_bits((a), (b)), __FILE__, __LINE__, \
                check::describe(#a " has the bits of " #b, (a), (b)))

// |a - b| <= tolerance; false if either is NaN.
#define CHECK_NEAR(a, b, tolerance)                                      \
  check::report(std::fabs((a) - (b)) <= (tolerance), __FILE__, __LINE__, \
                check::describe(#a " within " #tolerance " of " #b, (a), (b)))

#define CHECK_MAIN()                \
  int main(int argc, char** argv) { \
    return check::run(argc, argv);  \
  }
