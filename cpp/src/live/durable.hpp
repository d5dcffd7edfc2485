// The directory an engine records to: a lock, snapshots, and behind each the journal that goes on
// from it. Files carry the number of their generation; what is in them, and which of them is used,
// is said in README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "live/state.hpp"
#include "tickmargin/live.hpp"

namespace tickmargin::live {

struct Recording {
  std::string directory;
  RecordingOptions options;
  journal::Files* files = nullptr;
  std::unique_ptr<journal::File> lock;
  std::uint64_t lineage = 0;     // drawn once for a directory: all its files carry it
  std::uint64_t generation = 0;  // of the newest file
  // The last entry that the files' chain leads to, if it ends in this engine.
  bool has_end = false;
  std::uint64_t end_seq = 0;
  std::unique_ptr<journal::Journal> journal;
  bool forked = false;  // in a child of a fork: all of it is the parent's
  journal::ForkWatch fork_watch{
      [](void* self) noexcept { static_cast<Recording*>(self)->forked = true; }, this};

  std::string path(std::uint64_t generation, const char* kind) const;
};

inline constexpr const char* snapshot_kind = "snapshot";
inline constexpr const char* journal_kind = "journal";
inline constexpr const char* head_section = "head";
inline constexpr const char* engine_section = "engine";

// What a snapshot says of itself before its engine is looked at.
struct SnapshotHead {
  std::uint64_t lineage = 0, applied_seq = 0, state_hash = 0;
};

template <class Archive>
void fields(Archive& f, SnapshotHead& head) {
  f(head.lineage), f(head.applied_seq), f(head.state_hash);
}

struct Contents {
  std::vector<std::uint64_t> snapshots, journals;  // generations, ascending
  std::uint64_t newest() const noexcept;
};

// Locks the directory; RecordingError if it is not there or somebody else's.
std::unique_ptr<Recording> open_directory(const std::string& directory,
                                          const RecordingOptions& options);
Contents contents_of(const Recording& recording);

// A RecordingError: "path: what", and the system's word for an errno that is not 0.
[[noreturn]] void refuse(RecordingFault fault, const std::string& path, const std::string& what,
                         int error = 0);

}  // namespace tickmargin::live
