// An engine that records, and the one that comes back: the same state to the bit, and from there on
// the same answers; files that are damaged or missing are refused by name.
#include <cstring>
#include <stdexcept>

#include "check.hpp"
#include "fault_files.hpp"
#include "journal/format.hpp"
#include "live_stream.hpp"

using namespace live_stream;

namespace {

const std::string directory = "run";
constexpr std::int32_t accounts = 24;
constexpr std::size_t in_first_frame = journal::first_frame_offset + 128;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int long_run = 1500;
#else
constexpr int long_run = 6000;
#endif

RecordingOptions options_on(fault::Files& files) {
  RecordingOptions options;
  options.files = &files;
  options.ring_records = 4096;
  options.idle_ns = 1000;
  return options;
}

std::string file(int generation, const char* kind) {
  char name[48];
  std::snprintf(name, sizeof name, "/%010d.%s", generation, kind);
  return directory + name;
}

// What recover refuses with; empty if it does not.
std::string refusal(fault::Files& files) {
  try {
    LiveEngine::recover(directory, options_on(files));
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

template <class Call>
bool throws(Call call) {
  try {
    call();
    return false;
  } catch (const std::exception&) {
    return true;
  }
}

void step(Reference& r, int count) {
  for (int n = 0; n < count; ++n) r.stream.step(r.engine);
}

// Both engines are sent the same stream and answer the same.
void go_on_together(Reference& a, LiveEngine& b, int count) {
  Stream stream = a.stream;
  long different = 0;
  for (int n = 0; n < count; ++n) {
    const Applied x = a.stream.step(a.engine), y = stream.step(b);
    different += x.status != y.status || x.applied_seq != y.applied_seq;
    if (n % 50 == 0) different += a.engine.state_hash() != b.state_hash();
  }
  CHECK_EQ(different, 0L);
  CHECK_EQ(a.engine.state_hash(), b.state_hash());
  CHECK_EQ(b.audit(), std::size_t{0});
}

// A directory with generations 1 to 3, 400 steps behind each snapshot.
void record_three(fault::Files& files, Reference& r) {
  step(r, 200);
  r.engine.record_to(directory, options_on(files));
  for (int generation = 1; generation <= 3; ++generation) {
    step(r, 400);
    CHECK(r.engine.flush());
    if (generation < 3) r.engine.snapshot();
  }
}

}  // namespace

TEST(each_change_takes_one_number_and_a_refusal_changes_nothing) {
  Reference r(make_stream_inputs(accounts, 1), 2);
  std::array<long, 32> seen{};
  std::uint64_t seq = 0, hash = r.engine.state_hash();
  for (int n = 0; n < long_run; ++n) {
    const Applied applied = r.stream.step(r.engine);
    const bool taken =
        applied.status == RecordStatus::ok || applied.status == RecordStatus::quarantined;
    const std::uint64_t now = r.engine.state_hash();
    ++seen[static_cast<std::size_t>(applied.status)];
    CHECK_EQ(applied.applied_seq, seq + (taken ? 1 : 0));
    CHECK_EQ(now != hash, taken);
    seq = applied.applied_seq;
    hash = now;
  }
  for (std::size_t s = 0; s < seen.size(); ++s) {
    if (seen[s] != 0) {
      std::printf("  %s %ld\n", record_status_name(static_cast<RecordStatus>(s)), seen[s]);
    }
  }
  CHECK(seen[static_cast<std::size_t>(RecordStatus::quarantined)] > 0);
}

TEST(comes_back_to_the_same_state_and_goes_on_as_if_nothing_had_been) {
  for (const std::uint64_t seed : {11, 12, 13, 14}) {
    fault::Files files;
    const LiveInputs inputs = make_stream_inputs(accounts, seed);
    Reference r(inputs, seed);
    {
      LiveEngine engine(inputs);
      Stream stream(inputs, seed);
      for (int n = 0; n < 100; ++n) stream.step(engine);
      CHECK_EQ(engine.durable_seq(), std::uint64_t{0});
      engine.record_to(directory, options_on(files));
      const std::uint64_t first = engine.applied_seq();
      CHECK_EQ(engine.durable_seq(), first);
      for (int n = 0; n < long_run / 2; ++n) stream.step(engine);
      CHECK(engine.flush());
      CHECK_EQ(engine.durable_seq(), engine.applied_seq());
      CHECK(r.run_to(engine.applied_seq()));
    }
    RecoveredEngine back = LiveEngine::recover(directory, options_on(files));
    CHECK_EQ(back.report.state_hash, r.engine.state_hash());
    CHECK_EQ(back.engine.state_hash(), r.engine.state_hash());
    CHECK_EQ(back.report.applied_seq, r.engine.applied_seq());
    CHECK_EQ(back.report.snapshot_seq + back.report.records_replayed, back.report.applied_seq);
    CHECK(back.report.refused.empty() && back.report.torn_bytes == 0);
    std::array<Event, 4> events;
    CHECK_EQ(back.engine.events(events), std::size_t{0});
    back.engine.record_to(directory, options_on(files));
    go_on_together(r, back.engine, long_run / 6);
  }
}

TEST(rotation_keeps_two_snapshots_and_falls_back_to_the_older) {
  fault::Files files;
  Reference r(make_stream_inputs(accounts, 21), 22);
  record_three(files, r);
  CHECK(!files.exists(file(1, "snapshot")) && !files.exists(file(1, "journal")));
  CHECK(files.exists(file(2, "snapshot")) && files.exists(file(3, "snapshot")));
  const std::uint64_t hash = r.engine.state_hash(), seq = r.engine.applied_seq();
  // The lock goes with the engine; what it stood for goes on as another of the same state.
  Reference same = {make_stream_inputs(accounts, 21), 22};
  CHECK(same.run_to(seq));
  r.engine = std::move(same.engine);
  fault::Bytes& newest = files.bytes(file(3, "snapshot"));
  newest[newest.size() / 2] ^= 1;
  {
    RecoveredEngine back = LiveEngine::recover(directory, options_on(files));
    CHECK_EQ(back.report.state_hash, hash);
    CHECK_EQ(back.report.applied_seq, seq);
    CHECK_EQ(back.report.snapshot, file(2, "snapshot"));
    CHECK(back.report.refused.size() == 1 && contains(back.report.refused[0], "bad_checksum"));
  }
  files.bytes(file(2, "snapshot")).resize(100);
  const std::string text = refusal(files);
  CHECK(contains(text, "no snapshot to start from") && contains(text, "bad_length"));
}

TEST(damage_and_gaps_halt_with_the_file_and_the_byte) {
  struct Case {
    const char* says;
    void (*damage)(fault::Files&);
  };
  const Case cases[] = {
      {"0000000003.journal: damaged at byte ",
       [](fault::Files& f) { f.bytes(file(3, "journal"))[in_first_frame] ^= 1; }},
      {"0000000002.journal: damaged at byte ",
       [](fault::Files& f) {
         f.bytes(file(3, "snapshot"))[0] ^= 1;
         f.bytes(file(2, "journal"))[in_first_frame] ^= 1;
       }},
      {"0000000003.journal: missing behind its snapshot",
       [](fault::Files& f) { f.remove(file(3, "journal")); }},
      // What was durable is no tail to be cut.
      {"0000000003.journal: damaged at byte ",
       [](fault::Files& f) {
         fault::Bytes& bytes = f.bytes(file(3, "journal"));
         bytes.resize(bytes.size() - 60);
       }},
      {"0000000003.journal: bad_magic at byte 0",
       [](fault::Files& f) { f.bytes(file(3, "journal")).clear(); }},
      {"0000000002.journal: damaged at byte ",
       [](fault::Files& f) {
         f.remove(file(3, "snapshot"));
         fault::Bytes& bytes = f.bytes(file(2, "journal"));
         bytes.resize(bytes.size() - 300);
       }},
      {"0000000004.journal: another directory's journal",
       [](fault::Files& f) {
         fault::Files other;
         Reference r(make_stream_inputs(accounts, 32), 33);
         r.engine.record_to(directory, options_on(other));
         f.put(file(4, "journal"), other.bytes(file(1, "journal")));
       }},
  };
  for (const Case& c : cases) {
    fault::Files files;
    {
      Reference r(make_stream_inputs(accounts, 31), 32);
      record_three(files, r);
    }
    CHECK_EQ(refusal(files), std::string());
    c.damage(files);
    const std::string text = refusal(files);
    CHECK(contains(text, c.says));
    if (!contains(text, c.says)) std::printf("  %s\n", text.c_str());
  }
}

TEST(a_journal_missing_between_two_halts) {
  fault::Files files;
  {
    Reference r(make_stream_inputs(accounts, 41), 42);
    record_three(files, r);
  }
  const fault::Bytes snapshot = files.bytes(file(2, "snapshot"));
  const fault::Bytes journal = files.bytes(file(2, "journal"));
  {
    RecoveredEngine back = LiveEngine::recover(directory, options_on(files));
    back.engine.record_to(directory, options_on(files));
  }
  // Back to generation 2, with journals 3 and 4 behind it; then without 3.
  files.put(file(2, "snapshot"), snapshot);
  files.put(file(2, "journal"), journal);
  files.remove(file(3, "snapshot"));
  files.remove(file(4, "snapshot"));
  CHECK_EQ(refusal(files), std::string());
  files.remove(file(3, "journal"));
  CHECK(contains(refusal(files), "0000000004.journal: begins with entry "));
}

TEST(a_torn_end_is_cut_and_said) {
  fault::Files files;
  {
    Reference r(make_stream_inputs(accounts, 51), 52);
    record_three(files, r);
  }
  fault::Bytes& bytes = files.bytes(file(3, "journal"));
  const std::size_t whole = bytes.size();
  // Half of the clean close, the one frame that nobody was told of.
  bytes.resize(whole - 20);
  RecoveredEngine back = LiveEngine::recover(directory, options_on(files));
  CHECK_EQ(back.report.torn_bytes, std::uint64_t{20});
  CHECK_EQ(files.bytes(file(3, "journal")).size(), whole - 40);
  Reference r(make_stream_inputs(accounts, 51), 52);
  CHECK(r.run_to(back.report.applied_seq));
  CHECK_EQ(back.report.state_hash, r.engine.state_hash());
}

TEST(a_directory_has_one_engine_and_one_history) {
  fault::Files files;
  const LiveInputs inputs = make_stream_inputs(4, 61);
  LiveEngine other(inputs);
  {
    LiveEngine engine(inputs);
    engine.record_to(directory, options_on(files));
    CHECK(throws([&] { engine.record_to(directory, options_on(files)); }));
    CHECK(throws([&] { other.record_to(directory, options_on(files)); }));
    CHECK(contains(refusal(files), "another engine records there"));
  }
  CHECK(throws([&] { other.record_to(directory, options_on(files)); }));
  CHECK(throws([&] { other.snapshot(); }));
  CHECK(!other.flush() && other.durable_seq() == 0);
  RecoveredEngine back = LiveEngine::recover(directory, options_on(files));
  CHECK(contains(refusal(files), "another engine records there"));
  CHECK(throws([&] { LiveEngine::recover("/nowhere"); }));
}

TEST(without_room_in_the_journal_nothing_changes) {
  fault::Files files;
  const LiveInputs inputs = make_stream_inputs(accounts, 71);
  Reference r(inputs, 72);
  RecordingOptions options = options_on(files);
  options.ring_records = 16;
  options.group_records = 4;
  r.engine.record_to(directory, options);
  std::uint64_t sequence = 0;
  long full = 0;
  {
    const auto held = files.hold();
    for (int n = 0; n < 100; ++n) {
      const std::uint64_t hash = r.engine.state_hash(), seq = r.engine.applied_seq();
      const Applied applied =
          r.engine.apply(index_tick(0, ++sequence, 60'000.0 + n, start_ns + n * 1'000'000));
      if (applied.status == RecordStatus::ok) continue;
      ++full;
      CHECK_EQ(applied.status, RecordStatus::ring_full);
      CHECK_EQ(r.engine.state_hash(), hash);
      CHECK_EQ(applied.applied_seq, seq);
      // What is wrong with a record is said before there is no room for it.
      CHECK(r.engine.apply(index_tick(9, 1, 1.0, start_ns)).status ==
            RecordStatus::unknown_underlying);
    }
  }
  CHECK(full > 60);
  CHECK(r.engine.flush());
  // Policies are larger than this ring.
  CHECK(throws([&] { r.engine.stage_policies(1, make_policies(accounts)); }));
}

TEST(a_failed_journal_takes_nothing_more_until_a_snapshot) {
  fault::Files files;
  const LiveInputs inputs = make_stream_inputs(accounts, 81);
  Reference r(inputs, 82);
  {
    LiveEngine engine(inputs);
    Stream stream(inputs, 82);
    engine.record_to(directory, options_on(files));
    for (int n = 0; n < 300; ++n) stream.step(engine);
    CHECK(engine.flush());
    const std::uint64_t durable = engine.durable_seq();
    files.refuse(fault::Refusal::once, 1);
    const TimeNs later = engine.now_ns() + ns_per_day / 2;
    const Record tick = index_tick(0, 1'000'000, 60'000.0, later);
    CHECK(engine.apply(tick).status == RecordStatus::ok);
    CHECK(!engine.flush());
    CHECK(engine.journal_error() != 0);
    CHECK_EQ(engine.durable_seq(), durable);
    const std::uint64_t hash = engine.state_hash();
    const Record next = index_tick(0, 1'000'001, 60'000.0, later);
    CHECK(engine.apply(next).status == RecordStatus::not_durable);
    CHECK(throws([&] { engine.stage_policies(99, make_policies(accounts)); }));
    CHECK_EQ(engine.state_hash(), hash);
    engine.snapshot();
    CHECK_EQ(engine.durable_seq(), durable + 1);
    CHECK(engine.apply(next).status == RecordStatus::ok);
    CHECK(r.run_to(durable));
    CHECK(r.engine.apply(tick).status == RecordStatus::ok);
    CHECK(r.engine.apply(next).status == RecordStatus::ok);
  }
  const RecoveredEngine back = LiveEngine::recover(directory, options_on(files));
  CHECK_EQ(back.report.state_hash, r.engine.state_hash());
}

// Tables are full or not by how their segments came about: here every pocket was large once, so the
// engine that recorded has segments which the one loaded from its snapshot has yet to grow to.
TEST(a_replay_that_needs_more_room_than_the_engine_had_gets_it) {
  fault::Files files;
  LiveInputs inputs = make_inputs(8, 91, 1);
  constexpr std::int32_t held = 17;
  PortfolioColumns& p = inputs.engine.portfolio;
  for (std::int32_t account = 0; account < 8; ++account) {
    for (std::int32_t i = 0; i < held; ++i) {
      p.position_account.push_back(account);
      p.position_pocket.push_back(0);
      p.position_instrument.push_back(i);
      p.position_quantity.push_back(1.0);
      const bool option = inputs.engine.instruments.kind[std::size_t(i)] == Kind::option;
      p.position_entry_price.push_back(option ? missing : 60'000.0);
    }
  }
  inputs.capacity.positions = 1;  // as many as there are
  inputs.capacity.balances = 100;
  std::uint64_t hash = 0;
  {
    LiveEngine engine(inputs);
    const auto fill_all = [&](double quantity) {
      for (std::int32_t account = 0; account < 8; ++account) {
        for (std::int32_t i = 3; i < held; ++i) {
          Record r = make_record(RecordType::fill, i, start_ns);
          r.account = account;
          r.value[0] = quantity;
          r.value[1] = i < 3 ? 60'000.0 : 0.03;
          CHECK(engine.apply(r).status == RecordStatus::ok);
          drain(engine);
        }
      }
    };
    fill_all(-1.0);
    engine.record_to(directory, options_on(files));
    fill_all(1.0);
    hash = engine.state_hash();
  }
  const RecoveredEngine back = LiveEngine::recover(directory, options_on(files));
  CHECK_EQ(back.report.state_hash, hash);
}

CHECK_MAIN()
