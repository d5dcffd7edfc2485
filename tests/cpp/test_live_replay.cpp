// A recording run again from its oldest snapshot: the same state, nothing changed on the disk, and
// whatever does not lead where it says is refused with the entries it is in.
#include <cstring>
#include <stdexcept>

#include "check.hpp"
#include "fault_files.hpp"
#include "journal/frame_writer.hpp"
#include "live_stream.hpp"

using namespace live_stream;

namespace {

const std::string directory = "run";

RecordingOptions recording_on(fault::Files& files) {
  RecordingOptions options;
  options.files = &files;
  options.ring_records = 4096;
  options.idle_ns = 1000;
  return options;
}

ReplayOptions replay_on(fault::Files& files) {
  ReplayOptions options;
  options.files = &files;
  return options;
}

// Two generations, the second without an entry; gives where the first ends.
std::uint64_t record_two(fault::Files& files, std::uint64_t* state_hash) {
  Reference r(make_stream_inputs(24, 91), 92);
  r.engine.record_to(directory, recording_on(files));
  while (r.engine.applied_seq() < 500) r.stream.step(r.engine);
  CHECK(r.engine.flush());
  r.engine.snapshot();
  *state_hash = r.engine.state_hash();
  return r.engine.applied_seq();
}

const RecordingError* refusal(fault::Files& files, RecordingError& kept) {
  try {
    LiveEngine::replay(directory, replay_on(files));
    return nullptr;
  } catch (const RecordingError& error) {
    kept = error;
    return &kept;
  }
}

}  // namespace

TEST(a_replay_ends_where_the_run_did_and_frees_the_directory) {
  fault::Files files;
  std::uint64_t hash = 0;
  const std::uint64_t last = record_two(files, &hash);
  for (int again = 0; again < 2; ++again) {
    const RecoveredEngine back = LiveEngine::replay(directory, replay_on(files));
    CHECK_EQ(back.report.state_hash, hash);
    CHECK_EQ(back.report.applied_seq, last);
    CHECK_EQ(back.report.snapshot_seq, 0u);
    CHECK_EQ(back.report.hashes_compared, 4u);
    CHECK_EQ(back.engine.state_hash(), hash);
  }
  ReplayOptions part = replay_on(files);
  part.until_seq = 77;
  CHECK_EQ(LiveEngine::replay(directory, part).engine.applied_seq(), 77u);
  bool refused = false;
  part.until_seq = last + 1;
  try {
    LiveEngine::replay(directory, part);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
}

TEST(a_state_that_differs_is_refused_with_the_entries_it_is_in) {
  fault::Files files;
  std::uint64_t hash = 0;
  const std::uint64_t last = record_two(files, &hash);
  const std::string path = directory + "/0000000002.journal";
  const fault::Bytes whole = files.bytes(path);
  journal::FileHeader header;
  std::memcpy(&header, whole.data(), sizeof header);
  CHECK_EQ(header.state_hash, hash);
  header.state_hash ^= 1;
  header.checksum = journal::header_checksum(header);
  // A journal of that header without an entry.
  const std::uint64_t salt = header.checksum, first = journal::first_frame_offset;
  fault::Bytes& bytes = files.bytes(path);
  bytes.assign(first, {});
  std::memcpy(bytes.data(), &header, sizeof header);
  for (const std::uint64_t count : {0, 1}) {
    const journal::DurableMark mark =
        journal::make_mark(count, header.first_sequence - 1, first, salt, salt);
    std::memcpy(bytes.data() + journal::slot_offset(count), &mark, sizeof mark);
  }
  RecordingError kept(RecordingFault::io, "");
  const RecordingError* error = refusal(files, kept);
  CHECK(error != nullptr && error->fault == RecordingFault::differs);
  const std::string range = "entries 1 to " + std::to_string(last);
  CHECK(error != nullptr && std::string(error->what()).find(range) != std::string::npos);
}

CHECK_MAIN()
