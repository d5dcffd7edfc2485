#include "journal/snapshot.hpp"

#include <cstddef>
#include <cstdint>

#include "base/hash.hpp"
#include "check.hpp"
#include "fault_files.hpp"

using namespace tickmargin::journal;
using fault::Bytes;

namespace {

const std::string path = "snapshot";
constexpr std::size_t checksum_offset = 32;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t step = 17;
#else
constexpr std::size_t step = 1;
#endif

std::vector<std::byte> column(std::size_t size, unsigned seed) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(tickmargin::base::hash64(&i, sizeof(i), seed));
  }
  return bytes;
}

const std::vector<std::byte> marks = column(5000, 1);
const std::vector<std::byte> book = column(1 << 14, 2);

Bytes make_bytes() {
  fault::Files files;
  const std::array<Section, 3> sections = {{{"marks", marks}, {"none", {}}, {"book", book}}};
  CHECK(write_snapshot(files, path, sections) == 0);
  CHECK(!files.exists(path + ".tmp"));
  return files.bytes(path);
}

Snapshot read_bytes(Bytes bytes) {
  fault::Files files;
  files.put(path, std::move(bytes));
  return read_snapshot(files, path);
}

template <class T>
void put(Bytes& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

// As a program would that writes wrong things and signs them.
void sign(Bytes& bytes) {
  put(bytes, checksum_offset, std::uint64_t{0});
  put(bytes, checksum_offset, tickmargin::base::hash64(bytes.data(), bytes.size()));
}

bool shows_nothing(const Snapshot& snapshot) {
  return snapshot.sections.empty() && snapshot.memory.size() == 0;
}

bool same(const Section* section, const std::vector<std::byte>& expected) {
  return section != nullptr &&
         std::equal(section->bytes.begin(), section->bytes.end(), expected.begin(), expected.end());
}

}  // namespace

TEST(sections_come_back_by_name_on_borders) {
  const Snapshot snapshot = read_bytes(make_bytes());
  CHECK_EQ(snapshot.status, SnapshotStatus::ok);
  CHECK_EQ(snapshot.sections.size(), 3u);
  CHECK_EQ(std::string(snapshot.sections[1].name), "none");
  CHECK(same(snapshot.find("marks"), marks));
  CHECK(same(snapshot.find("book"), book));
  CHECK(same(snapshot.find("none"), {}));
  CHECK(snapshot.find("mark") == nullptr);
  for (const Section& section : snapshot.sections) {
    CHECK_EQ(reinterpret_cast<std::uintptr_t>(section.bytes.data()) % 64, 0u);
  }
}

TEST(a_snapshot_of_nothing_is_one) {
  fault::Files files;
  CHECK(write_snapshot(files, path, {}) == 0);
  const Snapshot snapshot = read_snapshot(files, path);
  CHECK(snapshot.status == SnapshotStatus::ok && snapshot.sections.empty());
}

TEST(names_are_checked_before_anything_is_written) {
  fault::Files files;
  const auto error_of = [&](std::string_view a, std::string_view b) {
    const std::array<Section, 2> sections = {{{a, marks}, {b, book}}};
    return write_snapshot(files, path, sections);
  };
  CHECK(error_of("", "b") == EINVAL);
  CHECK(error_of("b", "b") == EINVAL);
  CHECK(error_of(std::string_view("a\0b", 3), "b") == EINVAL);
  CHECK(error_of("a name that is longer than it may", "b") == EINVAL);
  CHECK_EQ(files.calls(), 0u);
  CHECK(error_of("a name of thirty-one characters", "b") == 0);
  CHECK(read_snapshot(files, path).find("a name of thirty-one characters") != nullptr);
}

TEST(cut_at_every_byte_it_is_refused) {
  const Bytes whole = make_bytes();
  for (std::size_t size = 0; size < whole.size(); size += step) {
    const auto end = whole.begin() + static_cast<std::ptrdiff_t>(size);
    const Snapshot snapshot = read_bytes(Bytes(whole.begin(), end));
    CHECK_EQ(snapshot.status, SnapshotStatus::bad_length);
    CHECK(shows_nothing(snapshot));
  }
}

TEST(every_flipped_bit_is_refused) {
  fault::Files files;
  files.put(path, make_bytes());
  Bytes& bytes = files.bytes(path);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += step) {
    unsigned char& byte = bytes[bit / 8];
    byte = static_cast<unsigned char>(byte ^ 1 << bit % 8);
    const Snapshot snapshot = read_snapshot(files, path);
    byte = static_cast<unsigned char>(byte ^ 1 << bit % 8);
    CHECK(snapshot.status != SnapshotStatus::ok && snapshot.status != SnapshotStatus::io_error);
    CHECK(shows_nothing(snapshot));
  }
}

TEST(a_refusal_has_its_name) {
  const Bytes whole = make_bytes();
  const auto with = [&](std::size_t offset, auto value, bool signed_again = true) {
    Bytes bytes = whole;
    put(bytes, offset, value);
    if (signed_again) sign(bytes);
    const Snapshot snapshot = read_bytes(bytes);
    CHECK(shows_nothing(snapshot));
    return snapshot.status;
  };
  CHECK(with(0, 'X') == SnapshotStatus::bad_magic);
  CHECK(with(8, std::uint32_t{2}) == SnapshotStatus::future_version);
  CHECK(with(12, std::uint32_t{0x04030201}) == SnapshotStatus::wrong_endianness);
  CHECK(with(16, std::uint64_t{1} << 60) == SnapshotStatus::bad_length);
  CHECK(with(64, 'x', false) == SnapshotStatus::bad_checksum);
  CHECK(with(24, std::uint32_t{0xffffffff}) == SnapshotStatus::bad_sections);
  CHECK(with(24, std::uint32_t{2}) == SnapshotStatus::bad_sections);
  CHECK(with(28, std::uint32_t{1}) == SnapshotStatus::bad_sections);
  CHECK(with(40, std::uint64_t{0}) == SnapshotStatus::bad_sections);        // the first name
  CHECK(with(72, ~std::uint64_t{0}) == SnapshotStatus::bad_sections);       // the first size
  CHECK(with(72, ~std::uint64_t{0} - 62) == SnapshotStatus::bad_sections);  // wraps on its border

  Bytes trailing = whole;
  trailing.push_back(0);
  CHECK_EQ(read_bytes(trailing).status, SnapshotStatus::bad_length);
  fault::Files none;
  CHECK_EQ(read_snapshot(none, path).status, SnapshotStatus::io_error);
  CHECK_EQ(read_snapshot(none, path).error, ENOENT);
}

TEST(real_files_do_the_same) {
  char directory[] = "/tmp/tickmargin_snapshot_XXXXXX";
  CHECK(::mkdtemp(directory) != nullptr);
  const std::string name = std::string(directory) + "/snapshot";
  for (const auto* content : {&marks, &book}) {
    const std::array<Section, 1> sections = {{{"column", *content}}};
    CHECK(write_snapshot(posix_files(), name, sections) == 0);
    CHECK(same(read_snapshot(posix_files(), name).find("column"), *content));
  }
  CHECK(read_snapshot(posix_files(), directory).status == SnapshotStatus::io_error);
  CHECK(write_snapshot(posix_files(), name + "/below", {}) == ENOTDIR);
  CHECK(posix_files().remove(name) == 0);
  CHECK(posix_files().remove(directory) != 0);
  CHECK(::rmdir(directory) == 0);  // no temporary file is left in it
}

CHECK_MAIN()
