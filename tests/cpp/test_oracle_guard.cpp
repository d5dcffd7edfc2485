#include "market/oracle_guard.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "check.hpp"

using namespace tickmargin;
using namespace tickmargin::market;

namespace {

constexpr TimeNs second = 1'000'000'000;
constexpr TimeNs start = 1'700'000'000 * second;
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// A guard and its records, seconds counted from the start, sequence numbers given out in order.
struct Feed {
  GuardSettings settings;
  GuardState state{};
  std::uint64_t sequence = 0;

  GuardResult tick(int source, double price, double at_seconds) {
    return on_index_tick(settings, state, static_cast<std::uint16_t>(source), ++sequence, price,
                         time(at_seconds));
  }
  GuardResult clock(double at_seconds) { return on_clock(settings, state, time(at_seconds)); }
  GuardResult release(double at_seconds, std::optional<double> price = {}) {
    return on_release(settings, state, time(at_seconds), price);
  }
  // Sources 0, 1, ... send these prices at one time.
  void all(const std::vector<double>& prices, double at_seconds) {
    for (std::size_t i = 0; i < prices.size(); ++i)
      tick(static_cast<int>(i), prices[i], at_seconds);
  }
  static TimeNs time(double at_seconds) {
    return start + static_cast<TimeNs>(at_seconds * static_cast<double>(second));
  }
};

Feed feed_of_one() {
  Feed feed;
  feed.settings.quorum = 1;
  return feed;
}

bool unchanged(const GuardState& a, const GuardState& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

TEST(a_cold_start_is_unusable_until_a_quorum_is_fresh) {
  Feed feed;
  CHECK_EQ(feed.state.mark_state, MarkState::unusable);
  CHECK(!may_liquidate(feed.state));
  CHECK(!may_add_risk(feed.state));
  CHECK(feed.clock(0).status == RecordStatus::ok);
  const GuardResult first = feed.tick(0, 100.0, 1);
  CHECK_EQ(first.status, RecordStatus::ok);
  CHECK_EQ(first.after, MarkState::unusable);
  CHECK(!first.mark_moved);
  CHECK_EQ(feed.state.doubt_ratio, 1.0);
  const GuardResult second_source = feed.tick(1, 101.0, 2);
  CHECK_EQ(second_source.before, MarkState::unusable);
  CHECK_EQ(second_source.after, MarkState::ready);
  CHECK(second_source.mark_moved && second_source.state_changed && !second_source.escalated);
  CHECK_EQ(feed.state.mark, 100.5);
  CHECK_EQ(feed.state.mark_ts_ns, Feed::time(2));
  CHECK_EQ(feed.state.doubt_ratio, 0.0);
  CHECK(may_liquidate(feed.state) && may_add_risk(feed.state));
}

TEST(bad_records_get_their_status_and_change_nothing) {
  Feed feed;
  feed.settings.lead_max_ns = 10 * second;
  feed.all({100.0, 101.0}, 5);
  feed.clock(6);
  const GuardState before = feed.state;
  const std::uint64_t last = before.sources[1].sequence;
  const auto send = [&](int source, std::uint64_t sequence, double price, TimeNs ts_ns) {
    const GuardResult result = on_index_tick(
        feed.settings, feed.state, static_cast<std::uint16_t>(source), sequence, price, ts_ns);
    CHECK(unchanged(before, feed.state));
    CHECK(!result.mark_moved && !result.state_changed && !result.escalated);
    return result.status;
  };
  const TimeNs at = Feed::time(5);
  CHECK_EQ(send(8, last + 1, 100.0, at), RecordStatus::unknown_source);
  CHECK_EQ(send(1, last + 1, not_a_number, at), RecordStatus::not_finite);
  CHECK_EQ(send(1, last + 1, -infinite, at), RecordStatus::not_finite);
  CHECK_EQ(send(1, last + 1, 0.0, at), RecordStatus::not_positive);
  CHECK_EQ(send(1, last + 1, -37.63, at), RecordStatus::not_positive);
  CHECK_EQ(send(1, last + 1, 100.0, -1), RecordStatus::out_of_range);
  CHECK_EQ(send(1, last + 1, 100.0, Feed::time(16) + 1), RecordStatus::out_of_range);
  CHECK_EQ(send(1, last + 1, 100.0, at - 1), RecordStatus::time_reversed);
  CHECK_EQ(send(1, last - 1, 100.0, at), RecordStatus::out_of_order);
  CHECK_EQ(send(1, last, 101.0, at), RecordStatus::duplicate);
  CHECK_EQ(send(1, last, 101.5, at), RecordStatus::conflicting);
  CHECK_EQ(send(1, last, 101.0, at + 1), RecordStatus::conflicting);
  CHECK(feed.clock(5.9).status == RecordStatus::time_reversed);
  CHECK(on_clock(feed.settings, feed.state, -1).status == RecordStatus::out_of_range);
  CHECK(feed.release(6, not_a_number).status == RecordStatus::not_finite);
  CHECK(feed.release(6, 0.0).status == RecordStatus::not_positive);
  CHECK(feed.release(5, 90.0).status == RecordStatus::time_reversed);
  CHECK(feed.release(6).status == RecordStatus::out_of_range);  // nothing waits
  CHECK(unchanged(before, feed.state));
}

TEST(one_crazy_source_of_three_changes_nothing) {
  Feed feed;
  feed.all({2.45, 2.46, 2.47}, 0);
  const GuardResult print = feed.tick(0, 0.0001, 1);
  CHECK_EQ(print.status, RecordStatus::ok);
  CHECK_EQ(print.after, MarkState::ready);
  CHECK_EQ(feed.state.mark, 2.46);
  CHECK(feed.state.sources[0].outlier);
  CHECK(!feed.state.sources[1].outlier);
  feed.tick(0, 2.44, 2);
  CHECK(!feed.state.sources[0].outlier);
}

TEST(a_fall_that_several_sources_see_is_not_blocked) {
  Feed feed;
  feed.all({2423.98, 2424.5, 2423.0}, 0);
  feed.tick(0, 2199.10, 60);
  CHECK_EQ(feed.state.mark_state, MarkState::degraded);  // the others are silent since a minute
  CHECK_EQ(feed.state.mark, 2423.98);
  const GuardResult confirmed = feed.tick(1, 2200.0, 60.1);
  CHECK_EQ(confirmed.after, MarkState::ready);
  CHECK_EQ(feed.state.mark, 0.5 * 2199.10 + 0.5 * 2200.0);
  CHECK(feed.tick(2, 2198.0, 60.2).after == MarkState::ready);
  CHECK_EQ(feed.state.mark, 2199.10);
}

// 5 % at once, 0.15 % more a square root of a second: 6.5 % after 100 s, never more than 25 %.
TEST(the_band_of_one_source_grows_with_the_root_of_time) {
  for (const double inside : {1.0499, 0.9501}) {
    Feed feed = feed_of_one();
    feed.tick(0, 100.0, 0);
    CHECK(feed.tick(0, 100.0 * inside, 0).after == MarkState::ready);
  }
  for (const double outside : {1.0501, 0.9499}) {
    Feed feed = feed_of_one();
    feed.tick(0, 100.0, 0);
    CHECK(feed.tick(0, 100.0 * outside, 0).after == MarkState::quarantined);
  }
  Feed later = feed_of_one();
  later.tick(0, 100.0, 0);
  CHECK(later.tick(0, 106.6, 100).status == RecordStatus::quarantined);
  CHECK(later.tick(0, 106.4, 100).after == MarkState::ready);
  Feed capped = feed_of_one();
  capped.tick(0, 100.0, 0);
  CHECK(capped.tick(0, 125.1, 86'400).status == RecordStatus::quarantined);
  CHECK(capped.tick(0, 124.9, 86'400).after == MarkState::ready);
}

TEST(one_source_cannot_walk_the_mark_away_in_small_steps) {
  Feed feed = feed_of_one();
  feed.tick(0, 100.0, 0);
  double price = 100.0;
  for (int i = 0; i < 50; ++i) feed.tick(0, price *= 1.01, 1 + 0.001 * i);
  CHECK_EQ(feed.state.mark_state, MarkState::quarantined);
  CHECK(feed.state.mark < 105.2);
}

TEST(a_quarantine_keeps_the_old_mark_and_states_its_doubt) {
  Feed feed = feed_of_one();
  feed.tick(0, 100.0, 0);
  const GuardResult jump = feed.tick(0, 80.0, 1);
  CHECK_EQ(jump.status, RecordStatus::quarantined);
  CHECK_EQ(jump.after, MarkState::quarantined);
  CHECK(!jump.mark_moved);
  CHECK_EQ(feed.state.mark, 100.0);
  CHECK_EQ(feed.state.candidate, 80.0);
  CHECK_NEAR(feed.state.doubt_ratio, 0.2, 1e-15);
  CHECK(!may_liquidate(feed.state));
  feed.tick(0, 1e6, 2);
  CHECK_EQ(feed.state.doubt_ratio, doubt_ratio_max);
  CHECK_EQ(feed.state.quarantine_since_ns, Feed::time(1));
  const GuardResult back = feed.tick(0, 99.0, 3);
  CHECK_EQ(back.after, MarkState::ready);
  CHECK_EQ(feed.state.mark, 99.0);
  CHECK(!feed.state.waiting);
}

TEST(a_second_source_that_agrees_releases) {
  Feed feed = feed_of_one();
  feed.tick(0, 100.0, 0);
  feed.tick(0, 80.0, 1);
  const GuardResult agreed = feed.tick(1, 80.4, 2);
  CHECK_EQ(agreed.after, MarkState::ready);
  CHECK_EQ(feed.state.mark, 80.2);
}

TEST(time_releases_with_an_escalation_and_the_doubt_stays) {
  Feed feed = feed_of_one();
  feed.tick(0, 100.0, 0);
  feed.tick(0, 50.0, 1);
  for (int t = 20; t <= 300; t += 20) CHECK(!feed.tick(0, 50.0, t).escalated);
  const GuardResult limit = feed.clock(301);
  CHECK(limit.escalated && limit.mark_moved);
  CHECK_EQ(limit.after, MarkState::degraded);
  CHECK_EQ(feed.state.mark, 50.0);
  CHECK_EQ(feed.state.doubt_ratio, 1.0);  // the last trusted mark is 100 % above
  CHECK(!may_liquidate(feed.state));
  const GuardResult next = feed.tick(0, 51.0, 310);
  CHECK_EQ(next.status, RecordStatus::ok);
  CHECK_EQ(next.after, MarkState::degraded);
  CHECK(!next.escalated);
  CHECK_EQ(feed.state.mark, 51.0);
  CHECK(feed.tick(1, 51.2, 311).after == MarkState::ready);
  CHECK_EQ(feed.state.doubt_ratio, 0.0);
}

TEST(an_operator_releases_the_candidate) {
  Feed feed = feed_of_one();
  feed.tick(0, 100.0, 0);
  feed.tick(0, 80.0, 1);
  const GuardResult released = feed.release(2);
  CHECK_EQ(released.status, RecordStatus::ok);
  CHECK_EQ(released.after, MarkState::ready);
  CHECK_EQ(feed.state.mark, 80.0);
}

TEST(an_operator_s_price_sets_aside_who_contradicts_it) {
  Feed feed;
  feed.all({100.0, 100.0, 100.0}, 0);
  feed.all({100.0, 80.0, 60.0}, 1);
  CHECK_EQ(feed.state.mark_state, MarkState::quarantined);
  CHECK_EQ(feed.state.candidate, 60.0);
  const GuardResult released = feed.release(2, 80.0);
  CHECK_EQ(released.after, MarkState::degraded);  // one source is no quorum
  CHECK_EQ(feed.state.mark, 80.0);
  CHECK_EQ(feed.state.doubt_ratio, 0.05);
  CHECK(feed.tick(2, 80.8, 3).after == MarkState::ready);
  CHECK_EQ(feed.state.mark, 80.4);
  CHECK(feed.state.sources[0].set_aside_until_ns == Feed::time(302));
  feed.all({80.0, 80.0}, 4);
  CHECK_EQ(feed.state.sources[0].set_aside_until_ns, 0);
}

TEST(an_operator_has_a_source_start_again) {
  Feed feed;
  feed.all({100.0, 100.0, 100.0}, 0);
  CHECK_EQ(on_index_tick(feed.settings, feed.state, 0, 1'000'000, 100.0, Feed::time(1)).status,
           RecordStatus::ok);
  CHECK_EQ(on_index_tick(feed.settings, feed.state, 0, 9, 100.0, Feed::time(2)).status,
           RecordStatus::out_of_order);
  CHECK_EQ(on_source_release(feed.settings, feed.state, 7, Feed::time(3)).status,
           RecordStatus::out_of_range);
  CHECK_EQ(on_source_release(feed.settings, feed.state, 8, Feed::time(3)).status,
           RecordStatus::unknown_source);
  const GuardResult released = on_source_release(feed.settings, feed.state, 0, Feed::time(3));
  CHECK_EQ(released.status, RecordStatus::ok);
  CHECK_EQ(released.after, MarkState::ready);  // two are left
  CHECK_EQ(on_index_tick(feed.settings, feed.state, 0, 1, 100.0, Feed::time(4)).status,
           RecordStatus::ok);
}

TEST(no_time_stamp_outlives_a_source_that_is_forgotten) {
  Feed feed;
  feed.all({100.0, 100.0, 100.0}, 0);
  feed.clock(1);
  feed.tick(0, 100.0, 3'000);
  CHECK_EQ(feed.state.mark_state, MarkState::degraded);  // the others are old beside it
  feed.tick(1, 100.0, 2);
  CHECK(feed.tick(2, 100.0, 2).after == MarkState::degraded);
  CHECK(on_source_release(feed.settings, feed.state, 0, Feed::time(3)).after == MarkState::ready);
  CHECK_EQ(feed.state.now_ns, Feed::time(3));
  CHECK_EQ(feed.state.heard_ns, Feed::time(3));
}

TEST(a_release_may_not_come_from_the_future) {
  Feed feed;
  feed.settings.lead_max_ns = Feed::time(20) - Feed::time(0);
  feed.all({100.0, 100.0, 100.0}, 0);
  feed.clock(1);
  CHECK(feed.release(22, 90.0).status == RecordStatus::out_of_range);
  CHECK(on_source_release(feed.settings, feed.state, 0, Feed::time(22)).status ==
        RecordStatus::out_of_range);
  CHECK(feed.release(21, 90.0).status == RecordStatus::ok);
}

TEST(an_operator_moves_a_silent_mark_but_does_not_replace_a_quorum) {
  Feed feed;
  feed.all({100.0, 100.0}, 0);
  CHECK(feed.clock(400).after == MarkState::unusable);
  CHECK(feed.release(401, 70.0).after == MarkState::degraded);
  CHECK_EQ(feed.state.mark, 70.0);
  CHECK(feed.clock(702).after == MarkState::unusable);
}

TEST(silence_degrades_then_makes_unusable_then_escalates_once) {
  Feed feed;
  feed.all({100.0, 100.0, 100.0}, 0);
  CHECK(feed.clock(30).after == MarkState::ready);
  const GuardResult stale = feed.clock(30.001);
  CHECK_EQ(stale.after, MarkState::degraded);
  CHECK_EQ(feed.state.doubt_ratio, 0.05);
  CHECK_EQ(feed.state.mark_ts_ns, Feed::time(0));  // a clock never makes a price young
  CHECK(feed.clock(300).after == MarkState::degraded);
  const GuardResult silent = feed.clock(300.001);
  CHECK_EQ(silent.after, MarkState::unusable);
  CHECK_EQ(feed.state.mark, 100.0);
  CHECK(feed.clock(330.001).escalated);
  CHECK(!feed.clock(900).escalated);
  CHECK(feed.tick(0, 95.0, 901).after == MarkState::unusable);  // until a quorum is back
  CHECK(feed.tick(1, 95.0, 902).after == MarkState::ready);
}

TEST(sources_that_contradict_each_other_are_never_averaged) {
  Feed feed;
  feed.all({100.0, 100.0}, 0);
  feed.tick(1, 106.0, 1);
  CHECK_EQ(feed.state.mark_state, MarkState::quarantined);
  CHECK_EQ(feed.state.mark, 100.0);
  CHECK_NEAR(feed.state.doubt_ratio, 0.06, 1e-15);
  for (int t = 20; t <= 300; t += 20) feed.all({100.0, 106.0}, t);
  const GuardResult limit = feed.clock(301);
  CHECK(limit.escalated && !limit.mark_moved);
  CHECK_EQ(limit.after, MarkState::degraded);
  CHECK(!feed.clock(302).escalated);
}

TEST(of_two_equally_far_prices_the_higher_is_the_candidate) {
  for (const bool swapped : {false, true}) {
    Feed feed;
    feed.all({100.0, 100.0}, 0);
    feed.all({swapped ? 110.0 : 90.0, swapped ? 90.0 : 110.0}, 1);
    CHECK_EQ(feed.state.mark_state, MarkState::quarantined);
    CHECK_EQ(feed.state.candidate, 110.0);
  }
}

TEST(prices_below_zero_are_prices_where_the_settings_say_so) {
  Feed feed;
  feed.settings.signed_prices = true;
  feed.settings.price_scale_min = 10.0;
  CHECK(valid(feed.settings));
  feed.all({0.5, 0.6}, 0);
  feed.all({-37.63, -37.60}, 60);
  CHECK_EQ(feed.state.mark_state, MarkState::ready);
  CHECK_EQ(feed.state.mark, 0.5 * -37.63 + 0.5 * -37.60);
  feed.all({0.0, 0.0}, 61);
  CHECK_EQ(feed.state.mark, 0.0);
  CHECK_EQ(feed.state.mark_state, MarkState::ready);
}

TEST(a_known_mark_is_the_reference_of_a_cold_start) {
  Feed feed = feed_of_one();
  feed.state = cold_start(feed.settings, 92'800.0, Feed::time(0));
  CHECK_EQ(feed.state.mark_state, MarkState::unusable);
  CHECK(feed.tick(0, 1.0, 1).status == RecordStatus::quarantined);
  CHECK_EQ(feed.state.mark_state, MarkState::unusable);
  CHECK_EQ(feed.state.mark, 92'800.0);
  CHECK(feed.tick(0, 92'700.0, 2).after == MarkState::ready);
  CHECK(!cold_start(feed.settings, 0.0, 0).has_mark);
  CHECK(!cold_start(feed.settings, not_a_number, 0).has_mark);
}

TEST(a_time_stamp_at_the_end_of_time_overflows_nothing) {
  constexpr TimeNs last = std::numeric_limits<TimeNs>::max();
  Feed feed = feed_of_one();
  feed.tick(0, 100.0, 0);
  CHECK(on_index_tick(feed.settings, feed.state, 1, 1, 100.0, last).status == RecordStatus::ok);
  CHECK(on_release(feed.settings, feed.state, last, 50.0).status == RecordStatus::ok);
  CHECK_EQ(feed.state.sources[1].set_aside_until_ns, 0);  // "until" has come
  CHECK(feed.state.mark_state != MarkState::ready || feed.state.mark == 50.0);
}

TEST(settings_that_make_no_sense_are_told) {
  CHECK(valid(GuardSettings{}));
  const auto with = [](auto change) {
    GuardSettings settings;
    change(settings);
    return valid(settings);
  };
  CHECK(!with([](GuardSettings& s) { s.quorum = 0; }));
  CHECK(!with([](GuardSettings& s) { s.quorum = 9; }));
  CHECK(!with([](GuardSettings& s) { s.signed_prices = true; }));
  CHECK(!with([](GuardSettings& s) { s.heartbeat_ns = 0; }));
  CHECK(!with([](GuardSettings& s) { s.unusable_after_ns = s.heartbeat_ns - 1; }));
  CHECK(!with([](GuardSettings& s) { s.source_clamp_ratio = 0; }));
  CHECK(!with([](GuardSettings& s) { s.source_clamp_ratio = not_a_number; }));
  CHECK(!with([](GuardSettings& s) { s.feed_min = not_a_number; }));
  CHECK(!with([](GuardSettings& s) { s.band_ratio = not_a_number; }));
  CHECK(!with([](GuardSettings& s) { s.band_cap_ratio = 0.04; }));
  CHECK(!with([](GuardSettings& s) { s.quarantine_limit_ns = 0; }));
  CHECK(!with([](GuardSettings& s) { s.doubt_ratio_degraded = 1.1; }));
  CHECK(!with([](GuardSettings& s) { s.mark_basis_window_ns = 0; }));
}

CHECK_MAIN()
