// Bands against brute force over a long stream: no transition may be missed, and on the way every
// number is that of a recompute on any number of threads. The first argument picks tests by name;
// TICKMARGIN_LIVE_RECORDS sets the length (default 60,000; the larger budget is 1,000,000),
// TICKMARGIN_LIVE_SEED the seed.
#include <cstdlib>

#include "check.hpp"
#include "live_audit.hpp"
#include "live_bursts.hpp"

using namespace live_book;

namespace {

long setting(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtol(text, nullptr, 10) : otherwise;
}

LiveInputs long_inputs(std::int32_t accounts, std::uint64_t seed) {
  LiveInputs in = make_inputs(accounts / 2, seed, 8);
  add_specialists(in, accounts / 2, accounts, seed + 1);
  in.engine.policies = make_policies(accounts);
  // Whoever is long both sides loses most at a strike: under the policies that look there.
  std::vector<std::int32_t>& policy = in.engine.policies.account_policy;
  for (std::int32_t a = accounts / 2; a < accounts; ++a) {
    if (a % 4 == 2) policy[static_cast<std::size_t>(a)] = a % 8 == 2 ? 2 : 5;
  }
  in.capacity.positions = static_cast<std::size_t>(accounts) * 64;
  in.capacity.balances = static_cast<std::size_t>(accounts) * 16;
  in.capacity.transfers = 1 << 16;
  in.settings.renewals_per_record = 16;
  return in;
}

// Accounts whose equity is within 1 % of a border of their policy, or of its exit.
double share_near_a_border(LiveEngine& engine, const PolicySet& policies) {
  long near = 0;
  for (std::size_t a = 0; a < engine.account_count(); ++a) {
    const LiveAccount row = engine.account(static_cast<AccountIndex>(a));
    const Levels& l = policies.policies[static_cast<std::size_t>(row.policy)].levels;
    bool is_near = false;
    for (const double level : {l.warning, l.margin_call, l.liquidation}) {
      for (const double border : {level, level * 1.02}) {
        const double at = border * static_cast<double>(row.maintenance_margin);
        is_near |= at > 0 && std::fabs(static_cast<double>(row.equity) - at) < 0.01 * at;
      }
    }
    near += is_near;
  }
  return static_cast<double>(near) / static_cast<double>(engine.account_count());
}

bool is_special(RecordType type) {
  return type != RecordType::index_tick && type != RecordType::surface_stage;
}

TEST(no_transition_is_missed) {
  const long records = setting("TICKMARGIN_LIVE_RECORDS", 60'000);
  const auto seed = static_cast<std::uint64_t>(setting("TICKMARGIN_LIVE_SEED", 1));
  std::printf("  seed %llu, %ld records\n", static_cast<unsigned long long>(seed), records);
  const LiveInputs inputs = long_inputs(160, seed);
  LiveEngine engine(inputs);
  Bursts stream(engine, inputs, seed + 2);
  Moves moves;
  for (std::int32_t u = 0; u < underlyings; ++u) engine.apply(stream.first_tick(u));
  long divergent = 0, refused = 0, audits = 0;
  double near = 0;
  int samples = 0;
  for (long n = 0; n < records; ++n) {
    const Record r = stream.next();
    RecordStatus status = engine.apply(r).status;
    if (status == RecordStatus::ring_full) {
      moves.read(engine);
      status = engine.apply(r).status;
    }
    if (status != RecordStatus::ok && refused++ == 0) {
      std::printf("  first refusal: record %ld of type %d is %s\n", n, static_cast<int>(r.type),
                  record_status_name(status));
    }
    const bool looked_at = is_special(r.type) ? n % 2 == 0 || stream.between_bursts() : n % 16 == 0;
    if (looked_at) {
      ++audits;
      const std::size_t differences = engine.audit();
      if (differences != 0 && divergent == 0) {
        std::printf("  first divergence after record %ld, of type %d\n", n,
                    static_cast<int>(r.type));
      }
      divergent += static_cast<long>(differences);
      if (divergent != 0) break;
    }
    if (n % 64 == 0) moves.read(engine);
    if (n % (records / 8 + 1) == records / 16) {
      for (const int threads : {1, 2, 3, 8}) live_audit::same_as_frozen(engine, 6, threads);
    }
    if (n % 5'000 == 4'999) {
      near += share_near_a_border(engine, inputs.engine.policies);
      ++samples;
    }
  }
  moves.read(engine);
  const LiveCounters c = engine.counters();
  std::printf("  state hash %016llx\n", static_cast<unsigned long long>(engine.state_hash()));
  std::printf("  %ld audits, %ld divergences; %ld transitions to worse, %ld to better\n", audits,
              divergent, moves.all_worse(), moves.all_better());
  for (int s = 0; s < 6; ++s) {
    std::printf("  %-12s entered %ld times from better, %ld from worse\n",
                state_name(static_cast<State>(s)), moves.worse[static_cast<std::size_t>(s)],
                moves.better[static_cast<std::size_t>(s)]);
  }
  std::printf(
      "  %.1f %% of the accounts within 1 %% of a border; %llu evaluated, %llu renewed, "
      "%llu eased\n",
      100 * near / samples, static_cast<unsigned long long>(c.evaluated),
      static_cast<unsigned long long>(c.renewed), static_cast<unsigned long long>(c.eased));
  CHECK_EQ(divergent, 0L);
  CHECK_EQ(refused, 0L);
  // One in a hundred records moves a state each way, or the stream proves little.
  CHECK(moves.all_worse() >= records / 100);
  CHECK(moves.all_better() >= records / 100);
  CHECK(near / samples >= 0.1);
}

// The same stream through one engine and through one that is saved and loaded on the way. The hash
// is the same on every target.
TEST(saved_and_loaded_on_the_way) {
  const LiveInputs inputs = long_inputs(80, 7);
  LiveEngine kept(inputs), moved(inputs);
  Bursts one(kept, inputs, 8), other(moved, inputs, 8);
  Moves of_kept, of_moved;
  for (long n = 0; n < 20'000; ++n) {
    if (n % 3'000 == 2'999) {
      of_kept.read(kept), of_moved.read(moved);  // events that wait are not saved
      moved = LiveEngine::load(moved.save());
      CHECK_EQ(moved.state_hash(), kept.state_hash());
    }
    const RecordStatus status = kept.apply(one.next()).status;
    const RecordStatus again = moved.apply(other.next()).status;
    CHECK_EQ(again, status);
    if (n % 16 == 0) of_kept.read(kept), of_moved.read(moved);
  }
  CHECK_EQ(moved.state_hash(), kept.state_hash());
  CHECK_EQ(of_moved.all_worse(), of_kept.all_worse());
  CHECK_EQ(of_moved.all_better(), of_kept.all_better());
  CHECK_EQ(moved.audit(), std::size_t{0});
  std::printf("  state hash %016llx\n", static_cast<unsigned long long>(kept.state_hash()));
}

}  // namespace

CHECK_MAIN()
