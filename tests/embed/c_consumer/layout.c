/* Every offset and size of tickmargin.h as C sees it: what is compiled today fits tomorrow. */
#include <stddef.h>
#include <tickmargin/tickmargin.h>

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)

AT(tickmargin_record, type, 0);
AT(tickmargin_record, source, 2);
AT(tickmargin_record, subject, 4);
AT(tickmargin_record, ts_ns, 8);
AT(tickmargin_record, sequence, 16);
AT(tickmargin_record, account, 24);
AT(tickmargin_record, pocket, 28);
AT(tickmargin_record, detail, 32);
AT(tickmargin_record, flags, 36);
AT(tickmargin_record, value, 40);
SIZE(tickmargin_record, 64);

AT(tickmargin_event, type, 0);
AT(tickmargin_event, flags, 2);
AT(tickmargin_event, account, 4);
AT(tickmargin_event, applied_seq, 8);
AT(tickmargin_event, ts_ns, 16);
AT(tickmargin_event, before, 24);
AT(tickmargin_event, after, 25);
AT(tickmargin_event, status, 26);
AT(tickmargin_event, reserved, 27);
AT(tickmargin_event, subject, 28);
AT(tickmargin_event, equity_ticks, 32);
AT(tickmargin_event, maintenance_ticks, 40);
AT(tickmargin_event, slack_ticks, 48);
AT(tickmargin_event, epoch, 56);
SIZE(tickmargin_event, 64);

AT(tickmargin_order, account, 0);
AT(tickmargin_order, pocket, 4);
AT(tickmargin_order, instrument, 8);
AT(tickmargin_order, flags, 12);
AT(tickmargin_order, quantity, 16);
AT(tickmargin_order, price, 24);
SIZE(tickmargin_order, 32);

AT(tickmargin_checked_order, verdict, 0);
AT(tickmargin_checked_order, status, 4);
AT(tickmargin_checked_order, binding_underlying, 8);
AT(tickmargin_checked_order, reserved, 12);
AT(tickmargin_checked_order, binding_price_move, 16);
AT(tickmargin_checked_order, binding_vol_shock, 24);
AT(tickmargin_checked_order, shortfall_ticks, 32);
AT(tickmargin_checked_order, equity_after_ticks, 40);
AT(tickmargin_checked_order, initial_after_ticks, 48);
AT(tickmargin_checked_order, reserved_word, 56);
SIZE(tickmargin_checked_order, 64);

AT(tickmargin_account, size, 0);
AT(tickmargin_account, policy, 4);
AT(tickmargin_account, state, 8);
AT(tickmargin_account, status, 9);
AT(tickmargin_account, breach, 10);
AT(tickmargin_account, liquidation_blocked, 11);
AT(tickmargin_account, reserved, 12);
AT(tickmargin_account, equity_ticks, 16);
AT(tickmargin_account, equity_initial_ticks, 24);
AT(tickmargin_account, initial_margin_ticks, 32);
AT(tickmargin_account, maintenance_margin_ticks, 40);
AT(tickmargin_account, slack_ticks, 48);
AT(tickmargin_account, since_ns, 56);
AT(tickmargin_account, applied_seq, 64);
AT(tickmargin_account, epoch, 72);
SIZE(tickmargin_account, 80);

AT(tickmargin_unit, pocket, 0);
AT(tickmargin_unit, underlying, 4);
AT(tickmargin_unit, delta_base, 8);
AT(tickmargin_unit, gamma, 16);
AT(tickmargin_unit, vega, 24);
AT(tickmargin_unit, theta, 32);
AT(tickmargin_unit, gross_notional, 40);
AT(tickmargin_unit, value, 48);
AT(tickmargin_unit, initial_margin, 56);
AT(tickmargin_unit, maintenance_margin, 64);
AT(tickmargin_unit, worst_price_move, 72);
AT(tickmargin_unit, worst_vol_shock, 80);
SIZE(tickmargin_unit, 88);

AT(tickmargin_counts, size, 0);
AT(tickmargin_counts, accounts, 4);
AT(tickmargin_counts, instruments, 8);
AT(tickmargin_counts, underlyings, 12);
SIZE(tickmargin_counts, 16);

AT(tickmargin_counters, size, 0);
AT(tickmargin_counters, reserved, 4);
AT(tickmargin_counters, records, 8);
AT(tickmargin_counters, refused, 16);
AT(tickmargin_counters, evaluated, 24);
AT(tickmargin_counters, crossed, 32);
AT(tickmargin_counters, watched, 40);
AT(tickmargin_counters, renewed, 48);
AT(tickmargin_counters, sweeps, 56);
AT(tickmargin_counters, proofs, 64);
AT(tickmargin_counters, exact_checks, 72);
SIZE(tickmargin_counters, 80);

AT(tickmargin_message, text, 0);
SIZE(tickmargin_message, 256);

/* The table only grows: a function's place is for good. */
#define FUNCTION(name, place) \
  _Static_assert(offsetof(tickmargin_api, name) == 8 + (place) * sizeof(void *), #name)

AT(tickmargin_api, size, 0);
AT(tickmargin_api, abi_version, 4);
FUNCTION(version, 0);
FUNCTION(kernel_name, 1);
FUNCTION(fault_name, 2);
FUNCTION(record_status_name, 3);
FUNCTION(check_verdict_name, 4);
FUNCTION(state_name, 5);
FUNCTION(status_name, 6);
FUNCTION(mark_state_name, 7);
FUNCTION(open_bytes, 8);
FUNCTION(open_file, 9);
FUNCTION(save, 10);
FUNCTION(close, 11);
FUNCTION(apply, 12);
FUNCTION(apply_many, 13);
FUNCTION(check, 14);
FUNCTION(check_many, 15);
FUNCTION(account, 16);
FUNCTION(published, 17);
FUNCTION(events, 18);
FUNCTION(audit, 19);
FUNCTION(state_hash, 20);
FUNCTION(applied_seq, 21);
FUNCTION(counters, 22);
FUNCTION(counts, 23);
FUNCTION(index_price, 24);
FUNCTION(mark_state, 25);
FUNCTION(units, 26);
FUNCTION(record_to, 27);
FUNCTION(snapshot, 28);
FUNCTION(flush, 29);
FUNCTION(durable_seq, 30);
FUNCTION(recover, 31);
SIZE(tickmargin_recording, 24);
FUNCTION(stage_policies, 32);
FUNCTION(dry_run, 33);

AT(tickmargin_difference, policy_before, 0);
AT(tickmargin_difference, policy_after, 4);
AT(tickmargin_difference, state_before, 8);
AT(tickmargin_difference, state_after, 9);
AT(tickmargin_difference, status_before, 10);
AT(tickmargin_difference, status_after, 11);
AT(tickmargin_difference, reserved, 12);
AT(tickmargin_difference, equity_before, 16);
AT(tickmargin_difference, equity_after, 24);
AT(tickmargin_difference, initial_margin_before, 32);
AT(tickmargin_difference, initial_margin_after, 40);
AT(tickmargin_difference, maintenance_margin_before, 48);
AT(tickmargin_difference, maintenance_margin_after, 56);
SIZE(tickmargin_difference, 64);
