// One thread writes, others read rows, one takes events: every row that is read is one that the
// writer stored, whole, and the events are those of a run that nobody watched.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <type_traits>
#include <vector>

#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

namespace {

constexpr std::int32_t accounts = 40;
constexpr int readers = 2;
#if defined(__SANITIZE_THREAD__)
constexpr std::size_t record_count = 1'000;  // each of which takes its time there
#else
constexpr std::size_t record_count = 10'000;
#endif
// Rows are compared as bytes.
static_assert(std::has_unique_object_representations_v<LiveAccount>);
static_assert(std::has_unique_object_representations_v<Event>);

PolicySet policies(double factor) {
  PolicySet set = make_policies(accounts);
  for (Policy& policy : set.policies) {
    policy.levels = {1.5, 1.2, 1.0};  // slack is equity less maintenance margin
    for (ScenarioParameters& grid : policy.scenario) grid.maintenance_factor *= factor;
    for (FuturesParameters& f : policy.futures) f.taker_fee_ratio *= 10 * factor;
  }
  return set;
}

LiveInputs inputs() {
  LiveInputs in = make_inputs(accounts, 5, 6);
  in.engine.policies = policies(1.0);
  in.settings.hysteresis_ratio = 0;
  in.capacity.events = 64;  // so small that the writer has to wait for its reader
  return in;
}

LiveEngine make_engine() {
  LiveEngine engine(inputs());
  engine.stage_policies(1, policies(0.5));
  return engine;
}

// Prices that swing through the borders of most accounts, and policies that come and go.
std::vector<Record> swings(std::size_t count) {
  std::vector<Record> records;
  Draw draw(6);
  for (std::size_t n = 0; n < count; ++n) {
    const auto ts_ns = start_ns + static_cast<TimeNs>(n) * 1'000'000;
    if (n % 16 == 15) {
      Record r = make_record(RecordType::policy_epoch, 0, ts_ns);
      r.sequence = n % 32 == 15 ? 1 : 0;
      r.flags = n == 15 ? 0 : flag_rollback;  // then back, and back from there
      records.push_back(r);
    } else {
      const auto u = static_cast<std::int32_t>(n % underlyings);
      const double price = index_at_start[u] * draw.uniform(0.9, 1.1);
      records.push_back(index_tick(u, n + 1, price, ts_ns));
    }
  }
  return records;
}

struct Told {
  std::vector<std::vector<LiveAccount>> rows{accounts};  // by account, as they were stored
  std::vector<Event> events;
  std::uint64_t hash = 0;
  std::size_t refused = 0;
};

void take(LiveEngine& engine, std::vector<Event>& into) {
  std::array<Event, 16> some;
  while (const std::size_t got = engine.events(some)) {
    into.insert(into.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(got));
  }
}

void note_rows(const LiveEngine& engine, std::vector<std::vector<LiveAccount>>& rows) {
  for (std::int32_t a = 0; a < accounts; ++a) {
    const LiveAccount row = engine.published(a);
    std::vector<LiveAccount>& of = rows[static_cast<std::size_t>(a)];
    if (of.empty() || std::memcmp(&of.back(), &row, sizeof row) != 0) of.push_back(row);
  }
}

Told alone(const std::vector<Record>& records) {
  Told told;
  LiveEngine engine = make_engine();
  note_rows(engine, told.rows);
  for (const Record& record : records) {
    told.refused += engine.apply(record).status != RecordStatus::ok;
    take(engine, told.events);
    note_rows(engine, told.rows);
  }
  told.hash = engine.state_hash();
  return told;
}

bool was_stored(const std::vector<LiveAccount>& stored, const LiveAccount& row) {
  const auto at =
      std::lower_bound(stored.begin(), stored.end(), row.applied_seq,
                       [](const LiveAccount& s, std::uint64_t seq) { return s.applied_seq < seq; });
  return at != stored.end() && std::memcmp(&*at, &row, sizeof row) == 0;
}

struct Seen {
  std::size_t reads = 0, changes = 0, torn = 0, backwards = 0;
};

// Reads rows as fast as it can; the writer's own are the judge.
void read_rows(const LiveEngine& engine, const Told& told, const std::atomic<bool>& done,
               std::atomic<int>& reading, Seen& seen) {
  std::array<std::uint64_t, accounts> last{};
  reading.fetch_add(1, std::memory_order_relaxed);
  while (!done.load(std::memory_order_relaxed)) {
    for (std::int32_t a = 0; a < accounts; ++a) {
      const auto at = static_cast<std::size_t>(a);
      const LiveAccount row = engine.published(a);
      seen.torn += !was_stored(told.rows[at], row);
      seen.backwards += row.applied_seq < last[at];
      seen.changes += row.applied_seq != last[at];
      last[at] = row.applied_seq;
      ++seen.reads;
    }
    if (seen.reads % 1'000 == 0) std::this_thread::yield();
  }
}

TEST(rows_are_whole_while_they_are_written) {
  const std::vector<Record> records = swings(record_count);
  const Told told = alone(records);
  CHECK_EQ(told.refused, std::size_t{0});
  std::size_t stored = 0, epochs = 0;
  for (const std::vector<LiveAccount>& rows : told.rows) {
    stored += rows.size();
    for (std::size_t n = 0; n < rows.size(); ++n) {
      CHECK(n == 0 || rows[n - 1].applied_seq < rows[n].applied_seq);
      epochs += n > 0 && rows[n - 1].epoch != rows[n].epoch;
    }
  }
  CHECK(stored > record_count);  // a row each time a state changes
  CHECK(epochs > record_count / 100);

  LiveEngine engine = make_engine();
  std::atomic<bool> done{false};
  std::atomic<int> reading{0};
  std::array<Seen, readers> seen;
  std::vector<std::thread> threads;
  for (Seen& own : seen) {
    threads.emplace_back([&] { read_rows(engine, told, done, reading, own); });
  }
  std::vector<Event> events;
  threads.emplace_back([&] {
    while (!done.load(std::memory_order_acquire)) {
      take(engine, events);
      std::this_thread::yield();
    }
    take(engine, events);
  });
  while (reading.load(std::memory_order_relaxed) < readers) std::this_thread::yield();
  std::size_t waited = 0;
  for (const Record& record : records) {
    RecordStatus status = engine.apply(record).status;
    for (; status == RecordStatus::ring_full; ++waited) {
      std::this_thread::yield();
      status = engine.apply(record).status;
    }
    if (status != RecordStatus::ok) CHECK_EQ(status, RecordStatus::ok);
  }
  done.store(true, std::memory_order_release);
  for (std::thread& thread : threads) thread.join();

  Seen all;
  for (const Seen& own : seen) {
    all.reads += own.reads;
    all.changes += own.changes;
    all.torn += own.torn;
    all.backwards += own.backwards;
  }
  std::printf("  %zu rows stored, %zu read, %zu of them new; the ring was full %zu times\n", stored,
              all.reads, all.changes, waited);
  CHECK_EQ(all.torn, std::size_t{0});
  CHECK_EQ(all.backwards, std::size_t{0});
  CHECK(all.changes > record_count / 20);
  CHECK_EQ(engine.state_hash(), told.hash);
  CHECK_EQ(events.size(), told.events.size());
  CHECK(events.size() == told.events.size() &&
        std::memcmp(events.data(), told.events.data(), events.size() * sizeof(Event)) == 0);
}

// What the readers compare with is itself sound: fields that only fit each other.
TEST(fields_of_one_row_fit) {
  const Told told = alone(swings(2'000));
  const PortfolioColumns portfolio = inputs().engine.portfolio;
  std::array<bool, accounts> one_pocket;
  one_pocket.fill(true);
  for (std::size_t b = 0; b < portfolio.balance_pocket.size(); ++b) {
    if (portfolio.balance_pocket[b] != 0) {
      one_pocket[static_cast<std::size_t>(portfolio.balance_account[b])] = false;
    }
  }
  std::size_t looked_at = 0;
  for (std::size_t a = 0; a < accounts; ++a) {
    for (const LiveAccount& row : told.rows[a]) {
      if (!one_pocket[a] || row.state == State::undecidable) continue;
      CHECK_EQ(row.slack, row.equity - row.maintenance_margin);
      CHECK_EQ(row.breach != 0, row.equity_initial < row.initial_margin);
      // Staging was 1; each sixteenth record after it changes the epoch.
      CHECK_EQ(row.epoch, row.applied_seq < 2 ? 0u : (row.applied_seq - 1) / 16 % 2);
      ++looked_at;
    }
  }
  CHECK(looked_at > 1'000);
}

}  // namespace

CHECK_MAIN()
