// What the journal tests write: the entry of a sequence number is a function of the number, so a
// reader can be judged without a copy of what was written.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <thread>
#include <vector>

#include "base/hash.hpp"
#include "journal/frame_writer.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"

namespace entries {

using tickmargin::base::hash64;
using tickmargin::journal::Frame;
using tickmargin::journal::FrameWriter;
using tickmargin::journal::Journal;
using tickmargin::journal::Kind;
using tickmargin::journal::record_bytes;

struct Entry {
  Kind kind;
  std::vector<unsigned char> bytes;
};

// One in twelve is a blob, one in sixty a marker; an empty blob is among them.
inline Entry entry(std::uint64_t sequence) {
  const std::uint64_t drawn = hash64(&sequence, sizeof(sequence));
  Entry made{Kind::records, std::vector<unsigned char>(record_bytes)};
  if (drawn % 12 == 0) {
    made.kind = drawn % 60 == 0 ? Kind::snapshot_marker : Kind::blob;
    made.bytes.resize((drawn >> 8) % 300);
    if (sequence % 7 == 0) made.bytes.clear();
  }
  for (std::size_t i = 0; i < made.bytes.size(); i += 8) {
    const std::uint64_t word = hash64(&drawn, sizeof(drawn), i);
    std::memcpy(made.bytes.data() + i, &word, std::min<std::size_t>(8, made.bytes.size() - i));
  }
  return made;
}

// Judges frames as they come: `exact` stays true while they are the entries in order.
struct Judge {
  std::uint64_t next = 1;
  bool exact = true;

  bool operator()(const Frame& frame) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(frame.payload.data());
    std::size_t left = frame.payload.size();
    exact = exact && frame.sequence == next;
    for (std::uint64_t i = 0; i < frame.count; ++i, ++next) {
      const Entry expected = entry(next);
      const std::size_t size = expected.bytes.size();
      exact = exact && frame.kind == expected.kind && size <= left &&
              (size == 0 || std::memcmp(bytes, expected.bytes.data(), size) == 0);
      if (!exact) return false;
      bytes += size;
      left -= size;
    }
    exact = exact && left == 0;
    return true;
  }
};

// The next frame: one blob or marker, or up to `records_max` records. 0 or the writer's errno.
inline int commit_next(FrameWriter& writer, std::size_t records_max) {
  std::uint64_t sequence = writer.next_seq();
  std::size_t length = 0;
  for (std::size_t i = 0; i < records_max; ++i, ++sequence) {
    const Entry next = entry(sequence);
    if (next.kind != Kind::records && i > 0) break;
    if (!next.bytes.empty()) {
      std::memcpy(writer.payload() + length, next.bytes.data(), next.bytes.size());
    }
    length += next.bytes.size();
    if (next.kind != Kind::records) return writer.commit(next.kind, length);
  }
  return writer.commit(Kind::records, length);
}

// The same to a journal that runs. If it takes nothing now, its thread is let go on first.
inline bool append_next(Journal& journal) {
  const Entry next = entry(journal.next_seq());
  const auto bytes = std::as_bytes(std::span(next.bytes));
  const bool taken = next.kind == Kind::records ? journal.append(next.bytes.data())
                     : next.kind == Kind::blob  ? journal.append_blob(bytes)
                                                : journal.append_snapshot_marker(bytes);
  if (!taken) std::this_thread::yield();
  return taken;
}

}  // namespace entries
