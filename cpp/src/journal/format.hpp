// The bytes of a journal file; README.md beside this file says why they are so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/hash.hpp"

namespace tickmargin::journal {

inline constexpr std::size_t record_bytes = 64;
inline constexpr std::size_t payload_bytes_max = std::size_t{4} << 20;

inline constexpr char journal_magic[8] = {'T', 'M', 'J', 'O', 'U', 'R', 'N', 'L'};
inline constexpr std::uint32_t journal_version = 2;
inline constexpr std::uint32_t endian_mark = 0x01020304;
inline constexpr std::uint32_t endian_mark_swapped = 0x04030201;

struct FileHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t endian;
  char engine_version[16];  // text, zeros behind it
  std::uint64_t run_id[2];
  std::uint64_t first_sequence;
  std::uint64_t state_hash;  // of the state that the first entry is applied to
  std::uint64_t checksum;    // of everything above
};
static_assert(sizeof(FileHeader) == 72);

inline std::uint64_t header_checksum(const FileHeader& header) noexcept {
  return base::hash64(&header, offsetof(FileHeader, checksum));
}

// Up to where the file is known to be on the disk. Two slots take turns, each in a block of its
// own: whatever becomes of the one that is being written, the other is as it was.
struct DurableMark {
  std::uint32_t mark;      // as a frame's
  std::uint32_t reserved;  // zero
  std::uint64_t count;     // rises by one a mark; its parity is the slot's
  std::uint64_t sequence;  // of the last entry
  std::uint64_t offset;    // of the first byte behind it
  std::uint64_t chain;     // of the last frame
  std::uint64_t checksum;  // of the above, seeded as a frame's
};
static_assert(sizeof(DurableMark) == 48);

inline constexpr std::uint64_t block_bytes = 4096;  // the largest sector of a disk
inline constexpr std::uint64_t first_frame_offset = 3 * block_bytes;

constexpr std::uint64_t slot_offset(std::uint64_t count) noexcept {
  return block_bytes * (1 + count % 2);
}

inline std::uint64_t mark_checksum(const DurableMark& mark, std::uint64_t salt) noexcept {
  return base::hash64(&mark, offsetof(DurableMark, checksum), salt);
}

inline DurableMark make_mark(std::uint64_t count, std::uint64_t sequence, std::uint64_t offset,
                             std::uint64_t chain, std::uint64_t salt) noexcept {
  DurableMark mark{static_cast<std::uint32_t>(salt), 0, count, sequence, offset, chain, 0};
  mark.checksum = mark_checksum(mark, salt);
  return mark;
}

// Of the slot that takes marks of an even count, or of an odd one.
inline bool mark_is_valid(const DurableMark& mark, std::uint64_t parity,
                          std::uint64_t salt) noexcept {
  return mark.mark == static_cast<std::uint32_t>(salt) && mark.reserved == 0 &&
         mark.count % 2 == parity && mark.checksum == mark_checksum(mark, salt);
}

enum class Kind : std::uint16_t {
  records = 1,          // one or more of 64 bytes, a sequence number each
  blob = 2,             // any bytes, one sequence number
  snapshot_marker = 3,  // any bytes, one sequence number
  clean_close = 4,      // no bytes, no sequence number, nothing behind it
};

struct FrameHeader {
  std::uint32_t mark;    // of this file: the low half of its header's checksum
  std::uint32_t length;  // of the payload in bytes, before it is padded with zeros to 8
  Kind kind;
  std::uint16_t flags;     // zero
  std::uint32_t reserved;  // zero
  std::uint64_t sequence;  // of the first entry in the payload
  std::uint64_t chain;
  std::uint64_t checksum;
};
static_assert(sizeof(FrameHeader) == 40);

inline constexpr std::size_t frame_bytes_max = sizeof(FrameHeader) + payload_bytes_max;

constexpr std::size_t padded(std::size_t length) noexcept {
  return (length + 7) & ~std::size_t{7};
}

constexpr bool shape_is_valid(const FrameHeader& header, std::uint32_t mark) noexcept {
  if (header.mark != mark || header.flags != 0 || header.reserved != 0) return false;
  if (header.length > payload_bytes_max) return false;
  switch (header.kind) {
    case Kind::records: return header.length > 0 && header.length % record_bytes == 0;
    case Kind::blob:
    case Kind::snapshot_marker: return true;
    case Kind::clean_close: return header.length == 0;
  }
  return false;
}

// How many sequence numbers a frame of a valid shape takes.
constexpr std::uint64_t entry_count(const FrameHeader& header) noexcept {
  if (header.kind == Kind::records) return header.length / record_bytes;
  return header.kind == Kind::clean_close ? 0 : 1;
}

// The payload is read once: chain and checksum are both hashes of the 40 bytes of the header, with
// the payload's digest where the checksum goes, and for the chain the previous one where it goes.
// `salt` is the checksum of the file's header, so a frame of another file never verifies in this.
inline std::uint64_t payload_digest(const void* payload, std::size_t length,
                                    std::uint64_t salt) noexcept {
  return base::hash64(payload, padded(length), salt);
}

inline std::uint64_t frame_hash(FrameHeader header, std::uint64_t chain, std::uint64_t digest,
                                std::uint64_t salt) noexcept {
  header.chain = chain;
  header.checksum = digest;
  return base::hash64(&header, sizeof(header), salt);
}

inline void seal(FrameHeader& header, const void* payload, std::uint64_t previous_chain,
                 std::uint64_t salt) noexcept {
  const std::uint64_t digest = payload_digest(payload, header.length, salt);
  header.chain = frame_hash(header, previous_chain, digest, salt);
  header.checksum = frame_hash(header, header.chain, digest, salt);
}

}  // namespace tickmargin::journal
