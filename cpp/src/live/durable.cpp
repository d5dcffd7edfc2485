// Recording: snapshots, the journal behind them, and what the engine appends to it.
#include "live/durable.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <random>
#include <stdexcept>

#include "journal/reader.hpp"
#include "journal/snapshot.hpp"
#include "live/fields.hpp"

namespace tickmargin {
namespace live {
namespace {

constexpr std::uint32_t staged_policies_blob = 1;
constexpr std::size_t snapshots_kept = 2;

// The number in "0000000012.kind"; 0 for any other name.
std::uint64_t generation_of(const std::string& name, const char* kind) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const std::string rest(end, name.data() + name.size());
  return error == std::errc{} && rest == std::string(".") + kind ? number : 0;
}

std::uint64_t draw_lineage() {
  std::random_device random;
  return static_cast<std::uint64_t>(random()) << 32 | random();
}

// A record_to that did not live to write its snapshot leaves a journal with nothing in it. Entries
// without a snapshot are the rest of something that was: not to be built over.
void refuse_orphans(const Recording& r, const Contents& found) {
  for (const std::uint64_t generation : found.journals) {
    bool empty = true;
    const std::string path = r.path(generation, journal_kind);
    journal::read_journal(*r.files, path, [&](const journal::Frame&) { return empty = false; });
    if (!empty) {
      refuse(RecordingFault::damaged, path, "entries without a snapshot before them");
    }
  }
}

// Everything that a recovery from the two newest snapshots does not need. What cannot be removed
// now is tried again with the next snapshot.
void remove_old(const Recording& r) {
  const Contents found = contents_of(r);
  if (found.snapshots.size() < snapshots_kept) return;
  const std::uint64_t oldest = found.snapshots[found.snapshots.size() - snapshots_kept];
  for (const std::uint64_t generation : found.snapshots) {
    if (generation < oldest) r.files->remove(r.path(generation, snapshot_kind));
  }
  for (const std::uint64_t generation : found.journals) {
    if (generation < oldest) r.files->remove(r.path(generation, journal_kind));
  }
}

// Two processes that write to one recording would each believe that it is theirs.
void refuse_forked(const Recording& r) {
  if (!r.forked) return;
  refuse(RecordingFault::in_use, r.directory,
         "recorded by the process that this one was forked from");
}

int write(const Recording& r, const std::string& path, SnapshotHead head,
          std::span<const std::byte> engine) {
  base::BytesWriter head_bytes;
  fields(head_bytes, head);
  const std::array<journal::Section, 2> sections = {
      {{head_section, head_bytes.bytes()}, {engine_section, engine}}};
  return journal::write_snapshot(*r.files, path, sections);
}

}  // namespace

void refuse(RecordingFault fault, const std::string& path, const std::string& what, int error) {
  std::string text = path + ": " + what;
  if (error != 0) text += std::string(": ") + std::strerror(error);
  throw RecordingError(fault, text, error);
}

std::string Recording::path(std::uint64_t number, const char* kind) const {
  std::array<char, 48> name{};
  std::snprintf(name.data(), name.size(), "/%010llu.%s", static_cast<unsigned long long>(number),
                kind);
  return directory + name.data();
}

std::uint64_t Contents::newest() const noexcept {
  return std::max(snapshots.empty() ? 0 : snapshots.back(), journals.empty() ? 0 : journals.back());
}

std::unique_ptr<Recording> open_directory(const std::string& directory,
                                          const RecordingOptions& options) {
  auto r = std::make_unique<Recording>();
  r->directory = directory;
  r->options = options;
  r->files = options.files != nullptr ? options.files : &journal::posix_files();
  const int error = r->files->lock(directory + "/lock", &r->lock);
  if (error == EWOULDBLOCK) {
    refuse(RecordingFault::in_use, directory, "another engine records there");
  }
  if (error != 0) refuse(RecordingFault::io, directory, "cannot be locked", error);
  return r;
}

Contents contents_of(const Recording& r) {
  std::vector<std::string> names;
  const int error = r.files->list(r.directory, &names);
  if (error != 0) refuse(RecordingFault::io, r.directory, "cannot be read", error);
  Contents found;
  for (const std::string& name : names) {
    if (const auto g = generation_of(name, snapshot_kind)) found.snapshots.push_back(g);
    if (const auto g = generation_of(name, journal_kind)) found.journals.push_back(g);
  }
  std::sort(found.snapshots.begin(), found.snapshots.end());
  std::sort(found.journals.begin(), found.journals.end());
  return found;
}

}  // namespace live

LiveEngine::State::~State() = default;

// A journal first, then the snapshot it goes on from: a snapshot without its journal has lost it.
// While the old journal holds everything, the new one goes on from it whatever becomes of the
// snapshot; if it does not, the snapshot has to be there before anything goes on.
void LiveEngine::State::begin_generation(live::Recording& r) {
  live::refuse_forked(r);
  const bool goes_on = r.journal != nullptr ? r.journal->flush_until(applied_seq)
                                            : r.has_end && r.end_seq == applied_seq;
  const std::uint64_t number = std::max(r.generation, live::contents_of(r).newest()) + 1;
  const live::SnapshotHead head{r.lineage, applied_seq, hash()};
  journal::JournalOptions options;
  options.head.run_id[0] = r.lineage;
  options.head.run_id[1] = goes_on ? 1 : 0;
  options.head.first_sequence = applied_seq + 1;
  options.head.state_hash = head.state_hash;
  options.ring_records = r.options.ring_records;
  options.group_records = r.options.group_records;
  options.idle_ns = r.options.idle_ns;
  options.published = &durable_seq;
  const std::string journal_path = r.path(number, live::journal_kind);
  journal::CreatedJournal created = journal::Journal::create(*r.files, journal_path, options);
  if (created.error != 0) {
    live::refuse(RecordingFault::io, journal_path, "cannot be created", created.error);
  }
  r.generation = number;
  const auto go_on = [&] {
    r.journal = std::move(created.journal);
    journal = r.journal.get();
    durable_seq.store(applied_seq, std::memory_order_release);
  };
  if (goes_on) go_on();
  const std::string path = r.path(number, live::snapshot_kind);
  const int error = live::write(r, path, head, save());
  if (error != 0) {
    if (!goes_on) r.files->remove(journal_path);
    live::refuse(RecordingFault::io, path, "cannot be written", error);
  }
  if (!goes_on) go_on();
  live::remove_old(r);
}

void LiveEngine::record_to(const std::string& directory, const RecordingOptions& options) {
  State& s = *state_;
  if (s.recording != nullptr) live::refuse_forked(*s.recording);
  if (s.journal != nullptr) {
    live::refuse(RecordingFault::in_use, directory, "the engine records already");
  }
  if (s.recording != nullptr && s.recording->directory == directory) {
    if (options.beside) options.beside();
    s.recording->options = options;
    s.begin_generation(*s.recording);
    return;
  }
  std::unique_ptr<live::Recording> recording = live::open_directory(directory, options);
  const live::Contents found = live::contents_of(*recording);
  if (!found.snapshots.empty()) {
    live::refuse(RecordingFault::in_use, directory,
                 "another engine's history is there: recover it");
  }
  live::refuse_orphans(*recording, found);
  if (options.beside) options.beside();
  recording->lineage = live::draw_lineage();
  s.begin_generation(*recording);
  s.recording = std::move(recording);
}

void LiveEngine::snapshot() {
  if (state_->journal == nullptr) throw std::runtime_error("the engine does not record");
  state_->begin_generation(*state_->recording);
}

bool LiveEngine::flush() noexcept {
  return state_->journal != nullptr && state_->journal->flush_until(state_->applied_seq);
}

bool LiveEngine::is_recording() const noexcept {
  return state_->journal != nullptr;
}

bool LiveEngine::is_forked() const noexcept {
  return state_->recording != nullptr && state_->recording->forked;
}

int LiveEngine::journal_error() const noexcept {
  return state_->journal != nullptr ? state_->journal->error() : 0;
}

std::uint64_t LiveEngine::durable_seq() const noexcept {
  return state_->durable_seq.load(std::memory_order_acquire);
}

// ---- policies -----------------------------------------------------------------------------------

void LiveEngine::State::check_policies(std::uint64_t epoch, const PolicySet& set) const {
  if (epoch == 0 || epoch >= live::retired_epoch) {
    throw std::invalid_argument("an epoch's number must be > 0");
  }
  if (set.account_policy.size() != accounts.size()) {
    throw std::invalid_argument("account_policy: one for each account");
  }
}

// Takes a sequence number like a record, as it changes the state and stands in the journal.
void LiveEngine::State::stage(std::uint64_t epoch, PolicySet set) {
  check_policies(epoch, set);
  base::BytesWriter blob;
  if (journal != nullptr) {
    blob(live::staged_policies_blob), blob(epoch);
    live::fields(blob, set);
    if (blob.bytes().size() > journal->blob_bytes_max()) {
      throw std::invalid_argument("policies that do not fit into one entry of the journal");
    }
  }
  std::unique_ptr<live::PolicyWorld> next = world.prepare(epoch, std::move(set));
  reserve_for(*next);
  std::vector<std::unique_ptr<live::PolicyWorld>> kept;
  kept.reserve(staged.size() + 1);
  // Cold: what waits in the ring is written first, and then there is room.
  if (journal != nullptr &&
      !(journal->flush_until(applied_seq) && journal->append_blob(blob.bytes()))) {
    throw RecordingError(RecordingFault::io,
                         "policies that cannot be made to last: the journal has failed",
                         journal->error());
  }
  for (auto& waiting : staged) {
    const bool gone = !waiting || waiting->epoch == epoch || waiting->epoch == live::retired_epoch;
    if (!gone) kept.push_back(std::move(waiting));
  }
  kept.push_back(std::move(next));
  staged = std::move(kept);
  ++applied_seq;
}

void LiveEngine::State::stage_recorded(std::span<const std::byte> blob) {
  base::BytesReader reader(blob);
  std::uint32_t kind = 0;
  std::uint64_t epoch = 0;
  PolicySet set;
  reader(kind), reader(epoch);
  live::fields(reader, set);
  if (kind != live::staged_policies_blob || !reader.ok() || !reader.at_end()) {
    throw std::invalid_argument("an entry of a kind that is not known");
  }
  stage(epoch, std::move(set));
}

}  // namespace tickmargin
