// The marks that say what is durable, damaged themselves: what was called durable is there, or the
// file is refused.
#include "journal_sample.hpp"

using namespace journal_sample;

// A mark that is damaged and the end lost besides: the other mark still answers for the end.
TEST(a_mark_damaged_and_the_end_cut) {
  for (const Left left : {Left::closed, Left::acknowledged, Left::written}) {
    const Sample sample = make_sample(left);
    const std::size_t frames = sample.starts.size() - 1;
    for (std::uint64_t slot = 0; slot < 2; ++slot) {
      for (std::size_t kept = frames - 4; kept <= frames; ++kept) {
        fault::Files files;
        files.put(path, sample.bytes);
        Bytes& bytes = files.bytes(path);
        bytes[slot_offset(slot) + 20] ^= 1;
        bytes.resize(sample.starts[kept] + (kept < frames ? 7 : 0));
        const ReadResult result = read(files, sample);
        const bool taken =
            result.status == ReadStatus::ok || result.status == ReadStatus::torn_tail;
        CHECK(taken || result.status == ReadStatus::damaged);
        if (taken) CHECK(result.next_sequence > sample.durable);
      }
    }
  }
}

TEST(without_a_mark_nothing_is_vouched_for) {
  const Sample sample = make_sample(Left::closed);
  Bytes bytes = sample.bytes;
  bytes[slot_offset(0) + 8] ^= 1;
  bytes[slot_offset(1) + 8] ^= 1;
  CHECK_EQ(read_bytes(bytes).status, ReadStatus::damaged);
  // Marks of the start, as if none had been written since: no crash leaves that.
  bytes = sample.bytes;
  const Bytes head = file_head(sample);
  std::copy_n(head.begin() + block_bytes, block_bytes, bytes.begin() + block_bytes);
  CHECK_EQ(read_bytes(bytes).status, ReadStatus::damaged);
}

CHECK_MAIN()
