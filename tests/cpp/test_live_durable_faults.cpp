// Power lost at every call, by seed and over several lives of one directory: what comes back is the
// state after an exact prefix of what was applied, with all in it that was called durable.
#include <stdexcept>

#include "check.hpp"
#include "fault_files.hpp"
#include "live_stream.hpp"

using namespace live_stream;

namespace {

const std::string directory = "run";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t seeds = 12;
#else
constexpr std::uint64_t seeds = 150;
#endif
constexpr int lives = 4;

struct Counts {
  long begun = 0, past = 0, torn = 0, older = 0;
};

// Records until the power goes; what was durable then.
std::uint64_t live(LiveEngine engine, Stream stream, fault::Files& files,
                   const RecordingOptions& options, fault::Random& random) {
  files.refuse(fault::Refusal::for_good, fault::below(random, 120), random());
  try {
    engine.record_to(directory, options);
    while (stream.step(engine).status != RecordStatus::not_durable) {
      if (fault::below(random, 60) == 0) engine.snapshot();
    }
  } catch (const std::runtime_error&) {
  }
  return engine.durable_seq();
}

void run(std::uint64_t seed, Counts& counts) {
  fault::Files files;
  fault::Random random(seed);
  RecordingOptions options;
  options.files = &files;
  options.ring_records = 1024;
  options.group_records = 1 + fault::below(random, 40);
  options.idle_ns = 1000;
  const LiveInputs inputs = make_stream_inputs(6, seed);
  Reference reference(inputs, seed + 1);
  LiveEngine engine(inputs);
  for (int life = 0; life < lives; ++life) {
    const std::uint64_t durable = live(std::move(engine), reference.stream, files, options, random);
    files.crash(random());
    try {
      RecoveredEngine back = LiveEngine::recover(directory, options);
      const bool exact = back.report.applied_seq >= durable &&
                         reference.run_to(back.report.applied_seq) &&
                         reference.engine.state_hash() == back.report.state_hash;
      CHECK(exact);
      if (!exact) std::printf("seed %llu, life %d\n", static_cast<unsigned long long>(seed), life);
      counts.past += back.report.applied_seq > durable;
      counts.torn += back.report.torn_bytes > 0;
      counts.older += !back.report.refused.empty();
      ++counts.begun;
      engine = std::move(back.engine);
    } catch (const std::runtime_error& error) {
      // Only a directory that was never recorded to may have no snapshot.
      const bool never = durable == 0 && reference.engine.applied_seq() == 0;
      CHECK(never);
      if (!never) {
        std::printf("seed %llu, life %d: %s\n", static_cast<unsigned long long>(seed), life,
                    error.what());
        return;
      }
      engine = LiveEngine(inputs);
    }
  }
}

}  // namespace

TEST(power_lost_at_any_call_leaves_an_exact_prefix) {
  Counts counts;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) run(seed, counts);
  std::printf("  %ld lives, %ld past the acknowledged, %ld torn, %ld from the older snapshot\n",
              counts.begun, counts.past, counts.torn, counts.older);
  CHECK(counts.begun > static_cast<long>(seeds) && counts.past > 0);
}

CHECK_MAIN()
