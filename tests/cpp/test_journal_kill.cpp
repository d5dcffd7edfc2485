// A process that appends is killed at a moment drawn at random; what it had been told is durable
// must be in the file, in front of whatever else is, and nothing else.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "check.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"
#include "journal_entries.hpp"

using namespace tickmargin::journal;
using entries::append_next;

namespace {

constexpr int kills = 60;

// The child: appends for ever, and says what is durable whenever that has changed.
[[noreturn]] void append_until_killed(const std::string& path, int out) {
  const CreatedJournal created = Journal::create(posix_files(), path, {});
  if (created.error != 0) ::_exit(1);
  Journal& journal = *created.journal;
  for (std::uint64_t told = 0;;) {
    append_next(journal);
    if (journal.state() != JournalState::running) ::_exit(2);
    const std::uint64_t durable = journal.durable_seq();
    if (durable == told) continue;
    if (::write(out, &durable, sizeof(durable)) != sizeof(durable)) ::_exit(3);
    told = durable;
  }
}

}  // namespace

TEST(killed_at_any_moment_nothing_acknowledged_is_lost) {
  char directory[] = "/tmp/tickmargin_journal_XXXXXX";
  CHECK(::mkdtemp(directory) != nullptr);
  const std::string path = std::string(directory) + "/journal";
  const std::uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  std::uint64_t acknowledged_most = 0;
  for (int i = 0; i < kills; ++i) {
    int ends[2];
    CHECK(::pipe(ends) == 0);
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      append_until_killed(path, ends[1]);
    }
    ::close(ends[1]);
    // Not before the file is there: its creation is acknowledged by the first number.
    std::uint64_t acknowledged = 0;
    CHECK(::read(ends[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    CHECK(::kill(child, SIGKILL) == 0);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    for (std::uint64_t told; ::read(ends[0], &told, sizeof(told)) == sizeof(told);) {
      acknowledged = told;
    }
    ::close(ends[0]);

    entries::Judge judge;
    const ReadResult result = read_journal(posix_files(), path, std::ref(judge));
    CHECK(result.status == ReadStatus::ok || result.status == ReadStatus::torn_tail);
    CHECK(judge.exact && !result.clean);
    CHECK_EQ(judge.next, result.next_sequence);
    CHECK(judge.next > acknowledged);
    acknowledged_most = std::max(acknowledged_most, acknowledged);
    CHECK(posix_files().remove(path) == 0);
  }
  CHECK(acknowledged_most > 0);
  CHECK(::rmdir(directory) == 0);
}

// A limit of the real file system: an error that is published, not a signal that kills.
TEST(a_file_that_may_not_grow_fails_the_journal) {
  char directory[] = "/tmp/tickmargin_journal_XXXXXX";
  CHECK(::mkdtemp(directory) != nullptr);
  const std::string path = std::string(directory) + "/journal";
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    const CreatedJournal created = Journal::create(posix_files(), path, {});
    const rlimit most = {100'000, 100'000};
    if (created.error != 0 || ::setrlimit(RLIMIT_FSIZE, &most) != 0) ::_exit(1);
    Journal& journal = *created.journal;
    while (journal.state() == JournalState::running) append_next(journal);
    if (journal.error() != EFBIG || journal.flush_until(journal.next_seq())) ::_exit(2);
    if (journal.close() != EFBIG) ::_exit(4);
    const std::uint64_t durable = journal.durable_seq();
    entries::Judge judge;
    const ReadResult result = read_journal(posix_files(), path, std::ref(judge));
    const bool is_prefix =
        result.status == ReadStatus::ok ||
        (result.status == ReadStatus::torn_tail && cut_tail(posix_files(), path, result) == 0);
    ::_exit(is_prefix && judge.exact && judge.next > durable ? 0 : 3);
  }
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(posix_files().remove(path) == 0);
  CHECK(::rmdir(directory) == 0);
}

CHECK_MAIN()
