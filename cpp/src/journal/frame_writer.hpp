// Writes one journal file, a frame at a time, on the thread that calls it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/aligned_buffer.hpp"
#include "journal/files.hpp"
#include "journal/format.hpp"
#include "tickmargin/version.hpp"

namespace tickmargin::journal {

struct JournalHead {
  std::string_view engine_version = TICKMARGIN_VERSION;  // at most 15 bytes
  std::uint64_t run_id[2] = {0, 0};
  std::uint64_t first_sequence = 1;  // not 0, which stands for "none"
  std::uint64_t state_hash = 0;
};

class FrameWriter {
 public:
  // Creates the file with its header and makes both last, or leaves no file behind: it has its name
  // only once it is whole. 0 or an errno; EINVAL for a head that does not fit.
  static int create(Files& files, const std::string& path, const JournalHead& head,
                    std::unique_ptr<FrameWriter>* writer);

  // Where the payload of the next frame is put, `payload_bytes_max` long.
  unsigned char* payload() noexcept { return frame_.data() + sizeof(FrameHeader); }

  // Seals the payload, writes the frame, with it the mark that says that the one before is on the
  // disk, and waits until both are. One frame at most is ever on its way: so a frame that is
  // damaged while another stands behind it cannot be the work of a crash. After the first error
  // nothing is written again, and the same error is answered.
  int commit(Kind kind, std::size_t length) noexcept;

  // The mark of the last frame by itself, where no other frame takes it along.
  int commit_mark() noexcept;
  bool mark_is_due() const noexcept { return mark_is_due_; }

  // The last sequence number that may be called durable: it is on the disk, and so is a mark that
  // says so. One less than the first before there is one.
  std::uint64_t durable_seq() const noexcept { return durable_sequence_; }
  std::uint64_t next_seq() const noexcept { return next_sequence_; }
  int error() const noexcept { return error_; }

 private:
  FrameWriter(std::unique_ptr<File> file, const FileHeader& header);
  int write_mark() noexcept;

  std::unique_ptr<File> file_;
  base::AlignedBuffer<unsigned char> frame_;
  std::uint64_t salt_;
  std::uint64_t chain_;
  std::uint64_t next_sequence_;
  std::uint64_t durable_sequence_;
  std::uint64_t offset_ = first_frame_offset;
  std::uint64_t mark_count_ = 2;  // of the next; the file begins with two
  bool mark_is_due_ = false;
  int error_ = 0;
};

}  // namespace tickmargin::journal
