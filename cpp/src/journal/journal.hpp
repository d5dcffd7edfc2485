// A journal that the engine thread appends to and a thread of its own makes last.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "journal/fork_watch.hpp"
#include "journal/frame_writer.hpp"
#include "journal/ring.hpp"

namespace tickmargin::journal {

inline constexpr std::size_t ring_records_max = std::size_t{1} << 30;
inline constexpr std::size_t group_records_max = payload_bytes_max / record_bytes;

constexpr bool ring_in_range(std::uint64_t records) noexcept {
  return std::has_single_bit(records) && records <= ring_records_max;
}

struct JournalOptions {
  JournalHead head;
  std::size_t ring_records = std::size_t{1} << 16;  // ring_in_range
  std::size_t group_records = 16'384;  // most in one frame, so most that one sync makes last
  std::int64_t idle_ns = 50'000;  // the journal thread sleeps so long when nothing waits; 0: never
  // Where durable_seq is stored as well with every group, for readers that outlive one journal.
  std::atomic<std::uint64_t>* published = nullptr;
};

enum class JournalState : std::uint8_t {
  running = 0,
  closed = 1,
  failed = 2,  // the file system refused a write or a sync; error() says why, for good. Also in a
               // child of fork(), where the file is still the parent's: error() is then EPERM
};

class Journal;

struct CreatedJournal {
  std::unique_ptr<Journal> journal;  // null on an error
  int error;                         // 0 or an errno; EINVAL for options out of range
};

class Journal {
 public:
  // A new file, whose header is on the disk when this returns; EEXIST if the name is taken.
  static CreatedJournal create(Files& files, const std::string& path,
                               const JournalOptions& options);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Engine thread only. Copies 64 bytes into the ring: no allocation, lock, I/O or clock. False,
  // and nothing is taken, if the ring is full or the journal is not running.
  bool append(const void* record) noexcept {
    if (state_.load(std::memory_order_relaxed) != JournalState::running) return false;
    if (!ring_.push_record(record)) return false;
    ++next_seq_;
    return true;
  }

  // The same for other payloads, one sequence number each. False as well for one longer than
  // blob_bytes_max(), which no waiting will cure.
  bool append_blob(std::span<const std::byte> blob) noexcept;
  bool append_snapshot_marker(std::span<const std::byte> marker) noexcept;
  std::size_t blob_bytes_max() const noexcept;

  // Engine thread only: whether append has room for one record.
  bool has_room() noexcept { return ring_.has_room(1); }

  // Engine thread only: the sequence number that the next append takes.
  std::uint64_t next_seq() const noexcept { return next_seq_; }

  // Any thread: every entry up to this one survives a loss of power. One less than the first
  // sequence number at the start.
  std::uint64_t durable_seq() const noexcept {
    return durable_seq_.load(std::memory_order_acquire);
  }

  // Any thread: waits until `seq` is durable. False if the journal fails or closes before that.
  bool flush_until(std::uint64_t seq) const noexcept;

  JournalState state() const noexcept { return state_.load(std::memory_order_acquire); }
  int error() const noexcept { return error_.load(std::memory_order_acquire); }

  // Engine thread only: writes what the ring holds and a clean close, and ends the journal thread.
  // 0 or the errno of a failed journal. The destructor does the same.
  int close() noexcept;

 private:
  Journal(std::unique_ptr<FrameWriter> writer, const JournalOptions& options);
  bool append_other(Kind kind, std::span<const std::byte> bytes) noexcept;
  void run() noexcept;
  void publish(JournalState state) noexcept;
  static void in_child(void* journal) noexcept;

  std::unique_ptr<FrameWriter> writer_;  // of the journal thread
  std::size_t group_records_;
  std::int64_t idle_ns_;
  std::atomic<std::uint64_t>* published_;
  Ring ring_;
  std::uint64_t next_seq_;
  // On one line of their own: written once, read by every append.
  alignas(64) std::atomic<JournalState> state_{JournalState::running};
  std::atomic<int> error_{0};
  std::atomic<bool> closing_{false};
  // Written once a group. `progress_` also counts the end, so that waiters wake for it.
  alignas(64) std::atomic<std::uint64_t> durable_seq_;
  std::atomic<std::uint32_t> progress_{0};
  std::thread thread_;
  bool forked_ = false;  // there is no such thread in this process
  ForkWatch fork_watch_{&in_child, this};
};

}  // namespace tickmargin::journal
