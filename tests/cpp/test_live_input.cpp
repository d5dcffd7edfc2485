// Bad records in a batch: at its beginning, in its middle and at its end each gets its documented
// answer and leaves no trace in the state.
#include <limits>
#include <source_location>

#include "check.hpp"
#include "live_small.hpp"

using namespace live_book;

namespace {

// An answer; a record is applied once, so it may not stand inside CHECK_EQ, which looks twice.
void expect(RecordStatus answer, RecordStatus wanted,
            const std::source_location& at = std::source_location::current()) {
  check::report(answer == wanted, at.file_name(), static_cast<int>(at.line()),
                std::string(record_status_name(answer)) + " is " + record_status_name(wanted));
}

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr TimeNs second_ns = 1'000'000'000;

struct Bad {
  const char* what;
  RecordStatus answer;
  Record record;
};

Record with(RecordType type, std::int32_t subject, double a = 0, double b = 0, double c = 0) {
  Record r = make_record(type, subject, start_ns + 3'600 * second_ns);
  r.value[0] = a;
  r.value[1] = b;
  r.value[2] = c;
  return r;
}

Record numbered(Record r, std::uint64_t sequence) {
  r.sequence = sequence;
  return r;
}

Record of_account(Record r, AccountIndex account, std::int32_t pocket = 0) {
  r.account = account;
  r.pocket = pocket;
  return r;
}

Record at(Record r, TimeNs ts_ns) {
  r.ts_ns = ts_ns;
  return r;
}

Record detailed(Record r, std::int32_t detail) {
  r.detail = detail;
  return r;
}

Record flagged(Record r, std::uint32_t flags) {
  r.flags = flags;
  return r;
}

Record timeless(Record r) {
  return at(r, 0);
}

std::vector<Bad> not_a_number() {
  std::vector<Bad> bad;
  const auto all = [&](double v) {
    bad.push_back({"index", RecordStatus::not_finite, index_tick(0, 9, v, start_ns)});
    bad.push_back({"mark", RecordStatus::not_finite, with(RecordType::mark, 0, v)});
    bad.push_back({"volatility", RecordStatus::not_finite, with(RecordType::volatility, 3, v)});
    bad.push_back({"staged", RecordStatus::not_finite, with(RecordType::surface_stage, 3, v)});
    bad.push_back({"forward", RecordStatus::not_finite, with(RecordType::forward, 0, v, 0)});
    bad.push_back({"rate", RecordStatus::not_finite, with(RecordType::forward, 0, 6e4, v)});
    bad.push_back({"depth", RecordStatus::not_finite, with(RecordType::depth, 0, 1, v)});
    bad.push_back({"flow", RecordStatus::not_finite, with(RecordType::trade_flow, 0, v)});
    bad.push_back({"realised", RecordStatus::not_finite, with(RecordType::realised_vol, 0, v)});
    bad.push_back({"quantity", RecordStatus::not_finite, with(RecordType::fill, 0, v, 6e4)});
    bad.push_back({"price", RecordStatus::not_finite, with(RecordType::fill, 0, 1, v)});
    bad.push_back(
        {"order", RecordStatus::not_finite, numbered(with(RecordType::order, 0, v, 6e4), 1)});
    bad.push_back(
        {"deposit", RecordStatus::not_finite, numbered(with(RecordType::deposit, 0, v), 1)});
    bad.push_back({"withdrawal", RecordStatus::not_finite, with(RecordType::withdrawal, 0, v)});
    bad.push_back({"expiry", RecordStatus::not_finite, with(RecordType::instrument_expiry, 9, v)});
    bad.push_back({"release", RecordStatus::not_finite, with(RecordType::operator_release, 0, v)});
  };
  for (const double v :
       {infinity, -infinity, missing, -missing, std::numeric_limits<double>::signaling_NaN()}) {
    all(v);
  }
  // Payloads of a quiet NaN.
  for (const std::uint64_t payload : {1ULL, 0xdeadULL, 0x7ffffffffffffULL}) {
    all(std::bit_cast<double>(0x7ff8000000000000ULL | payload));
  }
  return bad;
}

std::vector<Bad> not_positive() {
  std::vector<Bad> bad;
  for (const double v : {0.0, -0.0, -1.0, -5e-324}) {
    bad.push_back({"index", RecordStatus::not_positive, index_tick(0, 9, v, start_ns)});
    bad.push_back({"mark", RecordStatus::not_positive, with(RecordType::mark, 0, v)});
    bad.push_back({"volatility", RecordStatus::not_positive, with(RecordType::volatility, 3, v)});
    bad.push_back({"forward", RecordStatus::not_positive, with(RecordType::forward, 0, v, 0)});
    bad.push_back({"realised", RecordStatus::not_positive, with(RecordType::realised_vol, 0, v)});
    bad.push_back({"price", RecordStatus::not_positive, with(RecordType::fill, 0, 1, v)});
    bad.push_back(
        {"deposit", RecordStatus::not_positive, numbered(with(RecordType::deposit, 0, v), 1)});
    bad.push_back({"withdrawal", RecordStatus::not_positive, with(RecordType::withdrawal, 0, v)});
  }
  bad.push_back({"quantity", RecordStatus::not_positive, with(RecordType::fill, 0, 0, 6e4)});
  bad.push_back({"premium", RecordStatus::not_positive, with(RecordType::fill, 3, 1, -1e-9)});
  bad.push_back({"release", RecordStatus::not_positive, with(RecordType::operator_release, 0, -1)});
  return bad;
}

std::vector<Bad> unknown() {
  std::vector<Bad> bad;
  for (const std::int32_t id : {-1, 9'999, INT32_MAX, INT32_MIN}) {
    bad.push_back(
        {"underlying", RecordStatus::unknown_underlying, index_tick(id, 1, 6e4, start_ns)});
    bad.push_back(
        {"curve", RecordStatus::unknown_underlying, with(RecordType::forward, id, 6e4, 0)});
    bad.push_back(
        {"instrument", RecordStatus::unknown_instrument, with(RecordType::fill, id, 1, 6e4)});
    bad.push_back({"account", RecordStatus::unknown_account,
                   of_account(with(RecordType::fill, 0, 1, 6e4), id)});
    bad.push_back(
        {"asset", RecordStatus::unknown_asset, numbered(with(RecordType::deposit, id, 1), 1)});
    bad.push_back(
        {"node", RecordStatus::unknown_node, detailed(with(RecordType::forward, 0, 6e4, 0), id)});
    bad.push_back({"chain", RecordStatus::unknown_chain, with(RecordType::chain_halt, id)});
  }
  bad.push_back({"type 0", RecordStatus::unknown_type, with(RecordType{0}, 0)});
  bad.push_back({"type", RecordStatus::unknown_type, with(RecordType{22}, 0)});
  bad.push_back({"type", RecordStatus::unknown_type, with(RecordType{65'535}, 0)});
  bad.push_back({"source", RecordStatus::unknown_source, index_tick(0, 1, 6e4, start_ns, 3)});
  bad.push_back({"another's node", RecordStatus::unknown_node,
                 detailed(with(RecordType::forward, 0, 6e4, 0), 2)});
  bad.push_back(
      {"an option's mark", RecordStatus::unknown_instrument, with(RecordType::mark, 3, 6e4)});
  bad.push_back({"a perpetual's volatility", RecordStatus::unknown_instrument,
                 with(RecordType::volatility, 0, 0.5)});
  bad.push_back(
      {"order", RecordStatus::unknown_order, timeless(numbered(with(RecordType::cancel, 0), 77))});
  bad.push_back({"a fill's order", RecordStatus::unknown_order,
                 numbered(with(RecordType::fill, 0, 1, 6e4), 77)});
  bad.push_back({"transfer", RecordStatus::unknown_transfer,
                 timeless(numbered(with(RecordType::deposit_reversed, 0), 77))});
  bad.push_back(
      {"epoch", RecordStatus::unknown_epoch, numbered(with(RecordType::policy_epoch, 0), 77)});
  bad.push_back({"rollback", RecordStatus::unknown_epoch,
                 flagged(numbered(with(RecordType::policy_epoch, 0), 0), flag_rollback)});
  return bad;
}

std::vector<Bad> listings() {
  const std::int32_t option = static_cast<std::int32_t>(Kind::option);
  const auto next = static_cast<std::int32_t>(small_inputs(1).engine.instruments.size());
  const auto expiry = static_cast<std::uint64_t>(start_ns + 90'000 * second_ns);
  const Record good = numbered(
      detailed(of_account(with(RecordType::instrument_listing, next, 0.1, 6e4, 0.5), 0, 4), option),
      expiry);
  const auto number = [&](int which, double v) {
    Record r = good;
    r.value[which] = v;
    return r;
  };
  std::vector<Bad> bad;
  for (const double v : {0.0, -1.0}) {
    bad.push_back({"multiplier", RecordStatus::not_positive, number(0, v)});
    bad.push_back({"strike", RecordStatus::not_positive, number(1, v)});
  }
  bad.push_back({"multiplier", RecordStatus::not_finite, number(0, missing)});
  bad.push_back({"strike", RecordStatus::not_finite, number(1, infinity)});
  bad.push_back({"volatility", RecordStatus::not_finite, number(2, infinity)});
  bad.push_back({"volatility", RecordStatus::out_of_range, number(2, -0.5)});
  bad.push_back({"kind", RecordStatus::out_of_range, detailed(good, 4)});
  bad.push_back({"undated", RecordStatus::out_of_range, numbered(good, 0)});
  bad.push_back(
      {"expired", RecordStatus::expired, numbered(good, static_cast<std::uint64_t>(start_ns - 1))});
  bad.push_back({"underlying", RecordStatus::unknown_underlying, of_account(good, 3, 4)});
  bad.push_back({"asset", RecordStatus::unknown_asset, of_account(good, 0, 5)});
  Record other = good;
  other.subject = next - 1;
  bad.push_back({"a used id", RecordStatus::conflicting, other});
  other.subject = next + 1;
  bad.push_back({"an id ahead", RecordStatus::unknown_instrument, other});
  return bad;
}

std::vector<Bad> out_of_place() {
  std::vector<Bad> bad;
  const TimeNs early = start_ns - 1;
  for (const Record& r :
       {with(RecordType::clock, 0), with(RecordType::mark, 0, 6e4),
        with(RecordType::volatility, 3, 0.5), with(RecordType::realised_vol, 0, 0.5),
        with(RecordType::depth, 0, 1, 1), with(RecordType::trade_flow, 0, 1),
        with(RecordType::fill, 0, 1, 6e4), with(RecordType::forward, 0, 6e4, 0),
        numbered(with(RecordType::order, 0, 1, 6e4), 1),
        numbered(with(RecordType::deposit, 0, 1), 1), with(RecordType::withdrawal, 0, 1),
        flagged(with(RecordType::chain_halt, 0), flag_halted),
        with(RecordType::instrument_expiry, 9, 6e4), with(RecordType::surface_stage, 3, 0.5),
        with(RecordType::surface_commit, 0), with(RecordType::operator_release, 0, 6e4)}) {
    bad.push_back({"early", RecordStatus::time_reversed, at(r, early)});
    bad.push_back({"long ago", RecordStatus::time_reversed, at(r, INT64_MIN)});
    bad.push_back({"far ahead", RecordStatus::out_of_range, at(r, start_ns + 2 * ns_per_day)});
    bad.push_back({"at the end", RecordStatus::out_of_range, at(r, INT64_MAX)});
    bad.push_back(
        {"detail and flags", RecordStatus::reserved_not_zero, flagged(detailed(r, 7), 2)});
  }
  bad.push_back({"before the epoch", RecordStatus::out_of_range, index_tick(0, 9, 6e4, -1)});
  bad.push_back(
      {"far ahead", RecordStatus::out_of_range, index_tick(0, 9, 6e4, start_ns + 401 * second_ns)});
  bad.push_back({"at the end", RecordStatus::out_of_range, index_tick(0, 9, 6e4, INT64_MAX)});
  bad.push_back(
      {"pocket", RecordStatus::out_of_range, of_account(with(RecordType::fill, 0, 1, 6e4), 0, -1)});
  bad.push_back({"volatility", RecordStatus::out_of_range, with(RecordType::volatility, 3, 5.01)});
  bad.push_back({"depth", RecordStatus::out_of_range, with(RecordType::depth, 0, -1, 1)});
  bad.push_back(
      {"no expiry", RecordStatus::not_expired, with(RecordType::instrument_expiry, 0, 6e4)});
  bad.push_back(
      {"not yet", RecordStatus::not_expired, with(RecordType::instrument_expiry, 9, 6e4)});
  bad.push_back({"nothing staged", RecordStatus::conflicting,
                 at(with(RecordType::surface_commit, 0), start_ns)});
  for (const std::int32_t of : {release_price, release_source, release_volatilities}) {
    bad.push_back({"nothing waits", RecordStatus::out_of_range,
                   at(detailed(with(RecordType::operator_release, 0), of), start_ns)});
  }
  bad.push_back(
      {"more than is there", RecordStatus::margin_refused, with(RecordType::withdrawal, 0, 1e12)});
  return bad;
}

// The good records of the batch; `place` of them come before the bad one.
void refuse_everywhere(const std::vector<Bad>& all) {
  const Record batch[] = {index_tick(0, 1, 6e4, start_ns, 1), index_tick(1, 1, 3e3, start_ns, 2),
                          of_account(at(with(RecordType::fill, 0, 1, 6e4), start_ns), 2)};
  for (const std::size_t place : {0, 1, 3}) {
    LiveEngine engine(small_inputs(1));
    for (std::size_t n = 0; n < place; ++n) engine.apply(batch[n]);
    const std::uint64_t hash = engine.state_hash(), seq = engine.applied_seq();
    for (const Bad& bad : all) {
      const Applied applied = engine.apply(bad.record);
      if (applied.status != bad.answer) std::printf("  %s\n", bad.what);
      CHECK_EQ(applied.status, bad.answer);
      CHECK_EQ(applied.applied_seq, seq);
      CHECK_EQ(engine.state_hash(), hash);
    }
    for (std::size_t n = place; n < 3; ++n) {
      expect(engine.apply(batch[n]).status, RecordStatus::ok);
    }
    LiveEngine untouched(small_inputs(1));
    for (const Record& r : batch) untouched.apply(r);
    CHECK_EQ(engine.state_hash(), untouched.state_hash());
  }
}

TEST(no_number_that_is_none) {
  refuse_everywhere(not_a_number());
}
TEST(nothing_at_or_below_zero) {
  refuse_everywhere(not_positive());
}
TEST(no_name_that_is_not_there) {
  refuse_everywhere(unknown());
}
TEST(no_contract_that_makes_no_sense) {
  refuse_everywhere(listings());
}
TEST(nothing_out_of_its_place) {
  refuse_everywhere(out_of_place());
}

TEST(the_same_again) {
  LiveEngine engine(small_inputs(1));
  const Record records[] = {index_tick(0, 5, 6e4, start_ns + second_ns),
                            numbered(with(RecordType::order, 0, 1, 6e4), 5),
                            numbered(with(RecordType::deposit, 0, 10), 5)};
  for (const Record& r : records) {
    expect(engine.apply(r).status, RecordStatus::ok);
    const std::uint64_t hash = engine.state_hash();
    expect(engine.apply(r).status, RecordStatus::duplicate);
    Record other = r;
    other.value[0] *= 1.5;
    expect(engine.apply(other).status, RecordStatus::conflicting);
    other = r;
    other.ts_ns += 1;
    expect(engine.apply(other).status, RecordStatus::conflicting);
    CHECK_EQ(engine.state_hash(), hash);
  }
  expect(engine.apply(index_tick(0, 4, 6e4, start_ns + second_ns)).status,
         RecordStatus::out_of_order);
  expect(engine.apply(index_tick(0, 9, 6e4, start_ns)).status, RecordStatus::time_reversed);
}

// An order is known by what was sent, not by what is left of it: before and after it was saved.
TEST(an_order_that_has_traded_in_part_the_same_again) {
  LiveEngine engine(small_inputs(1));
  const Record order = numbered(with(RecordType::order, 0, 4, 6e4), 5);
  expect(engine.apply(order).status, RecordStatus::ok);
  expect(engine.apply(numbered(with(RecordType::fill, 0, 1, 6e4), 5)).status, RecordStatus::ok);
  LiveEngine loaded = LiveEngine::load(engine.save());
  for (LiveEngine* of : {&engine, &loaded}) {
    expect(of->apply(order).status, RecordStatus::duplicate);
    Record left = order;
    left.value[0] = 3;
    expect(of->apply(left).status, RecordStatus::conflicting);
  }
}

// A ring without room refuses before anything is changed; drained, it takes the same record.
TEST(a_full_ring_changes_nothing) {
  LiveEngine engine(small_inputs(1));
  std::uint64_t sequence = 0;
  TimeNs now = start_ns;
  Record r{};
  RecordStatus status = RecordStatus::ok;
  std::uint64_t hash = 0;
  for (int n = 0; n < 10'000 && status != RecordStatus::ring_full; ++n) {
    hash = engine.state_hash();
    // Two sources agree, then both are stale: what is blocked changes again and again.
    if (n % 3 == 2) now += 50 * second_ns;
    r = n % 3 == 2 ? make_record(RecordType::clock, 0, now)
                   : index_tick(0, ++sequence, 6e4, now, static_cast<std::uint16_t>(n % 3));
    status = engine.apply(r).status;
  }
  CHECK_EQ(status, RecordStatus::ring_full);
  CHECK_EQ(engine.state_hash(), hash);
  std::vector<Event> events(1'000);
  CHECK(engine.events(events) > 16);
  expect(engine.apply(r).status, RecordStatus::ok);
  CHECK_EQ(engine.audit(), std::size_t{0});
}

}  // namespace

CHECK_MAIN()
