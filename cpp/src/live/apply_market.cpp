// Records of the market: indices, forwards, marks, volatilities, time.
#include <algorithm>
#include <cmath>

#include "live/state.hpp"

namespace tickmargin {
namespace {

constexpr double phi_0 = 0.3989422804014327;

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
  }
  if (!has_room(2)) return RecordStatus::ring_full;
  const std::int64_t step = step_of(underlying);
  integrate(underlying, current.ts_ns);
  ++applied_seq;
  u.guard = guard;
  doubt = guard.mark_state == MarkState::ready ? 0.0 : guard.doubt_ratio;
  if (moves) world.move_index(underlying, guard.mark);
  if (step_of(underlying) != step) cursor_left = store.pocket_count();
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
  const market::GuardResult result = market::on_index_tick(
      u.guard_settings, guard, r.source, r.sequence, r.value[0], r.ts_ns);
  if (result.status != RecordStatus::ok && result.status != RecordStatus::quarantined) {
    return result.status;
  }
  return apply_guard(r.subject, guard, result);
}

RecordStatus LiveEngine::State::apply_operator_release(const Record& r) noexcept {
  const live::UnderlyingState& u = underlyings[static_cast<std::size_t>(r.subject)];
  market::GuardState guard = u.guard;
  const std::optional<double> price =
      r.value[0] == 0 ? std::nullopt : std::optional<double>(r.value[0]);
  const market::GuardResult result =
      market::on_release(u.guard_settings, guard, r.ts_ns, price);
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

// Wear is measured in units of volatility x sqrt(time): no value of a contract changes by more than
// wear x phi(0) x what it is worth at its forward (see README.md).
double LiveEngine::State::wear_since(UnderlyingIndex underlying) const noexcept {
  const market::Market& m = world.reval.market;
  double wear = 0;
  for (const std::uint32_t i : world.instruments_of[static_cast<std::size_t>(underlying)]) {
    const TimeNs expiry = world.instruments.expiry_ns[i];
    if (expiry == 0 || expired[i] || expiry - now_ns < live::near_expiry_ns) continue;
    const market::ForwardPoint point = market::forward_at(m, underlying, expiry);
    const double years = years_to(expiry, m.columns.as_of_ns);
    double moved = std::fabs(point.forward - before_forward[i]) /
                   std::min(point.forward, before_forward[i]);
    moved += std::fabs(point.rate_annual * years - before_discount[i]);
    moved += before_years[i] - years;  // roll charges shorten with time
    moved /= phi_0;
    if (world.instruments.kind[i] == Kind::option && years != before_years[i]) {
      moved += vol_reach(m.columns.mark_vol_annual[i]) * (0.5 + vol_power) *
               (before_years[i] - years) / std::sqrt(years);
    }
    // A forward that is not there or not positive makes this NaN: then nothing is proven.
    if (!(moved <= wear)) wear = moved;
  }
  return std::isnan(wear) ? INFINITY : wear;
}

// The largest volatility that any policy's shocks make of one.
double LiveEngine::State::vol_reach(double vol_annual) const noexcept {
  return std::max(vol_annual * (1.0 + vol_shock), vol_annual + vol_shock) + vol_floor;
}

// Constants of the policies in force that bound what they make of a volatility.
void LiveEngine::State::measure_shocks() noexcept {
  vol_shock = vol_floor = vol_power = 0;
  for (const Policy& policy : policies->set.policies) {
    for (const ScenarioParameters& p : policy.scenario) {
      if (policy.method != MethodId::scenario) continue;
      const double power = std::max(p.vol_power_short, p.vol_power_long);
      const double steepest =
          std::pow(std::max(p.vol_reference_days / std::max(p.min_days, 1e-9), 1.0), power);
      for (const double shock : p.vol_shock) {
        vol_shock = std::max(vol_shock, std::fabs(shock) * steepest * 1.0000001);
      }
      vol_floor = std::max(vol_floor, p.vol_up_floor_annual);
      vol_power = std::max(vol_power, power);
    }
  }
}

// Wear is spent: pockets whose reserve it used up are touched, and those that are watched.
void LiveEngine::State::collect_wear(UnderlyingIndex underlying, double wear) noexcept {
  collect_worn(underlying, underlyings[static_cast<std::size_t>(underlying)].wear + wear);
  collect_watched(underlying);
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
  const double wear = wear_since(r.subject);
  start_collecting();
  collect_wear(r.subject, wear);
  if (!has_room(0)) {
    m.forward_ratio[node] = ratio;
    m.forward_basis[node] = distance;
    m.columns.forward_rate_annual[node] = rate;
    m.columns.forward_price[node] = price;
    return RecordStatus::ring_full;
  }
  spend_wear(r.subject, wear);
  world.touch_curve(r.subject);
  ++applied_seq;
  settle();
  return RecordStatus::ok;
}

void LiveEngine::State::spend_wear(UnderlyingIndex underlying, double wear) noexcept {
  double& spent = underlyings[static_cast<std::size_t>(underlying)].wear;
  // Infinite wear has touched every link there is; the count goes on from where it was.
  if (std::isfinite(wear)) spent += wear;
}

RecordStatus LiveEngine::State::apply_mark(const Record& r) noexcept {
  const auto i = static_cast<std::size_t>(r.subject);
  if (expired[i]) return RecordStatus::expired;
  const UnderlyingIndex underlying = world.instruments.underlying[i];
  const double index = world.index(underlying);
  market::BasisState state = basis[i];
  const RecordStatus status = market::update(
      underlyings[static_cast<std::size_t>(underlying)].guard_settings, state, r.value[0], index,
      r.ts_ns);
  if (status != RecordStatus::ok) return status;
  const double ratio = market::mark(state, 1.0);
  const double old = world.reval.market.mark_ratio[i];
  const double wear =
      std::isnan(old) ? INFINITY : std::fabs(ratio - old) / std::min(ratio, old) / phi_0;
  start_collecting();
  collect_wear(underlying, wear);
  if (!has_room(0)) return RecordStatus::ring_full;
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
  if (!has_room(0)) return RecordStatus::ring_full;
  vol = r.value[0];
  for (live::PolicyGrid& grid : policies->grids) world.refresh_scenarios(grid, r.subject);
  ++applied_seq;
  settle();
  return RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply_depth(const Record& r) noexcept {
  // The thinner side is what a liquidation can count on. Initial margin alone reads it.
  world.reval.market.columns.depth_notional[static_cast<std::size_t>(r.subject)] =
      std::min(r.value[0], r.value[1]);
  ++applied_seq;
  return RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply_trade_flow(const Record& r) noexcept {
  live::UnderlyingState& u = underlyings[static_cast<std::size_t>(r.subject)];
  u.flow_signed += r.value[0];
  u.flow_total += std::fabs(r.value[0]);
  ++applied_seq;
  return RecordStatus::ok;
}

}  // namespace tickmargin
