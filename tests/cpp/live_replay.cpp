// The live engine driven by records, so that the twin can follow it record by record.
//
//   live_replay venue SEED            the small venue of that seed as JSON
//   live_replay run SEED              records of 64 bytes from the input; a line for each answer
//
// A line is the answer's status and applied_seq, then what followed from it, one event a line
// behind "event". Records of these types are not for the engine but for this program:
//   0xff01  print every account, behind "row", what audit() counts, and how many accounts a batch
//           engine over the same state sees otherwise
//   0xff02  stage the policy set `detail` under the epoch `sequence`
//   0xff03  save the engine and go on with the one that load makes of it
//   0xff04  print the state hash
//   0xff05  leave events in the ring (`flags` 1) or drain them after each record (0)
//   0xff06  print how far the proofs of all pockets reach; see live_edges.hpp
//   0xff07  check an order: the fields of a record of that type, `flags` 1 reduce-only; "checked"
//           with verdict, status, index, shortfall, equity and initial margin after it
//   0xff08  print "end" and let all that was printed be read
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "live_dump.hpp"
#include "live_edges.hpp"
#include "live_small.hpp"

using namespace tickmargin;

namespace {

enum Command : std::uint16_t {
  print_rows = 0xff01,
  stage_set = 0xff02,
  save_and_load = 0xff03,
  print_hash = 0xff04,
  keep_events = 0xff05,
  print_edges = 0xff06,
  check_order = 0xff07,
  end_of_batch = 0xff08,
};

long long wide(std::int64_t v) {
  return static_cast<long long>(v);
}

void drain(LiveEngine& engine) {
  std::array<Event, 256> events;
  while (const std::size_t n = engine.events(events)) {
    for (std::size_t i = 0; i < n; ++i) {
      const Event& e = events[i];
      std::printf("event %d %d %d %d %d %s %d %lld %lld %lld %llu\n", static_cast<int>(e.type),
                  e.account, e.before, e.after, e.flags, status_name(e.status), e.subject,
                  wide(e.equity_ticks), wide(e.maintenance_ticks), wide(e.slack_ticks),
                  static_cast<unsigned long long>(e.epoch));
    }
  }
}

// Accounts of which a batch engine over the present state says another slack or status.
long unlike_recompute(LiveEngine& engine) {
  const Result result = engine.freeze().recompute();
  long unlike = 0;
  for (std::size_t a = 0; a < engine.account_count(); ++a) {
    const LiveAccount row = engine.account(static_cast<AccountIndex>(a));
    const bool known = row.state != State::undecidable;
    unlike += row.status != result.accounts.status[a] ||
              (known && row.slack != result.accounts.slack_ticks[a]);
  }
  return unlike;
}

void rows(LiveEngine& engine) {
  std::printf("audit %zu %ld\n", engine.audit(), unlike_recompute(engine));
  for (std::size_t a = 0; a < engine.account_count(); ++a) {
    const LiveAccount row = engine.account(static_cast<AccountIndex>(a));
    std::printf("row %zu %s %s %d %d %lld %lld %lld %lld %lld %lld\n", a, state_name(row.state),
                status_name(row.status), row.breach, row.liquidation_blocked, wide(row.since_ns),
                wide(row.equity), wide(row.equity_initial), wide(row.initial_margin),
                wide(row.maintenance_margin), wide(row.slack));
  }
}

void check(LiveEngine& engine, const Record& r) {
  const Order order{r.account, r.pocket, r.subject, r.value[0], r.value[1]};
  const CheckedOrder c = engine.check(order, r.flags != 0);
  std::printf("checked %s %s %d %lld %lld %lld\n", check_verdict_name(c.verdict),
              status_name(c.status), c.binding_underlying, wide(c.shortfall), wide(c.equity_after),
              wide(c.initial_after));
}

int run(std::uint64_t seed) {
  LiveEngine engine(live_book::small_inputs(seed));
  bool keep = false;
  Record record;
  while (std::fread(&record, sizeof record, 1, stdin) == 1) {
    switch (static_cast<std::uint16_t>(record.type)) {
      case print_rows: rows(engine); break;
      case stage_set:
        engine.stage_policies(record.sequence, live_book::small_policies(record.detail));
        break;
      case save_and_load: engine = LiveEngine::load(engine.save()); break;
      case print_hash:
        std::printf("hash %llx\n", static_cast<unsigned long long>(engine.state_hash()));
        break;
      case keep_events: keep = record.flags != 0; break;
      case print_edges: live_edges::print(engine); break;
      case check_order: check(engine, record); break;
      case end_of_batch:
        std::printf("end\n");
        std::fflush(stdout);
        break;
      default: {
        const Applied applied = engine.apply(record);
        std::printf("answer %s %llu\n", record_status_name(applied.status),
                    static_cast<unsigned long long>(applied.applied_seq));
      }
    }
    if (!keep) drain(engine);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "live_replay: venue SEED | run SEED\n");
    return 2;
  }
  const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  if (std::strcmp(argv[1], "run") == 0) return run(seed);
  std::vector<PolicySet> sets;
  for (std::int32_t s = 0; s < live_book::policy_sets; ++s) {
    sets.push_back(live_book::small_policies(s));
  }
  std::printf("%s\n", live_dump::venue(live_book::small_inputs(seed), sets).c_str());
  return 0;
}
