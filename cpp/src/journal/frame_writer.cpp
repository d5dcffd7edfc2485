#include "journal/frame_writer.hpp"

#include <cerrno>
#include <utility>

#include "base/assert.hpp"

namespace tickmargin::journal {

FrameWriter::FrameWriter(std::unique_ptr<File> file, const FileHeader& header)
    : file_(std::move(file)),
      frame_(frame_bytes_max),
      salt_(header.checksum),
      chain_(header.checksum),
      next_sequence_(header.first_sequence) {}

int FrameWriter::create(Files& files, const std::string& path, const JournalHead& head,
                        std::unique_ptr<FrameWriter>* writer) {
  FileHeader header{};
  if (head.first_sequence == 0 || head.engine_version.size() >= sizeof(header.engine_version)) {
    return EINVAL;
  }
  std::memcpy(header.magic, journal_magic, sizeof(header.magic));
  header.version = journal_version;
  header.endian = endian_mark;
  head.engine_version.copy(header.engine_version, sizeof(header.engine_version));
  header.run_id[0] = head.run_id[0];
  header.run_id[1] = head.run_id[1];
  header.first_sequence = head.first_sequence;
  header.state_hash = head.state_hash;
  header.checksum = header_checksum(header);

  std::unique_ptr<File> file;
  int error = files.create(path, &file);
  if (error != 0) return error;
  error = file->write(0, &header, sizeof(header));
  if (error == 0) error = file->sync();
  if (error == 0) error = files.sync_directory(path);
  if (error != 0) {
    files.remove(path);  // best effort: the error that is answered is the first one
    return error;
  }
  writer->reset(new FrameWriter(std::move(file), header));
  return 0;
}

int FrameWriter::commit(Kind kind, std::size_t length) noexcept {
  if (error_ != 0) return error_;
  FrameHeader header{};
  header.mark = static_cast<std::uint32_t>(salt_);
  header.length = static_cast<std::uint32_t>(length);
  header.kind = kind;
  header.sequence = next_sequence_;
  TICKMARGIN_ASSERT(length <= payload_bytes_max && shape_is_valid(header, header.mark));

  std::memset(payload() + length, 0, padded(length) - length);
  seal(header, payload(), chain_, salt_);
  std::memcpy(frame_.data(), &header, sizeof(header));
  const std::size_t frame_bytes = sizeof(header) + padded(length);
  error_ = file_->write(offset_, frame_.data(), frame_bytes);
  if (error_ == 0) error_ = file_->sync();
  if (error_ != 0) return error_;
  offset_ += frame_bytes;
  chain_ = header.chain;
  next_sequence_ += entry_count(header);
  return 0;
}

}  // namespace tickmargin::journal
