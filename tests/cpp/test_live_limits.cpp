// Numbers that rise within an account, amounts that the ledger cannot hold, and what a refusal of
// either leaves behind: nothing.
#include "check.hpp"
#include "live_small.hpp"

using namespace live_book;

namespace {

struct Desk {
  LiveEngine engine;

  Desk() : engine(small_inputs(1)) {
    for (std::uint16_t source = 0; source < 3; ++source) {
      for (std::int32_t u = 0; u < underlyings; ++u) {
        Record r = make_record(RecordType::index_tick, u, start_ns);
        r.source = source;
        r.sequence = 1;
        r.value[0] = index_at_start[u];
        const RecordStatus answer = engine.apply(r).status;
        CHECK_EQ(answer, RecordStatus::ok);
      }
    }
  }

  // Applies it; what is refused changes no bit.
  RecordStatus send(const Record& r) {
    const std::uint64_t before = engine.state_hash();
    const RecordStatus answer = engine.apply(r).status;
    Event events[64];
    while (engine.events(events) != 0) {
    }
    CHECK_EQ(engine.state_hash() == before, answer != RecordStatus::ok);
    return answer;
  }
};

Record move(RecordType type, std::int32_t subject, double a, double b = 0, std::int32_t number = 0,
            std::uint64_t id = 0) {
  Record r = make_record(type, subject, start_ns);
  r.account = 2;
  r.value[0] = a;
  r.value[1] = b;
  r.detail = number;
  r.sequence = id;
  return r;
}

TEST(what_has_a_number_is_taken_once) {
  Desk desk;
  const Record fill = move(RecordType::fill, 0, 0.5, 60'000.0, 7);
  CHECK_EQ(desk.send(fill), RecordStatus::ok);
  CHECK_EQ(desk.send(fill), RecordStatus::duplicate);
  CHECK_EQ(desk.send(move(RecordType::fill, 0, 0.6, 60'000.0, 7)), RecordStatus::conflicting);
  CHECK_EQ(desk.send(move(RecordType::fill, 0, 0.5, 60'000.0, 6)), RecordStatus::out_of_order);
  CHECK_EQ(desk.send(move(RecordType::fill, 0, 0.5, 60'000.0, -1)), RecordStatus::out_of_range);
  // Another account counts for itself, and 0 asks for nothing.
  Record other = fill;
  other.account = 3;
  CHECK_EQ(desk.send(other), RecordStatus::ok);
  CHECK_EQ(desk.send(move(RecordType::fill, 0, 0.5, 60'000.0)), RecordStatus::ok);
  CHECK_EQ(desk.send(fill), RecordStatus::duplicate);
  // An order that was filled in full does not rest again.
  const Record order = move(RecordType::order, 0, 1.0, 59'000.0, 8, 77);
  CHECK_EQ(desk.send(order), RecordStatus::ok);
  const Record whole = move(RecordType::fill, 0, 1.0, 59'000.0, 9, 77);
  CHECK_EQ(desk.send(whole), RecordStatus::ok);
  CHECK_EQ(desk.send(order), RecordStatus::out_of_order);
  CHECK_EQ(desk.send(whole), RecordStatus::duplicate);  // though its order is gone
  CHECK_EQ(desk.send(move(RecordType::deposit, 0, 1e7, 0, 0, 5)), RecordStatus::ok);
  const Record out = move(RecordType::withdrawal, 0, 10.0, 0, 10);
  CHECK_EQ(desk.send(out), RecordStatus::ok);
  CHECK_EQ(desk.send(out), RecordStatus::duplicate);
  // What is refused uses no number up, and all of it is saved.
  CHECK_EQ(desk.send(move(RecordType::withdrawal, 0, 1e12, 0, 11)), RecordStatus::margin_refused);
  LiveEngine loaded = LiveEngine::load(desk.engine.save());
  CHECK_EQ(loaded.state_hash(), desk.engine.state_hash());
  const RecordStatus again = loaded.apply(out).status;
  CHECK_EQ(again, RecordStatus::duplicate);
  const RecordStatus next = loaded.apply(move(RecordType::withdrawal, 0, 10.0, 0, 11)).status;
  CHECK_EQ(next, RecordStatus::ok);
}

TEST(what_the_ledger_cannot_hold_is_refused) {
  Desk desk;
  const auto refused = [&](const Record& r) { CHECK_EQ(desk.send(r), RecordStatus::out_of_range); };
  for (const double amount : {1e300, 1e30, 0x1p63}) {
    refused(move(RecordType::fill, 0, amount, 60'000.0));
    refused(move(RecordType::fill, 0, -amount, 60'000.0));
    refused(move(RecordType::order, 0, amount, 60'000.0, 0, 9));
    refused(move(RecordType::deposit, 0, amount, 0, 0, 9));
    refused(move(RecordType::withdrawal, 0, amount));
  }
  refused(move(RecordType::fill, 0, 1.0, 1e300));
  refused(move(RecordType::fill, 1, 1.0, 1e-300));  // an inverse contract's coins
  // Few enough to count, too much to be worth at six decimals: 2^63 ticks are 9.2e12 dollars.
  refused(move(RecordType::fill, 0, 2e9, 60'000.0));
  refused(move(RecordType::deposit, 1, 1e9, 0, 0, 9));
  CHECK_EQ(desk.send(move(RecordType::deposit, 0, 6e12, 0, 0, 9)), RecordStatus::ok);
  refused(move(RecordType::deposit, 0, 6e12, 0, 0, 10));  // with what is there
  CHECK_EQ(desk.send(move(RecordType::fill, 0, 1e9, 60'000.0)), RecordStatus::ok);
  refused(move(RecordType::fill, 0, 1e9, 60'000.0));
  CHECK_EQ(desk.send(move(RecordType::fill, 0, -1e9, 60'000.0)), RecordStatus::ok);
}

}  // namespace

CHECK_MAIN()
