#include "journal/snapshot.hpp"

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/hash.hpp"
#include "journal/format.hpp"

namespace tickmargin::journal {
namespace {

constexpr char snapshot_magic[8] = {'T', 'M', 'S', 'N', 'A', 'P', 'S', 'H'};
constexpr std::uint32_t snapshot_version = 1;
constexpr std::uint32_t sections_max = 4096;
constexpr std::size_t border = 64;

struct SnapshotHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t endian;
  std::uint64_t file_bytes;
  std::uint32_t section_count;
  std::uint32_t reserved;  // zero
  std::uint64_t checksum;  // of the whole file, with zero here
};
static_assert(sizeof(SnapshotHeader) == 40);

struct SectionEntry {
  char name[32];  // zeros behind it
  std::uint64_t size_bytes;
};
static_assert(sizeof(SectionEntry) == 40);

// Header, table of sections, then each section; all of them padded with zeros to a border.
std::uint64_t on_border(std::uint64_t bytes) noexcept {
  return (bytes + border - 1) / border * border;
}

bool names_are_valid(std::span<const Section> sections) noexcept {
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::string_view name = sections[i].name;
    if (name.empty() || name.size() >= sizeof(SectionEntry::name)) return false;
    if (name.find('\0') != std::string_view::npos) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (sections[j].name == name) return false;
    }
  }
  return sections.size() <= sections_max;
}

base::AlignedBuffer<std::byte> make_head(std::span<const Section> sections) {
  base::AlignedBuffer<std::byte> head(
      on_border(sizeof(SnapshotHeader) + sections.size() * sizeof(SectionEntry)));
  SnapshotHeader header{};
  std::memcpy(header.magic, snapshot_magic, sizeof(header.magic));
  header.version = snapshot_version;
  header.endian = endian_mark;
  header.file_bytes = head.size();
  header.section_count = static_cast<std::uint32_t>(sections.size());
  std::byte* table = head.data() + sizeof(header);
  for (const Section& section : sections) {
    SectionEntry entry{};
    section.name.copy(entry.name, sizeof(entry.name));
    entry.size_bytes = section.bytes.size();
    std::memcpy(table, &entry, sizeof(entry));
    table += sizeof(entry);
    header.file_bytes += on_border(entry.size_bytes);
  }
  std::memcpy(head.data(), &header, sizeof(header));
  return head;
}

// The head is written last, when the checksum is known; the sections go from the caller's memory.
int write_all(File& file, std::span<const Section> sections) {
  base::AlignedBuffer<std::byte> head = make_head(sections);
  base::Hasher hasher;
  hasher.add_bytes(head.data(), head.size());
  std::uint64_t offset = head.size();
  constexpr std::byte zeros[border] = {};
  for (const Section& section : sections) {
    const std::size_t size = section.bytes.size();
    const std::size_t padding = static_cast<std::size_t>(on_border(size) - size);
    hasher.add_bytes(section.bytes.data(), size);
    hasher.add_bytes(zeros, padding);
    int error = file.write(offset, section.bytes.data(), size);
    if (error == 0) error = file.write(offset + size, zeros, padding);
    if (error != 0) return error;
    offset += size + padding;
  }
  const std::uint64_t checksum = hasher.digest();
  std::memcpy(head.data() + offsetof(SnapshotHeader, checksum), &checksum, sizeof(checksum));
  const int error = file.write(0, head.data(), head.size());
  return error == 0 ? file.sync() : error;
}

SnapshotStatus check_header(const SnapshotHeader& header, std::uint64_t file_bytes) noexcept {
  if (std::memcmp(header.magic, snapshot_magic, sizeof(header.magic)) != 0) {
    return SnapshotStatus::bad_magic;
  }
  if (header.endian == endian_mark_swapped) return SnapshotStatus::wrong_endianness;
  if (header.version != snapshot_version) return SnapshotStatus::future_version;
  if (header.file_bytes != file_bytes) return SnapshotStatus::bad_length;
  if (header.endian != endian_mark) return SnapshotStatus::bad_checksum;
  return SnapshotStatus::ok;
}

bool checksum_is_right(base::AlignedBuffer<std::byte>& memory, std::uint64_t expected) noexcept {
  std::memset(memory.data() + offsetof(SnapshotHeader, checksum), 0, sizeof(expected));
  return base::hash64(memory.data(), memory.size()) == expected;
}

// Behind a right checksum nothing is wrong by accident; what a program wrote wrongly still is
// refused before it is followed.
bool find_sections(const base::AlignedBuffer<std::byte>& memory, std::uint32_t count,
                   std::vector<Section>* sections) {
  const std::uint64_t table_end = sizeof(SnapshotHeader) + count * sizeof(SectionEntry);
  if (count > sections_max || table_end > memory.size()) return false;
  std::uint64_t offset = on_border(table_end);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::byte* at = memory.data() + sizeof(SnapshotHeader) + i * sizeof(SectionEntry);
    SectionEntry entry;
    std::memcpy(&entry, at, sizeof(entry));
    if (offset > memory.size() || entry.size_bytes > memory.size() - offset) return false;
    const auto* name = reinterpret_cast<const char*>(at);
    sections->push_back({std::string_view(name, ::strnlen(name, sizeof(entry.name))),
                         {memory.data() + offset, entry.size_bytes}});
    offset += on_border(entry.size_bytes);
  }
  return offset == memory.size() && names_are_valid(*sections);
}

}  // namespace

const char* snapshot_status_name(SnapshotStatus status) noexcept {
  switch (status) {
    case SnapshotStatus::ok: return "ok";
    case SnapshotStatus::io_error: return "io_error";
    case SnapshotStatus::bad_magic: return "bad_magic";
    case SnapshotStatus::wrong_endianness: return "wrong_endianness";
    case SnapshotStatus::future_version: return "future_version";
    case SnapshotStatus::bad_length: return "bad_length";
    case SnapshotStatus::bad_checksum: return "bad_checksum";
    case SnapshotStatus::bad_sections: return "bad_sections";
  }
  return "unknown";
}

const Section* Snapshot::find(std::string_view name) const noexcept {
  for (const Section& section : sections) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

int write_snapshot(Files& files, const std::string& path, std::span<const Section> sections) {
  if (!names_are_valid(sections)) return EINVAL;
  const std::string temporary = path + ".tmp";
  std::unique_ptr<File> file;
  int error = files.remove(temporary);  // of a crash before
  if (error != 0 && error != ENOENT) return error;
  error = files.create(temporary, &file);
  if (error != 0) return error;
  error = write_all(*file, sections);
  file.reset();
  if (error == 0) error = files.rename(temporary, path);
  if (error != 0) {
    files.remove(temporary);  // best effort: the error that is answered is the first one
    return error;
  }
  return files.sync_directory(path);
}

bool is_snapshot(std::span<const std::byte> bytes) noexcept {
  return bytes.size() >= sizeof snapshot_magic &&
         std::memcmp(bytes.data(), snapshot_magic, sizeof snapshot_magic) == 0;
}

Snapshot read_snapshot(Files& files, const std::string& path) {
  const auto refused = [](SnapshotStatus status, int error = 0) {
    return Snapshot{status, error, {}, {}};
  };
  std::unique_ptr<File> file;
  int error = files.open(path, Access::read, &file);
  std::uint64_t file_bytes = 0;
  if (error == 0) error = file->size(&file_bytes);
  if (error != 0) return refused(SnapshotStatus::io_error, error);

  SnapshotHeader header;
  if (file_bytes < sizeof(header)) return refused(SnapshotStatus::bad_length);
  error = file->read(0, &header, sizeof(header));
  if (error != 0) return refused(SnapshotStatus::io_error, error);
  const SnapshotStatus status = check_header(header, file_bytes);
  if (status != SnapshotStatus::ok) return refused(status);

  Snapshot snapshot{SnapshotStatus::ok, 0, {}, base::AlignedBuffer<std::byte>(file_bytes)};
  error = file->read(0, snapshot.memory.data(), file_bytes);
  if (error != 0) return refused(SnapshotStatus::io_error, error);
  if (!checksum_is_right(snapshot.memory, header.checksum)) {
    return refused(SnapshotStatus::bad_checksum);
  }
  if (header.reserved != 0 ||
      !find_sections(snapshot.memory, header.section_count, &snapshot.sections)) {
    return refused(SnapshotStatus::bad_sections);
  }
  return snapshot;
}

}  // namespace tickmargin::journal
