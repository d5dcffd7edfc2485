// Snapshot files: named sections of bytes, whole or refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "journal/files.hpp"

namespace tickmargin::journal {

struct Section {
  std::string_view name;  // 1 to 31 bytes without a zero, once a file
  std::span<const std::byte> bytes;
};

enum class SnapshotStatus : std::uint8_t {
  ok = 0,
  io_error = 1,  // `error` says which
  bad_magic = 2,
  wrong_endianness = 3,
  future_version = 4,  // or past: only this version is read
  bad_length = 5,      // bytes are missing, or trail
  bad_checksum = 6,
  bad_sections = 7,
};

const char* snapshot_status_name(SnapshotStatus status) noexcept;

// Empty unless `status` is ok: nothing of a refused file is shown.
struct Snapshot {
  SnapshotStatus status;
  int error;                      // of io_error, an errno
  std::vector<Section> sections;  // in the order written, each on a 64-byte border of `memory`
  base::AlignedBuffer<std::byte> memory;

  const Section* find(std::string_view name) const noexcept;  // null if there is none
};

// Writes `path`.tmp, makes it last, and gives it its name: a crash leaves the old file or the new.
// One of the same name is replaced. 0 or an errno, EINVAL for section names; after an error the
// old file stands, or, if only the directory could not be made to last, either after a crash.
int write_snapshot(Files& files, const std::string& path, std::span<const Section> sections);

// Whether bytes begin as such a file does.
bool is_snapshot(std::span<const std::byte> bytes) noexcept;

Snapshot read_snapshot(Files& files, const std::string& path);

}  // namespace tickmargin::journal
