// What the header promises of apply, check, account, published and events: from the first call on
// nothing is allocated, and nothing is asked of the operating system.
#include <array>
#include <string>

#include "check.hpp"
#include "live_counted.hpp"

#if defined(__linux__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#endif

using namespace live_book;

namespace {

// Every policy by expiry: portfolio and standard in turn.
void by_expiry(PolicySet& set) {
  PortfolioParameters p;
  for (const double move : {-0.2, 0.0, 0.3}) {
    for (int vol = 0; vol < 5; ++vol) {
      p.price_move.push_back(move);
      p.vol_move.push_back(static_cast<VolMove>(vol));
      p.weight.push_back(1.0);
    }
  }
  p.vol_up = 0.5;
  p.skew.linear_base = p.skew.absolute_base = 0.2;
  p.basis_up = 0.05;
  p.basis_down = -0.05;
  p.basis_add = p.short_option_ratio = p.minimum_net_ratio = 0.02;
  StandardParameters s;
  s.spot_max = s.spot_min = s.perpetual_initial = 0.1;
  s.call_maintenance = s.put_maintenance = s.perpetual_maintenance = 0.05;
  bool portfolio = false;
  for (Policy& policy : set.policies) {
    portfolio = !portfolio;
    policy.method = portfolio ? MethodId::portfolio : MethodId::standard;
    policy.option_value_in_equity = portfolio;
    policy.netting.rule = NettingRule::sum;
    policy.portfolio.assign(underlyings, p);
    policy.standard.assign(underlyings, s);
  }
}

void run(bool bands, void (*change)(PolicySet&) = nullptr) {
  LiveInputs inputs = make_inputs(accounts, 11);
  if (change != nullptr) change(inputs.engine.policies);
  inputs.settings.bands = bands;
  inputs.capacity.positions = 100'000;
  inputs.capacity.pockets = 2'000;
  LiveEngine engine(inputs);
  Stream stream(inputs, 12);
  Calls calls;
  drive(engine, stream, 6'000, calls);
  check_calls(calls, engine, {5, 1'000, 100});
}

TEST(nothing_allocates_with_bands) {
  run(true);
}
TEST(nothing_allocates_without_bands) {
  run(false);
}
TEST(nothing_allocates_by_expiry) {
  run(true, by_expiry);
}

// What comes once a day or in an incident, after the same stream.
TEST(nothing_allocates_for_rare_records) {
  LiveInputs inputs = make_inputs(accounts, 31);
  inputs.capacity.instruments = 200;
  LiveEngine engine(inputs);
  engine.stage_policies(7, make_policies(accounts));
  Stream stream(inputs, 32);
  Calls calls;
  drive(engine, stream, 500, calls);
  const TimeNs later = start_ns + 3'600'000'000'000;
  const auto row = static_cast<std::int32_t>(engine.instrument_count());
  const auto at = [](RecordType type, std::int32_t subject, TimeNs ts_ns, std::uint64_t sequence,
                     std::uint32_t flags, double value) {
    Record r = make_record(type, subject, ts_ns);
    r.sequence = sequence;
    r.flags = flags;
    r.value[0] = value;
    return r;
  };
  Record listing = at(RecordType::instrument_listing, row, later,
                      static_cast<std::uint64_t>(later + ns_per_day), 0, 0.1);
  listing.pocket = stable;
  listing.detail = static_cast<std::int32_t>(Kind::option) | 1 << 16;
  listing.value[1] = 60'000;
  listing.value[2] = 0.6;
  Record depth = at(RecordType::depth, 0, later, 0, 0, 1e6);
  depth.value[1] = 2e6;
  Record deposit = at(RecordType::deposit, 0, later, 1'000'000, 0, 50.0);
  deposit.account = 3;
  const Record records[] = {
      at(RecordType::policy_epoch, 0, later, 7, 0, 0),
      listing,
      at(RecordType::volatility, row, later, 0, 0, 0.7),
      at(RecordType::realised_vol, 0, later, 0, 0, 0.8),
      depth,
      at(RecordType::trade_flow, 0, later, 0, 0, -1e5),
      at(RecordType::operator_release, 0, later, 0, 0, 60'000.0),
      deposit,
      at(RecordType::deposit_reversed, 0, 0, 1'000'000, 0, 0),
      at(RecordType::chain_halt, 0, later, 0, 1, 0),
      at(RecordType::chain_halt, 0, later, 0, 0, 0),
      at(RecordType::policy_epoch, 0, later, 0, 1, 0),
      at(RecordType::clock, 0, later + ns_per_day, 0, 0, 0),
      at(RecordType::instrument_expiry, row, later + ns_per_day, 0, 0, 61'000.0),
  };
  std::array<Event, 64> events;
  for (const Record& record : records) {
    while (engine.events(events) > 0) continue;
    const long before = allocations;
    const RecordStatus status = engine.apply(record).status;
    const long allocated = allocations - before;
    const std::string type = "type " + std::to_string(static_cast<int>(record.type)) + ": ";
    CHECK_EQ(type + record_status_name(status), type + "ok");
    CHECK_EQ(type + std::to_string(allocated), type + "0");
  }
  CHECK(engine.audit() == 0);
}

// Every option of an underlying at once, further than any band lasts.
TEST(nothing_allocates_for_a_whole_surface) {
  const LiveInputs inputs = make_inputs(accounts, 41);
  const InstrumentColumns& instruments = inputs.engine.instruments;
  LiveEngine engine(inputs);
  Stream stream(inputs, 42);
  for (std::int32_t u = 0; u < underlyings; ++u) engine.apply(stream.tick(u));
  const std::uint64_t sweeps = engine.counters().sweeps;
  const long before = allocations;
  for (const double level : {1.2, 1.0, 1.2}) {
    Record commit = make_record(RecordType::surface_commit, 0, start_ns + 1'000'000'000);
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(instruments.size()); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (instruments.kind[at] != Kind::option || instruments.underlying[at] != 0) continue;
      Record r = make_record(RecordType::surface_stage, i, commit.ts_ns);
      r.value[0] = 0.6 * level;
      if (engine.apply(r).status == RecordStatus::ok) ++commit.detail;
    }
    std::array<Event, 64> events;
    while (engine.events(events) > 0) continue;
    const RecordStatus status = engine.apply(commit).status;
    if (status != RecordStatus::ok) std::printf("  %s\n", record_status_name(status));
  }
  const long allocated = allocations - before;
  CHECK_EQ(allocated, 0L);
  CHECK(engine.counters().sweeps > sweeps);
  CHECK(engine.audit() == 0);
}

#if COUNTS_ALLOCATIONS
TEST(an_allocation_is_seen) {
  const long before = allocations;
  Record* records = new Record[3];
  asm volatile("" : : "r"(records) : "memory");  // kept, though nobody reads it
  delete[] records;
  const long seen = allocations - before;
  CHECK_EQ(seen, 2L);
  LiveEngine engine(make_inputs(2, 1));
  const long saving = allocations;
  CHECK(!engine.save().empty());
  CHECK(allocations > saving);
}
#endif

#if defined(__linux__) && COUNTS_ALLOCATIONS

// From here on every system call but the end of the process kills it.
bool leave_the_system_alone() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const sock_fprog filter{sizeof program / sizeof program[0], program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

constexpr int no_filter_here = 77;

// How a child ends that drives the engine, and at last does what it must not if `breaks` is set.
int end_of_child(bool breaks) {
  const LiveInputs inputs = make_inputs(accounts, 21);
  LiveEngine engine(inputs);
  Stream stream(inputs, 22);
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (!leave_the_system_alone()) syscall(SYS_exit_group, no_filter_here);
    Calls calls;
    drive(engine, stream, 6'000, calls);
    if (breaks) syscall(SYS_getpid);
    syscall(SYS_exit_group, calls.events > 100 && calls.checked > 1'000 ? 0 : 1);
  }
  int status = 0;
  const pid_t waited = waitpid(child, &status, 0);
  CHECK_EQ(waited, child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(nothing_is_asked_of_the_system) {
  const int end = end_of_child(false);
  if (end == no_filter_here) {
    std::printf("  this kernel filters no system calls: not tested\n");
    return;
  }
  CHECK_EQ(end, 0);
  const int broken = end_of_child(true);
  CHECK_EQ(broken, -SIGSYS);
}

#endif

}  // namespace

CHECK_MAIN()
