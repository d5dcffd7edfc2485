#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

#include "journal/files.hpp"
#include "journal/fork_watch.hpp"

namespace tickmargin::journal {
namespace {

class PosixFile : public File {
 public:
  explicit PosixFile(int descriptor) noexcept : descriptor_(descriptor) {}
  ~PosixFile() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  int write(std::uint64_t offset, const void* data, std::size_t count) noexcept override {
    const auto* bytes = static_cast<const char*>(data);
    while (count > 0) {
      const ssize_t done = ::pwrite(descriptor_, bytes, count, static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return errno;
      if (done == 0) return EIO;
      bytes += done;
      offset += static_cast<std::uint64_t>(done);
      count -= static_cast<std::size_t>(done);
    }
    return 0;
  }

  int read(std::uint64_t offset, void* data, std::size_t count) noexcept override {
    auto* bytes = static_cast<char*>(data);
    while (count > 0) {
      const ssize_t done = ::pread(descriptor_, bytes, count, static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return errno;
      if (done == 0) return EIO;  // shorter than it said
      bytes += done;
      offset += static_cast<std::uint64_t>(done);
      count -= static_cast<std::size_t>(done);
    }
    return 0;
  }

  // EINTR is an error like any other: whether a sync that was cut short may be asked for again is
  // not something every file system answers alike.
  int sync() noexcept override { return ::fdatasync(descriptor_) == 0 ? 0 : errno; }

  int size(std::uint64_t* size_bytes) noexcept override {
    struct stat found{};
    if (::fstat(descriptor_, &found) != 0) return errno;
    if (!S_ISREG(found.st_mode)) return EINVAL;
    *size_bytes = static_cast<std::uint64_t>(found.st_size);
    return 0;
  }

  int truncate(std::uint64_t size_bytes) noexcept override {
    return ::ftruncate(descriptor_, static_cast<off_t>(size_bytes)) == 0 ? 0 : errno;
  }

 protected:
  int descriptor_;
};

// A child of a fork has the descriptor as well, and would hold the lock for as long as it lives.
class PosixLock final : public PosixFile {
 public:
  explicit PosixLock(int descriptor) : PosixFile(descriptor) {}

 private:
  static void give_up(void* lock) noexcept {
    int& descriptor = static_cast<PosixLock*>(lock)->descriptor_;
    ::close(descriptor);
    descriptor = -1;
  }

  ForkWatch fork_watch_{&give_up, this};
};

int open_descriptor(const char* path, int flags, std::unique_ptr<File>* file) noexcept {
  const int descriptor = ::open(path, flags | O_CLOEXEC, 0640);
  if (descriptor < 0) return errno;
  file->reset(new (std::nothrow) PosixFile(descriptor));
  if (*file != nullptr) return 0;
  ::close(descriptor);
  return ENOMEM;
}

class PosixFiles final : public Files {
 public:
  int create(const std::string& path, std::unique_ptr<File>* file) noexcept override {
    return open_descriptor(path.c_str(), O_RDWR | O_CREAT | O_EXCL, file);
  }

  int open(const std::string& path, Access access, std::unique_ptr<File>* file) noexcept override {
    return open_descriptor(path.c_str(), access == Access::write ? O_RDWR : O_RDONLY, file);
  }

  int rename(const std::string& from, const std::string& to) noexcept override {
    return std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  }

  int remove(const std::string& path) noexcept override {
    return ::unlink(path.c_str()) == 0 ? 0 : errno;
  }

  int sync_directory(const std::string& path) noexcept override {
    try {
      const std::size_t slash = path.rfind('/');
      const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
      const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (descriptor < 0) return errno;
      const int error = ::fsync(descriptor) == 0 ? 0 : errno;
      ::close(descriptor);
      return error;
    } catch (const std::bad_alloc&) {
      return ENOMEM;
    }
  }

  int list(const std::string& directory, std::vector<std::string>* names) noexcept override {
    DIR* const open = ::opendir(directory.c_str());
    if (open == nullptr) return errno;
    int error = 0;
    try {
      names->clear();
      errno = 0;
      while (const dirent* entry = ::readdir(open)) names->emplace_back(entry->d_name);
      error = errno;
    } catch (const std::bad_alloc&) {
      error = ENOMEM;
    }
    ::closedir(open);
    return error;
  }

  // The kernel gives a lock up with the last descriptor of the process: nobody is locked out by
  // one that was killed.
  int lock(const std::string& path, std::unique_ptr<File>* file) noexcept override {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (descriptor < 0) return errno;
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      ::close(descriptor);
      return error;
    }
    try {
      *file = std::make_unique<PosixLock>(descriptor);
      return 0;
    } catch (const std::exception&) {  // no memory, for the lock or for its watch
      ::close(descriptor);
      return ENOMEM;
    }
  }
};

}  // namespace

Files& posix_files() noexcept {
  static PosixFiles files;
  return files;
}

}  // namespace tickmargin::journal
