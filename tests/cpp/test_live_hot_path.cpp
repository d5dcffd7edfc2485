// What the header promises of apply, check, account, published and events: from the first call on
// nothing is allocated, and nothing is asked of the operating system.
#include <array>
#include <atomic>
#include <cstdlib>
#include <string>

#include "check.hpp"
#include "live_book.hpp"

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

// Every allocation goes through malloc and its kin, operator new too. Sanitizers bring their own:
// under them the streams below are run for the memory they touch and nothing is counted.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 1

namespace {
std::atomic<long> allocations{0};
}

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* old);

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void free(void* old) {
  if (old != nullptr) ++allocations;
  __libc_free(old);
}
}

#else
#define COUNTS_ALLOCATIONS 0
namespace {
long allocations = 0;
}
#endif

namespace {

constexpr std::int32_t accounts = 300;

// Every record that streams in while a venue is open, drawn by weight.
class Stream {
 public:
  Stream(const LiveInputs& inputs, std::uint64_t seed)
      : instruments_(inputs.engine.instruments), draw_(seed) {}

  Record next() {
    now_ += 50'000'000;
    const double kind = draw_.uniform(0, 1);
    if (kind < 0.4) return tick(draw_.below(underlyings));
    if (kind < 0.5) return of_option(RecordType::volatility);
    if (kind < 0.52) return of_option(RecordType::surface_stage);
    if (kind < 0.53) return commit();
    if (kind < 0.57) return make_record(RecordType::clock, 0, now_);
    if (kind < 0.6) return forward();
    if (kind < 0.62) return mark();
    if (kind < 0.75) return trade(RecordType::fill);
    if (kind < 0.85) return trade(RecordType::order);
    if (kind < 0.9) return cancel();
    return transfer(kind < 0.96 ? RecordType::deposit : RecordType::withdrawal);
  }

  Record tick(std::int32_t u) {
    price_[u] *= 1 + (draw_.chance(0.02) ? 0.02 : 3e-4) * draw_.normal();
    return index_tick(u, ++sequence_, price_[u], now_);
  }
  Order order() {
    const Record r = trade(RecordType::order);
    return {r.account, draw_.chance(0.1) ? 1 : 0, r.subject, r.value[0], r.value[1]};
  }

 private:
  std::int32_t option() {
    while (true) {
      const std::int32_t i = draw_.below(instruments_.size());
      if (instruments_.kind[static_cast<std::size_t>(i)] == Kind::option) return i;
    }
  }
  Record of_option(RecordType type) {
    Record r = make_record(type, option(), now_);
    r.value[0] = 0.6 * (1 + 0.02 * draw_.normal());
    return r;
  }
  Record commit() {
    Record r = make_record(RecordType::surface_commit, draw_.below(underlyings), now_);
    r.detail = draw_.below(4);
    return r;
  }
  Record forward() {
    const std::int32_t node = draw_.below(2 * underlyings);
    Record r = make_record(RecordType::forward, node / 2, now_);
    r.detail = node;
    r.value[0] = price_[node / 2] * (1.002 + 1e-4 * draw_.normal());
    r.value[1] = 0.03;
    return r;
  }
  Record mark() {
    const std::int32_t u = draw_.below(underlyings);
    const auto each = static_cast<std::int32_t>(instruments_.size()) / underlyings;
    Record r = make_record(RecordType::mark, u * each + draw_.below(2), now_);
    r.value[0] = price_[u] * (1.001 + 1e-4 * draw_.normal());
    return r;
  }
  Record trade(RecordType type) {
    const std::int32_t i = draw_.below(instruments_.size());
    const auto at = static_cast<std::size_t>(i);
    const std::int32_t u = instruments_.underlying[at];
    Record r = make_record(type, i, now_);
    r.account = draw_.below(accounts);
    if (type == RecordType::order) r.sequence = ++order_;
    r.value[0] = (1 + draw_.below(9)) * (draw_.chance(0.5) ? 1 : -1) * 6'000.0 / price_[u];
    const bool coin = instruments_.payoff[at] == Payoff::coin;
    r.value[1] = instruments_.kind[at] == Kind::option ? 0.03 * (coin ? 1 : price_[u]) : price_[u];
    return r;
  }
  Record cancel() {
    Record r = make_record(RecordType::cancel, 0, 0);
    r.sequence = order_ == 0 ? 1 : 1 + draw_.bits() % order_;
    return r;
  }
  Record transfer(RecordType type) {
    Record r = make_record(type, draw_.below(5), now_);
    r.sequence = ++transfer_;
    r.account = draw_.below(accounts);
    const bool coin = r.subject >= 1 && r.subject <= underlyings;
    r.value[0] = draw_.uniform(10, 2'000) / (coin ? price_[r.subject - 1] : 1.0);
    return r;
  }

  const InstrumentColumns& instruments_;
  Draw draw_;
  double price_[underlyings] = {index_at_start[0], index_at_start[1], index_at_start[2]};
  TimeNs now_ = start_ns;
  std::uint64_t sequence_ = 0, order_ = 0, transfer_ = 0;
};

struct Calls {
  std::array<long, 32> applied{}, refused{}, allocated{};  // by type of record
  long checked = 0, check_allocated = 0, read_allocated = 0, events = 0;
};

// Applies the stream, and between records what an embedder asks for.
void drive(LiveEngine& engine, Stream& stream, int records, Calls& calls) {
  std::array<Event, 64> events;
  for (std::int32_t u = 0; u < underlyings; ++u) engine.apply(stream.tick(u));
  for (int n = 0; n < records; ++n) {
    const Record record = stream.next();
    const auto type = static_cast<std::size_t>(record.type);
    long before = allocations;
    const RecordStatus status = engine.apply(record).status;
    calls.allocated[type] += allocations - before;
    (status == RecordStatus::ok ? calls.applied : calls.refused)[type]++;

    const Order order = stream.order();
    before = allocations;
    calls.checked += engine.check(order, n % 8 == 0).verdict <= CheckVerdict::accepted_reduces;
    calls.check_allocated += allocations - before;

    before = allocations;
    engine.account(n % accounts);
    engine.published(n % accounts);
    while (const std::size_t got = engine.events(events)) calls.events += static_cast<long>(got);
    calls.read_allocated += allocations - before;
  }
}

constexpr RecordType driven[] = {
    RecordType::index_tick, RecordType::volatility,     RecordType::surface_stage,
    RecordType::clock,      RecordType::forward,        RecordType::mark,
    RecordType::fill,       RecordType::order,          RecordType::cancel,
    RecordType::deposit,    RecordType::surface_commit, RecordType::withdrawal};

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
  for (const RecordType type : driven) {
    const auto t = static_cast<std::size_t>(type);
    CHECK(calls.applied[t] + (type == RecordType::surface_commit ? calls.refused[t] : 0) > 5);
    if (calls.allocated[t] != 0) std::printf("  records of type %zu allocate\n", t);
    CHECK_EQ(calls.allocated[t], 0L);
  }
  CHECK(calls.checked > 1'000);
  CHECK(calls.events > 100);
  CHECK_EQ(calls.check_allocated, 0L);
  CHECK_EQ(calls.read_allocated, 0L);
  CHECK(engine.audit() == 0);
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
