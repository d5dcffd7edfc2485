// Journals applied behind a snapshot, and a recording run again from its oldest one.
#include "live/replay.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "base/float_state.hpp"
#include "live/fields.hpp"

namespace tickmargin {
namespace live {

using journal::ReadResult;
using journal::ReadStatus;

std::string read_whole(journal::Files& files, FoundSnapshot& found) {
  found.file = journal::read_snapshot(files, found.path);
  if (found.file.status != journal::SnapshotStatus::ok) {
    return journal::snapshot_status_name(found.file.status);
  }
  const journal::Section* head = found.file.find(head_section);
  if (head == nullptr || found.file.find(engine_section) == nullptr) return "bad_sections";
  base::BytesReader reader(head->bytes);
  fields(reader, found.head);
  return reader.ok() && reader.at_end() ? "" : "bad_sections";
}

void refuse_journal(const std::string& path, const ReadResult& result) {
  const auto fault =
      result.status == ReadStatus::io_error ? RecordingFault::io : RecordingFault::damaged;
  refuse(fault, path,
         journal::read_status_name(result.status) + (" at byte " + std::to_string(result.offset)),
         result.error);
}

}  // namespace live

using journal::ReadResult;
using journal::ReadStatus;
using live::refuse;

void LiveEngine::Replay::load(bool newest) {
  std::vector<std::uint64_t> order = contents_.snapshots;
  if (newest) std::reverse(order.begin(), order.end());
  for (const std::uint64_t generation : order) {
    found_.generation = generation;
    found_.path = recording_.path(generation, live::snapshot_kind);
    std::string trouble = live::read_whole(*recording_.files, found_);
    try {
      if (trouble.empty() && !load_found(1)) trouble = "another state than it says";
    } catch (const std::invalid_argument& error) {
      trouble = error.what();
    }
    if (trouble.empty()) break;
    report_.refused.push_back(found_.path + ": " + trouble);
  }
  if (state_ == nullptr) {
    std::string text = "no snapshot to start from";
    for (const std::string& reason : report_.refused) text += "; " + reason;
    refuse(report_.refused.empty() ? RecordingFault::missing : RecordingFault::damaged,
           recording_.directory, text);
  }
  const auto& journals = contents_.journals;
  if (!std::binary_search(journals.begin(), journals.end(), found_.generation)) {
    refuse(RecordingFault::damaged, recording_.path(found_.generation, live::journal_kind),
           "missing behind its snapshot");
  }
}

bool LiveEngine::Replay::load_found(std::size_t room_factor) {
  state_ = State::load(found_.file.find(live::engine_section)->bytes, room_factor);
  const bool same =
      state_->hash() == found_.head.state_hash && state_->applied_seq == found_.head.applied_seq;
  if (!same) state_.reset();
  return same;
}

// How full a table is depends on how its segments came about, so a replay can run out of room that
// the engine that recorded had: then it starts again with more.
void LiveEngine::Replay::run() {
  constexpr std::size_t most = 8;
  const RecoveryReport before = report_;
  for (std::size_t room_factor = 1;;) {
    try {
      run_once();
      return;
    } catch (const RecordingError&) {
      if (!out_of_room_ || room_factor == most) throw;
    }
    room_factor *= 2;
    out_of_room_ = false;
    report_ = before;
    load_found(room_factor);
  }
}

void LiveEngine::Replay::run_once() {
  state_->ring.discard(true);
  if (options_.progress) options_.progress(state_->applied_seq);
  report_.hashes_compared += 1;  // the snapshot's own, when it was loaded
  for (const std::uint64_t generation : contents_.journals) {
    if (generation < found_.generation) continue;
    if (is_done()) break;
    const std::string path = recording_.path(generation, live::journal_kind);
    if (fits(path)) {
      if (generation != found_.generation) compare_snapshot(generation);
      run_journal(path, generation == contents_.journals.back());
    } else if (generation == found_.generation) {
      refuse(RecordingFault::damaged, path, "does not go on from its snapshot");
    }
  }
  state_->ring.discard(false);
  if (options_.progress) options_.progress(state_->applied_seq);
}

bool LiveEngine::Replay::is_done() const noexcept {
  return state_->applied_seq >= options_.until_seq;
}

// Whether the journal goes on from here. One without entries that does not is the rest of a
// rotation that failed: it began behind what its predecessor then went on to hold, or stood on a
// snapshot that was never finished.
bool LiveEngine::Replay::fits(const std::string& path) {
  bool empty = true;
  const ReadResult start = journal::read_journal(
      *recording_.files, path, [&](const journal::Frame&) { return empty = false; });
  if (start.status != ReadStatus::ok && start.status != ReadStatus::stopped &&
      start.status != ReadStatus::torn_tail) {
    live::refuse_journal(path, start);
  }
  if (start.header.run_id[0] != found_.head.lineage) {
    refuse(RecordingFault::damaged, path, "another directory's journal");
  }
  const std::uint64_t first = start.header.first_sequence, next = state_->applied_seq + 1;
  if (empty && start.dropped_bytes == 0 &&
      (first < next || (first > next && start.header.run_id[1] == 0))) {
    return false;
  }
  if (first != next) {
    refuse(RecordingFault::damaged, path,
           "begins with entry " + std::to_string(first) + ", but the last before it is " +
               std::to_string(state_->applied_seq));
  }
  const std::uint64_t hash = state_->hash();
  if (start.header.state_hash != hash) {
    refuse(RecordingFault::differs, path,
           "goes on from another state than the one before it leads to: what differs first is in "
           "entries " +
               std::to_string(journal_seq_ + 1) + " to " + std::to_string(state_->applied_seq));
  }
  journal_hash_ = hash;
  journal_seq_ = state_->applied_seq;
  ++report_.hashes_compared;
  return true;
}

// A snapshot that is passed on the way has to be of the state that the journals lead to.
void LiveEngine::Replay::compare_snapshot(std::uint64_t generation) {
  const auto& all = contents_.snapshots;
  if (options_.repair || !std::binary_search(all.begin(), all.end(), generation)) return;
  live::FoundSnapshot passed;
  passed.generation = generation;
  passed.path = recording_.path(generation, live::snapshot_kind);
  const std::string trouble = live::read_whole(*recording_.files, passed);
  if (!trouble.empty()) {
    report_.refused.push_back(passed.path + ": " + trouble);
    return;
  }
  if (passed.head.applied_seq != journal_seq_ || passed.head.state_hash != journal_hash_) {
    refuse(RecordingFault::differs, passed.path,
           "of another state than entry " + std::to_string(journal_seq_) + " leads to");
  }
  ++report_.hashes_compared;
}

bool LiveEngine::Replay::apply(const journal::Frame& frame) {
  if (frame.kind != journal::Kind::records) return apply_blob(frame) && !is_done();
  for (std::uint64_t k = 0; k < frame.count; ++k) {
    Record record;
    std::memcpy(&record, frame.payload.data() + k * sizeof(Record), sizeof(Record));
    const RecordStatus status = state_->apply(record);
    if (status != RecordStatus::ok && status != RecordStatus::quarantined) {
      out_of_room_ = status == RecordStatus::capacity;
      trouble_ = "entry " + std::to_string(frame.sequence + k) +
                 " is refused: " + record_status_name(status);
      return false;
    }
    ++report_.records_replayed;
    tell();
    if (is_done()) return false;
  }
  return true;
}

// Now and then: records can take from nanoseconds to a sweep of everything.
void LiveEngine::Replay::tell() {
  constexpr std::uint64_t looked_every = 64;
  constexpr std::chrono::milliseconds told_every(50);
  if (!options_.progress || report_.records_replayed % looked_every != 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ < told_every) return;
  told_ = now;
  options_.progress(state_->applied_seq);
}

bool LiveEngine::Replay::apply_blob(const journal::Frame& frame) {
  try {
    if (frame.kind != journal::Kind::blob) throw std::invalid_argument("a marker");
    state_->stage_recorded(frame.payload);
    ++report_.records_replayed;
    return true;
  } catch (const std::invalid_argument& refused) {
    trouble_ = "entry " + std::to_string(frame.sequence) + " is refused: " + refused.what();
    return false;
  }
}

// Everything in one file up to the last entry wanted; an incomplete end of the last file is left
// out.
void LiveEngine::Replay::run_journal(const std::string& path, bool last) {
  trouble_.clear();
  const ReadResult result = journal::read_journal(
      *recording_.files, path, [&](const journal::Frame& frame) { return apply(frame); });
  if (result.status == ReadStatus::stopped) {
    if (trouble_.empty()) return;
    refuse(RecordingFault::differs, path, trouble_ + " at byte " + std::to_string(result.offset));
  }
  if (result.status == ReadStatus::torn_tail) {
    // If it is not the last, the next one's beginning says whether anything is missing.
    if (!last) return;
    report_.torn_bytes = result.dropped_bytes;
    report_.torn_file = path;
    const int error = options_.repair ? journal::cut_tail(*recording_.files, path, result) : 0;
    if (error != 0) refuse(RecordingFault::io, path, "its torn end cannot be cut", error);
  } else if (result.status != ReadStatus::ok) {
    live::refuse_journal(path, result);
  }
  if (options_.repair) sync(path);
}

// A killed process leaves frames that were written and not yet synced. What is recovered from them
// is built upon, so they are made to last first.
void LiveEngine::Replay::sync(const std::string& path) {
  std::unique_ptr<journal::File> file;
  int error = recording_.files->open(path, journal::Access::read, &file);
  if (error == 0) error = file->sync();
  if (error == 0) error = recording_.files->sync_directory(path);
  if (error != 0) refuse(RecordingFault::io, path, "cannot be synced", error);
}

RecoveredEngine LiveEngine::Replay::take(std::unique_ptr<live::Recording> recording) {
  report_.snapshot = found_.path;
  report_.snapshot_seq = found_.head.applied_seq;
  report_.applied_seq = state_->applied_seq;
  report_.state_hash = state_->hash();
  LiveEngine engine;
  state_->recording = std::move(recording);
  engine.state_ = std::move(state_);
  return {std::move(engine), std::move(report_)};
}

namespace {

// The last entry in a recording; what is damaged is refused before any work is done for it.
std::uint64_t last_entry(const live::Recording& recording, const live::Contents& contents,
                         std::uint64_t first_generation) {
  std::uint64_t last = 0;
  for (const std::uint64_t generation : contents.journals) {
    if (generation < first_generation) continue;
    const std::string path = recording.path(generation, live::journal_kind);
    const ReadResult all =
        journal::read_journal(*recording.files, path, [](const journal::Frame&) { return true; });
    if (all.status != ReadStatus::ok && all.status != ReadStatus::torn_tail) {
      live::refuse_journal(path, all);
    }
    last = std::max(last, all.next_sequence - 1);
  }
  return last;
}

}  // namespace

RecoveredEngine LiveEngine::replay(const std::string& directory, const ReplayOptions& options) {
  const base::FloatState standard;
  RecordingOptions opening;
  opening.files = options.files;
  const std::unique_ptr<live::Recording> recording = live::open_directory(directory, opening);
  const live::Contents contents = live::contents_of(*recording);
  std::uint64_t last = 0;
  Replay::Options how;
  how.repair = false;
  how.until_seq = options.until_seq;
  if (options.progress) how.progress = [&](std::uint64_t seq) { options.progress(seq, last); };
  Replay replay(*recording, contents, std::move(how));
  replay.load(false);
  const live::FoundSnapshot& start = replay.start();
  last = std::max(start.head.applied_seq, last_entry(*recording, contents, start.generation));
  const std::uint64_t until = options.until_seq;
  if (until < start.head.applied_seq || (until != UINT64_MAX && until > last)) {
    throw std::invalid_argument(directory + ": holds entries " +
                                std::to_string(start.head.applied_seq + 1) + " to " +
                                std::to_string(last) + ", not " + std::to_string(until));
  }
  replay.run();
  return replay.take(nullptr);
}

}  // namespace tickmargin
