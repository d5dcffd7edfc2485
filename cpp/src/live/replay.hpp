// What a recovery and a replay share: snapshots that are whole, and journals applied behind one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "journal/reader.hpp"
#include "journal/snapshot.hpp"
#include "live/durable.hpp"

namespace tickmargin {
namespace live {

// A snapshot that is whole: its bytes, and what it says of itself.
struct FoundSnapshot {
  std::uint64_t generation = 0;
  std::string path;
  journal::Snapshot file;
  SnapshotHead head;
};

// Empty, or why the file cannot be used.
std::string read_whole(journal::Files& files, FoundSnapshot& found);

[[noreturn]] void refuse_journal(const std::string& path, const journal::ReadResult& result);

}  // namespace live

// Applies the journals behind one snapshot to the engine that is loaded from it.
class LiveEngine::Replay {
 public:
  struct Options {
    bool repair = true;  // a torn end is cut, and what was read is made to last
    std::uint64_t until_seq = UINT64_MAX;
    std::function<void(std::uint64_t)> progress{};  // is given the last entry applied
  };

  Replay(const live::Recording& recording, const live::Contents& contents, Options options)
      : recording_(recording), contents_(contents), options_(std::move(options)) {}

  // The newest snapshot that can be used, or the oldest. Others that were looked at in vain are
  // told of in the report, and so is everything that `run` finds.
  void load(bool newest);
  void run();
  RecoveredEngine take(std::unique_ptr<live::Recording> recording);

  const live::FoundSnapshot& start() const noexcept { return found_; }
  std::uint64_t applied_seq() const noexcept { return state_->applied_seq; }

 private:
  bool load_found(std::size_t room_factor);
  void run_once();
  bool fits(const std::string& path);
  void compare_snapshot(std::uint64_t generation);
  void run_journal(const std::string& path, bool last);
  bool apply(const journal::Frame& frame);
  void tell();
  bool apply_blob(const journal::Frame& frame);
  void sync(const std::string& path);
  bool is_done() const noexcept;

  const live::Recording& recording_;
  const live::Contents& contents_;
  Options options_;
  live::FoundSnapshot found_;
  std::unique_ptr<State> state_;
  RecoveryReport report_{};
  std::uint64_t journal_hash_ = 0;  // of the state where the newest journal begins
  std::uint64_t journal_seq_ = 0;   // the last entry before it
  bool out_of_room_ = false;
  std::chrono::steady_clock::time_point told_{};
  std::string trouble_;
};

}  // namespace tickmargin
