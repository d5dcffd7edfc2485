// What one bad number does to a live engine's guards: time stamps, numbering, bounds, volatilities.
#include <source_location>

#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

namespace {

constexpr TimeNs second_ns = 1'000'000'000;
constexpr std::int32_t call = 1, other_call = 2;

void expect(RecordStatus answer, RecordStatus wanted,
            const std::source_location& at = std::source_location::current()) {
  check::report(answer == wanted, at.file_name(), static_cast<int>(at.line()),
                std::string(record_status_name(answer)) + " is " + record_status_name(wanted));
}

// A perpetual and two calls on the first coin; three sources of which two must agree.
LiveInputs inputs() {
  LiveInputs in;
  EngineInputs& e = in.engine;
  e.market = make_market();
  e.market.asset_price[stable] = 1.0;
  add(e.instruments, e.market, Kind::perpetual, Payoff::linear, 0);
  add(e.instruments, e.market, Kind::option, Payoff::linear, 0, 60'000, 30, true);
  add(e.instruments, e.market, Kind::option, Payoff::linear, 0, 66'000, 30, true);
  e.portfolio.account_count = 2;
  for (std::int32_t a = 0; a < 2; ++a) {
    e.portfolio.balance_account.push_back(a);
    e.portfolio.balance_pocket.push_back(0);
    e.portfolio.balance_asset.push_back(0);
    e.portfolio.balance_amount.push_back(1e5);
  }
  e.policies = make_policies(2);
  in.settings.oracle.assign(underlyings, {});
  in.settings.oracle[0].sources = 3;
  in.settings.oracle[0].quorum = 2;
  in.settings.oracle[0].lead_max_ns = 3'600 * second_ns;
  return in;
}

class Venue {
 public:
  explicit Venue(LiveInputs in = inputs()) : engine_(std::move(in)) { say(60'000, 1); }
  LiveEngine& engine() { return engine_; }
  RecordStatus apply(const Record& r) {
    const RecordStatus status = engine_.apply(r).status;
    Event events[64];
    while (const std::size_t n = engine_.events(events)) {
      for (std::size_t e = 0; e < n; ++e) {
        if (events[e].account < 0) told.push_back(events[e]);
      }
    }
    return status;
  }
  // A refusal that leaves the state as it was.
  void refused(const Record& r, RecordStatus wanted,
               const std::source_location& at = std::source_location::current()) {
    const std::uint64_t hash = engine_.state_hash();
    expect(apply(r), wanted, at);
    check::report(engine_.state_hash() == hash, at.file_name(), static_cast<int>(at.line()),
                  "the state is as it was");
  }
  // Every source says so.
  void say(double price, TimeNs seconds) {
    for (std::uint16_t source = 0; source < 3; ++source) tick(source, price, seconds);
  }
  RecordStatus tick(std::uint16_t source, double price, TimeNs seconds) {
    return apply(index_tick(0, ++sequence_, price, start_ns + seconds * second_ns, source));
  }
  MarkState mark() { return engine_.mark_state(0); }
  CheckVerdict sell(std::int32_t instrument, AccountIndex account = 0) {
    return engine_.check({account, 0, instrument, -1.0, 3'000.0}, false).verdict;
  }
  std::vector<Event> told;  // of the market

 private:
  LiveEngine engine_;
  std::uint64_t sequence_ = 0;
};

Record at(RecordType type, std::int32_t subject, TimeNs seconds, double value = 0,
          std::int32_t detail = 0) {
  Record r = make_record(type, subject, start_ns + seconds * second_ns);
  r.value[0] = value;
  r.detail = detail;
  return r;
}

constexpr TimeNs year = 365 * 86'400, hour = 3'600;

TEST(a_source_from_the_future_is_refused_and_the_others_go_on) {
  Venue venue;
  venue.refused(index_tick(0, 99, 60'000, start_ns + year * second_ns, 0),
                RecordStatus::out_of_range);
  venue.refused(index_tick(0, 99, 60'000, INT64_MAX, 0), RecordStatus::out_of_range);
  for (TimeNs t = 2; t < 10; ++t) {
    expect(venue.tick(1, 60'000, t), RecordStatus::ok);
    expect(venue.tick(2, 60'000, t), RecordStatus::ok);
    CHECK_EQ(venue.mark(), MarkState::ready);
  }
  expect(venue.tick(0, 60'000, 9 + hour), RecordStatus::ok);  // an hour ahead, not more
}

TEST(no_record_makes_the_engine_s_time_stand_far_ahead) {
  Venue venue;
  for (const RecordType type : {RecordType::mark, RecordType::operator_release}) {
    venue.refused(at(type, 0, hour + 2, 60'000), RecordStatus::out_of_range);
    expect(venue.apply(at(type, 0, hour + 1, 60'000)), RecordStatus::ok);
  }
  expect(venue.apply(at(RecordType::surface_stage, call, 2, 0.61)), RecordStatus::ok);
  venue.refused(at(RecordType::surface_commit, 0, 2 * hour + 2, 0, 1), RecordStatus::out_of_range);
  const TimeNs most = 100 * 86'400;
  venue.refused(at(RecordType::clock, 0, most + 1), RecordStatus::out_of_range);
  Record end = at(RecordType::clock, 0, 0);
  end.ts_ns = INT64_MAX;
  venue.refused(end, RecordStatus::out_of_range);
  Record fill = at(RecordType::fill, 0, most + 1, 1);
  fill.value[1] = 60'000;
  venue.refused(fill, RecordStatus::out_of_range);
  expect(venue.apply(at(RecordType::clock, 0, most)), RecordStatus::ok);
  expect(venue.apply(at(RecordType::clock, 0, 2 * most)), RecordStatus::ok);  // step by step
}

TEST(without_a_limit_any_time_is_taken) {
  LiveInputs in = inputs();
  in.settings.clock_step_max_ns = 0;
  in.settings.oracle[0].lead_max_ns = 0;
  Venue venue(in);
  expect(venue.tick(0, 60'000, year), RecordStatus::ok);
  expect(venue.apply(at(RecordType::clock, 0, 2 * year)), RecordStatus::ok);
}

TEST(a_source_that_starts_again_is_released) {
  Venue venue;
  expect(venue.apply(index_tick(0, UINT64_MAX, 60'000, start_ns + 2 * second_ns, 0)),
         RecordStatus::ok);
  venue.refused(index_tick(0, 1, 60'000, start_ns + 3 * second_ns, 0), RecordStatus::out_of_order);
  Record release = at(RecordType::operator_release, 0, 3, 0, release_source);
  release.source = 3;
  venue.refused(release, RecordStatus::unknown_source);
  release.source = 0;
  release.value[0] = 60'000;
  venue.refused(release, RecordStatus::reserved_not_zero);  // a price is another release
  release.value[0] = 0;
  expect(venue.apply(release), RecordStatus::ok);
  CHECK_EQ(venue.mark(), MarkState::ready);
  expect(venue.apply(index_tick(0, 1, 60'000, start_ns + 3 * second_ns, 0)), RecordStatus::ok);
  venue.refused(at(RecordType::operator_release, 0, 3, 0, 3), RecordStatus::out_of_range);
}

// Within the limit a stamp still makes the others look old; forgetting its source mends that.
TEST(a_release_mends_a_time_stamp_within_the_limit) {
  Venue venue;
  expect(venue.tick(0, 60'000, hour), RecordStatus::ok);
  venue.tick(1, 60'000, 2), venue.tick(2, 60'000, 2);
  CHECK_EQ(venue.mark(), MarkState::degraded);
  expect(venue.apply(at(RecordType::operator_release, 0, 3, 0, release_source)), RecordStatus::ok);
  CHECK_EQ(venue.mark(), MarkState::ready);
}

// A feed that cannot say less than 59,000 says 59,000: the true price is anywhere below.
TEST(a_quorum_at_the_feed_s_bound_makes_the_mark_unusable) {
  LiveInputs in = inputs();
  in.settings.oracle[0].feed_min = 59'000;
  in.settings.oracle[0].feed_max = 90'000;
  Venue venue(in);
  CHECK_EQ(venue.mark(), MarkState::ready);
  venue.tick(0, 59'000, 2);
  CHECK_EQ(venue.mark(), MarkState::ready);  // one is an outlier
  venue.tick(1, 59'000, 2);
  CHECK_EQ(venue.mark(), MarkState::unusable);
  CHECK_EQ(venue.engine().index_price(0), 60'000.0);
  CHECK_EQ(venue.sell(call), CheckVerdict::refused_doubtful);
  venue.say(59'900, 3);
  CHECK_EQ(venue.mark(), MarkState::ready);
  venue.tick(0, 90'000, 4), venue.tick(1, 95'000, 4);
  CHECK_EQ(venue.mark(), MarkState::unusable);
}

TEST(a_volatility_that_jumps_is_taken_and_in_doubt_until_it_is_confirmed) {
  Venue venue;
  CHECK_EQ(venue.sell(call), CheckVerdict::accepted);
  venue.told.clear();
  const Ticks before = venue.engine().account(0).equity;
  Record fill = at(RecordType::fill, call, 2, -1);
  fill.value[1] = 3'000;
  expect(venue.apply(fill), RecordStatus::ok);
  expect(venue.apply(at(RecordType::volatility, call, 2, 4.9)), RecordStatus::ok);
  CHECK(venue.engine().account(0).equity < before - 1'000'000'000);  // the liability follows
  CHECK_EQ(venue.told.size(), std::size_t{1});
  CHECK(venue.told[0].type == EventType::vol_state && venue.told[0].subject == 0 &&
        venue.told[0].after == 1);
  CHECK_EQ(venue.sell(call, 1), CheckVerdict::refused_doubtful);
  CHECK_EQ(venue.sell(0, 0), CheckVerdict::refused_doubtful);  // a pocket that holds it
  CHECK_EQ(venue.sell(0, 1), CheckVerdict::accepted);          // others go on
  CHECK_EQ(venue.sell(other_call, 1), CheckVerdict::accepted);
  LiveEngine loaded = LiveEngine::load(venue.engine().save());
  CHECK_EQ(loaded.state_hash(), venue.engine().state_hash());
  CHECK_EQ(loaded.check({1, 0, call, -1.0, 3'000.0}, false).verdict,
           CheckVerdict::refused_doubtful);
  expect(venue.apply(at(RecordType::volatility, call, 3, 4.8)), RecordStatus::ok);
  CHECK(venue.sell(call, 1) != CheckVerdict::refused_doubtful);
  CHECK_EQ(venue.told.size(), std::size_t{2});
  CHECK_EQ(venue.told[1].after, std::uint8_t{0});
}

TEST(nobody_is_liquidated_on_a_volatility_in_doubt) {
  Venue venue;
  Record fill = at(RecordType::fill, call, 2, -60);
  fill.value[1] = 3'000;
  expect(venue.apply(fill), RecordStatus::ok);
  expect(venue.apply(at(RecordType::volatility, call, 2, 4.9)), RecordStatus::ok);
  CHECK_EQ(venue.engine().account(0).state, State::margin_call);
  CHECK_EQ(venue.engine().account(0).liquidation_blocked, 1);
  expect(venue.apply(at(RecordType::operator_release, 0, 2, 0, release_volatilities)),
         RecordStatus::ok);
  CHECK(venue.engine().account(0).state >= State::liquidating);
  CHECK_EQ(venue.engine().account(0).liquidation_blocked, 0);
  venue.refused(at(RecordType::operator_release, 0, 2, 0, release_volatilities),
                RecordStatus::out_of_range);
}

TEST(a_surface_whose_level_jumps_is_in_doubt_until_the_next_agrees_or_time_is_up) {
  Venue venue;
  const auto commit = [&](double level, TimeNs seconds) {
    for (const std::int32_t i : {call, other_call}) {
      expect(venue.apply(at(RecordType::surface_stage, i, seconds, level)), RecordStatus::ok);
    }
    expect(venue.apply(at(RecordType::surface_commit, 0, seconds, 0, 2)), RecordStatus::ok);
  };
  commit(4.0, 2);
  CHECK_EQ(venue.sell(call), CheckVerdict::refused_doubtful);
  CHECK_EQ(venue.sell(other_call), CheckVerdict::refused_doubtful);
  commit(4.1, 3);
  CHECK(venue.sell(call) != CheckVerdict::refused_doubtful);
  commit(0.6, 4);
  CHECK_EQ(venue.sell(call), CheckVerdict::refused_doubtful);
  venue.told.clear();
  expect(venue.apply(at(RecordType::clock, 0, 299)), RecordStatus::ok);
  venue.say(60'000, 299);
  CHECK_EQ(venue.sell(call), CheckVerdict::refused_doubtful);
  venue.told.clear();
  expect(venue.apply(at(RecordType::clock, 0, 300)), RecordStatus::ok);
  CHECK_EQ(venue.sell(call), CheckVerdict::accepted);
  CHECK_EQ(venue.told.size(), std::size_t{2});
  if (venue.told.size() == 2) {
    CHECK(venue.told[0].type == EventType::escalation);
    CHECK(venue.told[1].type == EventType::vol_state && venue.told[1].after == 0);
  }
}

}  // namespace

CHECK_MAIN()
