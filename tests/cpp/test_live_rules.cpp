// Single rules of the live page, each on a venue small enough to reckon by hand.
#include <source_location>

#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

namespace {

// An answer; a record is applied once, so it may not stand inside CHECK_EQ, which looks twice.
void expect(RecordStatus answer, RecordStatus wanted,
            const std::source_location& at = std::source_location::current()) {
  check::report(answer == wanted, at.file_name(), static_cast<int>(at.line()),
                std::string(record_status_name(answer)) + " is " + record_status_name(wanted));
}

constexpr TimeNs second_ns = 1'000'000'000;
constexpr TimeNs hour_ns = 3'600 * second_ns;

// One perpetual a coin and a future of the first that expires in an hour; accounts with dollars, no
// haircuts, a stable coin at 1.
LiveInputs plain(std::int32_t accounts = 2) {
  LiveInputs in;
  EngineInputs& e = in.engine;
  e.market = make_market();
  e.market.asset_price[stable] = 1.0;
  for (std::int32_t u = 0; u < underlyings; ++u) {
    add(e.instruments, e.market, Kind::perpetual, Payoff::linear, u);
  }
  add(e.instruments, e.market, Kind::future, Payoff::linear, 0, 0, 1);
  e.instruments.expiry_ns.back() = start_ns + hour_ns;
  e.portfolio.account_count = accounts;
  for (std::int32_t a = 0; a < accounts; ++a) {
    e.portfolio.balance_account.push_back(a);
    e.portfolio.balance_pocket.push_back(0);
    e.portfolio.balance_asset.push_back(0);
    e.portfolio.balance_amount.push_back(1e5);
  }
  e.policies = make_policies(accounts);
  for (Policy& policy : e.policies.policies) {
    policy.haircut_initial.assign(5, Haircut{});
    policy.haircut_maintenance.assign(5, Haircut{});
  }
  in.settings.oracle.assign(underlyings, {});
  for (OracleSettings& o : in.settings.oracle) {
    o.heartbeat_ns = o.unusable_after_ns = 365 * ns_per_day;
    o.band_ratio = o.band_cap_ratio = 0.9;
  }
  in.capacity.instruments = 40;
  in.capacity.transfers = 2;
  in.capacity.positions = in.capacity.balances = in.capacity.pockets = 100;
  return in;
}

class Venue {
 public:
  explicit Venue(LiveInputs in = plain()) : engine_(std::move(in)) {
    for (std::int32_t u = 0; u < underlyings; ++u) tick(u, index_at_start[u], 0);
  }
  LiveEngine& engine() { return engine_; }
  RecordStatus apply(const Record& r) {
    const RecordStatus status = engine_.apply(r).status;
    drain();
    return status;
  }
  RecordStatus tick(std::int32_t u, double price, std::int64_t seconds) {
    return apply(index_tick(u, ++sequence_, price, start_ns + seconds * second_ns));
  }
  RecordStatus clock(std::int64_t seconds) {
    return apply(make_record(RecordType::clock, 0, start_ns + seconds * second_ns));
  }
  RecordStatus move(RecordType type, std::int32_t subject, std::int64_t seconds, double a,
                    double b = 0, std::uint64_t sequence = 0, AccountIndex account = 0,
                    std::int32_t pocket = 0) {
    Record r = make_record(type, subject, start_ns + seconds * second_ns);
    r.value[0] = a;
    r.value[1] = b;
    r.sequence = sequence;
    r.account = account;
    r.pocket = pocket;
    return apply(r);
  }
  RecordStatus reverse(std::uint64_t id) {
    Record r{};
    r.type = RecordType::deposit_reversed;
    r.sequence = id;
    return apply(r);
  }
  double equity(AccountIndex account = 0) {
    return static_cast<double>(engine_.account(account).equity) * 1e-6;
  }
  std::vector<Event> told;  // of accounts

 private:
  void drain() {
    Event events[64];
    while (const std::size_t n = engine_.events(events)) {
      for (std::size_t e = 0; e < n; ++e) {
        if (events[e].type == EventType::account) told.push_back(events[e]);
      }
    }
  }
  LiveEngine engine_;
  std::uint64_t sequence_ = 0;
};

constexpr std::int32_t future = 3;

// Opens one contract (0.1 of the coin) at 60,000 and settles it; the average that was paid.
double settled_at(Venue& venue, std::int64_t seconds) {
  const double before = 1e5;
  expect(venue.move(RecordType::instrument_expiry, future, seconds, 0), RecordStatus::ok);
  return 60'000 + (venue.equity() - before) / 0.1;
}

TEST(the_average_follows_the_mark_through_the_window_and_no_longer) {
  Venue venue;
  expect(venue.move(RecordType::fill, future, 0, 1, 60'000), RecordStatus::ok);
  venue.clock(1'860);  // a minute into the window
  venue.tick(0, 61'000, 2'700);
  venue.tick(0, 70'000, 3'650);  // after expiry, before the clock says so
  venue.clock(3'700);
  const double average = (60'000.0 * (2'700 - 1'860) + 61'000.0 * (3'600 - 2'700)) / 1'740;
  const double paid = settled_at(venue, 3'700);
  CHECK_NEAR(paid, average, 1e-4);
}

TEST(a_tick_ahead_of_the_clock_weighs_nothing_twice) {
  Venue venue;
  expect(venue.move(RecordType::fill, future, 0, 1, 60'000), RecordStatus::ok);
  venue.tick(0, 60'600, 2'400);
  venue.clock(1'900);  // the window opens behind the newest tick
  venue.clock(3'600);
  const double paid = settled_at(venue, 3'600);
  CHECK_NEAR(paid, 60'600.0, 1e-4);
}

TEST(without_a_clock_inside_the_window_there_is_no_average) {
  Venue venue;
  expect(venue.move(RecordType::fill, future, 0, 1, 60'000), RecordStatus::ok);
  venue.clock(4'000);
  expect(venue.move(RecordType::instrument_expiry, future, 4'000, 0), RecordStatus::not_expired);
  expect(venue.move(RecordType::instrument_expiry, future, 4'000, 60'500), RecordStatus::ok);
  CHECK_NEAR(venue.equity(), 1e5 + 0.1 * 500, 1e-5);
}

TEST(every_expiry_has_its_window) {
  Venue venue;
  std::int64_t now = 0;
  for (std::int32_t n = 0; n < 12; ++n) {
    Record r = make_record(RecordType::instrument_listing, 4 + n, start_ns + now * second_ns);
    r.detail = static_cast<std::int32_t>(Kind::future);
    r.pocket = stable;
    r.value[0] = 0.1;
    r.sequence = static_cast<std::uint64_t>(start_ns + (now + 3'600) * second_ns);
    expect(venue.apply(r), RecordStatus::ok);
    venue.clock(now += 2'000);
    venue.clock(now += 1'600);
    expect(venue.move(RecordType::instrument_expiry, 4 + n, now, 0), RecordStatus::ok);
  }
}

TEST(a_reversed_deposit_leaves_its_place) {
  Venue venue;
  const auto deposit = [&](std::uint64_t id, std::int64_t seconds) {
    return venue.move(RecordType::deposit, 0, seconds, 10, 0, id);
  };
  expect(deposit(1, 0), RecordStatus::ok);
  expect(deposit(2, 0), RecordStatus::ok);
  expect(deposit(3, 0), RecordStatus::capacity);
  expect(venue.reverse(2), RecordStatus::ok);
  expect(deposit(3, 0), RecordStatus::ok);
  expect(venue.reverse(1), RecordStatus::ok);
  expect(venue.reverse(3), RecordStatus::ok);
  CHECK_NEAR(venue.equity(), 1e5, 1e-6);
}

// One that came with a time ahead of the clock keeps no other from becoming final.
TEST(a_deposit_is_final_by_the_clock) {
  Venue venue;
  expect(venue.move(RecordType::deposit, 0, 900, 10, 0, 1), RecordStatus::ok);
  expect(venue.move(RecordType::deposit, 0, 10, 10, 0, 2), RecordStatus::ok);
  const std::uint64_t hash = venue.engine().state_hash();
  expect(venue.move(RecordType::deposit, 0, 90'000, 10, 0, 3), RecordStatus::capacity);
  CHECK_EQ(venue.engine().state_hash(), hash);
  venue.clock(3'700);
  expect(venue.reverse(2), RecordStatus::unknown_transfer);
  expect(venue.reverse(1), RecordStatus::ok);
}

TEST(a_mark_and_an_expiry_are_held_against_the_clock) {
  Venue venue;
  venue.clock(4'000);
  expect(venue.move(RecordType::mark, 0, 3'999, 60'100), RecordStatus::time_reversed);
  expect(venue.move(RecordType::instrument_expiry, future, 3'999, 60'000),
         RecordStatus::time_reversed);
}

TEST(what_is_staged_for_an_expired_option_is_not_counted) {
  LiveInputs in = plain();
  for (const int minutes : {60, 120}) {
    add(in.engine.instruments, in.engine.market, Kind::option, Payoff::linear, 0, 60'000, 1, true);
    in.engine.instruments.expiry_ns.back() = start_ns + minutes * 60 * second_ns;
  }
  Venue venue(in);
  for (const std::int32_t option : {4, 5}) {
    expect(venue.move(RecordType::surface_stage, option, 0, 0.65), RecordStatus::ok);
  }
  venue.clock(3'600);
  expect(venue.move(RecordType::instrument_expiry, 4, 3'600, 60'000), RecordStatus::ok);
  Record commit = make_record(RecordType::surface_commit, 0, start_ns + hour_ns);
  commit.detail = 1;
  expect(venue.apply(commit), RecordStatus::ok);
}

// The second coin has not spoken: whoever trades it may not be liquidated from then on.
TEST(a_fill_on_a_mark_in_doubt_blocks_at_once) {
  LiveInputs in = plain();
  in.settings.oracle[1].sources = in.settings.oracle[1].quorum = 2;
  Venue venue(in);
  expect(venue.move(RecordType::fill, 0, 0, 100, 70'000), RecordStatus::ok);  // a loss of 1e5
  CHECK_EQ(venue.engine().account(0).state, State::bankrupt);
  venue.told.clear();
  expect(venue.move(RecordType::fill, 1, 0, 1, 3'000), RecordStatus::ok);
  CHECK_EQ(venue.engine().account(0).liquidation_blocked, 1);
  CHECK_EQ(venue.told.size(), std::size_t{1});
  if (venue.told.size() == 1) CHECK_EQ(venue.told[0].flags & event_liquidation_blocked, 2);
}

TEST(an_undecidable_pocket_holds_what_the_account_has) {
  Venue venue;
  Record r = make_record(RecordType::instrument_listing, 4, start_ns);
  r.detail = static_cast<std::int32_t>(Kind::perpetual);
  r.pocket = stable;
  r.value[0] = 0.1;
  expect(venue.apply(r), RecordStatus::ok);
  expect(venue.move(RecordType::withdrawal, 0, 0, 10), RecordStatus::ok);
  expect(venue.move(RecordType::fill, 4, 0, 1, 60'000, 0, 0, 3), RecordStatus::ok);
  CHECK_EQ(venue.engine().account(0).state, State::undecidable);
  expect(venue.move(RecordType::withdrawal, 0, 0, 10), RecordStatus::blocked);
}

TEST(collateral_on_a_halted_chain_opens_nothing_also_where_it_is_simulated) {
  LiveInputs in = plain(1);
  Policy& policy = in.engine.policies.policies[0];
  policy = make_policy(MethodId::scenario, false);
  policy.simulated_collateral = true;
  in.engine.portfolio.balance_asset[0] = 1;  // the first coin
  in.engine.portfolio.balance_amount[0] = 1;
  in.settings.asset_chain = {0, 1, 0, 0, 0};
  Venue venue(in);
  CHECK_EQ(venue.engine().account(0).equity_initial, Ticks{60'000'000'000});
  Record halt = make_record(RecordType::chain_halt, 1, start_ns);
  halt.flags = flag_halted;
  expect(venue.apply(halt), RecordStatus::ok);
  CHECK_EQ(venue.engine().account(0).equity_initial, Ticks{0});
  CHECK_EQ(venue.engine().account(0).equity, Ticks{60'000'000'000});
  const Result frozen = venue.engine().freeze().recompute();
  CHECK_NEAR(frozen.accounts.equity_initial[0], 0.0, 0.0);
  LiveEngine loaded = LiveEngine::load(venue.engine().save());
  CHECK_EQ(loaded.account(0).equity_initial, Ticks{0});
  CHECK_EQ(loaded.state_hash(), venue.engine().state_hash());
}

}  // namespace

CHECK_MAIN()
