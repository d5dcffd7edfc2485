// A whole surface marked anew: no band lasts, every account is decided in one pass over all of
// them, and is read as it was decided.
#include "live_audit.hpp"

using namespace live_audit;

namespace {

constexpr std::int32_t accounts = 300;

// Every option of one underlying to its volatility times `level`.
void mark_anew(LiveEngine& engine, const InstrumentColumns& instruments, std::int32_t underlying,
               double level, TimeNs now) {
  std::int32_t staged = 0;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(instruments.size()); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (instruments.kind[at] != Kind::option || instruments.underlying[at] != underlying) continue;
    Record r = make_record(RecordType::surface_stage, i, now);
    r.value[0] = 0.6 * level;
    CHECK_EQ(engine.apply(r).status, RecordStatus::ok);
    ++staged;
  }
  Record r = make_record(RecordType::surface_commit, underlying, now);
  r.detail = staged;
  apply_ok(engine, r);
}

void run(bool bands) {
  LiveInputs inputs = make_inputs(accounts, 51);
  inputs.settings.bands = bands;
  LiveEngine engine(inputs);
  Stream stream(engine, inputs, 52, start_ns);
  const std::uint64_t before = engine.counters().sweeps;
  for (int round = 0; round < 6; ++round) {
    for (std::int32_t u = 0; u < underlyings; ++u) {
      mark_anew(engine, inputs.engine.instruments, u, round % 2 == 0 ? 1.2 : 1.0, stream.now());
      same_as_frozen(engine);
    }
    for (int n = 0; n < 20; ++n) {
      RecordStatus status;
      CHECK_EQ(differences(engine, stream.next(engine, 1'000'000'000), &status), std::size_t{0});
      same_as_frozen(engine);
    }
  }
  CHECK(engine.counters().sweeps > before + 6);
}

// Reading is no evaluation where the last record decided the account.
TEST(an_account_is_read_as_it_was_decided) {
  const LiveInputs inputs = make_inputs(accounts, 53);
  LiveEngine engine(inputs);
  Stream stream(engine, inputs, 54, start_ns);
  CHECK_EQ(engine.apply(make_record(RecordType::clock, 0, start_ns + 60 * ns_per_day)).status,
           RecordStatus::ok);
  same_as_frozen(engine);
  const std::uint64_t evaluated = engine.counters().evaluated;
  same_as_frozen(engine);
  CHECK_EQ(engine.counters().evaluated, evaluated);
}

TEST(a_surface_with_bands) {
  run(true);
}
TEST(a_surface_without_bands) {
  run(false);
}

}  // namespace

CHECK_MAIN()
