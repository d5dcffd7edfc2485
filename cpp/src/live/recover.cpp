// From a directory back to the engine that recorded there.
#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "journal/reader.hpp"
#include "journal/snapshot.hpp"
#include "live/durable.hpp"
#include "live/fields.hpp"

namespace tickmargin {
namespace {

using journal::ReadResult;
using journal::ReadStatus;

std::string at_byte(std::uint64_t offset) {
  return " at byte " + std::to_string(offset);
}

// A snapshot that is whole: its bytes, and what it says of itself.
struct Found {
  std::uint64_t generation = 0;
  std::string path;
  journal::Snapshot file;
  live::SnapshotHead head;
};

// Empty, or why the file cannot be used.
std::string read(journal::Files& files, Found& found) {
  found.file = journal::read_snapshot(files, found.path);
  if (found.file.status != journal::SnapshotStatus::ok) {
    return journal::snapshot_status_name(found.file.status);
  }
  const journal::Section* head = found.file.find(live::head_section);
  if (head == nullptr || found.file.find(live::engine_section) == nullptr) return "bad_sections";
  base::BytesReader reader(head->bytes);
  live::fields(reader, found.head);
  return reader.ok() && reader.at_end() ? "" : "bad_sections";
}

// A file that ends in its header: a creation that was never finished, so nothing is in it.
bool is_unfinished(journal::Files& files, const std::string& path, ReadStatus status) {
  if (status != ReadStatus::bad_magic && status != ReadStatus::bad_header &&
      status != ReadStatus::future_version && status != ReadStatus::wrong_endianness) {
    return false;
  }
  std::unique_ptr<journal::File> file;
  std::uint64_t size = 0;
  return files.open(path, journal::Access::read, &file) == 0 && file->size(&size) == 0 &&
         size <= sizeof(journal::FileHeader);
}

[[noreturn]] void refuse_journal(const std::string& path, const ReadResult& result) {
  live::refuse(path, journal::read_status_name(result.status) + at_byte(result.offset),
               result.error);
}

}  // namespace

// Applies the journals behind one snapshot to the engine that was loaded from it.
struct LiveEngine::Replay {
  State& state;
  journal::Files& files;
  std::uint64_t lineage;
  std::uint64_t replayed = 0;
  std::uint64_t torn_bytes = 0;
  bool out_of_room = false;
  std::string trouble{};

  // Whether the journal goes on from here. One without entries that does not is the rest of a
  // rotation that failed: it began behind what its predecessor then went on to hold, or stood on
  // a snapshot that was never finished.
  bool fits(const std::string& path) {
    bool empty = true;
    const ReadResult start =
        journal::read_journal(files, path, [&](const journal::Frame&) { return empty = false; });
    if (is_unfinished(files, path, start.status)) return false;
    if (start.status != ReadStatus::ok && start.status != ReadStatus::stopped &&
        start.status != ReadStatus::torn_tail) {
      refuse_journal(path, start);
    }
    if (start.header.run_id[0] != lineage) live::refuse(path, "another directory's journal");
    const std::uint64_t first = start.header.first_sequence, next = state.applied_seq + 1;
    if (empty && start.dropped_bytes == 0 &&
        (first < next || (first > next && start.header.run_id[1] == 0))) {
      return false;
    }
    if (first != next) {
      live::refuse(path, "begins with entry " + std::to_string(first) +
                             ", but the last before it is " + std::to_string(state.applied_seq));
    }
    if (start.header.state_hash != state.hash()) {
      live::refuse(path, "goes on from another state than the one before it leads to");
    }
    return true;
  }

  bool take(const journal::Frame& frame) {
    if (frame.kind != journal::Kind::records) return take_blob(frame);
    for (std::uint64_t k = 0; k < frame.count; ++k) {
      Record record;
      std::memcpy(&record, frame.payload.data() + k * sizeof(Record), sizeof(Record));
      const RecordStatus status = state.apply(record);
      if (status != RecordStatus::ok && status != RecordStatus::quarantined) {
        out_of_room = status == RecordStatus::capacity;
        trouble = "entry " + std::to_string(frame.sequence + k) +
                  " is refused: " + record_status_name(status);
        return false;
      }
      ++replayed;
    }
    return true;
  }

  bool take_blob(const journal::Frame& frame) {
    try {
      if (frame.kind != journal::Kind::blob) throw std::invalid_argument("a marker");
      state.stage_recorded(frame.payload);
      ++replayed;
      return true;
    } catch (const std::invalid_argument& refused) {
      trouble = "entry " + std::to_string(frame.sequence) + " is refused: " + refused.what();
      return false;
    }
  }

  // Everything in one file; an incomplete end of the last one is cut.
  void run(const std::string& path, bool last) {
    const ReadResult result = journal::read_journal(
        files, path, [&](const journal::Frame& frame) { return take(frame); });
    if (result.status == ReadStatus::stopped) live::refuse(path, trouble + at_byte(result.offset));
    if (result.status == ReadStatus::torn_tail) {
      // If it is not the last, the next one's beginning says whether anything is missing.
      if (!last) return;
      const int error = journal::cut_tail(files, path, result);
      if (error != 0) live::refuse(path, "its torn end cannot be cut", error);
      torn_bytes = result.dropped_bytes;
    } else if (result.status != ReadStatus::ok) {
      refuse_journal(path, result);
    }
    sync(path);
  }

  // A killed process leaves frames that were written and not yet synced. What is recovered from
  // them is built upon, so they are made to last first.
  void sync(const std::string& path) {
    std::unique_ptr<journal::File> file;
    int error = files.open(path, journal::Access::read, &file);
    if (error == 0) error = file->sync();
    if (error == 0) error = files.sync_directory(path);
    if (error != 0) live::refuse(path, "cannot be synced", error);
  }
};

RecoveredEngine LiveEngine::recover(const std::string& directory, const RecordingOptions& options) {
  std::unique_ptr<live::Recording> recording = live::open_directory(directory, options);
  const live::Contents contents = live::contents_of(*recording);
  RecoveryReport report{};
  LiveEngine engine;
  Found found;
  std::size_t room_factor = 1;
  std::string refused = "no snapshot";
  const auto load = [&] {
    engine.state_ = State::load(found.file.find(live::engine_section)->bytes, room_factor);
    const bool same = engine.state_->hash() == found.head.state_hash &&
                      engine.state_->applied_seq == found.head.applied_seq;
    if (!same) engine.state_.reset();
    return same;
  };
  for (auto g = contents.snapshots.rbegin(); g != contents.snapshots.rend(); ++g) {
    found.generation = *g;
    found.path = recording->path(*g, live::snapshot_kind);
    refused = read(*recording->files, found);
    try {
      if (refused.empty() && !load()) refused = "another state than it says";
    } catch (const std::invalid_argument& error) {
      refused = error.what();
    }
    if (refused.empty()) break;
    report.refused.push_back(found.path + ": " + refused);
  }
  if (engine.state_ == nullptr) {
    std::string text = "no snapshot to start from";
    for (const std::string& reason : report.refused) text += "; " + reason;
    live::refuse(directory, text);
  }
  const std::string own = recording->path(found.generation, live::journal_kind);
  if (!std::binary_search(contents.journals.begin(), contents.journals.end(), found.generation)) {
    live::refuse(own, "missing behind its snapshot");
  }
  while (true) {
    engine.state_->ring.discard(true);
    Replay replay{*engine.state_, *recording->files, found.head.lineage};
    try {
      for (const std::uint64_t g : contents.journals) {
        const std::string path = recording->path(g, live::journal_kind);
        if (g < found.generation) continue;
        if (replay.fits(path)) {
          replay.run(path, g == contents.journals.back());
        } else if (g == found.generation) {
          live::refuse(path, "does not go on from its snapshot");
        }
      }
    } catch (const std::runtime_error&) {
      constexpr std::size_t most = 8;
      if (!replay.out_of_room || room_factor == most) throw;
      room_factor *= 2;
      load();
      continue;
    }
    report.records_replayed = replay.replayed;
    report.torn_bytes = replay.torn_bytes;
    break;
  }
  State& s = *engine.state_;
  s.ring.discard(false);
  report.snapshot = found.path;
  report.snapshot_seq = found.head.applied_seq;
  report.applied_seq = s.applied_seq;
  report.state_hash = s.hash();
  recording->lineage = found.head.lineage;
  recording->generation = contents.newest();
  recording->has_end = true;
  recording->end_seq = s.applied_seq;
  s.recording = std::move(recording);
  return {std::move(engine), std::move(report)};
}

}  // namespace tickmargin
