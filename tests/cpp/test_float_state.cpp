// A host that rounds another way, flushes subnormals or traps: the same bits inside, and its own
// mode afterwards.
#include "base/float_state.hpp"

#include <cfenv>
#include <optional>

#include "check.hpp"
#include "live_stream.hpp"

using namespace live_stream;
namespace control = base::float_control;

namespace {

constexpr std::int32_t accounts = 12;

struct Mode {
  const char* name;
  control::Word word;
};

std::vector<Mode> modes() {
  std::vector<Mode> all;
  const control::Word before = control::read();
  const std::pair<const char*, int> directions[] = {
      {"down", FE_DOWNWARD}, {"up", FE_UPWARD}, {"to zero", FE_TOWARDZERO}};
  for (const auto& [name, direction] : directions) {
    CHECK_EQ(std::fesetround(direction), 0);
    all.push_back({name, control::read() & ~control::told});
  }
  CHECK_EQ(std::fesetround(FE_TONEAREST), 0);
  control::write(before);
#if defined(__x86_64__)
  all.push_back({"flush to zero", 0x9f80});
  all.push_back({"subnormals are zero", 0x1fc0});
  all.push_back({"all of it, and traps", 0xe040});
#elif defined(__aarch64__)
  all.push_back({"flush to zero", control::Word{1} << 24});
#endif
  return all;
}

struct Outcome {
  std::uint64_t hash = 0;
  std::size_t differences = 0;
  std::vector<Ticks> ticks;
  std::vector<double> values;
  bool operator==(const Outcome&) const = default;

  void add(const std::vector<double>& more) {
    values.insert(values.end(), more.begin(), more.end());
  }
};

// Drawn before any mode is set: what is asked is what the engine makes of them.
std::vector<Record> make_records() {
  std::vector<Record> records;
  Draw draw(7);
  for (std::uint64_t n = 1; n <= 200; ++n) {
    const auto u = static_cast<std::int32_t>(n % underlyings);
    const TimeNs now = start_ns + static_cast<TimeNs>(n) * 1'000'000'000;
    const double price = index_at_start[u] * (1 + 3e-3 * draw.normal());
    records.push_back(index_tick(u, n, price, now));
    if (n % 10 == 0) records.push_back(make_record(RecordType::clock, 0, now));
    if (n % 7 != 0) continue;
    Record fill = make_record(RecordType::fill, 3 * (u % 2), now);
    fill.account = static_cast<std::int32_t>(n % accounts);
    fill.value[0] = n % 2 == 0 ? 0.3 : -0.7;
    fill.value[1] = fill.subject == 0 ? index_at_start[0] / 3 : 0.03;
    records.push_back(fill);
  }
  return records;
}

// Everything that computes, with the host's mode set around each call.
Outcome run(control::Word mode, const std::vector<Record>& records) {
  const control::Word born = control::read() & ~control::told;
  const auto as_host = [&](auto&& call) {
    control::write(mode);
    call();
    const control::Word after = control::read() & ~control::told;
    control::write(born);
    CHECK_EQ(after, mode);
  };
  Outcome out;
  const LiveInputs inputs = make_inputs(accounts, 3);
  std::optional<LiveEngine> engine;
  as_host([&] { engine.emplace(inputs); });
  for (const Record& record : records) {
    as_host([&] { out.ticks.push_back(static_cast<Ticks>(engine->apply(record).status)); });
    drain(*engine);
  }
  for (std::int32_t a = 0; a < accounts; ++a) {
    for (const double quantity : {1.0, -25.0, 400.0}) {
      as_host([&] {
        const CheckedOrder checked = engine->check({a, 0, 0, quantity, 60'000.0});
        out.ticks.insert(out.ticks.end(), {static_cast<Ticks>(checked.verdict), checked.shortfall,
                                           checked.equity_after, checked.initial_after});
      });
    }
    as_host([&] {
      const LiveAccount row = engine->account(a);
      out.ticks.insert(out.ticks.end(), {row.equity, row.initial_margin, row.slack});
    });
  }
  out.hash = engine->state_hash();
  as_host([&] { out.differences = engine->audit(); });
  const std::vector<std::byte> saved = engine->save();
  std::optional<LiveEngine> loaded;
  as_host([&] { loaded.emplace(LiveEngine::load(saved)); });
  CHECK_EQ(loaded->state_hash(), out.hash);
  std::optional<Engine> batch;
  as_host([&] { batch.emplace(engine->freeze()); });
  RecomputeOptions options;
  options.threads = 2;
  as_host([&] {
    const Result result = batch->recompute(options);
    out.add(result.accounts.initial_margin);
    out.add(result.accounts.equity);
    out.add(result.units.delta_base);
  });
  as_host([&] {
    const OrderEffect effect = batch->what_if({{0, 0, 0, 5.0, 60'000.0}}, -1, 2)[0];
    out.add({effect.equity_after, effect.initial_margin_after});
  });
  as_host([&] {
    for (const ExplainedScenario& row : batch->explain(1).scenarios) out.add({row.profit});
  });
  as_host([&] { out.add(batch->gross_notional()); });
  return out;
}

}  // namespace

TEST(the_hosts_mode_changes_no_bit_and_comes_back) {
  const std::vector<Record> records = make_records();
  const Outcome plain = run(control::standard, records);
  CHECK(plain.hash != 0 && plain.differences == 0);
  for (const Mode& mode : modes()) {
    CHECK(mode.word != control::standard);
    const bool same = run(mode.word, records) == plain;
    CHECK(same);
    if (!same) std::printf("  %s\n", mode.name);
  }
}

// What tells an exception that was already raised is the host's too.
TEST(what_the_host_was_told_is_kept) {
  CHECK_EQ(std::feclearexcept(FE_ALL_EXCEPT), 0);
  CHECK_EQ(std::feraiseexcept(FE_DIVBYZERO), 0);
  for (const int direction : {FE_TONEAREST, FE_UPWARD}) {
    CHECK_EQ(std::fesetround(direction), 0);
    {
      const base::FloatState standard;
      CHECK_EQ(control::read() & ~control::told, control::standard);
    }
    CHECK_EQ(std::fegetround(), direction);
    CHECK(std::fetestexcept(FE_DIVBYZERO) != 0);
  }
  CHECK_EQ(std::fesetround(FE_TONEAREST), 0);
}

CHECK_MAIN()
