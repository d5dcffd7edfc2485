// A recording through the C table: a process that is killed, and the engine that comes back.
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "capi/handle.hpp"
#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

namespace {

const tickmargin_api& api() {
  return *tickmargin_api_get(TICKMARGIN_ABI_VERSION);
}

struct Directory {
  Directory() { CHECK(::mkdtemp(path) != nullptr); }
  ~Directory() { std::filesystem::remove_all(path); }
  char path[32] = "/tmp/tickmargin_capi_XXXXXX";
};

std::uint64_t hash_of(const tickmargin_engine* engine) {
  std::uint64_t hash = 0;
  CHECK(api().state_hash(engine, &hash) == 0);
  return hash;
}

std::uint64_t durable_of(const tickmargin_engine* engine) {
  std::uint64_t durable = 0;
  CHECK(api().durable_seq(engine, &durable) == 0);
  return durable;
}

void tick(tickmargin_engine* engine, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t n = from; n <= to; ++n) {
    const auto record =
        std::bit_cast<tickmargin_record>(index_tick(0, n, 60'000.0 + static_cast<double>(n % 7),
                                                    start_ns + static_cast<TimeNs>(n) * 1'000'000));
    CHECK(api().apply(engine, &record) == TICKMARGIN_OK);
    tickmargin_event events[64];
    while (api().events(engine, events, 64) > 0) {
    }
  }
}

}  // namespace

TEST(what_was_recorded_before_the_exit_comes_back) {
  const Directory directory;
  LiveEngine reference(make_inputs(20, 3));
  tick(capi::handle_of(&reference), 1, 500);
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    LiveEngine engine(make_inputs(20, 3));
    tickmargin_engine* const e = capi::handle_of(&engine);
    tickmargin_recording options{sizeof(tickmargin_recording), 0, 1024, 16};
    if (api().record_to(e, directory.path, &options, nullptr) != 0) ::_exit(1);
    tick(e, 1, 300);
    if (api().snapshot(e, nullptr) != 0) ::_exit(2);
    tick(e, 301, 500);
    ::_exit(api().flush(e, nullptr) == 0 && durable_of(e) == 500 ? 0 : 3);
  }
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);

  tickmargin_engine* back = nullptr;
  tickmargin_message message{};
  CHECK_EQ(api().recover(directory.path, &back, &message), 0);
  CHECK_EQ(hash_of(back), reference.state_hash());
  CHECK_EQ(durable_of(back), std::uint64_t{0});
  CHECK_EQ(api().record_to(back, directory.path, nullptr, &message), 0);
  tick(back, 501, 520);
  CHECK_EQ(api().flush(back, &message), 0);
  CHECK_EQ(durable_of(back), std::uint64_t{520});

  // After a fork the recording is the parent's.
  std::fflush(stdout);
  const pid_t second = ::fork();
  if (second == 0) {
    const auto record =
        std::bit_cast<tickmargin_record>(index_tick(0, 521, 60'001.0, start_ns + 521 * 1'000'000));
    const bool refused = api().apply(back, &record) == TICKMARGIN_NOT_DURABLE &&
                         api().snapshot(back, nullptr) == TICKMARGIN_FAULT_IN_USE;
    api().close(back);
    ::_exit(refused ? 0 : 1);
  }
  CHECK(::waitpid(second, &status, 0) == second);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  tick(back, 521, 530);
  CHECK_EQ(api().flush(back, &message), 0);
  api().close(back);
}

TEST(what_cannot_be_is_a_fault_with_a_reason) {
  const Directory directory;
  LiveEngine engine(make_inputs(4, 3)), other(make_inputs(4, 3));
  tickmargin_engine* const e = capi::handle_of(&engine);
  tickmargin_message message{};
  CHECK_EQ(api().record_to(nullptr, directory.path, nullptr, &message), TICKMARGIN_FAULT_NULL);
  CHECK_EQ(api().record_to(e, nullptr, nullptr, nullptr), TICKMARGIN_FAULT_NULL);
  CHECK_EQ(api().snapshot(nullptr, nullptr), TICKMARGIN_FAULT_NULL);
  CHECK_EQ(api().flush(nullptr, nullptr), TICKMARGIN_FAULT_NULL);
  CHECK_EQ(api().durable_seq(e, nullptr), TICKMARGIN_FAULT_NULL);
  CHECK_EQ(api().recover(directory.path, nullptr, nullptr), TICKMARGIN_FAULT_NULL);
  CHECK_EQ(api().snapshot(e, &message), TICKMARGIN_FAULT_NOT_RECORDING);
  CHECK_EQ(api().flush(e, &message), TICKMARGIN_FAULT_NOT_RECORDING);
  tickmargin_recording options{4, 0, 0, 0};
  CHECK_EQ(api().record_to(e, directory.path, &options, &message), TICKMARGIN_FAULT_SIZE);
  options = {sizeof(options), 0, 3, 0};
  CHECK_EQ(api().record_to(e, directory.path, &options, &message), TICKMARGIN_FAULT_COUNT);
  options = {sizeof(options), 0, 0, 100'000};
  CHECK_EQ(api().record_to(e, directory.path, &options, &message), TICKMARGIN_FAULT_COUNT);
  CHECK_EQ(api().record_to(e, "/nowhere", nullptr, &message), TICKMARGIN_FAULT_FILE);
  CHECK(std::string(message.text).find("/nowhere") == 0);
  tickmargin_engine* back = e;
  CHECK_EQ(api().recover(directory.path, &back, &message), TICKMARGIN_FAULT_MISSING);
  CHECK(back == nullptr);
  CHECK_EQ(api().record_to(e, directory.path, nullptr, &message), 0);
  CHECK_EQ(api().record_to(capi::handle_of(&other), directory.path, nullptr, &message),
           TICKMARGIN_FAULT_IN_USE);
}

CHECK_MAIN()
