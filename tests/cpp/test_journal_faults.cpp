// Power lost at every call, by seed: what a machine finds afterwards is a prefix that holds all
// that was called durable, with a torn tail at most. A seed that fails is printed.
#include <array>
#include <thread>

#include "check.hpp"
#include "fault_files.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"
#include "journal/snapshot.hpp"
#include "journal_entries.hpp"

using namespace tickmargin::journal;
using entries::append_next;
using entries::Judge;

namespace {

const std::string path = "run/journal";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t seeds = 500;
#else
constexpr std::uint64_t seeds = 4000;
#endif

void check_seed(bool held, const char* what, std::uint64_t seed) {
  CHECK(held);
  if (!held) std::printf("%s: seed %llu\n", what, static_cast<unsigned long long>(seed));
}

bool is_prefix_past(fault::Files& files, std::uint64_t durable) {
  Judge judge;
  const ReadResult result = read_journal(files, path, std::ref(judge));
  if (result.status != ReadStatus::ok && result.status != ReadStatus::torn_tail) return false;
  return judge.exact && judge.next == result.next_sequence && judge.next > durable;
}

// What the snapshot of a generation holds.
std::array<std::vector<std::byte>, 3> generation(std::uint64_t number) {
  std::array<std::vector<std::byte>, 3> columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].resize(200 + 700 * i, static_cast<std::byte>(number + i));
  }
  return columns;
}

int write_generation(Files& files, std::uint64_t number) {
  const auto columns = generation(number);
  const std::array<Section, 3> sections = {
      {{"a", columns[0]}, {"b", columns[1]}, {"c", columns[2]}}};
  return write_snapshot(files, "run/snapshot", sections);
}

bool is_generation(const Snapshot& snapshot, std::uint64_t number) {
  const auto columns = generation(number);
  if (snapshot.status != SnapshotStatus::ok || snapshot.sections.size() != 3) return false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& bytes = snapshot.sections[i].bytes;
    if (!std::equal(bytes.begin(), bytes.end(), columns[i].begin(), columns[i].end())) return false;
  }
  return true;
}

}  // namespace

TEST(power_lost_at_any_call_leaves_a_prefix) {
  std::uint64_t torn = 0;
  std::uint64_t past = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    fault::Files files;
    std::unique_ptr<FrameWriter> writer;
    CHECK(FrameWriter::create(files, path, {}, &writer) == 0);
    fault::Random random(seed);
    files.refuse(fault::Refusal::for_good, fault::below(random, 40), seed);
    // Some frames are acknowledged by themselves, the others with the next.
    while (entries::commit_next(*writer, 1 + fault::below(random, 40)) == 0 &&
           (fault::below(random, 3) != 0 || writer->commit_mark() == 0)) {
    }
    const std::uint64_t durable = writer->durable_seq();
    files.crash(seed);
    check_seed(is_prefix_past(files, durable), "journal", seed);

    Judge judge;
    const ReadResult result = read_journal(files, path, std::ref(judge));
    torn += result.status == ReadStatus::torn_tail ? 1 : 0;
    past += result.next_sequence > durable + 1 ? 1 : 0;
    if (result.status != ReadStatus::torn_tail) continue;
    CHECK(cut_tail(files, path, result) == 0);
    files.crash(seed);
    Judge again;
    const ReadResult cut = read_journal(files, path, std::ref(again));
    check_seed(cut.status == ReadStatus::ok && cut.next_sequence == result.next_sequence, "cut",
               seed);
  }
  // The seeds reach both outcomes.
  CHECK(torn > seeds / 20);
  CHECK(past > seeds / 20);
}

// Creation is a promise too: once it is given, the file is there.
TEST(power_lost_in_creation_leaves_no_journal_or_an_empty_one) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    fault::Files files;
    files.refuse(fault::Refusal::for_good, seed % 7, seed);
    std::unique_ptr<FrameWriter> writer;
    const int error = FrameWriter::create(files, path, {}, &writer);
    files.crash(seed);
    const ReadResult result = read_journal(files, path, [](const Frame&) { return true; });
    const bool empty = result.status == ReadStatus::ok && result.next_sequence == 1;
    const bool none = result.error == ENOENT;
    check_seed(error == 0 ? empty : empty || none, "creation", seed);
  }
}

TEST(power_lost_while_threads_run_leaves_a_prefix) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    fault::Files files;
    JournalOptions options;
    options.ring_records = 128;
    options.group_records = 16;
    options.idle_ns = 1000;
    const CreatedJournal created = Journal::create(files, path, options);
    Journal& journal = *created.journal;
    std::uint64_t durable = 0;
    std::thread power([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(200 + 37 * seed % 2000));
      durable = journal.durable_seq();
      files.power_off();
    });
    while (journal.state() == JournalState::running) append_next(journal);
    power.join();
    CHECK(journal.durable_seq() >= durable);
    durable = journal.durable_seq();
    files.crash(seed);
    check_seed(is_prefix_past(files, durable), "threads", seed);
  }
}

TEST(power_lost_in_a_snapshot_leaves_the_old_one_or_the_new) {
  std::uint64_t kept = 0;
  std::uint64_t replaced = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    fault::Files files;
    CHECK(write_generation(files, 1) == 0);
    files.refuse(fault::Refusal::for_good, seed % 13, seed);
    const int error = write_generation(files, 2);
    files.crash(seed);
    const Snapshot found = read_snapshot(files, "run/snapshot");
    const bool is_new = is_generation(found, 2);
    check_seed(error == 0 ? is_new : is_new || is_generation(found, 1), "snapshot", seed);
    (is_new ? replaced : kept) += 1;
    // Whatever the crash left behind is no obstacle.
    CHECK(write_generation(files, 3) == 0);
    CHECK(is_generation(read_snapshot(files, "run/snapshot"), 3));
  }
  CHECK(kept > seeds / 20);
  CHECK(replaced > seeds / 20);
}

TEST(an_error_in_a_snapshot_is_answered_and_the_old_one_stands) {
  for (std::size_t call = 0; call < 11; ++call) {
    fault::Files files;
    CHECK(write_generation(files, 1) == 0);
    files.refuse(fault::Refusal::once, call, call);
    const int error = write_generation(files, 2);
    CHECK_EQ(error, error == 0 ? 0 : call == 9 || call == 8 || call == 10 ? EIO : ENOSPC);
    const Snapshot found = read_snapshot(files, "run/snapshot");
    CHECK(is_generation(found, 1) || (error == 0 || call == 10 ? is_generation(found, 2) : false));
    CHECK(!files.exists("run/snapshot.tmp"));
  }
}

CHECK_MAIN()
