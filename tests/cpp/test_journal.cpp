// The writer and the reader against each other, on files that do what they are told.
#include "journal/journal.hpp"

#include <chrono>
#include <cstdlib>
#include <new>
#include <thread>

#include "check.hpp"
#include "fault_files.hpp"
#include "journal/reader.hpp"
#include "journal_entries.hpp"

using namespace tickmargin::journal;
using entries::append_next;
using entries::Judge;

namespace {

thread_local std::size_t allocations = 0;

const std::string path = "journal";

std::unique_ptr<Journal> create(Files& files, const JournalOptions& options = {}) {
  CreatedJournal created = Journal::create(files, path, options);
  CHECK_EQ(created.error, 0);
  return std::move(created.journal);
}

void append_until(Journal& journal, std::uint64_t last) {
  while (journal.next_seq() <= last && journal.state() == JournalState::running) {
    append_next(journal);
  }
}

ReadResult read(Files& files, Judge& judge) {
  return read_journal(files, path, std::ref(judge));
}

}  // namespace

// Not inlined: the compiler would see free() meet a new that it knows nothing of.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

TEST(what_is_appended_is_read_back) {
  for (const std::size_t group : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    fault::Files files;
    JournalOptions options;
    options.ring_records = 64;
    options.group_records = group;
    options.head = {"9.8.7", {11, 22}, 1, 33};
    const auto journal = create(files, options);
    CHECK_EQ(journal->durable_seq(), 0u);
    append_until(*journal, 3000);
    CHECK(journal->flush_until(3000));
    CHECK_EQ(journal->durable_seq(), 3000u);
    CHECK_EQ(journal->close(), 0);
    CHECK(journal->state() == JournalState::closed);
    CHECK(!append_next(*journal));
    CHECK(journal->flush_until(3000));
    CHECK(!journal->flush_until(3001));

    Judge judge;
    const ReadResult result = read(files, judge);
    CHECK_EQ(result.status, ReadStatus::ok);
    CHECK(result.clean && judge.exact);
    CHECK_EQ(judge.next, 3001u);
    CHECK_EQ(result.next_sequence, 3001u);
    CHECK_EQ(result.offset, files.bytes(path).size());
    CHECK_EQ(std::string(result.header.engine_version), "9.8.7");
    CHECK_EQ(result.header.run_id[0], 11u);
    CHECK_EQ(result.header.run_id[1], 22u);
    CHECK_EQ(result.header.state_hash, 33u);
  }
}

TEST(the_destructor_closes_cleanly) {
  fault::Files files;
  {
    const auto journal = create(files);
    append_until(*journal, 100);
  }
  Judge judge;
  const ReadResult result = read(files, judge);
  CHECK(result.clean && judge.exact);
  CHECK_EQ(judge.next, 101u);
}

TEST(sequence_numbers_go_on_from_another_file) {
  fault::Files files;
  JournalOptions options;
  options.head.first_sequence = 500;
  const auto journal = create(files, options);
  CHECK_EQ(journal->durable_seq(), 499u);
  append_until(*journal, 600);
  journal->close();
  Judge judge;
  judge.next = 500;
  CHECK(read(files, judge).next_sequence == 601);
  CHECK(judge.exact);
}

TEST(what_cannot_be_created_is_said) {
  fault::Files files;
  const auto error_of = [&](void (*change)(JournalOptions&)) {
    JournalOptions options;
    change(options);
    return Journal::create(files, path, options).error;
  };
  CHECK_EQ(error_of([](JournalOptions& o) { o.ring_records = 3; }), EINVAL);
  CHECK_EQ(error_of([](JournalOptions& o) { o.ring_records = 0; }), EINVAL);
  CHECK_EQ(error_of([](JournalOptions& o) { o.group_records = 0; }), EINVAL);
  CHECK_EQ(error_of([](JournalOptions& o) { o.group_records = payload_bytes_max; }), EINVAL);
  CHECK_EQ(error_of([](JournalOptions& o) { o.idle_ns = -1; }), EINVAL);
  CHECK_EQ(error_of([](JournalOptions& o) { o.head.first_sequence = 0; }), EINVAL);
  CHECK_EQ(error_of([](JournalOptions& o) { o.head.engine_version = "sixteen letters."; }), EINVAL);
  CHECK(!files.exists(path));
  files.put(path, {1, 2, 3});
  CHECK_EQ(error_of([](JournalOptions&) {}), EEXIST);
  CHECK_EQ(files.bytes(path).size(), 3u);
}

// Create, write, sync, rename and sync of the directory, each refused in turn: no half-made file
// stays.
TEST(a_creation_that_fails_leaves_no_file) {
  for (std::size_t call = 0; call < 5; ++call) {
    fault::Files files;
    files.refuse(fault::Refusal::once, call);
    const CreatedJournal created = Journal::create(files, path, {});
    CHECK(created.journal == nullptr && created.error != 0);
    CHECK(!files.exists(path) && !files.exists(path + ".tmp"));
  }
}

TEST(a_full_ring_takes_nothing) {
  fault::Files files;
  JournalOptions options;
  options.ring_records = 8;
  options.group_records = 4;
  const auto journal = create(files, options);
  std::uint64_t taken = 0;
  {
    const auto disk = files.hold();
    const unsigned char record[record_bytes] = {};
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    while (std::chrono::steady_clock::now() < until) taken += journal->append(record) ? 1 : 0;
    CHECK(!journal->append(record));
    CHECK(taken >= 8 && taken <= 12);  // the ring, and one frame that waits for the disk
    CHECK_EQ(journal->next_seq(), taken + 1);
  }
  CHECK(journal->flush_until(taken));
  journal->close();
  const ReadResult result = read_journal(files, path, [](const Frame&) { return true; });
  CHECK_EQ(result.next_sequence, taken + 1);
}

TEST(an_append_allocates_nothing) {
  fault::Files files;
  JournalOptions options;
  options.ring_records = 64;
  const auto journal = create(files, options);
  const unsigned char record[record_bytes] = {};
  const std::size_t before = allocations;
  for (int i = 0; i < 1000; ++i) {
    journal->append(record);
    journal->append_blob(std::as_bytes(std::span(record)));
  }
  journal->flush_until(journal->next_seq() - 1);
  const std::size_t after = allocations;
  CHECK_EQ(after, before);
  CHECK(journal->next_seq() > 64);
}

TEST(a_blob_has_a_limit) {
  fault::Files files;
  JournalOptions options;
  options.ring_records = 16;
  const auto journal = create(files, options);
  CHECK_EQ(journal->blob_bytes_max(), 16 * record_bytes);
  const std::vector<std::byte> blob(16 * record_bytes + 1, std::byte{5});
  CHECK(!journal->append_blob(blob));
  CHECK(journal->append_blob(std::span(blob).first(16 * record_bytes)));
  CHECK(journal->flush_until(1));
  CHECK_EQ(journal->next_seq(), 2u);
}

TEST(the_largest_blob_is_one_frame) {
  fault::Files files;
  JournalOptions options;
  options.ring_records = std::size_t{1} << 17;
  const auto journal = create(files, options);
  CHECK_EQ(journal->blob_bytes_max(), payload_bytes_max);
  const std::vector<std::byte> blob(payload_bytes_max + 1, std::byte{5});
  CHECK(!journal->append_blob(blob));
  const auto largest = std::span(blob).first(payload_bytes_max);
  CHECK(journal->append_blob(largest));
  CHECK(journal->append_blob(largest.first(3)));
  CHECK_EQ(journal->close(), 0);
  std::vector<std::size_t> sizes;
  const auto sink = [&](const Frame& frame) {
    sizes.push_back(frame.payload.size());
    return frame.payload[0] == std::byte{5} && frame.payload.back() == std::byte{5};
  };
  CHECK(read_journal(files, path, sink).clean);
  CHECK(sizes == std::vector<std::size_t>({payload_bytes_max, 3}));
}

// Whatever call fails, writing or syncing, it is the last one that reaches the file.
TEST(the_first_error_ends_the_journal) {
  for (std::size_t call = 0; call < 12; ++call) {
    fault::Files files;
    JournalOptions options;
    options.group_records = 2;
    const auto journal = create(files, options);
    files.refuse(fault::Refusal::once, call, call);
    append_until(*journal, 4000);
    CHECK(!journal->flush_until(4000));
    CHECK(journal->state() == JournalState::failed);
    CHECK(journal->error() == ENOSPC || journal->error() == EIO);
    const std::size_t calls = files.calls();
    CHECK(!append_next(*journal));
    CHECK_EQ(journal->close(), journal->error());
    CHECK_EQ(files.calls(), calls);

    const std::uint64_t durable = journal->durable_seq();
    files.crash(call);
    Judge judge;
    const ReadResult result = read(files, judge);
    CHECK(result.status == ReadStatus::ok || result.status == ReadStatus::torn_tail);
    CHECK(judge.exact && judge.next > durable);
  }
}

// For the thread sanitizer: an appender, a watcher of durable_seq and a waiter, at once.
TEST(threads_append_watch_and_wait) {
  fault::Files files;
  JournalOptions options;
  options.ring_records = 256;
  options.group_records = 32;
  options.idle_ns = 1000;
  const auto journal = create(files, options);
  constexpr std::uint64_t last = 20'000;
  bool rises = true;
  std::thread watcher([&] {
    for (std::uint64_t seen = 0; seen < last;) {
      const std::uint64_t now = journal->durable_seq();
      rises = rises && now >= seen;
      seen = now;
      std::this_thread::yield();
    }
  });
  bool waited = true;
  std::thread waiter([&] {
    for (std::uint64_t seq = 1000; seq <= last; seq += 1000) {
      waited = waited && journal->flush_until(seq) && journal->durable_seq() >= seq;
    }
  });
  append_until(*journal, last);
  watcher.join();
  waiter.join();
  CHECK(rises && waited);
  CHECK_EQ(journal->close(), 0);
  Judge judge;
  CHECK(read(files, judge).clean);
  CHECK(judge.exact);
  CHECK_EQ(judge.next, last + 1);
}

TEST(a_waiter_wakes_when_the_journal_fails) {
  fault::Files files;
  const auto journal = create(files);
  std::thread waiter([&] { CHECK(!journal->flush_until(1'000'000)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  files.power_off();
  append_until(*journal, 1000);
  waiter.join();
  CHECK(journal->state() == JournalState::failed);
}

CHECK_MAIN()
