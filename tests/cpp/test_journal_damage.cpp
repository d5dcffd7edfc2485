// A journal of 64 KiB cut at every byte, with every bit flipped, with sectors lost, repeated and
// reordered, and with frames that verify in the wrong place. What is asked of the reader: an exact
// prefix at or past what was called durable, or a refusal at the right offset; never less.
#include <array>

#include "journal_sample.hpp"

using namespace journal_sample;

namespace {

// Under a sanitizer everything is slower by an order: every 17th case, which meets every bit.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t step = 17;
#else
constexpr std::size_t step = 1;
#endif

constexpr std::size_t sector = 512;

bool is_header_refusal(ReadStatus status) {
  return status == ReadStatus::bad_magic || status == ReadStatus::wrong_endianness ||
         status == ReadStatus::future_version || status == ReadStatus::bad_header;
}

// Of bytes that were mangled anyhow: what was durable is there or the file is refused, and a torn
// tail must not hold a frame of the sample.
void check_no_silent_loss(Files& files, const Bytes& mangled, const Sample& sample) {
  const ReadResult result = read(files, sample);
  const bool taken = result.status == ReadStatus::ok || result.status == ReadStatus::torn_tail;
  if (taken) CHECK(result.next_sequence > sample.durable);
  if (mangled == sample.bytes) {
    CHECK(result.status == ReadStatus::ok && result.clean);
    return;
  }
  if (result.clean) CHECK_EQ(result.next_sequence, sample.sequences.back());
  if (result.status == ReadStatus::ok) {
    CHECK_EQ(result.offset, mangled.size());
    return;
  }
  CHECK(result.status != ReadStatus::io_error && result.status != ReadStatus::stopped);
  if (result.status != ReadStatus::torn_tail) return;
  CHECK_EQ(result.offset + result.dropped_bytes, mangled.size());
  const auto tail = mangled.begin() + static_cast<std::ptrdiff_t>(result.offset);
  for (std::size_t i = 0; i + 1 < sample.starts.size(); ++i) {
    const auto first = sample.bytes.begin() + static_cast<std::ptrdiff_t>(sample.starts[i]);
    const auto last = sample.bytes.begin() + static_cast<std::ptrdiff_t>(sample.starts[i + 1]);
    CHECK(std::search(tail, mangled.end(), first, last) == mangled.end());
  }
}

Bytes part(const Sample& sample, std::size_t first_frame, std::size_t frames) {
  const auto at = [&](std::size_t frame) {
    return sample.bytes.begin() + static_cast<std::ptrdiff_t>(sample.starts[frame]);
  };
  return Bytes(at(first_frame), at(first_frame + frames));
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& bytes : parts) all.insert(all.end(), bytes.begin(), bytes.end());
  return all;
}

bool is_slot(std::size_t byte) {
  for (std::uint64_t slot = 0; slot < 2; ++slot) {
    if (byte >= slot_offset(slot) && byte < slot_offset(slot) + sizeof(DurableMark)) return true;
  }
  return false;
}

}  // namespace

TEST(cut_at_every_byte) {
  for (const Left left : {Left::closed, Left::acknowledged, Left::written}) {
    const Sample sample = make_sample(left);
    fault::Files files;
    files.put(path, sample.bytes);
    Bytes& bytes = files.bytes(path);
    for (std::size_t size = sample.bytes.size();; --size) {
      bytes.resize(size);
      if (size % step == 0 || size < 2 * sizeof(FileHeader)) {
        const ReadResult result = read(files, sample);
        CHECK(result.clean == (left == Left::closed && size == sample.bytes.size()));
        if (size < sizeof(FileHeader)) {
          CHECK_EQ(result.status, ReadStatus::bad_magic);
        } else if (size < first_frame_offset) {
          CHECK_EQ(result.status, ReadStatus::damaged);
          CHECK_EQ(result.offset, size);
        } else {
          const std::size_t frame = frame_of(sample, size);
          const std::size_t rest = size - sample.starts[frame];
          CHECK_EQ(result.offset, sample.starts[frame]);
          if (!sample.keeps_what_was_durable(frame)) {
            CHECK_EQ(result.status, ReadStatus::damaged);
          } else {
            CHECK(result.status == (rest == 0 ? ReadStatus::ok : ReadStatus::torn_tail));
            CHECK(result.dropped_bytes == rest && result.next_sequence > sample.durable);
          }
        }
      }
      if (size == 0) break;
    }
  }
}

TEST(every_bit_flipped) {
  for (const Left left : {Left::closed, Left::acknowledged, Left::written}) {
    const Sample sample = make_sample(left);
    fault::Files files;
    files.put(path, sample.bytes);
    Bytes& bytes = files.bytes(path);
    long slots_missed = 0, slots_refused = 0;
    // Only the head and the end differ by how the writer left.
    const std::size_t end_bit = 8 * sample.starts[sample.starts.size() - 3];
    for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += step) {
      if (left != Left::acknowledged && bit / 8 == first_frame_offset && bit < end_bit) {
        bit = end_bit;
      }
      unsigned char& byte = bytes[bit / 8];
      byte = static_cast<unsigned char>(byte ^ 1 << bit % 8);
      const ReadResult result = read(files, sample);
      byte = static_cast<unsigned char>(byte ^ 1 << bit % 8);
      if (bit / 8 < sizeof(FileHeader)) {
        CHECK(is_header_refusal(result.status));
      } else if (bit / 8 < first_frame_offset) {
        // All frames are as they were: they are read, or one mark alone cannot answer for them.
        const bool whole =
            result.status == ReadStatus::ok && result.next_sequence == sample.sequences.back();
        CHECK(whole || (is_slot(bit / 8) && result.status == ReadStatus::damaged));
        if (is_slot(bit / 8)) ++(whole ? slots_missed : slots_refused);
      } else {
        const std::size_t frame = frame_of(sample, bit / 8);
        const bool is_torn = sample.keeps_what_was_durable(frame);
        CHECK(!result.clean);
        CHECK(result.status == (is_torn ? ReadStatus::torn_tail : ReadStatus::damaged));
        CHECK(result.offset == sample.starts[frame]);
        CHECK(result.dropped_bytes == (is_torn ? bytes.size() - result.offset : 0));
      }
    }
    CHECK(slots_missed > 0 && (slots_refused > 0) == (left == Left::acknowledged));
  }
}

TEST(sectors_lost_repeated_zeroed_and_reordered) {
  const Sample sample = make_sample(Left::closed);
  fault::Files files;
  files.put(path, sample.bytes);
  Bytes& bytes = files.bytes(path);
  const auto try_out = [&](auto&& mangle, std::size_t at) {
    bytes = sample.bytes;
    mangle(bytes.begin() + static_cast<std::ptrdiff_t>(at));
    check_no_silent_loss(files, bytes, sample);
  };
  using At = Bytes::iterator;
  for (std::size_t at = 0; at + sector <= sample.bytes.size(); at += sector) {
    try_out([&](At from) { bytes.erase(from, from + sector); }, at);
    try_out([&](At from) { bytes.erase(from); }, at);
    try_out([&](At from) { std::fill(from, from + sector, static_cast<unsigned char>(0)); }, at);
    try_out(
        [&](At from) {
          const Bytes copy(from, from + sector);
          bytes.insert(from, copy.begin(), copy.end());
        },
        at);
    if (at + 4 * sector > sample.bytes.size()) continue;
    std::array<int, 4> order = {0, 1, 2, 3};
    do {
      try_out(
          [&](At from) {
            const Bytes copy(from, from + 4 * sector);
            for (int i = 0; i < 4; ++i) {
              std::copy_n(
                  copy.begin() + order[static_cast<std::size_t>(i)] * std::ptrdiff_t{sector},
                  sector, from + i * std::ptrdiff_t{sector});
            }
          },
          at);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(frames_that_verify_in_the_wrong_place_are_refused) {
  const Sample sample = make_sample(Left::closed);
  const Bytes head = file_head(sample);
  const std::size_t second = sample.starts[1];

  const ReadResult hole = read_bytes(joined({head, part(sample, 0, 1), part(sample, 2, 1)}));
  CHECK_EQ(hole.status, ReadStatus::bad_sequence);
  CHECK_EQ(hole.offset, second);

  const ReadResult twice = read_bytes(joined({head, part(sample, 0, 1), part(sample, 0, 2)}));
  CHECK_EQ(twice.status, ReadStatus::bad_sequence);
  CHECK_EQ(twice.offset, second);

  const ReadResult no_start = read_bytes(joined({head, part(sample, 1, 3)}));
  CHECK_EQ(no_start.status, ReadStatus::bad_sequence);
  CHECK_EQ(no_start.offset, first_frame_offset);

  const ReadResult behind = read_bytes(joined({sample.bytes, Bytes(8)}));
  CHECK_EQ(behind.status, ReadStatus::after_close);
  CHECK_EQ(behind.offset, sample.bytes.size());
  CHECK(!behind.clean);

  // The same numbers with another payload, sealed behind a frame that is not the one before it.
  Bytes forged = part(sample, 1, 1);
  FrameHeader header;
  std::memcpy(&header, forged.data(), sizeof(header));
  std::uint64_t salt = 0;
  std::memcpy(&salt, head.data() + offsetof(FileHeader, checksum), sizeof(salt));
  seal(header, forged.data() + sizeof(header), 12345, salt);
  std::memcpy(forged.data(), &header, sizeof(header));
  const ReadResult forked = read_bytes(joined({head, part(sample, 0, 1), forged}));
  CHECK_EQ(forked.status, ReadStatus::wrong_chain);
  CHECK_EQ(forked.offset, second);
}

TEST(a_frame_of_another_run_is_no_frame) {
  const Sample sample = make_sample(Left::closed);
  fault::Files other;
  const auto writer = new_writer(other, 8);
  CHECK(entries::commit_next(*writer, 3) == 0);
  const Bytes& bytes = other.bytes(path);
  const Bytes frame(bytes.begin() + first_frame_offset, bytes.end());
  const ReadResult result = read_bytes(joined({file_head(sample), frame}));
  CHECK_EQ(result.status, ReadStatus::torn_tail);
  CHECK_EQ(result.offset, first_frame_offset);
}

TEST(more_garbage_than_a_frame_can_hold_is_no_torn_tail) {
  const Sample sample = make_sample(Left::acknowledged);
  Bytes bytes = sample.bytes;
  bytes.resize(sample.bytes.size() + frame_bytes_max);
  CHECK_EQ(read_bytes(bytes).status, ReadStatus::torn_tail);
  bytes.push_back(0);
  const ReadResult result = read_bytes(bytes);
  CHECK_EQ(result.status, ReadStatus::damaged);
  CHECK_EQ(result.offset, sample.bytes.size());
}

// Frame headers made up by someone who knows the format, one each 40 bytes and each asking for all
// that follows to be hashed: the search gives up, and gives up by refusing.
TEST(a_tail_made_up_to_be_slow_is_refused) {
  const Sample sample = make_sample(Left::acknowledged);
  Bytes bytes = file_head(sample);
  FrameHeader header;
  std::memcpy(&header, sample.bytes.data() + sample.starts[0], sizeof(header));
  header.kind = Kind::blob;
  while (bytes.size() + sizeof(header) < frame_bytes_max) {
    header.length = static_cast<std::uint32_t>(frame_bytes_max - bytes.size() - sizeof(header));
    const auto* raw = reinterpret_cast<const unsigned char*>(&header);
    bytes.insert(bytes.end(), raw, raw + sizeof(header));
  }
  bytes.resize(frame_bytes_max);
  CHECK_EQ(read_bytes(bytes).status, ReadStatus::damaged);
}

TEST(a_torn_tail_is_cut_once) {
  const Sample sample = make_sample(Left::written);
  fault::Files files;
  files.put(path, sample.bytes);
  files.bytes(path).resize(sample.bytes.size() - 5);
  const ReadResult torn = read(files, sample);
  CHECK_EQ(torn.status, ReadStatus::torn_tail);
  CHECK(cut_tail(files, path, torn) == 0);
  CHECK_EQ(files.bytes(path).size(), torn.offset);
  const ReadResult whole = read(files, sample);
  CHECK_EQ(whole.status, ReadStatus::ok);
  CHECK_EQ(whole.next_sequence, torn.next_sequence);
  CHECK(cut_tail(files, path, whole) == EINVAL);
  CHECK(cut_tail(files, path, torn) == EINVAL);  // the file has changed since
}

TEST(what_is_no_journal_of_this_version_is_named) {
  const Sample sample = make_sample(Left::closed);
  const auto with = [&](std::size_t offset, std::uint32_t value) {
    Bytes bytes = sample.bytes;
    std::memcpy(bytes.data() + offset, &value, sizeof(value));
    return read_bytes(bytes).status;
  };
  CHECK_EQ(with(offsetof(FileHeader, version), journal_version + 1), ReadStatus::future_version);
  CHECK_EQ(with(offsetof(FileHeader, endian), endian_mark_swapped), ReadStatus::wrong_endianness);
  CHECK_EQ(with(offsetof(FileHeader, run_id), 0), ReadStatus::bad_header);
  CHECK_EQ(with(0, 0), ReadStatus::bad_magic);
  fault::Files none;
  const ReadResult missing = read_journal(none, path, [](const Frame&) { return true; });
  CHECK_EQ(missing.status, ReadStatus::io_error);
  CHECK_EQ(missing.error, ENOENT);
}

TEST(a_sink_can_stop_the_reading) {
  const Sample sample = make_sample(Left::closed);
  fault::Files files;
  files.put(path, sample.bytes);
  int frames = 0;
  const ReadResult result = read_journal(files, path, [&](const Frame&) { return ++frames < 3; });
  CHECK_EQ(result.status, ReadStatus::stopped);
  CHECK_EQ(result.offset, sample.starts[2]);
}

CHECK_MAIN()
