// One entry for every record: checked, dispatched, counted.
#include <algorithm>

#include "live/record_check.hpp"
#include "live/state.hpp"

namespace tickmargin {

RecordStatus LiveEngine::State::dispatch(const Record& r) noexcept {
  switch (r.type) {
    case RecordType::index_tick: return apply_index_tick(r);
    case RecordType::forward: return apply_forward(r);
    case RecordType::mark: return apply_mark(r);
    case RecordType::volatility: return apply_volatility(r);
    case RecordType::surface_stage: return apply_surface_stage(r);
    case RecordType::surface_commit: return apply_surface_commit(r);
    case RecordType::realised_vol: return apply_realised_vol(r);
    case RecordType::depth: return apply_depth(r);
    case RecordType::trade_flow: return apply_trade_flow(r);
    case RecordType::fill: return apply_fill(r);
    case RecordType::order: return apply_order(r);
    case RecordType::cancel: return apply_cancel(r);
    case RecordType::deposit: return apply_deposit(r);
    case RecordType::deposit_reversed: return apply_deposit_reversed(r);
    case RecordType::withdrawal: return apply_withdrawal(r);
    case RecordType::chain_halt: return apply_chain_halt(r);
    case RecordType::policy_epoch: return apply_policy_epoch(r);
    case RecordType::clock: return apply_clock(r);
    case RecordType::instrument_listing: return apply_instrument_listing(r);
    case RecordType::instrument_expiry: return apply_instrument_expiry(r);
    case RecordType::operator_release: return apply_operator_release(r);
  }
  return RecordStatus::unknown_type;
}

// Older than the clock, or than the last of the record's own subject; or so far ahead that one bad
// time stamp would make all that follow older than the last. The guard holds a tick against its
// source and against the clock; cancels and reversals carry no time that is looked at.
RecordStatus LiveEngine::State::check_time(const Record& r) const noexcept {
  TimeNs last_ns = now_ns;
  UnderlyingIndex led = -1;  // whose sources' time bounds it
  const auto subject = static_cast<std::size_t>(r.subject);
  switch (r.type) {
    case RecordType::index_tick:
    case RecordType::cancel:
    case RecordType::deposit_reversed: return RecordStatus::ok;
    case RecordType::mark:
      led = world.instruments.underlying[subject];
      if (basis[subject].seen != 0) last_ns = std::max(last_ns, basis[subject].ts_ns);
      break;
    case RecordType::surface_commit:
      led = r.subject;
      last_ns = std::max(last_ns, underlyings[subject].vol_guard.ts_ns);
      break;
    case RecordType::operator_release:
      led = r.subject;
      last_ns = std::max(last_ns, underlyings[subject].guard.clock_ns);
      break;
    default: break;
  }
  if (r.ts_ns < last_ns) return RecordStatus::time_reversed;
  TimeNs heard_ns = now_ns, most_ns = settings.clock_step_max_ns;
  if (led >= 0) {
    const live::UnderlyingState& u = underlyings[static_cast<std::size_t>(led)];
    heard_ns = std::max(heard_ns, u.guard.now_ns);
    most_ns = u.guard_settings.lead_max_ns;
  }
  const bool ahead = market::is_too_far_ahead(r.ts_ns, heard_ns, most_ns);
  return ahead ? RecordStatus::out_of_range : RecordStatus::ok;
}

RecordStatus LiveEngine::State::apply(const Record& r) noexcept {
  const bool sourced = r.type == RecordType::index_tick || r.type == RecordType::operator_release;
  const std::size_t sources =
      sourced && r.subject >= 0 && static_cast<std::size_t>(r.subject) < underlyings.size()
          ? static_cast<std::size_t>(settings.oracle[static_cast<std::size_t>(r.subject)].sources)
          : 0;
  const live::Names names{world.instruments, world.reval.market.columns, vol_settings,
                          accounts.size(),   chain_halted.size(),        sources};
  RecordStatus status = live::check_fields(r, names);
  if (status == RecordStatus::ok) status = check_time(r);
  if (status == RecordStatus::ok) status = check_number(r);
  ++counters.records;
  if (status == RecordStatus::ok) {
    current = r;
    ++collecting;
    budget = settings.renewals_per_record;
    status = dispatch(r);
  }
  if (status != RecordStatus::ok && status != RecordStatus::quarantined) {
    ++counters.refused;
    return status;
  }
  note_number(r);
  // There was room. A journal that failed since then loses this record like all on their way to
  // the disk; it is the last one taken.
  if (journal != nullptr) journal->append(&r);
  renew_some();
  anchor_ahead();
  return status;
}

}  // namespace tickmargin
