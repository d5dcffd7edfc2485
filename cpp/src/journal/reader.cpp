#include "journal/reader.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>

namespace tickmargin::journal {
namespace {

// Large enough that a read costs little a byte, small enough that what is read is still in the
// second-level cache when it is hashed.
constexpr std::size_t read_bytes = std::size_t{512} << 10;

// Bytes hashed at most in search of a frame behind a bad one. A torn tail holds the file's mark by
// chance once in 2^32 positions; a file that needs more than this was made up.
constexpr std::uint64_t search_bytes_max = 64 * std::uint64_t{frame_bytes_max};

// A part of the file in memory, never larger than one frame and one read, or the file.
class Window {
 public:
  Window(File& file, std::uint64_t file_bytes)
      : file_(file),
        file_bytes_(file_bytes),
        capacity_(static_cast<std::size_t>(
            std::min<std::uint64_t>(file_bytes, frame_bytes_max + read_bytes))),
        buffer_(new unsigned char[capacity_ + alignment]) {}

  // `count` bytes at `offset`, which lie inside the file, or null on an error of it. Offsets only
  // ever grow, but for what the window still holds. Offsets that are a multiple of 8 give memory
  // that is.
  const unsigned char* at(std::uint64_t offset, std::size_t count) {
    if (offset + count > base_ + held_) refill(offset, count);
    return error_ == 0 ? start() + (offset - base_) : nullptr;
  }

  int error() const noexcept { return error_; }

 private:
  static constexpr std::size_t alignment = 8;

  unsigned char* start() noexcept { return buffer_.get() + shift_; }

  void refill(std::uint64_t offset, std::size_t count) {
    const std::size_t kept = static_cast<std::size_t>(base_ + held_ - offset);
    const unsigned char* from = start() + (offset - base_);
    shift_ = static_cast<std::size_t>(offset % alignment);
    std::memmove(start(), from, kept);
    base_ = offset;
    held_ = kept;
    const std::size_t missing = std::max(count - kept, read_bytes);
    const std::size_t reading = static_cast<std::size_t>(
        std::min<std::uint64_t>({missing, capacity_ - kept, file_bytes_ - (offset + kept)}));
    error_ = file_.read(base_ + held_, start() + held_, reading);
    held_ += reading;
  }

  File& file_;
  std::uint64_t file_bytes_;
  std::size_t capacity_;
  std::unique_ptr<unsigned char[]> buffer_;  // not zeroed: it is overwritten at once
  std::size_t shift_ = 0;
  std::uint64_t base_ = 0;
  std::size_t held_ = 0;
  int error_ = 0;
};

struct Found {
  FrameHeader header;
  const unsigned char* payload;  // null: no valid frame here
  std::uint64_t digest;
};

class Reader {
 public:
  Reader(File& file, std::uint64_t file_bytes) : window_(file, file_bytes), end_(file_bytes) {}

  ReadResult read(const FrameSink& sink) {
    if (!read_header() || !read_marks()) return result_;
    std::uint64_t& offset = result_.offset;
    std::uint64_t chain = salt_;
    while (true) {
      if (offset == newest_.offset) {
        reached_ = result_.next_sequence - 1 == newest_.sequence && chain == newest_.chain;
        if (!reached_) return refuse(ReadStatus::damaged);
      }
      if (offset >= end_) break;
      if (result_.clean) return refuse(ReadStatus::after_close);
      const Found found = frame_at(offset);
      if (window_.error() != 0) return io_error();
      if (found.payload == nullptr) return judge_tail();
      if (found.header.sequence != result_.next_sequence) return refuse(ReadStatus::bad_sequence);
      if (frame_hash(found.header, chain, found.digest, salt_) != found.header.chain) {
        return refuse(ReadStatus::wrong_chain);
      }
      chain = found.header.chain;
      const std::uint64_t count = entry_count(found.header);
      if (found.header.kind == Kind::clean_close) {
        result_.clean = true;
      } else if (!sink({found.header.kind, found.header.sequence, count,
                        std::as_bytes(std::span(found.payload, found.header.length))})) {
        return refuse(ReadStatus::stopped);
      }
      offset += sizeof(FrameHeader) + padded(found.header.length);
      result_.next_sequence += count;
    }
    return lost_what_was_durable() ? refuse(ReadStatus::damaged) : result_;
  }

 private:
  ReadResult refuse(ReadStatus status) {
    result_.status = status;
    result_.clean = false;
    return result_;
  }

  ReadResult io_error() {
    result_.error = window_.error();
    return refuse(ReadStatus::io_error);
  }

  bool read_header() {
    FileHeader header;
    if (end_ < sizeof(header)) return refuse_header(ReadStatus::bad_magic);
    const unsigned char* bytes =
        window_.at(0, static_cast<std::size_t>(std::min(end_, first_frame_offset)));
    if (bytes == nullptr) {
      io_error();
      return false;
    }
    std::memcpy(&header, bytes, sizeof(header));
    if (std::memcmp(header.magic, journal_magic, sizeof(header.magic)) != 0) {
      return refuse_header(ReadStatus::bad_magic);
    }
    if (header.endian == endian_mark_swapped) return refuse_header(ReadStatus::wrong_endianness);
    if (header.version != journal_version) return refuse_header(ReadStatus::future_version);
    if (header.endian != endian_mark || header.checksum != header_checksum(header) ||
        header.first_sequence == 0) {
      return refuse_header(ReadStatus::bad_header);
    }
    result_.header = header;
    if (end_ < first_frame_offset) {
      result_.offset = end_;
      return refuse_header(ReadStatus::damaged);
    }
    for (std::uint64_t slot = 0; slot < 2; ++slot) {
      std::memcpy(&slots_[slot], bytes + slot_offset(slot), sizeof(DurableMark));
    }
    result_.offset = first_frame_offset;
    result_.next_sequence = header.first_sequence;
    salt_ = header.checksum;
    mark_ = static_cast<std::uint32_t>(salt_);
    return true;
  }

  bool refuse_header(ReadStatus status) {
    refuse(status);
    return false;
  }

  // The newest mark. A slot that does not verify is one that a crash tore, or was damaged since.
  bool read_marks() {
    const bool whole[2] = {mark_is_valid(slots_[0], 0, salt_), mark_is_valid(slots_[1], 1, salt_)};
    both_whole_ = whole[0] && whole[1];
    const bool second = whole[1] && (!whole[0] || slots_[1].count > slots_[0].count);
    newest_ = slots_[second ? 1 : 0];
    const DurableMark& other = slots_[second ? 0 : 1];
    const bool fit = whole[second ? 1 : 0] && newest_.offset >= first_frame_offset &&
                     (!both_whole_ || newest_.count == other.count + 1);
    if (fit) return true;
    result_.offset = slot_offset(second ? 1 : 0);
    return refuse_header(ReadStatus::damaged);
  }

  // Whether entries are missing that were called durable. The newest mark says what was, if both
  // are whole. One that is not was the newest, or the one before: marks are written one a frame,
  // and only once that frame is on the disk, so at most one frame more was called durable than the
  // other mark says, and that frame must be there, whether the mark was torn by a crash or damaged.
  bool lost_what_was_durable() const noexcept {
    return !reached_ || (!both_whole_ && result_.offset == newest_.offset);
  }

  // The frame that starts at `offset`, if what stands there is one whatever stands around it.
  Found frame_at(std::uint64_t offset) {
    Found found{};
    if (end_ - offset < sizeof(FrameHeader)) return found;
    const unsigned char* bytes = window_.at(offset, sizeof(FrameHeader));
    if (bytes == nullptr) return found;
    std::memcpy(&found.header, bytes, sizeof(FrameHeader));
    if (!shape_is_valid(found.header, mark_)) return found;
    const std::size_t frame_bytes = sizeof(FrameHeader) + padded(found.header.length);
    if (frame_bytes > end_ - offset) return found;
    bytes = window_.at(offset, frame_bytes);
    if (bytes == nullptr) return found;
    hashed_bytes_ += frame_bytes;
    const unsigned char* payload = bytes + sizeof(FrameHeader);
    found.digest = payload_digest(payload, found.header.length, salt_);
    const bool verifies =
        frame_hash(found.header, found.header.chain, found.digest, salt_) == found.header.checksum;
    if (verifies) found.payload = payload;
    return found;
  }

  // The frame at the offset does not verify. The writer has one frame at most on its way, so a
  // crash leaves no valid frame behind a bad one, and no more bytes than one frame has: anything
  // else is damage to what was once on the disk. Every byte is looked at, as some may be lost.
  ReadResult judge_tail() {
    const std::uint64_t rest = end_ - result_.offset;
    if (lost_what_was_durable() || rest > frame_bytes_max) return refuse(ReadStatus::damaged);
    hashed_bytes_ = 0;
    for (std::uint64_t offset = result_.offset + 1; offset < end_; ++offset) {
      const Found found = frame_at(offset);
      if (window_.error() != 0) return io_error();
      if (found.payload != nullptr || hashed_bytes_ > search_bytes_max) {
        return refuse(ReadStatus::damaged);
      }
    }
    result_.dropped_bytes = rest;
    return refuse(ReadStatus::torn_tail);
  }

  Window window_;
  std::uint64_t end_;
  std::uint64_t salt_ = 0;
  std::uint32_t mark_ = 0;
  std::uint64_t hashed_bytes_ = 0;
  DurableMark slots_[2] = {};
  DurableMark newest_{};
  bool both_whole_ = false;
  bool reached_ = false;
  ReadResult result_{};
};

ReadResult failed(int error) {
  ReadResult result{};
  result.status = ReadStatus::io_error;
  result.error = error;
  return result;
}

}  // namespace

const char* read_status_name(ReadStatus status) noexcept {
  switch (status) {
    case ReadStatus::ok: return "ok";
    case ReadStatus::torn_tail: return "torn_tail";
    case ReadStatus::io_error: return "io_error";
    case ReadStatus::stopped: return "stopped";
    case ReadStatus::bad_magic: return "bad_magic";
    case ReadStatus::wrong_endianness: return "wrong_endianness";
    case ReadStatus::future_version: return "future_version";
    case ReadStatus::bad_header: return "bad_header";
    case ReadStatus::damaged: return "damaged";
    case ReadStatus::bad_sequence: return "bad_sequence";
    case ReadStatus::wrong_chain: return "wrong_chain";
    case ReadStatus::after_close: return "after_close";
  }
  return "unknown";
}

ReadResult read_journal(Files& files, const std::string& path, const FrameSink& sink) {
  std::unique_ptr<File> file;
  int error = files.open(path, Access::read, &file);
  std::uint64_t file_bytes = 0;
  if (error == 0) error = file->size(&file_bytes);
  if (error != 0) return failed(error);
  return Reader(*file, file_bytes).read(sink);
}

int cut_tail(Files& files, const std::string& path, const ReadResult& result) {
  if (result.status != ReadStatus::torn_tail) return EINVAL;
  std::unique_ptr<File> file;
  int error = files.open(path, Access::write, &file);
  std::uint64_t file_bytes = 0;
  if (error == 0) error = file->size(&file_bytes);
  if (error != 0) return error;
  if (file_bytes != result.offset + result.dropped_bytes) return EINVAL;
  error = file->truncate(result.offset);
  return error == 0 ? file->sync() : error;
}

}  // namespace tickmargin::journal
