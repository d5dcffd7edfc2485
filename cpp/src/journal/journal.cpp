#include "journal/journal.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

namespace tickmargin::journal {
namespace {

bool in_range(const JournalOptions& options) noexcept {
  return ring_in_range(options.ring_records) && options.group_records >= 1 &&
         options.group_records <= group_records_max && options.idle_ns >= 0;
}

// The host's signals are its own threads' to handle: one that cut a sync short would end the
// journal. What a thread brings on itself is left as it is, but for the limit of a file's size,
// which is an error of the write like any other.
void block_signals() noexcept {
  sigset_t signals;
  ::sigfillset(&signals);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    ::sigdelset(&signals, own);
  }
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

CreatedJournal Journal::create(Files& files, const std::string& path,
                               const JournalOptions& options) {
  if (!in_range(options)) return {nullptr, EINVAL};
  std::unique_ptr<FrameWriter> writer;
  const int error = FrameWriter::create(files, path, options.head, &writer);
  if (error != 0) return {nullptr, error};
  std::unique_ptr<Journal> journal(new Journal(std::move(writer), options));
  try {
    journal->thread_ = std::thread(&Journal::run, journal.get());
  } catch (const std::system_error& refused) {
    files.remove(path);
    return {nullptr, refused.code().value()};
  }
  return {std::move(journal), 0};
}

Journal::Journal(std::unique_ptr<FrameWriter> writer, const JournalOptions& options)
    : writer_(std::move(writer)),
      group_records_(options.group_records),
      idle_ns_(options.idle_ns),
      published_(options.published),
      ring_(options.ring_records),
      next_seq_(options.head.first_sequence),
      durable_seq_(options.head.first_sequence - 1) {}

Journal::~Journal() {
  close();
}

bool Journal::append_other(Kind kind, std::span<const std::byte> bytes) noexcept {
  if (state_.load(std::memory_order_relaxed) != JournalState::running) return false;
  if (!ring_.push_blob(kind, bytes.data(), bytes.size())) return false;
  ++next_seq_;
  return true;
}

bool Journal::append_blob(std::span<const std::byte> blob) noexcept {
  return append_other(Kind::blob, blob);
}

bool Journal::append_snapshot_marker(std::span<const std::byte> marker) noexcept {
  return append_other(Kind::snapshot_marker, marker);
}

std::size_t Journal::blob_bytes_max() const noexcept {
  return std::min(payload_bytes_max, ring_.cell_count() * record_bytes);
}

bool Journal::flush_until(std::uint64_t seq) const noexcept {
  for (;;) {
    // Before the look at durable_seq: whatever is published after it ends the wait.
    const std::uint32_t seen = progress_.load(std::memory_order_acquire);
    if (durable_seq() >= seq) return true;
    if (state() != JournalState::running) return durable_seq() >= seq;
    progress_.wait(seen, std::memory_order_acquire);
  }
}

int Journal::close() noexcept {
  closing_.store(true, std::memory_order_release);
  if (forked_) std::construct_at(&thread_);  // a handle of nothing, neither to join nor to detach
  if (thread_.joinable()) thread_.join();
  return error();
}

void Journal::in_child(void* self) noexcept {
  auto* const journal = static_cast<Journal*>(self);
  journal->forked_ = true;
  if (journal->state() != JournalState::running) return;
  journal->error_.store(EPERM, std::memory_order_release);
  journal->state_.store(JournalState::failed, std::memory_order_release);
}

void Journal::publish(JournalState state) noexcept {
  if (state == JournalState::failed) error_.store(writer_->error(), std::memory_order_release);
  const std::uint64_t durable = writer_->durable_seq();
  durable_seq_.store(durable, std::memory_order_release);
  // A group that failed changes nothing for those who read what is durable across journals.
  if (published_ != nullptr && state == JournalState::running) {
    published_->store(durable, std::memory_order_release);
  }
  if (state != JournalState::running) state_.store(state, std::memory_order_release);
  progress_.fetch_add(1);  // sequentially consistent, so before notify_all looks for waiters
  progress_.notify_all();
}

void Journal::run() noexcept {
  block_signals();
  for (;;) {
    // Before the look into the ring: what was appended before close() is then in it.
    const bool closing = closing_.load(std::memory_order_acquire);
    Ring::Taken taken{};
    if (ring_.take(writer_->payload(), group_records_, &taken)) {
      if (writer_->commit(taken.kind, taken.length) != 0) return publish(JournalState::failed);
      publish(JournalState::running);
    } else if (closing) {
      const bool written = writer_->commit(Kind::clean_close, 0) == 0;
      return publish(written ? JournalState::closed : JournalState::failed);
    } else if (writer_->mark_is_due()) {
      // Nothing waits that would take the mark along.
      if (writer_->commit_mark() != 0) return publish(JournalState::failed);
      publish(JournalState::running);
    } else {
      std::this_thread::sleep_for(std::chrono::nanoseconds(idle_ns_));
    }
  }
}

}  // namespace tickmargin::journal
