// Reads a journal file and answers for every byte of it: an exact prefix of what was appended, or
// a refusal that says where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "journal/files.hpp"
#include "journal/format.hpp"

namespace tickmargin::journal {

enum class ReadStatus : std::uint8_t {
  ok = 0,
  torn_tail = 1,  // the last frame is incomplete, as a crash leaves it; everything before was read,
                  // and all that was called durable is in it
  // The file is not one to go on from. The first two are about calls, the rest about bytes.
  io_error = 2,   // `error` says which
  stopped = 3,    // the sink answered false
  bad_magic = 4,  // another kind of file, or its creation was never finished
  wrong_endianness = 5,
  future_version = 6,  // or past: only this version is read
  bad_header = 7,
  damaged = 8,       // not the work of a crash: a frame that does not verify, or an end before
                     // what was called durable
  bad_sequence = 9,  // a frame that verifies, with entries missing before it or given twice
  wrong_chain = 10,  // a frame that verifies, behind another than the one it was written behind
  after_close = 11,  // bytes behind a clean close
};

const char* read_status_name(ReadStatus status) noexcept;

struct Frame {
  Kind kind;               // records, blob or snapshot_marker
  std::uint64_t sequence;  // of its first entry
  std::uint64_t count;     // entries: of records, one each 64 bytes of the payload; else 1
  std::span<const std::byte> payload;  // 8-byte aligned, valid during the call
};

// Called for each frame in order, after it is verified; false stops the reading.
using FrameSink = std::function<bool(const Frame&)>;

struct ReadResult {
  ReadStatus status;
  int error;                    // of io_error, an errno
  std::uint64_t offset;         // of the first byte not vouched for: where trouble is, or the end
  std::uint64_t dropped_bytes;  // of torn_tail: from `offset` to the end
  std::uint64_t next_sequence;  // the first that was not read
  bool clean;                   // ends with a clean close
  FileHeader header;            // zeros if it was refused
};

// What the sink was given before a refusal was all verified, but is not to be acted on: more is
// missing behind it.
ReadResult read_journal(Files& files, const std::string& path, const FrameSink& sink);

// Cuts the torn tail that `result` tells of and makes the new length last. 0 or an errno; EINVAL
// if it is no torn tail or the file has another length by now.
int cut_tail(Files& files, const std::string& path, const ReadResult& result);

}  // namespace tickmargin::journal
