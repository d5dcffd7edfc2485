// The journal on the file system it is pointed at: what an append costs the engine thread, how
// many records a second are made to last and how long one of them waits for it, and how fast they
// are read back and verified, beside a bare read of the same file and the bare hash of its bytes.
// What is read back must be what was written, and a flipped bit must be refused at its frame.
//
//   bench_journal [records] [directory]
#include <cstring>
#include <thread>

#include "base/hash.hpp"
#include "harness.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"

using namespace tickmargin;
using namespace tickmargin::journal;

namespace {

struct Record {
  std::uint64_t word[record_bytes / 8];
};

Record record_of(std::uint64_t sequence) {
  Record record;
  for (std::uint64_t i = 0; i < 8; ++i) record.word[i] = (8 * sequence + i) * 0x9e3779b97f4a7c15;
  return record;
}

double percentile(std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

std::unique_ptr<Journal> create(const std::string& path, const JournalOptions& options) {
  posix_files().remove(path);
  CreatedJournal created = Journal::create(posix_files(), path, options);
  harness::require(created.error == 0, "the journal is created: " + path);
  return std::move(created.journal);
}

// One append at a time with pauses between, as ticks come, so that the ring is never full; the cost
// of reading the clock is measured beside it and taken off.
void bench_append(const std::string& path) {
  constexpr std::uint64_t count = 200'000;
  JournalOptions options;
  options.ring_records = std::size_t{1} << 18;
  const auto journal = create(path, options);
  std::vector<double> empty_ns;
  std::vector<double> append_ns;
  for (std::uint64_t i = 1; i <= count; ++i) {
    const Record record = record_of(i);
    const double start = harness::now_ns();
    const double between = harness::now_ns();
    const bool taken = journal->append(&record);
    const double end = harness::now_ns();
    harness::require(taken, "the ring has room");
    empty_ns.push_back(between - start);
    append_ns.push_back(end - between);
  }
  harness::require(journal->close() == 0, "every append is on the disk");
  std::sort(empty_ns.begin(), empty_ns.end());
  std::sort(append_ns.begin(), append_ns.end());
  const double clock_ns = percentile(empty_ns, 0.5);
  std::printf(
      "append, engine thread, clock of %.0f ns taken off:  p50 %.0f  p99 %.0f  p99.9 %.0f ns\n",
      clock_ns, percentile(append_ns, 0.5) - clock_ns, percentile(append_ns, 0.99) - clock_ns,
      percentile(append_ns, 0.999) - clock_ns);

  // In a row, without a clock: what is left of it when calls overlap.
  std::vector<double> rounds;
  const auto again = create(path, options);
  for (int round = 0; round < 9; ++round) {
    constexpr int burst = 20'000;
    const Record record = record_of(1);
    const double start = harness::now_ns();
    for (int i = 0; i < burst; ++i) harness::require(again->append(&record), "room");
    rounds.push_back((harness::now_ns() - start) / burst);
    harness::require(again->flush_until(again->next_seq() - 1), "flushed");
  }
  std::printf("append, in bursts of 20,000:  %.1f ns each\n", harness::median(rounds));
}

// A record, and a wait until it lasts: the latency of one group of one.
void bench_latency(const std::string& path) {
  JournalOptions options;
  options.idle_ns = 1000;
  const auto journal = create(path, options);
  std::vector<double> waits_us;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    const Record record = record_of(i);
    const double start = harness::now_ns();
    harness::require(journal->append(&record) && journal->flush_until(i), "durable");
    waits_us.push_back((harness::now_ns() - start) * 1e-3);
  }
  std::sort(waits_us.begin(), waits_us.end());
  std::printf("append and wait until durable:  p50 %.0f  p99 %.0f us\n", percentile(waits_us, 0.5),
              percentile(waits_us, 0.99));
}

void write_records(const std::string& path, std::uint64_t count, std::size_t group) {
  JournalOptions options;
  options.group_records = group;
  const double start = harness::now_ns();
  const auto journal = create(path, options);
  for (std::uint64_t i = 1; i <= count; ++i) {
    const Record record = record_of(i);
    while (!journal->append(&record)) std::this_thread::yield();
  }
  harness::require(journal->close() == 0, "every record is on the disk");
  const double ns = harness::now_ns() - start;
  harness::require(journal->durable_seq() == count, "durable_seq is the last");
  std::printf("group commit, %5zu records at most:  %.2f million records/s, %.0f MB/s\n", group,
              static_cast<double>(count) * 1e3 / ns,
              static_cast<double>(count * record_bytes) * 1e3 / ns);
}

// Every byte of every record, against what was written.
bool is_written(const Frame& frame) {
  for (std::uint64_t i = 0; i < frame.count; ++i) {
    const Record expected = record_of(frame.sequence + i);
    if (std::memcmp(&frame.payload[i * record_bytes], &expected, record_bytes) != 0) return false;
  }
  return frame.kind == Kind::records;
}

// Answers the file's bytes.
double bare_read(const std::string& path, bool hashed) {
  std::unique_ptr<File> file;
  harness::require(posix_files().open(path, Access::read, &file) == 0, "opened");
  std::uint64_t size = 0;
  harness::require(file->size(&size) == 0, "size");
  std::vector<char> buffer(std::size_t{512} << 10);
  for (std::uint64_t at = 0; at < size; at += buffer.size()) {
    const std::size_t count = std::min<std::uint64_t>(buffer.size(), size - at);
    harness::require(file->read(at, buffer.data(), count) == 0, "read");
    if (hashed) harness::keep(base::hash64(buffer.data(), count));
  }
  return static_cast<double>(size);
}

void bench_read(const std::string& path, std::uint64_t count) {
  const auto read = [&](const FrameSink& sink) {
    const ReadResult result = read_journal(posix_files(), path, sink);
    harness::require(result.clean && result.next_sequence == count + 1, "all of it, to its close");
  };
  read(is_written);
  std::vector<harness::Contestant> all;
  all.push_back({"read_journal", [&] { read([](const Frame&) { return true; }); }, 1, {}});
  all.push_back({"bare read", [&] { bare_read(path, false); }, 1, {}});
  all.push_back({"bare read and hash", [&] { bare_read(path, true); }, 1, {}});
  harness::race(all, 5);
  const double bytes = bare_read(path, false);
  for (harness::Contestant& c : all) {
    const double ns = harness::median(c.times);
    std::printf("  %-20s %5.1f ns a record  %5.2f GB/s\n", c.name.c_str(),
                ns / static_cast<double>(count), bytes / ns);
  }
}

void check_flip(const std::string& path) {
  std::unique_ptr<File> file;
  harness::require(posix_files().open(path, Access::write, &file) == 0, "opened");
  std::uint64_t size = 0;
  harness::require(file->size(&size) == 0, "size");
  unsigned char byte = 0;
  harness::require(file->read(size / 2, &byte, 1) == 0, "read");
  byte ^= 1;
  harness::require(file->write(size / 2, &byte, 1) == 0, "flipped");
  const ReadResult result = read_journal(posix_files(), path, [](const Frame&) { return true; });
  harness::require(result.status == ReadStatus::damaged, "a flipped bit is damage");
  harness::require(result.offset <= size / 2 && size / 2 - result.offset < frame_bytes_max,
                   "at its own frame");
}

}  // namespace

int main(int argc, char** argv) {
  const auto records = static_cast<std::uint64_t>(argc > 1 ? std::atoll(argv[1]) : 10'000'000);
  const std::string directory = argc > 2 ? argv[2] : ".";
  const std::string path = directory + "/bench_journal.journal";
  harness::require(records > 0, "a number of records");
  std::printf("%llu records of %zu bytes, %s\n", static_cast<unsigned long long>(records),
              record_bytes, path.c_str());
  bench_append(path);
  bench_latency(path);
  for (const std::size_t group : {256, 4096, 16'384}) {
    const std::uint64_t count = group == 256 ? records / 10 + 1 : records;  // many more syncs
    write_records(path, count, group);
    bench_read(path, count);
  }
  check_flip(path);
  posix_files().remove(path);
  return 0;
}
