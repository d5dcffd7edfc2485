// What happened to others, on the guard: the prices are those of the published accounts.
#include <cmath>
#include <limits>
#include <vector>

#include "check.hpp"
#include "market/oracle_guard.hpp"

using namespace tickmargin;
using namespace tickmargin::market;

namespace {

constexpr TimeNs second = 1'000'000'000;
constexpr TimeNs start = 1'700'000'000 * second;

struct Feed {
  GuardSettings settings;
  GuardState state{};
  std::uint64_t sequence = 0;

  GuardResult tick(int source, double price, std::int64_t at_seconds) {
    return on_index_tick(settings, state, static_cast<std::uint16_t>(source), ++sequence, price,
                         start + at_seconds * second);
  }
  GuardResult clock(std::int64_t at_seconds) {
    return on_clock(settings, state, start + at_seconds * second);
  }
};

Feed feed_of_one(double price) {
  Feed feed;
  feed.settings.quorum = 1;
  feed.tick(0, price, 0);
  return feed;
}

// Linear from (t0, p0) to (t1, p1).
double between(double t, double t0, double p0, double t1, double p1) {
  return t >= t1 ? p1 : p0 + (p1 - p0) * (t - t0) / (t1 - t0);
}

}  // namespace

// Synthetix, 2019-06-24: of three feeds one had died unnoticed and one said 1000 times too much.
TEST(skrw_a_thousandfold_price_beside_a_dead_feed) {
  Feed feed;
  for (int source = 0; source < 3; ++source) feed.tick(source, 1.0, 0);
  bool alerted = false;
  for (int t = 5; t <= 3600; t += 5) {
    alerted = feed.tick(0, 1.0, t).escalated || alerted;
    alerted = feed.tick(1, 1000.0, t).escalated || alerted;
    CHECK_EQ(feed.state.mark, 1.0);
    // Within one heartbeat of the third feed's death nothing is liquidated any more.
    CHECK_EQ(may_liquidate(feed.state), t <= 30);
  }
  CHECK(alerted);
}

// Deribit, 2019-10-31: one of seven constituents was wrong and not dropped. Any three may be.
TEST(deribit_index_any_three_of_seven_wrong_in_any_way) {
  const double wrong[] = {0.0,  -1.0,  std::numeric_limits<double>::quiet_NaN(),
                          1.0,  1e-9,  std::numeric_limits<double>::infinity(),
                          1e18, 9000.0};
  for (unsigned faulty = 0; faulty < 128; ++faulty) {
    if (__builtin_popcount(faulty) > 3) continue;
    for (const double value : wrong) {
      Feed feed;
      feed.settings.quorum = 4;
      for (int t = 0; t < 100; t += 5) {
        for (int source = 0; source < 7; ++source) {
          const bool is_wrong = t > 0 && (faulty >> source & 1) != 0;
          feed.tick(source, is_wrong ? value : 9150.0 + source, t);
        }
        CHECK(std::fabs(feed.state.mark / 9153.0 - 1.0) <= 0.001);
        CHECK_EQ(feed.state.mark_state, MarkState::ready);
      }
    }
  }
}

// BitMEX, 2019-05-17: an index of two, one of them pushed from 7,600 to 6,250 in eleven minutes.
// The mean fell to 6,625; here the two stop being a mark when they are 4 % apart.
TEST(bitstamp_one_source_of_two_pushed) {
  Feed feed;
  for (int t = 0; t <= 660; t += 5) {
    const double pushed = between(t, 0, 7600, 660, 6250);
    const double other = between(t, 0, 7650, 660, 7000);
    feed.tick(0, pushed, t);
    feed.tick(1, other, t);
    CHECK(std::fabs(feed.state.mark / other - 1.0) <= 0.021 || !may_liquidate(feed.state));
  }
  CHECK(!may_liquidate(feed.state));
  CHECK(feed.state.mark > 6900.0);
}

// Compound, 2020-11-26: DAI at 1.30 on one venue, 1.03 elsewhere.
TEST(dai_one_venue_at_1_30) {
  Feed feed;
  for (int t = 0; t <= 3600; t += 10) {
    const double lone =
        t < 1800 ? between(t, 0, 1.0, 1800, 1.3) : between(t, 1800, 1.3, 3600, 1.02);
    const double rest =
        t < 1800 ? between(t, 0, 1.0, 1800, 1.03) : between(t, 1800, 1.03, 3600, 1.01);
    feed.tick(0, lone, t);
    feed.tick(1, rest, t);
    feed.tick(2, rest, t);
    CHECK(feed.state.mark <= 1.03);
    CHECK_EQ(feed.state.mark_state, MarkState::ready);
  }
}

// Venus, 2022-05-12: LUNA's feed stood at its own minimum of 0.107 while the market was at 0.01.
TEST(luna_feed_at_its_floor_is_unusable) {
  Feed feed;
  feed.settings.feed_min = 0.107;
  feed.tick(0, 0.5, 0);
  feed.tick(1, 0.5, 0);
  CHECK_EQ(feed.state.mark_state, MarkState::ready);
  CHECK(feed.tick(0, 0.107, 1).after == MarkState::degraded);
  CHECK(feed.tick(1, 0.107, 2).after == MarkState::unusable);
  CHECK(feed.state.sources[0].saturated && feed.state.sources[0].outlier);
  CHECK_EQ(feed.state.doubt_ratio, 1.0);
  for (int t = 10; t <= 21'600; t += 10) {
    feed.tick(0, 0.107, t);
    CHECK(feed.tick(1, 0.107, t).after == MarkState::unusable);
  }
}

// Steps of one source that were believed: Bonq 0.13 -> 5e9 -> 1e-7, KiloEx 100 -> 10,000, Moonwell
// wrsETH 1.06 -> 1.65e6 and cbETH 2,210 -> 1.12, Morpho PAXG 2,600 -> 2.6e15, yUSD 1 -> 2.
TEST(steps_of_one_source_wait_and_neither_lend_nor_liquidate) {
  const std::vector<std::vector<double>> paths = {{0.13, 5e9, 1e-7}, {100.0, 10'000.0},
                                                  {1.06, 1.65e6},    {2210.0, 1.12},
                                                  {2600.0, 2.6e15},  {1.0, 2.0}};
  for (const std::vector<double>& path : paths) {
    Feed feed = feed_of_one(path[0]);
    CHECK(may_add_risk(feed.state));
    for (std::size_t step = 1; step < path.size(); ++step) {
      const auto at = static_cast<std::int64_t>(60 * step - 59);
      CHECK(feed.tick(0, path[step], at).status == RecordStatus::quarantined);
      CHECK_EQ(feed.state.mark, path[0]);
      CHECK(!may_add_risk(feed.state));
      CHECK(!may_liquidate(feed.state));
    }
  }
}

// Paradex, 2026-01-19: a migration made the mark 0, and thousands were liquidated on it.
TEST(zero_never_becomes_a_mark_and_a_restart_is_not_ready) {
  Feed feed;
  feed.tick(0, 92'800.0, 0);
  feed.tick(1, 92'810.0, 0);
  CHECK(feed.tick(0, 0.0, 1).status == RecordStatus::not_positive);
  CHECK(feed.tick(1, 0.0, 1).status == RecordStatus::not_positive);
  CHECK_EQ(feed.state.mark, 92'805.0);
  CHECK(feed.clock(31).after == MarkState::degraded);
  feed.state = cold_start(feed.settings, feed.state.mark, feed.state.mark_ts_ns);
  CHECK(feed.tick(0, 92'800.0, 601).after == MarkState::unusable);
  CHECK(feed.tick(1, 92'800.0, 601).after == MarkState::ready);
}

// Stream xUSD and Resolv USR: the oracle stood still while the market fell. A feed that is silent
// is not believed; one that repeats an old price is contradicted by any other.
TEST(a_price_that_stands_still) {
  Feed silent = feed_of_one(1.0);
  CHECK(silent.clock(31).after == MarkState::degraded);
  CHECK(silent.clock(301).after == MarkState::unusable);
  Feed contradicted = feed_of_one(1.0);
  contradicted.tick(0, 1.0, 3600);
  contradicted.tick(1, 0.0025, 3600);
  CHECK_EQ(contradicted.state.mark_state, MarkState::quarantined);
  CHECK_NEAR(contradicted.state.doubt_ratio, 0.9975, 1e-15);
}

// Binance, 2025-10-10: USDe at 0.65 on one venue's own book, 0.92 elsewhere.
TEST(usde_on_one_venue_s_book) {
  Feed feed;
  for (int t = 0; t <= 2760; t += 10) {
    feed.tick(0, between(t, 0, 1.0, 2760, 0.65), t);
    feed.tick(1, between(t, 0, 1.0, 2760, 0.92), t);
    feed.tick(2, between(t, 0, 1.0, 2760, 0.925), t);
    CHECK(feed.state.mark >= 0.90);
    CHECK_EQ(feed.state.mark_state, MarkState::ready);
  }
}

// Aave, 2026-03-10: a guard moved a time stamp and held back the value, and became the faulty feed.
// Here an accepted price is never cut: the mark is the aggregate or stays as it was, time included.
TEST(value_and_time_stamp_move_together) {
  Feed feed;
  feed.tick(0, 1.195, 0);
  feed.tick(1, 1.195, 0);
  for (int t = 1; t < 400; ++t) {
    const GuardState before = feed.state;
    const GuardResult result =
        t % 3 == 0 ? feed.clock(t) : feed.tick(t % 3 - 1, t > 200 ? 1.23 : 1.195, t);
    if (!result.mark_moved) CHECK_EQ(feed.state.mark, before.mark);
    if (t % 3 == 0) CHECK_EQ(feed.state.mark_ts_ns, before.mark_ts_ns);
  }
  CHECK_EQ(feed.state.mark, 1.23);
  CHECK_EQ(feed.state.mark_ts_ns, start + 398 * second);
}

CHECK_MAIN()
