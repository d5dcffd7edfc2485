// The one door to the file system. Every call answers 0 or an errno, and none throws; tests put a
// layer behind it that loses, reorders and refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tickmargin::journal {

class File {
 public:
  virtual ~File() = default;
  // All of it or an error: a short read or write is one.
  virtual int write(std::uint64_t offset, const void* data, std::size_t count) noexcept = 0;
  virtual int read(std::uint64_t offset, void* data, std::size_t count) noexcept = 0;
  // Contents and length are on the disk when it answers 0. After an error nobody knows which bytes
  // are: the file may not be written again.
  virtual int sync() noexcept = 0;
  virtual int size(std::uint64_t* size_bytes) noexcept = 0;
  virtual int truncate(std::uint64_t size_bytes) noexcept = 0;
};

enum class Access { read, write };  // write includes read

class Files {
 public:
  virtual ~Files() = default;
  // A new file; EEXIST if the name is taken.
  virtual int create(const std::string& path, std::unique_ptr<File>* file) noexcept = 0;
  virtual int open(const std::string& path, Access access,
                   std::unique_ptr<File>* file) noexcept = 0;
  virtual int rename(const std::string& from, const std::string& to) noexcept = 0;
  virtual int remove(const std::string& path) noexcept = 0;
  // The directory that holds `path`: a new or changed name is on the disk only after this.
  virtual int sync_directory(const std::string& path) noexcept = 0;
  // The names in a directory, in no order.
  virtual int list(const std::string& directory, std::vector<std::string>* names) noexcept = 0;
  // A file, made if it is not there, that is locked for as long as `file` lives and its process
  // does; EWOULDBLOCK if somebody else holds it.
  virtual int lock(const std::string& path, std::unique_ptr<File>* file) noexcept = 0;
};

Files& posix_files() noexcept;

}  // namespace tickmargin::journal
