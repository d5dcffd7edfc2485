// Files in memory that fail as disks do. A write is seen at once and lasts only after a sync; a
// crash keeps any of the 512-byte sectors written since, in any order, some as garbage, and the
// changes of names up to any of them. Calls can be refused one by one.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "journal/files.hpp"

namespace fault {

using tickmargin::journal::Access;
using tickmargin::journal::File;
using Bytes = std::vector<unsigned char>;
using Random = std::mt19937_64;

inline std::size_t below(Random& random, std::size_t limit) {
  return random() % limit;
}

struct Inode {
  Bytes seen;
  Bytes lasting;
  std::vector<std::pair<std::size_t, Bytes>> unsynced;  // offset, what was written there
};

enum class Refusal {
  none,
  once,      // this call fails with ENOSPC or EIO, later ones would succeed
  for_good,  // the power is gone: this call and all later ones fail
};

class Files final : public tickmargin::journal::Files {
 public:
  // The `at`-th call that changes something, counted from now at 0, is refused.
  void refuse(Refusal refusal, std::size_t at, std::uint64_t seed = 1) {
    const std::lock_guard lock(mutex_);
    refusal_ = refusal;
    refused_call_ = calls_ + at;
    random_.seed(seed);
  }
  void power_off() { refuse(Refusal::for_good, 0); }

  std::size_t calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  // No call returns while this is held.
  std::unique_lock<std::mutex> hold() { return std::unique_lock(mutex_); }

  Bytes& bytes(const std::string& path) { return names_.at(path)->seen; }
  bool exists(const std::string& path) const { return names_.contains(path); }
  void put(const std::string& path, Bytes bytes) {
    auto inode = std::make_shared<Inode>();
    inode->lasting = bytes;
    inode->seen = std::move(bytes);
    names_[path] = inode;
    lasting_names_[path] = inode;
  }

  // What a machine finds after the power comes back.
  void crash(std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    Random random(seed);
    for (auto& [path, inode] : names_) crash_inode(*inode, random);
    for (auto& [path, inode] : lasting_names_) crash_inode(*inode, random);
    unsynced_names_.resize(below(random, unsynced_names_.size() + 1));
    for (const auto& change : unsynced_names_) apply(lasting_names_, change);
    unsynced_names_.clear();
    names_ = lasting_names_;
    refusal_ = Refusal::none;
  }

  int create(const std::string& path, std::unique_ptr<File>* file) noexcept override {
    const std::lock_guard lock(mutex_);
    if (names_.contains(path)) return EEXIST;
    if (refused()) return ENOSPC;
    auto inode = std::make_shared<Inode>();
    rename_both({"", path, inode});
    *file = std::make_unique<OpenFile>(*this, inode);
    return 0;
  }

  int open(const std::string& path, Access, std::unique_ptr<File>* file) noexcept override {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(path);
    if (found == names_.end()) return ENOENT;
    *file = std::make_unique<OpenFile>(*this, found->second);
    return 0;
  }

  int rename(const std::string& from, const std::string& to) noexcept override {
    const std::lock_guard lock(mutex_);
    if (!names_.contains(from)) return ENOENT;
    if (refused()) return EIO;
    rename_both({from, to, names_.at(from)});
    return 0;
  }

  int remove(const std::string& path) noexcept override {
    const std::lock_guard lock(mutex_);
    if (!names_.contains(path)) return ENOENT;
    if (refused()) return EIO;
    rename_both({path, "", nullptr});
    return 0;
  }

  int sync_directory(const std::string&) noexcept override {
    const std::lock_guard lock(mutex_);
    if (refused()) return EIO;
    lasting_names_ = names_;
    unsynced_names_.clear();
    return 0;
  }

  int list(const std::string& directory, std::vector<std::string>* names) noexcept override {
    const std::lock_guard lock(mutex_);
    names->clear();
    for (const auto& [path, inode] : names_) {
      if (path.starts_with(directory + "/")) names->push_back(path.substr(directory.size() + 1));
    }
    return 0;
  }

  int lock(const std::string& path, std::unique_ptr<File>* file) noexcept override {
    const std::lock_guard lock(mutex_);
    if (!locked_.insert(path).second) return EWOULDBLOCK;
    *file = std::make_unique<LockFile>(*this, path);
    return 0;
  }

 private:
  static constexpr std::size_t sector = 512;

  struct NameChange {
    std::string from;  // empty: a new file
    std::string to;    // empty: removed
    std::shared_ptr<Inode> inode;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  class OpenFile final : public File {
   public:
    OpenFile(Files& files, std::shared_ptr<Inode> inode)
        : files_(files), inode_(std::move(inode)) {}

    int write(std::uint64_t offset, const void* data, std::size_t count) noexcept override {
      const std::lock_guard lock(files_.mutex_);
      const bool refused = files_.refused();
      if (refused) count = below(files_.random_, count + 1);  // a short write
      if (count > 0) {
        const auto* from = static_cast<const unsigned char*>(data);
        Bytes bytes(from, from + count);
        place(inode_->seen, offset, bytes);
        inode_->unsynced.emplace_back(offset, std::move(bytes));
      }
      return refused ? ENOSPC : 0;
    }

    int read(std::uint64_t offset, void* data, std::size_t count) noexcept override {
      const std::lock_guard lock(files_.mutex_);
      if (offset + count > inode_->seen.size()) return EIO;
      if (count > 0) std::memcpy(data, inode_->seen.data() + offset, count);
      return 0;
    }

    // After a failed sync the kernel calls the pages clean: they are seen, and never written.
    int sync() noexcept override {
      const std::lock_guard lock(files_.mutex_);
      const bool refused = files_.refused();
      if (!refused) {
        for (const auto& [offset, bytes] : inode_->unsynced) {
          place(inode_->lasting, offset, bytes);
        }
      }
      if (!refused || files_.refusal_ == Refusal::once) inode_->unsynced.clear();
      return refused ? EIO : 0;
    }

    int size(std::uint64_t* size_bytes) noexcept override {
      const std::lock_guard lock(files_.mutex_);
      *size_bytes = inode_->seen.size();
      return 0;
    }

    int truncate(std::uint64_t size_bytes) noexcept override {
      const std::lock_guard lock(files_.mutex_);
      if (files_.refused()) return EIO;
      inode_->seen.resize(size_bytes);
      inode_->lasting.resize(size_bytes);
      return 0;
    }

   private:
    Files& files_;
    std::shared_ptr<Inode> inode_;
  };

  // Nothing but its name; the lock ends with it.
  class LockFile final : public File {
   public:
    LockFile(Files& files, std::string path) : files_(files), path_(std::move(path)) {}
    ~LockFile() override {
      const std::lock_guard lock(files_.mutex_);
      files_.locked_.erase(path_);
    }
    int write(std::uint64_t, const void*, std::size_t) noexcept override { return EINVAL; }
    int read(std::uint64_t, void*, std::size_t) noexcept override { return EINVAL; }
    int sync() noexcept override { return EINVAL; }
    int size(std::uint64_t*) noexcept override { return EINVAL; }
    int truncate(std::uint64_t) noexcept override { return EINVAL; }

   private:
    Files& files_;
    std::string path_;
  };

  static void place(Bytes& to, std::size_t offset, const Bytes& bytes) {
    if (to.size() < offset + bytes.size()) to.resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), to.begin() + static_cast<std::ptrdiff_t>(offset));
  }

  static void apply(Names& names, const NameChange& change) {
    if (!change.from.empty()) names.erase(change.from);
    if (!change.to.empty()) names[change.to] = change.inode;
  }

  void rename_both(const NameChange& change) {
    apply(names_, change);
    unsynced_names_.push_back(change);
  }

  bool refused() {
    const std::size_t call = calls_++;
    if (refusal_ == Refusal::once) return call == refused_call_;
    return refusal_ == Refusal::for_good && call >= refused_call_;
  }

  // Sectors of unsynced writes: none, all, or each by the toss of a coin, in any order.
  static void crash_inode(Inode& inode, Random& random) {
    std::vector<std::pair<std::size_t, Bytes>> pieces;
    for (const auto& [offset, bytes] : inode.unsynced) {
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t length = std::min(bytes.size() - at, sector - (offset + at) % sector);
        const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        pieces.emplace_back(offset + at, Bytes(from, from + static_cast<std::ptrdiff_t>(length)));
        at += length;
      }
    }
    inode.unsynced.clear();
    const std::size_t kept_of_four = below(random, 5);
    const bool garbage = below(random, 4) == 0;
    std::shuffle(pieces.begin(), pieces.end(), random);
    for (auto& [offset, bytes] : pieces) {
      if (below(random, 4) >= kept_of_four) continue;
      if (garbage && below(random, 3) == 0) {
        for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random());
      }
      place(inode.lasting, offset, bytes);
    }
    inode.seen = inode.lasting;
  }

  std::mutex mutex_;
  std::set<std::string> locked_;
  Names names_;
  Names lasting_names_;
  std::vector<NameChange> unsynced_names_;
  Refusal refusal_ = Refusal::none;
  std::size_t refused_call_ = 0;
  std::size_t calls_ = 0;
  Random random_;
};

}  // namespace fault
