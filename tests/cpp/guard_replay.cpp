// The guards driven by text, so that the twins can follow them record by record: one line in, one
// line out. Numbers go both ways as hexadecimal floats. The words are those of
// tests/property/guard_lines.py.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "market/mark_basis.hpp"
#include "market/oracle_guard.hpp"
#include "market/vol_guard.hpp"

using namespace tickmargin;
using namespace tickmargin::market;

namespace {

struct Replay {
  GuardSettings settings;
  GuardState guard;
  BasisState basis;
  VolGuardSettings vol_settings;
  VolGuardState vol;
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "guard_replay: %s\n", why.c_str());
  std::exit(1);
}

// Streams do not read hexadecimal floats.
double number(std::istream& in) {
  std::string word;
  if (!(in >> word)) fail("a number is missing");
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (*end != '\0') fail("not a number: " + word);
  return value;
}

template <class T>
T integer(std::istream& in) {
  T value;
  if (!(in >> value)) fail("an integer is missing");
  return value;
}

GuardSettings read_settings(std::istream& in) {
  GuardSettings s;
  s.quorum = integer<std::int32_t>(in);
  s.signed_prices = integer<int>(in) != 0;
  s.price_scale_min = number(in);
  s.heartbeat_ns = integer<std::int64_t>(in);
  s.unusable_after_ns = integer<std::int64_t>(in);
  s.lead_max_ns = integer<std::int64_t>(in);
  s.source_clamp_ratio = number(in);
  s.feed_min = number(in);
  s.feed_max = number(in);
  s.band_ratio = number(in);
  s.velocity_ratio_per_sqrt_second = number(in);
  s.band_cap_ratio = number(in);
  s.quarantine_limit_ns = integer<std::int64_t>(in);
  s.doubt_ratio_degraded = number(in);
  s.mark_basis_window_ns = integer<std::int64_t>(in);
  s.mark_basis_cap_ratio = number(in);
  if (!valid(s)) fail("settings that make no sense");
  return s;
}

VolGuardSettings read_vol_settings(std::istream& in) {
  VolGuardSettings s;
  s.vol_min = number(in);
  s.vol_max = number(in);
  s.level_band_ratio = number(in);
  s.shape_band_ratio = number(in);
  s.shape_age_max_ns = integer<std::int64_t>(in);
  if (!valid(s)) fail("volatility settings that make no sense");
  return s;
}

// What is refused changes no byte; what is not says truly whether mark and state moved.
void check_result(const GuardState& before, const GuardState& after, const GuardResult& result) {
  const bool taken =
      result.status == RecordStatus::ok || result.status == RecordStatus::quarantined;
  if (!taken && std::memcmp(&before, &after, sizeof after) != 0)
    fail("a refusal changed the state");
  if (result.before != before.mark_state || result.after != after.mark_state ||
      result.state_changed != (result.before != result.after) ||
      result.mark_moved != (std::memcmp(&before.mark, &after.mark, sizeof(double)) != 0)) {
    fail("the result does not tell what happened");
  }
  if (may_liquidate(after) != (after.mark_state == MarkState::ready) ||
      may_add_risk(after) != may_liquidate(after)) {
    fail("something is allowed on a mark that is not ready");
  }
}

void print_guard(const GuardState& s, const GuardResult& result) {
  std::printf("%s %s %a %lld %a %a %lld %d %d %d ", record_status_name(result.status),
              mark_state_name(s.mark_state), s.mark, static_cast<long long>(s.mark_ts_ns),
              s.doubt_ratio, s.candidate, static_cast<long long>(s.quarantine_since_ns), s.waiting,
              s.unconfirmed, result.escalated);
  for (const GuardSource& source : s.sources) {
    std::printf("%d", source.fresh + 2 * source.saturated + 4 * source.outlier);
  }
  std::printf("\n");
}

void guard_line(Replay& replay, const std::string& word, std::istream& in) {
  const GuardState before = replay.guard;
  GuardResult result;
  if (word == "tick") {
    const auto source = integer<std::uint16_t>(in);
    const auto sequence = integer<std::uint64_t>(in);
    const double price = number(in);
    const auto ts_ns = integer<TimeNs>(in);
    result = on_index_tick(replay.settings, replay.guard, source, sequence, price, ts_ns);
  } else if (word == "clock") {
    result = on_clock(replay.settings, replay.guard, integer<TimeNs>(in));
  } else if (word == "forget") {
    const auto source = integer<std::uint16_t>(in);
    result = on_source_release(replay.settings, replay.guard, source, integer<TimeNs>(in));
  } else {
    const auto now_ns = integer<TimeNs>(in);
    std::optional<double> price;
    if (word == "release_at") price = number(in);
    result = on_release(replay.settings, replay.guard, now_ns, price);
  }
  check_result(before, replay.guard, result);
  print_guard(replay.guard, result);
}

void basis_line(Replay& replay, std::istream& in) {
  const double price = number(in);
  const double index = number(in);
  const RecordStatus status =
      update(replay.settings, replay.basis, price, index, integer<TimeNs>(in));
  std::printf("%s %a %a\n", record_status_name(status), replay.basis.average_ratio,
              mark(replay.basis, 100.0));
}

// surface ts count, then per row: old, staged, log-moneyness, expiry.
void surface_line(Replay& replay, std::istream& in) {
  const auto ts_ns = integer<TimeNs>(in);
  const auto count = integer<std::size_t>(in);
  std::vector<double> old_vol(count), staged(count), moneyness(count), scratch(2 * count);
  std::vector<TimeNs> expiry(count);
  for (std::size_t i = 0; i < count; ++i) {
    old_vol[i] = number(in);
    staged[i] = number(in);
    moneyness[i] = number(in);
    expiry[i] = integer<TimeNs>(in);
  }
  const VolGuardResult result =
      commit_surface(replay.vol_settings, replay.vol, {old_vol, staged, moneyness, expiry}, ts_ns,
                     old_vol, scratch);
  std::printf("%s %d %d %d %a", record_status_name(result.status), result.shape_kept,
              result.shape_forced, result.degraded, result.level);
  for (const double vol : old_vol) std::printf(" %a", vol);
  std::printf("\n");
}

}  // namespace

int main() {
  Replay replay;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream in(line);
    std::string word;
    in >> word;
    if (word == "settings") {
      replay = {};
      replay.settings = read_settings(in);
    } else if (word == "cold_start") {
      const double mark_price = number(in);
      replay.guard = cold_start(replay.settings, mark_price, integer<TimeNs>(in));
    } else if (word == "vol_settings") {
      replay.vol = {};
      replay.vol_settings = read_vol_settings(in);
    } else if (word == "tick" || word == "clock" || word == "release" || word == "release_at" ||
               word == "forget") {
      guard_line(replay, word, in);
    } else if (word == "basis") {
      basis_line(replay, in);
    } else if (word == "surface") {
      surface_line(replay, in);
    } else {
      fail("unknown word: " + word);
    }
  }
  return 0;
}
