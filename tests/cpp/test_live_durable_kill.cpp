// An engine's process is killed at a moment drawn at random, over and over on one directory. The
// engine that comes back is the one that applied an exact prefix, at or past what was acknowledged.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "check.hpp"
#include "live_stream.hpp"

using namespace live_stream;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kills = 8;
#else
constexpr int kills = 40;
#endif

// The child: applies for ever, and says what is durable whenever that has changed.
[[noreturn]] void apply_until_killed(const std::string& directory, const LiveInputs& inputs,
                                     bool first, Stream stream, int out) {
  LiveEngine engine = first ? LiveEngine(inputs) : LiveEngine::recover(directory).engine;
  engine.record_to(directory);
  std::uint64_t told = UINT64_MAX;
  for (std::uint64_t n = 1;; ++n) {
    stream.step(engine);
    if (n % 700 == 0) engine.snapshot();
    const std::uint64_t durable = engine.durable_seq();
    if (durable == told) continue;
    if (::write(out, &durable, sizeof(durable)) != sizeof(durable)) ::_exit(3);
    told = durable;
  }
}

}  // namespace

TEST(killed_at_any_moment_the_engine_comes_back_exactly) {
  char made[] = "/tmp/tickmargin_live_XXXXXX";
  CHECK(::mkdtemp(made) != nullptr);
  const std::string directory = made;
  const std::uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const LiveInputs inputs = make_stream_inputs(24, seed);
  Reference reference(inputs, seed);
  std::uint64_t replayed = 0, past = 0;
  for (int i = 0; i < kills; ++i) {
    int ends[2];
    CHECK(::pipe(ends) == 0);
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      apply_until_killed(directory, inputs, i == 0, reference.stream, ends[1]);
    }
    ::close(ends[1]);
    std::uint64_t acknowledged = 0;
    CHECK(::read(ends[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 30'000));
    CHECK(::kill(child, SIGKILL) == 0);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    for (std::uint64_t told; ::read(ends[0], &told, sizeof(told)) == sizeof(told);) {
      acknowledged = told;
    }
    ::close(ends[0]);

    const RecoveredEngine back = LiveEngine::recover(directory);
    CHECK(back.report.applied_seq >= acknowledged);
    CHECK(reference.run_to(back.report.applied_seq));
    CHECK_EQ(reference.engine.state_hash(), back.report.state_hash);
    replayed += back.report.records_replayed;
    past += back.report.applied_seq > acknowledged;
  }
  std::printf("  %llu records replayed, %llu times past the acknowledged\n",
              static_cast<unsigned long long>(replayed), static_cast<unsigned long long>(past));
  CHECK(replayed > 0);
  std::filesystem::remove_all(directory);
}

CHECK_MAIN()
