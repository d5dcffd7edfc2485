#include "journal/frame_writer.hpp"

#include <cerrno>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace tickmargin::journal {

FrameWriter::FrameWriter(std::unique_ptr<File> file, const FileHeader& header)
    : file_(std::move(file)),
      frame_(frame_bytes_max),
      salt_(header.checksum),
      chain_(header.checksum),
      next_sequence_(header.first_sequence),
      durable_sequence_(header.first_sequence - 1) {}

namespace {

// Header and both slots, which say that nothing is behind them.
int write_head(File& file, const FileHeader& header) {
  std::vector<unsigned char> head(first_frame_offset);
  std::memcpy(head.data(), &header, sizeof(header));
  for (std::uint64_t count = 0; count < 2; ++count) {
    const std::uint64_t salt = header.checksum;
    const DurableMark mark =
        make_mark(count, header.first_sequence - 1, first_frame_offset, salt, salt);
    std::memcpy(head.data() + slot_offset(count), &mark, sizeof(mark));
  }
  const int error = file.write(0, head.data(), head.size());
  return error == 0 ? file.sync() : error;
}

int refuse_existing(Files& files, const std::string& path) {
  std::unique_ptr<File> there;
  const int error = files.open(path, Access::read, &there);
  return error == 0 ? EEXIST : error == ENOENT ? 0 : error;
}

}  // namespace

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

  int error = refuse_existing(files, path);
  if (error != 0) return error;
  const std::string temporary = path + ".tmp";
  std::unique_ptr<File> file;
  error = files.remove(temporary);  // of a crash before
  if (error != 0 && error != ENOENT) return error;
  error = files.create(temporary, &file);
  if (error != 0) return error;
  error = write_head(*file, header);
  const bool whole = error == 0;
  if (whole) error = files.rename(temporary, path);
  const bool renamed = whole && error == 0;
  if (renamed) error = files.sync_directory(path);
  if (error != 0) {
    // Best effort: the error that is answered is the first one.
    files.remove(renamed ? path : temporary);
    return error;
  }
  writer->reset(new FrameWriter(std::move(file), header));
  return 0;
}

int FrameWriter::write_mark() noexcept {
  const DurableMark mark = make_mark(mark_count_, next_sequence_ - 1, offset_, chain_, salt_);
  return file_->write(slot_offset(mark_count_), &mark, sizeof(mark));
}

int FrameWriter::commit_mark() noexcept {
  if (error_ != 0 || !mark_is_due_) return error_;
  error_ = write_mark();
  if (error_ == 0) error_ = file_->sync();
  if (error_ != 0) return error_;
  ++mark_count_;
  durable_sequence_ = next_sequence_ - 1;
  mark_is_due_ = false;
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
  if (mark_is_due_) error_ = write_mark();
  if (error_ == 0) error_ = file_->write(offset_, frame_.data(), frame_bytes);
  if (error_ == 0) error_ = file_->sync();
  if (error_ != 0) return error_;
  if (mark_is_due_) {
    ++mark_count_;
    durable_sequence_ = next_sequence_ - 1;
  }
  mark_is_due_ = entry_count(header) != 0;
  offset_ += frame_bytes;
  chain_ = header.chain;
  next_sequence_ += entry_count(header);
  return 0;
}

}  // namespace tickmargin::journal
