"""Forty classes of bad input, and for the live engine's path the test that holds each.

What has to happen is one of: refused with a status, nothing changed (R); held back and the old mark
stays (Q); gone on with, more carefully, and said (D); nothing irreversible on it (H); all stops and
the journal stays (S).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent

INPUT, ELEMENTS = "cpp/test_live_input.cpp::", "python/test_live_bad_elements.py::"
GUARD, INCIDENTS = "cpp/test_oracle_guard.cpp::", "cpp/test_oracle_incidents.cpp::"
RECORDS, GUARDS = "python/test_live_records.py::", "cpp/test_live_guards.cpp::"
VOLS, MARKET = "cpp/test_vol_guard.cpp::", "cpp/test_market.cpp::"
CELLS, CROSS = "python/loading/test_load_cells.py::", "python/loading/test_load_cross.py::"
RULES, LIMITS = "cpp/test_live_rules.cpp::", "cpp/test_live_limits.cpp::"
DAMAGE, FAULTS = "cpp/test_journal_damage.cpp::", "cpp/test_journal_faults.cpp::"
SETTLEMENT, MEMORY = "cpp/test_live_settlement.cpp::", "cpp/test_live_no_memory.cpp::"
DURABLE, THREADS = "cpp/test_live_durable.cpp::", "python/test_live_threads.py::"
HOST, SNAPSHOT = "python/test_live_host.py::", "cpp/test_snapshot.cpp::"
TYPES, SCALE = "python/loading/test_load_types.py::", "python/test_live_real_scale.py::"
POLICIES, GUARANTEES = "python/test_live_bad_policies.py::", "python/test_guarantees.py::"


class Class(NamedTuple):
    """What comes in, what has to happen, and where that is held, or why it cannot come in here."""

    what: str
    response: str
    tests: tuple[str, ...] = ()
    why_not: str = ""


CLASSES: dict[int, Class] = {
    1: Class(
        "NaN of any payload, infinities, in prices, volatilities, rates, quantities",
        "R",
        (
            INPUT + "no_number_that_is_none",
            ELEMENTS + "test_no_payload_of_a_nan_is_a_price_or_a_grace_period",
            ELEMENTS + "test_a_bad_order_refuses_itself_at_any_place",
            "cpp/test_capi_elements.cpp::a_bad_record_refuses_itself",
            "embed/test_cython_consumer.py::test_a_bad_element_refuses_itself",
        ),
    ),
    2: Class(
        "a price of 0",
        "R",
        (
            INPUT + "nothing_at_or_below_zero",
            INCIDENTS + "zero_never_becomes_a_mark_and_a_restart_is_not_ready",
            ELEMENTS + "test_a_bad_order_refuses_itself_at_any_place",
        ),
    ),
    3: Class(
        "a price below 0",
        "R",
        (
            INPUT + "nothing_at_or_below_zero",
            GUARD + "prices_below_zero_are_prices_where_the_settings_say_so",
        ),
    ),
    4: Class(
        "a price off the venue's ticks, or beyond what its feed can say",
        "Q, H",
        (
            GUARDS + "a_quorum_at_the_feed_s_bound_makes_the_mark_unusable",
            INCIDENTS + "luna_feed_at_its_floor_is_unusable",
        ),
    ),
    5: Class(
        "a price below the smallest tick", "H", (INCIDENTS + "luna_feed_at_its_floor_is_unusable",)
    ),
    6: Class(
        "a jump beyond the band that no second source sees",
        "Q, then D",
        (
            GUARD + "a_quarantine_keeps_the_old_mark_and_states_its_doubt",
            GUARD + "time_releases_with_an_escalation_and_the_doubt_stays",
            RECORDS + "test_a_doubtful_price_waits_and_the_old_mark_stays",
        ),
    ),
    7: Class(
        "a stale or frozen price",
        "D, then H",
        (
            GUARD + "silence_degrades_then_makes_unusable_then_escalates_once",
            INCIDENTS + "a_price_that_stands_still",
        ),
    ),
    8: Class(
        "out of order by number or time",
        "R",
        (
            INPUT + "the_same_again",
            INPUT + "nothing_out_of_its_place",
            ELEMENTS + "test_a_bad_record_refuses_itself_at_any_place",
        ),
    ),
    9: Class(
        "the same number again, with the same or another payload",
        "R",
        (
            INPUT + "the_same_again",
            LIMITS + "what_has_a_number_is_taken_once",
            INPUT + "an_order_that_has_traded_in_part_the_same_again",
        ),
    ),
    10: Class(
        "a gap in the numbers of a source",
        "D",
        why_not=(
            "a tick is the whole of a price, not a difference: numbers rise, and what a gap left "
            "out is the silence of class 7"
        ),
    ),
    11: Class(
        "a crossed book, an empty side, a negative size",
        "R",
        (
            INPUT + "nothing_out_of_its_place",  # a negative depth
            ELEMENTS + "test_a_flood_of_subnormals_and_giants_leaves_whole_numbers",
        ),
        why_not="no order book comes in: a record tells the depth of two sides, the smaller counts",
    ),
    12: Class(
        "depth of one, young or linked owner",
        "D",
        why_not=("who owns resting depth is not in a record: its sender discounts it"),
    ),
    13: Class(
        "volatility 0, below 0, above the cap, a surface with arbitrage",
        "R, D",
        (
            INPUT + "nothing_at_or_below_zero",
            INPUT + "nothing_out_of_its_place",
            VOLS + "bad_rows_refuse_the_commit_and_change_nothing",
            VOLS + "of_a_twisted_fit_only_the_level_is_taken",
            GUARDS + "a_volatility_that_jumps_is_taken_and_in_doubt_until_it_is_confirmed",
        ),
    ),
    14: Class(
        "a surface that is missing or lacks an expiry or a wing",
        "D",
        (
            CROSS + "test_option_volatility",
            MARKET + "the_surface_is_exact_at_nodes_and_flat_outside_the_strikes",
            GUARANTEES + "test_a_missing_number_touches_only_the_accounts_that_need_it",
        ),
    ),
    15: Class(
        "an expired contract, time to expiry 0 or below",
        "R",
        (
            SETTLEMENT + "the_value_converges_to_the_payout_which_comes_once",
            MARKET + "an_option_at_its_expiry_still_has_a_volatility",
            INPUT + "no_contract_that_makes_no_sense",
            INPUT + "nothing_out_of_its_place",
        ),
    ),
    16: Class(
        "strike 0, negative or twice, a multiplier at or below 0",
        "R",
        (
            INPUT + "no_contract_that_makes_no_sense",
            CELLS + "test_bad_cell_is_reported_once_where_it_is",
        ),
    ),
    17: Class(
        "an identifier twice, renamed or used again",
        "R",
        (
            INPUT + "no_contract_that_makes_no_sense",  # a used id, an id ahead
            CELLS + "test_repeated_key_is_reported_at_the_later_row",
            "python/test_live_recording.py::test_names_that_are_damaged_are_refused",
        ),
    ),
    18: Class(
        "an unknown account, instrument, currency or policy",
        "R",
        (
            INPUT + "no_name_that_is_not_there",
            "python/test_live_arguments.py::test_names_need_an_engine_and_must_be_known",
            ELEMENTS + "test_a_named_order_that_cannot_be_read_refuses_the_call_and_says_its_row",
        ),
    ),
    19: Class(
        "a quantity, amount or value that overflows, a counter that wraps",
        "R",
        (
            LIMITS + "what_the_ledger_cannot_hold_is_refused",
            "cpp/test_base_ticks.cpp::what_does_not_fit_is_said",
            GUARD + "a_time_stamp_at_the_end_of_time_overflows_nothing",
        ),
    ),
    20: Class(
        "decimals of another scale",
        "R",
        why_not=(
            "records carry plain units as doubles, and one scale of ticks is the engine's own"
        ),
    ),
    21: Class(
        "currencies mixed, a rate between them missing",
        "R, D",
        (
            CROSS + "test_asset_without_price",
            MARKET + "quote_assets_in_a_circle_have_no_price",
            MARKET + "linked_assets_follow_their_index_through_the_quote_asset",
        ),
    ),
    22: Class(
        "offsets unsorted, out of range, a column twice",
        "R",
        why_not=(
            "no call of the live engine takes offsets: rows name their account and instrument, and "
            "handles that nobody has are class 18"
        ),
    ),
    23: Class(
        "a huge account, very many small ones, one instrument with all, nothing at all",
        "works",
        (
            ELEMENTS + "test_one_large_account_and_many_small_ones",
            ELEMENTS + "test_an_account_with_nothing_has_margins_of_nothing",
            SCALE + "test_trades_of_three_venues_drive_a_hundred_thousand_accounts",
            "cpp/test_live_capacity.cpp::positions_of_one_pocket",
        ),
    ),
    24: Class(
        "arrays of another type, byte order, layout, dimension or class",
        "R",
        (
            ELEMENTS + "test_orders_of_another_type_are_refused_or_exactly_the_same",
            ELEMENTS + "test_orders_in_any_memory_are_the_same",
            ELEMENTS + "test_records_of_another_type_are_refused_whole",
            "python/test_live_arguments.py::test_apply_takes_any_layout_of_records",
            "python/test_live_arguments.py::test_no_number_is_guessed",
            TYPES + "test_array_refused_as_float",
        ),
    ),
    25: Class(
        "an array changed or freed by its owner during or after the call",
        "works",
        (
            "python/test_engine.py::test_results_are_read_only_and_outlive_the_engine",
            "python/test_pricing_inputs.py::test_arrays_outlive_their_result",
        ),
    ),
    26: Class(
        "a call from inside a call, after close, after fork",
        "R",
        (
            HOST + "test_a_forked_engine_leaves_the_recording_alone",
            HOST + "test_an_engine_without_a_recording_goes_on_in_a_child",
        ),
        why_not="nothing is called back from inside a call, and no engine can be closed by hand",
    ),
    27: Class(
        "two threads that write, readers beside them",
        "R",
        (
            THREADS + "test_a_second_writer_is_told_and_changes_nothing",
            THREADS + "test_many_writers_never_break_it",
            THREADS + "test_published_rows_are_whole_and_never_go_back",
            "cpp/test_live_threads.cpp::rows_are_whole_while_they_are_written",
        ),
    ),
    28: Class(
        "other interpreters, reloading, a signal during a call",
        "R",
        (
            "python/test_sub_interpreters.py::test_a_second_interpreter_is_refused",
            "python/test_sub_interpreters.py::test_an_embedded_one_is_refused_too",
            "python/test_live_recording.py::test_progress_is_told_and_may_stop_it",
        ),
        why_not=("a signal is looked at between calls, and in a replay where its progress is told"),
    ),
    29: Class(
        "a snapshot with a bad head, cut, longer, of another version or configuration",
        "R",
        (
            SNAPSHOT + "cut_at_every_byte_it_is_refused",
            SNAPSHOT + "every_flipped_bit_is_refused",
            "cpp/test_capi.cpp::a_saved_engine_comes_back_or_is_refused_whole",
            "python/test_live_snapshot.py::test_a_damaged_file_is_refused_and_nothing_starts",
            "python/test_live_snapshot.py::test_a_snapshot_fits_its_own_book_alone",
        ),
    ),
    30: Class(
        "a torn end of a journal",
        "cut, and said",
        (
            DAMAGE + "a_torn_tail_is_cut_once",
            DURABLE + "a_torn_end_is_cut_and_said",
        ),
    ),
    31: Class(
        "a bad record with good ones behind it, a hole, a record twice, another chain",
        "S",
        (
            DAMAGE + "every_bit_flipped",
            DAMAGE + "sectors_lost_repeated_zeroed_and_reordered",
            DURABLE + "damage_and_gaps_halt_with_the_file_and_the_byte",
        ),
    ),
    32: Class(
        "a full disk, an I/O error, a failed sync, a short write",
        "S",
        (
            FAULTS + "power_lost_at_any_call_leaves_a_prefix",
            "cpp/test_journal.cpp::the_first_error_ends_the_journal",
            DURABLE + "a_failed_journal_takes_nothing_more_until_a_snapshot",
        ),
    ),
    33: Class(
        "a policy with an unknown or missing key, NaN, initial below maintenance, ...",
        "R",
        (
            POLICIES + "test_each_fault_alone_is_refused_and_the_running_policy_stays",
            POLICIES + "test_all_faults_are_refused_together_and_the_running_policy_stays",
        ),
    ),
    34: Class(
        "policies changed within a batch, or for some only",
        "one epoch a record",
        (
            "python/test_live_engine.py::test_an_epoch_is_staged_tried_enforced_and_rolled_back",
            "cpp/test_live_ramp.cpp::a_rollback_returns_at_once_and_refusals_change_nothing",
            "cpp/test_live_durable_faults.cpp::power_lost_at_any_call_leaves_an_exact_prefix",
        ),
    ),
    35: Class(
        "a clock that jumps, goes back, is 0 or at the end of time",
        "R",
        (
            GUARDS + "no_record_makes_the_engine_s_time_stand_far_ahead",
            GUARDS + "a_source_from_the_future_is_refused_and_the_others_go_on",
            INPUT + "nothing_out_of_its_place",
        ),
    ),
    36: Class(
        "more than can be taken, commands too old",
        "R",
        (
            INPUT + "a_full_ring_changes_nothing",
            DURABLE + "without_room_in_the_journal_nothing_changes",
            RECORDS + "test_records_wait_for_room_for_their_events",
        ),
    ),
    37: Class(
        "a cold start, a migration: no fresh mark",
        "H",
        (
            GUARD + "a_cold_start_is_unusable_until_a_quorum_is_fresh",
            "python/test_live_engine.py::test_a_cold_start_takes_no_risk_and_liquidates_nobody",
            "python/test_live_engine.py::test_before_a_mark_is_heard_the_refusal_names_it",
        ),
    ),
    38: Class(
        "subnormals in floods, 1e308 beside 1e-308, sums that cancel",
        "R, or exact",
        (
            ELEMENTS + "test_a_flood_of_subnormals_and_giants_leaves_whole_numbers",
            LIMITS + "what_the_ledger_cannot_hold_is_refused",
        ),
    ),
    39: Class(
        "another rounding mode, flush to zero, locale of the host",
        "no bit changes",
        (
            "cpp/test_float_state.cpp::the_hosts_mode_changes_no_bit_and_comes_back",
            HOST + "test_the_hosts_rounding_changes_no_bit",
        ),
    ),
    40: Class(
        "no memory",
        "R",
        (
            MEMORY + "policies_are_staged_whole_or_not_at_all",
            MEMORY + "what_reads_changes_nothing",
            MEMORY + "an_engine_is_made_whole_or_not_at_all",
            MEMORY + "a_saved_engine_comes_back_whole_or_not_at_all",
            MEMORY + "the_c_table_answers_a_fault",
            MEMORY + "records_go_on_without_memory",
            "cpp/test_live_hot_path.cpp::nothing_allocates_with_bands",
        ),
    ),
}


def test_all_forty_are_there() -> None:
    assert list(CLASSES) == list(range(1, 41))


@pytest.mark.parametrize("number", CLASSES)
def test_a_class_has_tests_or_a_reason_why_it_needs_none(number: int) -> None:
    row = CLASSES[number]
    assert row.what
    assert row.response
    assert row.tests or row.why_not
    for test in row.tests:
        path, name = test.split("::")
        text = (ROOT / path).read_text()
        said = rf"^TEST\({name}\)" if path.endswith(".cpp") else rf"^def {name}\("
        assert re.search(said, text, re.MULTILINE), f"class {number}: no test {test}"
