// Records of the market: indices, forwards, marks, volatilities, time.
#include <algorithm>
#include <cmath>

#include "live/state.hpp"

namespace tickmargin {
namespace {

// After so long without trades the flow counts half of what it did.
constexpr double flow_fade_ns = 900e9;

double years_to(TimeNs expiry_ns, TimeNs now_ns) noexcept {
  return static_cast<double>(expiry_ns - now_ns) / ns_per_year;
}

}  // namespace

// ---- oracles ------------------------------------------------------------------------------------

RecordStatus LiveEngine::State::apply_guard(UnderlyingIndex underlying,
                                            const market::GuardState& guard,
                                            const market::GuardResult& result) noexcept {
  live::UnderlyingState& u = underlyings[static_cast<std::size_t>(underlying)];
  double& doubt = world.reval.market.columns.doubt_ratio[static_cast<std::size_t>(underlying)];
  const bool trust_changes = result.state_changed || guard.doubt_ratio != u.guard.doubt_ratio;
  const bool moves = result.mark_moved && guard.mark != world.index(underlying);
  start_collecting();
  if (trust_changes) {
    collect_all_of(underlying);
  } else if (moves) {
    collect_crossed(underlying, guard.mark);
    collect_watched(underlying);
  } else if (guard.mark_ts_ns != u.guard.mark_ts_ns) {
    collect_watched(underlying);  // an add-on may look at how old the index is
  }
  if (const RecordStatus room = room_for_touched(2); room != RecordStatus::ok) return room;
  const std::int64_t step = world.step_of(underlying);
  integrate(underlying, current.ts_ns);
  ++applied_seq;
  u.guard = guard;
  world.reval.market.columns.index_ts_ns[static_cast<std::size_t>(underlying)] = guard.mark_ts_ns;
  doubt = guard.mark_state == MarkState::ready ? 0.0 : guard.doubt_ratio;
  if (moves) {
    remember_activity(underlying, guard.mark / world.index(underlying) - 1.0, {});
    world.move_index(underlying, guard.mark);
  }
  if (world.step_of(underlying) != step) cursor_left = store.pocket_count();
  if (result.state_changed) {
    push_market_event(EventType::mark_state, underlying, static_cast<std::uint8_t>(result.before),
                      static_cast<std::uint8_t>(result.after));
  }
  if (result.escalated) {
    const auto mark = static_cast<std::uint8_t>(result.after);
    push_market_event(EventType::escalation, underlying, mark, mark);
  }
  tell_all = trust_changes;
  settle();
  return result.status;
}

RecordStatus LiveEngine::State::apply_index_tick(const Record& r) noexcept {
  const live::UnderlyingState& u = underlyings[static_cast<std::size_t>(r.subject)];
  market::GuardState guard = u.guard;
  const market::GuardResult result =
      market::on_index_tick(u.guard_settings, guard, r.source, r.sequence, r.value[0], r.ts_ns);
  if (result.status != RecordStatus::ok && result.status != RecordStatus::quarantined) {
    return result.status;
  }
  return apply_guard(r.subject, guard, result);
}

RecordStatus LiveEngine::State::apply_operator_release(const Record& r) noexcept {
  if (r.detail == release_volatilities) return release_volatilities_of(r.subject);
  const live::UnderlyingState& u = underlyings[static_cast<std::size_t>(r.subject)];
  market::GuardState guard = u.guard;
  const std::optional<double> price =
      r.value[0] == 0 ? std::nullopt : std::optional<double>(r.value[0]);
  const market::GuardResult result =
      r.detail == release_source
          ? market::on_source_release(u.guard_settings, guard, r.source, r.ts_ns)
          : market::on_release(u.guard_settings, guard, r.ts_ns, price);
  if (result.status != RecordStatus::ok) return result.status;
  return apply_guard(r.subject, guard, result);
}

// ---- curves -------------------------------------------------------------------------------------

// What every contract's inputs are before a change; the change is then measured against it.
void LiveEngine::State::remember_curve(UnderlyingIndex underlying) noexcept {
  const market::Market& m = world.reval.market;
  for (const std::uint32_t i : world.instruments_of[static_cast<std::size_t>(underlying)]) {
    const TimeNs expiry = world.instruments.expiry_ns[i];
    if (expiry == 0) continue;
    const market::ForwardPoint point = market::forward_at(m, underlying, expiry);
    before_forward[i] = point.forward;
    before_discount[i] = point.rate_annual * years_to(expiry, m.columns.as_of_ns);
    before_years[i] = years_to(expiry, m.columns.as_of_ns);
  }
}

// By how much the clocks of margin/wear.hpp run on since remember_curve().
margin::Wear LiveEngine::State::wear_since(UnderlyingIndex underlying) const noexcept {
  const market::Market& m = world.reval.market;
  margin::Wear wear;
  for (const std::uint32_t i : world.instruments_of[static_cast<std::size_t>(underlying)]) {
    const TimeNs expiry = world.instruments.expiry_ns[i];
    if (expiry == 0 || expired[i] || expiry - now_ns < near_expiry()) continue;
    const market::ForwardPoint point = market::forward_at(m, underlying, expiry);
    const double years = years_to(expiry, m.columns.as_of_ns);
    const double passed = before_years[i] - years;
    const double curve =
        std::fabs(point.forward - before_forward[i]) / std::min(point.forward, before_forward[i]) +
        std::fabs(point.rate_annual * years - before_discount[i]) + passed;
    // A forward that is not there or not positive makes this NaN: then nothing is proven.
    if (!(curve <= wear.curve)) wear.curve = curve;
    if (world.instruments.kind[i] != Kind::option) continue;
    wear.vol = std::max(wear.vol, (0.5 + vol_power) * passed / years);
  }
  if (std::isnan(wear.curve)) wear.curve = INFINITY;
  return wear;
}

void LiveEngine::State::measure_shocks() noexcept {
  vol_power = 0;
  for (const Policy& policy : policies->set.policies) {
    if (policy.method != MethodId::scenario) continue;
    for (const ScenarioParameters& p : policy.scenario) {
      vol_power = std::max({vol_power, std::fabs(p.vol_power_short), std::fabs(p.vol_power_long)});
    }
  }
}

void LiveEngine::State::collect_wear(UnderlyingIndex underlying, margin::Wear wear,
                                     bool alone) noexcept {
  const margin::Wear& spent = underlyings[static_cast<std::size_t>(underlying)].wear;
  collect_worn(underlying, {spent.vol + wear.vol, spent.curve + wear.curve}, alone);
  collect_watched(underlying);
}

void LiveEngine::State::spend_wear(UnderlyingIndex underlying, margin::Wear wear) noexcept {
  // Infinite wear has touched every link there is; the count goes on from where it was.
  if (!std::isfinite(wear.vol)) wear.vol = 0;
  if (!std::isfinite(wear.curve)) wear.curve = 0;
  margin::Wear& spent = underlyings[static_cast<std::size_t>(underlying)].wear;
  spent.vol += wear.vol;
  spent.curve += wear.curve;
  remember_activity(underlying, 0, wear);
}

// Sums that fade over some hundred records which move a number of the underlying.
void LiveEngine::State::remember_activity(UnderlyingIndex underlying, double log_move,
                                          margin::Wear wear) noexcept {
  constexpr double kept = 1.0 - 1.0 / 512;
  monitor::Activity& a = underlyings[static_cast<std::size_t>(underlying)].activity;
  a.variance = kept * a.variance + log_move * log_move;
  a.wear = {kept * a.wear.vol + wear.vol, kept * a.wear.curve + wear.curve};
}

RecordStatus LiveEngine::State::apply_forward(const Record& r) noexcept {
  market::Market& m = world.reval.market;
  const auto node = static_cast<std::size_t>(r.detail);
  const auto u = static_cast<std::size_t>(r.subject);
  const double ratio = m.forward_ratio[node], rate = m.columns.forward_rate_annual[node];
  const double price = m.columns.forward_price[node], distance = m.forward_basis[node];
  remember_curve(r.subject);
  m.forward_ratio[node] = r.value[0] / m.columns.index_price[u];
  m.forward_basis[node] = base::canonical_nan;
  m.columns.forward_rate_annual[node] = r.value[1];
  m.columns.forward_price[node] = r.value[0];
  const margin::Wear wear = wear_since(r.subject);
  start_collecting();
  collect_wear(r.subject, wear);
  if (const RecordStatus room = room_for_touched(0); room != RecordStatus::ok) {
    m.forward_ratio[node] = ratio;
    m.forward_basis[node] = distance;
    m.columns.forward_rate_annual[node] = rate;
    m.columns.forward_price[node] = price;
    return room;
  }
  spend_wear(r.subject, wear);
  world.touch_curve(r.subject);
  ++applied_seq;
  settle();
  return RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply_mark(const Record& r) noexcept {
  const auto i = static_cast<std::size_t>(r.subject);
  if (expired[i]) return RecordStatus::expired;
  const UnderlyingIndex underlying = world.instruments.underlying[i];
  const double index = world.index(underlying);
  market::BasisState state = basis[i];
  const RecordStatus status =
      market::update(underlyings[static_cast<std::size_t>(underlying)].guard_settings, state,
                     r.value[0], index, r.ts_ns);
  if (status != RecordStatus::ok) return status;
  const double ratio = market::mark(state, 1.0);
  const double old = world.reval.market.mark_ratio[i];
  const double moved = std::isnan(old) ? INFINITY : std::fabs(ratio - old) / std::min(ratio, old);
  const margin::Wear wear{0, moved};
  start_collecting();
  collect_wear(underlying, wear);
  if (const RecordStatus room = room_for_touched(0); room != RecordStatus::ok) return room;
  basis[i] = state;
  world.reval.market.mark_ratio[i] = ratio;
  world.reval.market.columns.mark_price[i] = ratio * index;
  world.touch_instrument(static_cast<std::uint32_t>(i));
  spend_wear(underlying, wear);
  ++applied_seq;
  settle();
  return RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply_realised_vol(const Record& r) noexcept {
  double& vol = world.reval.market.columns.realised_vol_annual[static_cast<std::size_t>(r.subject)];
  start_collecting();
  collect_following(r.subject);
  if (const RecordStatus room = room_for_touched(0); room != RecordStatus::ok) return room;
  vol = r.value[0];
  refresh_scenarios(r.subject);
  ++applied_seq;
  settle();
  return RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply_depth(const Record& r) noexcept {
  if (const RecordStatus room = room_for(0); room != RecordStatus::ok) return room;
  // The thinner side is what a liquidation can count on. Initial margin alone reads it.
  world.reval.market.columns.depth_notional[static_cast<std::size_t>(r.subject)] =
      std::min(r.value[0], r.value[1]);
  ++applied_seq;
  return RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply_trade_flow(const Record& r) noexcept {
  if (const RecordStatus room = room_for(0); room != RecordStatus::ok) return room;
  live::UnderlyingState& u = underlyings[static_cast<std::size_t>(r.subject)];
  u.flow_signed += r.value[0];
  u.flow_total += std::fabs(r.value[0]);
  // What add-ons read fades, so that it says who trades now. Initial margin alone reads it.
  MarketColumns& c = world.reval.market.columns;
  const auto row = static_cast<std::size_t>(r.subject);
  const double passed = static_cast<double>(std::max<TimeNs>(r.ts_ns - u.flow_ts_ns, 0));
  const double kept = flow_fade_ns / (flow_fade_ns + passed);
  c.flow_signed[row] = kept * c.flow_signed[row] + r.value[0];
  c.flow_total[row] = kept * c.flow_total[row] + std::fabs(r.value[0]);
  u.flow_ts_ns = std::max(u.flow_ts_ns, r.ts_ns);
  ++applied_seq;
  return RecordStatus::ok;
}

}  // namespace tickmargin
