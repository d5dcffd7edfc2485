// A journal of 64 KiB to be damaged, and what its writer had published of it.
#pragma once

#include <algorithm>

#include "check.hpp"
#include "fault_files.hpp"
#include "journal/frame_writer.hpp"
#include "journal/reader.hpp"
#include "journal_entries.hpp"

namespace journal_sample {

using namespace tickmargin::journal;
using fault::Bytes;

inline const std::string path = "journal";
inline constexpr std::size_t file_bytes_least = 64 << 10;

struct Sample {
  Bytes bytes;
  std::vector<std::size_t> starts;       // of frames; the end of the file last
  std::vector<std::uint64_t> sequences;  // the first of each frame; the next behind the file last
  std::uint64_t durable = 0;             // as the writer published it

  bool keeps_what_was_durable(std::size_t frames) const { return sequences[frames] > durable; }
};

// How the writer left the file.
enum class Left {
  written,       // the last frame is on the disk, and not yet called durable
  acknowledged,  // it is
  closed,
};

inline std::unique_ptr<FrameWriter> new_writer(Files& files, std::uint64_t run = 7) {
  JournalHead head;
  head.run_id[0] = run;
  std::unique_ptr<FrameWriter> writer;
  CHECK(FrameWriter::create(files, path, head, &writer) == 0);
  return writer;
}

// Frames of 1 to 24 records, so that most sectors hold parts of several.
inline Sample make_sample(Left left) {
  fault::Files files;
  const auto writer = new_writer(files);
  Bytes& bytes = files.bytes(path);
  Sample sample;
  for (std::size_t i = 1; bytes.size() < file_bytes_least; ++i) {
    sample.starts.push_back(bytes.size());
    sample.sequences.push_back(writer->next_seq());
    CHECK(entries::commit_next(*writer, 1 + i * i % 24) == 0);
    CHECK_EQ(writer->durable_seq(), sample.sequences.back() - 1);
    // A mark by itself now and then, so that either slot may hold the newest.
    if (i % 5 == 0) CHECK(writer->commit_mark() == 0);
  }
  if (left == Left::written && !writer->mark_is_due()) {
    sample.starts.push_back(bytes.size());
    sample.sequences.push_back(writer->next_seq());
    CHECK(entries::commit_next(*writer, 9) == 0);
  }
  if (left == Left::acknowledged) CHECK(writer->commit_mark() == 0);
  if (left == Left::closed) {
    sample.starts.push_back(bytes.size());
    sample.sequences.push_back(writer->next_seq());
    CHECK(writer->commit(Kind::clean_close, 0) == 0);
  }
  sample.starts.push_back(bytes.size());
  sample.sequences.push_back(writer->next_seq());
  sample.durable = writer->durable_seq();
  CHECK((sample.durable + 1 == writer->next_seq()) == (left != Left::written));
  sample.bytes = bytes;
  return sample;
}

// The frame that a byte belongs to, as an index into `starts`.
inline std::size_t frame_of(const Sample& sample, std::size_t byte) {
  const auto above = std::upper_bound(sample.starts.begin(), sample.starts.end(), byte);
  return static_cast<std::size_t>(above - sample.starts.begin()) - 1;
}

// Reads, and checks that what was given out is what stood at the start of the sample.
inline ReadResult read(Files& files, const Sample& sample) {
  std::size_t frame = 0;
  bool exact = true;
  const ReadResult result = read_journal(files, path, [&](const Frame& found) {
    const unsigned char* expected = sample.bytes.data() + sample.starts[frame];
    FrameHeader header;
    std::memcpy(&header, expected, sizeof(header));
    exact = exact && found.sequence == header.sequence && found.kind == header.kind &&
            found.payload.size() == header.length &&
            std::memcmp(found.payload.data(), expected + sizeof(header), header.length) == 0;
    ++frame;
    return exact;
  });
  CHECK(exact);
  return result;
}

// As the file began, before anything was called durable.
inline Bytes file_head(const Sample& sample) {
  Bytes head(sample.bytes.begin(), sample.bytes.begin() + first_frame_offset);
  FileHeader header;
  std::memcpy(&header, head.data(), sizeof(header));
  for (std::uint64_t count = 0; count < 2; ++count) {
    const DurableMark mark =
        make_mark(count, 0, first_frame_offset, header.checksum, header.checksum);
    std::memcpy(head.data() + slot_offset(count), &mark, sizeof(mark));
  }
  return head;
}

inline ReadResult read_bytes(const Bytes& bytes) {
  fault::Files files;
  files.put(path, bytes);
  return read_journal(files, path, [](const Frame&) { return true; });
}

}  // namespace journal_sample
