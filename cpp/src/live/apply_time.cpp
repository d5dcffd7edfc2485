// Time and volatility: what changes every option's value at once.
#include <algorithm>
#include <cmath>

#include "kernels/one_value.hpp"
#include "live/state.hpp"

namespace tickmargin {

// ---- time ---------------------------------------------------------------------------------------

// Pockets with an option or future that has come so near to its expiry that no band on it lasts.
void LiveEngine::State::collect_near_expiry(TimeNs before_ns, TimeNs now) noexcept {
  bool any = false;
  for (std::size_t i = 0; i < world.instruments.size(); ++i) {
    const TimeNs expiry = world.instruments.expiry_ns[i];
    const bool enters = expiry != 0 && !expired[i] && expiry - now < near_expiry() &&
                        expiry - before_ns >= near_expiry();
    entering[i] = enters;
    any |= enters;
  }
  if (!any) return;
  for (std::size_t p = 0; p < store.pocket_count(); ++p) {
    for (const std::uint32_t i : store.instruments(p)) {
      if (!entering[i]) continue;
      collect(static_cast<std::int32_t>(p));
      break;
    }
  }
}

RecordStatus LiveEngine::State::apply_clock(const Record& r) noexcept {
  const TimeNs before_ns = now_ns;
  MarketColumns& c = world.reval.market.columns;
  const std::size_t n = world.underlying_count();
  for (std::size_t u = 0; u < n; ++u) remember_curve(static_cast<UnderlyingIndex>(u));
  start_collecting();
  now_ns = c.as_of_ns = r.ts_ns;
  std::size_t market_events = 0;
  for (std::size_t u = 0; u < n; ++u) {
    const auto underlying = static_cast<UnderlyingIndex>(u);
    wear_of_clock[u] = wear_since(underlying);
    collect_wear(underlying, wear_of_clock[u], false);
    guards_at_clock[u] = underlyings[u].guard;
    guard_results[u] = market::on_clock(underlyings[u].guard_settings, guards_at_clock[u], r.ts_ns);
    const bool trust = guard_results[u].state_changed ||
                       guards_at_clock[u].doubt_ratio != underlyings[u].guard.doubt_ratio;
    market_events += guard_results[u].state_changed + guard_results[u].escalated;
    if (trust ||
        (guard_results[u].mark_moved && guards_at_clock[u].mark != world.index(underlying))) {
      collect_all_of(underlying);
      tell_all |= trust;
    }
    if (follows_clock(underlying)) collect_following(underlying);
  }
  collect_near_expiry(before_ns, r.ts_ns);
  if (ramping()) collect_everyone();
  collect_blocked_too_long();
  market_events += collect_outlived_vols();
  if (const RecordStatus room = room_for_touched(market_events + escalating.size());
      room != RecordStatus::ok) {
    now_ns = c.as_of_ns = before_ns;
    tell_all = false;
    return room;
  }
  ++applied_seq;
  finalise_transfers(r.ts_ns);
  for (std::size_t u = 0; u < n; ++u) {
    const auto underlying = static_cast<UnderlyingIndex>(u);
    integrate(underlying, r.ts_ns);
    commit_guard_at_clock(underlying);
    spend_wear(underlying, wear_of_clock[u]);
    if (follows_clock(underlying)) refresh_scenarios(underlying);
  }
  end_outlived_vols();
  if (ramping() && now_ns - grace.started_ns >= grace.length_ns) grace = {};
  open_settlement_windows();
  mark_settled_shares();
  world.touch_all();
  settle();
  escalate_blocked();
  return RecordStatus::ok;
}

void LiveEngine::State::commit_guard_at_clock(UnderlyingIndex underlying) noexcept {
  const auto u = static_cast<std::size_t>(underlying);
  const market::GuardResult& result = guard_results[u];
  live::UnderlyingState& state = underlyings[u];
  state.guard = guards_at_clock[u];
  world.reval.market.columns.index_ts_ns[u] = state.guard.mark_ts_ns;
  const bool ready = state.guard.mark_state == MarkState::ready;
  world.reval.market.columns.doubt_ratio[u] = ready ? 0.0 : state.guard.doubt_ratio;
  if (result.mark_moved && state.guard.mark != world.index(underlying)) {
    world.move_index(underlying, state.guard.mark);
  }
  if (result.state_changed) {
    push_market_event(EventType::mark_state, underlying, static_cast<std::uint8_t>(result.before),
                      static_cast<std::uint8_t>(result.after));
  }
  if (result.escalated) {
    const auto mark = static_cast<std::uint8_t>(result.after);
    push_market_event(EventType::escalation, underlying, mark, mark);
  }
}

// Whether a policy's speed limit moves an underlying's scenarios with time alone.
bool LiveEngine::State::follows_clock(UnderlyingIndex underlying) const noexcept {
  const auto u = static_cast<std::size_t>(underlying);
  if (std::isnan(world.reval.market.columns.previous_mm_ratio[u])) return false;
  const auto limited = [u](const live::PolicyGrid& grid) {
    return grid.state.method->follows_market &&
           !std::isnan(grid.state.policy->dynamic[u].max_mm_increase_per_day_ratio);
  };
  const auto any = [&](const live::PolicyWorld& w) {
    return std::any_of(w.grids.begin(), w.grids.end(), limited);
  };
  return any(*policies) || (ramping() && any(*previous_policies));
}

// Scenarios that follow the market, of every policy that margin is taken of.
void LiveEngine::State::refresh_scenarios(UnderlyingIndex underlying) noexcept {
  for (live::PolicyGrid& grid : policies->grids) world.refresh_scenarios(grid, underlying);
  if (!ramping()) return;
  for (live::PolicyGrid& grid : previous_policies->grids) {
    world.refresh_scenarios(grid, underlying);
  }
}

// Pockets of an underlying whose policy's scenarios follow the market.
void LiveEngine::State::collect_following(UnderlyingIndex underlying) noexcept {
  for (std::size_t p = 0; p < store.pocket_count(); ++p) {
    if (!grid_of(p).state.method->follows_market &&
        !(ramping() && grid_before(p).state.method->follows_market)) {
      continue;
    }
    for (std::int32_t l = pockets[p].first_link; l >= 0; l = links[l].next_of_pocket) {
      if (links[l].underlying == underlying) collect(static_cast<std::int32_t>(p));
    }
  }
}

// ---- volatilities -------------------------------------------------------------------------------

// What a change of one volatility wears, by the clock of margin/wear.hpp.
double LiveEngine::State::wear_of_vol(std::size_t i, double vol_annual) const noexcept {
  const TimeNs expiry = world.instruments.expiry_ns[i];
  if (expiry - now_ns < near_expiry()) return 0.0;  // watched
  const double old = world.reval.market.columns.mark_vol_annual[i];
  if (std::isnan(old)) return INFINITY;
  return std::fabs(vol_annual - old) / std::min(vol_annual, old);
}

RecordStatus LiveEngine::State::apply_volatility(const Record& r) noexcept {
  const auto i = static_cast<std::size_t>(r.subject);
  if (expired[i]) return RecordStatus::expired;
  const UnderlyingIndex underlying = world.instruments.underlying[i];
  const margin::Wear wear{wear_of_vol(i, r.value[0]), 0};
  const bool doubt =
      market::check_update(vol_settings, world.reval.market.columns.mark_vol_annual[i], r.value[0])
          .degraded;
  const bool trust_changes = vol_doubt_changes(i, doubt);
  start_collecting();
  collect_wear(underlying, wear);
  if (trust_changes) collect_all_of(underlying);
  if (const RecordStatus room = room_for_touched(1); room != RecordStatus::ok) return room;
  const std::int32_t doubts = underlyings[static_cast<std::size_t>(underlying)].vol_doubts;
  set_vol_doubt(i, doubt);
  tell_all = trust_changes;
  world.reval.market.columns.mark_vol_annual[i] = r.value[0];
  world.touch_instrument(static_cast<std::uint32_t>(i));
  spend_wear(underlying, wear);
  ++applied_seq;
  tell_vol_state(underlying, doubts);
  settle();
  return RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply_surface_stage(const Record& r) noexcept {
  const auto i = static_cast<std::size_t>(r.subject);
  if (expired[i]) return RecordStatus::expired;
  live::UnderlyingState& u = underlyings[static_cast<std::size_t>(world.instruments.underlying[i])];
  if (const RecordStatus room = room_for(0); room != RecordStatus::ok) return room;
  if (std::isnan(staged_vol[i])) ++u.staged;
  staged_vol[i] = r.value[0];
  ++applied_seq;
  return RecordStatus::ok;
}

// The staged volatilities of one underlying take effect together, as far as the guard takes them.
RecordStatus LiveEngine::State::apply_surface_commit(const Record& r) noexcept {
  const auto underlying = static_cast<std::size_t>(r.subject);
  live::UnderlyingState& u = underlyings[underlying];
  if (r.detail != u.staged || u.staged == 0) return RecordStatus::conflicting;
  const std::size_t rows = gather_surface(r.subject);
  market::VolGuardState guard = u.vol_guard;
  const market::VolGuardResult result = market::commit_surface(
      vol_settings, guard,
      {{surface.old_vol.data(), rows},
       {surface.staged.data(), rows},
       {surface.log_moneyness.data(), rows},
       {surface.expiry_ns.data(), rows}},
      r.ts_ns, {surface.new_vol.data(), rows}, {surface.scratch.data(), 2 * rows});
  if (result.status != RecordStatus::ok) return result.status;
  const auto is_staged = [&](std::size_t k) { return !std::isnan(surface.staged[k]); };
  margin::Wear wear;
  bool trust_changes = false;
  for (std::size_t k = 0; k < rows; ++k) {
    trust_changes |= is_staged(k) && vol_doubt_changes(surface.row[k], result.degraded);
    if (std::isnan(surface.new_vol[k])) continue;
    wear.vol = std::max(wear.vol, wear_of_vol(surface.row[k], surface.new_vol[k]));
  }
  start_collecting();
  collect_wear(r.subject, wear);
  if (trust_changes) collect_all_of(r.subject);
  if (const RecordStatus room = room_for_touched(1); room != RecordStatus::ok) return room;
  const std::int32_t doubts = u.vol_doubts;
  tell_all = trust_changes;
  MarketColumns& c = world.reval.market.columns;
  for (std::size_t k = 0; k < rows; ++k) {
    const std::uint32_t i = surface.row[k];
    staged_vol[i] = base::canonical_nan;
    if (is_staged(k)) set_vol_doubt(i, result.degraded);
    if (std::isnan(surface.new_vol[k]) || surface.new_vol[k] == c.mark_vol_annual[i]) continue;
    c.mark_vol_annual[i] = surface.new_vol[k];
    world.touch_instrument(i);
  }
  u.staged = 0;
  u.vol_guard = guard;
  spend_wear(r.subject, wear);
  ++applied_seq;
  tell_vol_state(r.subject, doubts);
  settle();
  return RecordStatus::ok;
}

// The surface of one underlying as the guard reads it, rows of an expiry together.
std::size_t LiveEngine::State::gather_surface(UnderlyingIndex underlying) noexcept {
  std::size_t rows = 0;
  for (const std::uint32_t i : world.instruments_of[static_cast<std::size_t>(underlying)]) {
    if (world.instruments.kind[i] == Kind::option && !expired[i]) surface.row[rows++] = i;
  }
  std::sort(surface.row.begin(), surface.row.begin() + static_cast<std::ptrdiff_t>(rows),
            [&](std::uint32_t a, std::uint32_t b) {
              const TimeNs x = world.instruments.expiry_ns[a], y = world.instruments.expiry_ns[b];
              return x != y ? x < y : a < b;
            });
  double forward = base::canonical_nan;
  for (std::size_t k = 0; k < rows; ++k) {
    const std::uint32_t i = surface.row[k];
    const TimeNs expiry = world.instruments.expiry_ns[i];
    if (k == 0 || expiry != surface.expiry_ns[k - 1]) {
      // An everlasting option has no expiry and stands on the index.
      forward = expiry == 0 ? world.index(underlying)
                            : market::forward_at(world.reval.market, underlying, expiry).forward;
    }
    surface.old_vol[k] = world.reval.market.columns.mark_vol_annual[i];
    surface.staged[k] = staged_vol[i];
    surface.log_moneyness[k] = kernels::log_of(world.instruments.strike[i] / forward);
    surface.expiry_ns[k] = expiry;
  }
  return rows;
}

}  // namespace tickmargin
