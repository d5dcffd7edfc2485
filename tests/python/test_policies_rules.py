"""What must hold between the keys of a policy file, and the range of each number."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tickmargin.config_issues import POLICY_CODES, dotted
from tickmargin.errors import InvalidInputError, Issue
from tickmargin.policies import Policies

FULL = (Path(__file__).parent / "policies_full.toml").read_text("utf-8")
KeyPath = tuple[str | int, ...]


def full() -> dict[str, Any]:
    return tomllib.loads(FULL)


def at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def with_value(path: KeyPath, value: Any) -> dict[str, Any]:
    data = full()
    at(data, path[:-1])[path[-1]] = value
    return data


def issues_of(data: dict[str, Any]) -> list[Issue]:
    with pytest.raises(InvalidInputError) as caught:
        Policies.from_dict(data)
    assert caught.value.issues
    assert {issue.code for issue in caught.value.issues} <= set(POLICY_CODES)
    return caught.value.issues


def faults(data: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(issue.code, issue.column) for issue in issues_of(data)]


F, D, S = ("policies", "f"), ("policies", "d"), ("policies", "s")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ((*F, "close_out_cost_ratio"), 1.5, "OUT_OF_RANGE"),
        ((*F, "levels", "liquidation"), 0.99, "OUT_OF_RANGE"),
        ((*F, "haircuts", "USD"), 1.01, "OUT_OF_RANGE"),
        ((*F, "haircuts", "USD"), -0.01, "OUT_OF_RANGE"),
        ((*F, "haircuts", "BTC", "quality"), 1.01, "OUT_OF_RANGE"),
        ((*F, "haircuts", "BTC", "maintenance", "depth"), -0.1, "OUT_OF_RANGE"),
        ((*F, "haircuts"), {}, "OUT_OF_RANGE"),
        ((*F, "futures", "brackets", 0, "notional_cap"), 0.0, "OUT_OF_RANGE"),
        ((*F, "options", "margin_factor"), 0.0, "OUT_OF_RANGE"),
        ((*D, "dynamic", "cap_ratio"), 1.0, "OUT_OF_RANGE"),
        ((*D, "dynamic", "confidence_initial"), 1.0, "OUT_OF_RANGE"),
        ((*D, "dynamic", "confidence_maintenance"), 0.5, "OUT_OF_RANGE"),
        ((*D, "dynamic", "horizon_maintenance_days"), 0.0, "OUT_OF_RANGE"),
        ((*D, "dynamic", "max_mm_increase_per_day_ratio"), 0.0, "OUT_OF_RANGE"),
        ((*S, "scenario", "price_range"), 0.0, "OUT_OF_RANGE"),
        ((*S, "scenario", "price_range"), 1.0, "OUT_OF_RANGE"),
        ((*S, "scenario", "price_steps"), 0, "OUT_OF_RANGE"),
        ((*S, "scenario", "vol_up"), -0.5, "OUT_OF_RANGE"),
        ((*S, "scenario", "vol_down"), 1.5, "OUT_OF_RANGE"),
        ((*S, "scenario", "tails", 0, "move"), -1.0, "OUT_OF_RANGE"),
        ((*S, "scenario", "tails", 1, "weight"), 0.0, "OUT_OF_RANGE"),
        ((*S, "scenario", "tails", 1, "weight"), 1.1, "OUT_OF_RANGE"),
        ((*S, "scenario", "tails", 1, "move"), 0.0, "TAIL_WITHOUT_MOVE"),
        ((*S, "netting", "correlation", "BTC/ETH"), 1.01, "OUT_OF_RANGE"),
        ((*S, "netting", "credit_cap_ratio"), 1.01, "OUT_OF_RANGE"),
        (("policies",), {}, "OUT_OF_RANGE"),
        (("select", 0, "tier"), [], "OUT_OF_RANGE"),
        (("select", 0, "position_count_min"), -1, "OUT_OF_RANGE"),
        (("select", 0, "products", 0), "swap", "UNKNOWN_WORD"),
        (("select", 0, "tier"), "pro", "WRONG_TYPE"),
        ((*F, "as_of"), "yesterday", "WRONG_TYPE"),
        ((*F, "levels"), 1.5, "WRONG_TYPE"),
        ((*F, "futures", "size_scaling"), "none", "WRONG_TYPE"),
        ((*F, "futures", "size_scaling"), {"kind": "cubic"}, "UNKNOWN_WORD"),
    ],
    ids=lambda v: dotted(v) if isinstance(v, tuple) else None,
)
def test_each_bound_is_held(path: KeyPath, value: Any, code: str) -> None:
    found = [(c, column) for c, column in faults(with_value(path, value)) if c == code]
    place = (*path, "kind") if isinstance(value, dict) and "kind" in value else path
    assert found == [(code, dotted(place))]


@pytest.mark.parametrize(
    ("path", "value", "code", "shown_at"),
    [
        ((*F, "levels", "warning"), 1.1, "LEVELS_ORDER", None),
        ((*F, "levels", "margin_call"), 1.6, "LEVELS_ORDER", (*F, "levels", "warning")),
        ((*F, "levels", "liquidation"), 1.3, "LEVELS_ORDER", (*F, "levels", "margin_call")),
        (
            (*F, "haircuts", "BTC", "maintenance", "quality"),
            0.09,
            "INITIAL_BELOW_MAINTENANCE",
            (*F, "haircuts", "BTC"),
        ),
        ((*F, "haircuts", "@eth"), 0.1, "INVALID_ASSET", None),
        ((*F, "haircuts", "USDC@"), 0.1, "INVALID_ASSET", None),
        ((*F, "haircuts", "USDC@a@b"), 0.1, "INVALID_ASSET", None),
        (
            (*F, "futures", "brackets", 1, "maintenance_ratio"),
            0.05,
            "INITIAL_BELOW_MAINTENANCE",
            (*F, "futures", "brackets", 1, "initial_ratio"),
        ),
        ((*F, "futures", "brackets", 1, "notional_cap"), 1000.0, "BRACKETS_NOT_INCREASING", None),
        (
            (*F, "futures", "brackets", 0, "initial_ratio"),
            0.05,
            "BRACKETS_NOT_INCREASING",
            (*F, "futures", "brackets", 1, "initial_ratio"),
        ),
        (
            (*F, "futures", "brackets", 1, "maintenance_ratio"),
            0.009,
            "BRACKETS_NOT_INCREASING",
            None,
        ),
        ((*F, "futures", "initial_ratio"), 0.05, "KEY_NOT_USED", None),
        (
            (*F, "futures", "size_scaling"),
            {"kind": "linear", "initial_slope": 0.1, "maintenance_slope": 0.1},
            "BRACKETS_WITH_SCALING",
            (*F, "futures", "size_scaling", "kind"),
        ),
        (
            (*F, "underlyings", "ETH", "futures", "size_scaling", "maintenance_step"),
            0.01,
            "INITIAL_BELOW_MAINTENANCE",
            (*F, "underlyings", "ETH", "futures", "size_scaling", "initial_step"),
        ),
        (
            (*F, "underlyings", "SOL", "futures", "initial_ratio"),
            0.01,
            "INITIAL_BELOW_MAINTENANCE",
            None,
        ),
        ((*F, "options", "otm_a"), 0.09, "OTM_ORDER", None),
        ((*F, "underlyings", "XRP", "options", "otm_a"), 0.09, "OTM_ORDER", None),
        (
            (*F, "options", "maintenance_c"),
            0.16,
            "INITIAL_BELOW_MAINTENANCE",
            (*F, "options", "otm_a"),
        ),
        (
            (*D, "dynamic", "horizon_initial_days"),
            0.5,
            "INITIAL_BELOW_MAINTENANCE",
            None,
        ),
        ((*D, "dynamic", "confidence_initial"), 0.98, "INITIAL_BELOW_MAINTENANCE", None),
        (
            (*D, "dynamic", "cap_ratio"),
            0.03,
            "FLOOR_ABOVE_CAP",
            (*D, "underlyings", "SOL", "dynamic", "floor_ratio"),
        ),
        ((*D, "dynamic", "floor_ratio"), 0.6, "FLOOR_ABOVE_CAP", (*D, "dynamic", "cap_ratio")),
        (
            (*D, "underlyings", "SOL", "dynamic", "floor_ratio"),
            0.6,
            "FLOOR_ABOVE_CAP",
            None,
        ),
        ((*S, "scenario", "initial_factor"), 0.7, "INITIAL_BELOW_MAINTENANCE", None),
        (
            (*S, "scenario", "vol_up"),
            0.0,
            "VOL_FLOOR_WITHOUT_SHOCK",
            (*S, "scenario", "vol_up_floor_annual"),
        ),
        ((*S, "netting", "correlation", "BTC"), 0.5, "INVALID_PAIR", None),
        ((*S, "netting", "correlation", "BTC/BTC"), 0.5, "INVALID_PAIR", None),
        ((*S, "netting", "correlation", "ETH/BTC"), 0.5, "INVALID_PAIR", None),
        ((*S, "netting", "correlation", "A/B/C"), 0.5, "INVALID_PAIR", None),
        ((*F, "netting", "credit_cap_ratio"), 0.5, "KEY_NOT_USED", None),
        ((*F, "scenario"), {}, "SECTION_NOT_USED", None),
        ((*S, "options"), {}, "SECTION_NOT_USED", None),
        ((*S, "underlyings", "SOL", "futures"), {}, "SECTION_NOT_USED", None),
        ((*F, "collateral"), "simulated", "SIMULATED_NEEDS_SCENARIO", None),
        ((*S, "option_value"), "requirement", "REQUIREMENT_NEEDS_FIXED", None),
        (("select", 0, "policy"), "ss", "UNKNOWN_POLICY", None),
        (("select", 1, "tier"), ["pro"], "SELECT_NOT_UNCONDITIONAL", ("select", 1)),
        (("select", 0), {"policy": "s"}, "SELECT_UNREACHABLE", None),
        (("select", 0, "credit_score_max"), 0.05, "RANGE_EMPTY", None),
        (("select", 0, "gross_notional_max"), 10.0, "RANGE_EMPTY", None),
    ],
    ids=lambda v: dotted(v) if isinstance(v, tuple) else None,
)
def test_each_rule_between_keys_is_held(
    path: KeyPath, value: Any, code: str, shown_at: KeyPath | None
) -> None:
    assert faults(with_value(path, value)) == [(code, dotted(shown_at or path))]


def removed(*path: str) -> Callable[[dict[str, Any]], Any]:
    return lambda data: at(data, path[:-1]).pop(path[-1])


@pytest.mark.parametrize(
    ("remove", "fault"),
    [
        (removed("schema"), ("MISSING_KEY", "schema")),
        (removed("policies"), ("MISSING_KEY", "policies")),
        (removed(*F, "haircuts"), ("MISSING_KEY", "policies.f.haircuts")),
        (removed(*F, "futures"), ("SECTION_MISSING", "policies.f.futures")),
        (removed(*D, "dynamic"), ("SECTION_MISSING", "policies.d.dynamic")),
        (removed(*S, "scenario"), ("SECTION_MISSING", "policies.s.scenario")),
        (removed(*D, "dynamic", "depth_cap_ratio"), ("MISSING_KEY", "depth_cap_ratio")),
        (removed(*S, "netting", "credit_cap_ratio"), ("MISSING_KEY", "credit_cap_ratio")),
        (removed(*S, "scenario", "vol_up"), ("MISSING_KEY", "vol_up")),
        (removed("select"), ("SELECT_MISSING", "select")),
    ],
    ids=lambda v: v[1] if isinstance(v, tuple) else None,
)
def test_what_has_no_default_is_missed(
    remove: Callable[[dict[str, Any]], Any], fault: tuple[str, str]
) -> None:
    data = full()
    remove(data)
    (found,) = [f for f in faults(data) if f[0] not in ("UNKNOWN_POLICY",)]
    assert found[0] == fault[0]
    assert str(found[1]).endswith(fault[1])


def test_ratios_are_missed_where_there_are_no_brackets() -> None:
    data = with_value((*F, "futures"), {})
    del data["policies"]["f"]["underlyings"]
    assert faults(data) == [
        ("MISSING_KEY", "policies.f.futures.initial_ratio"),
        ("MISSING_KEY", "policies.f.futures.maintenance_ratio"),
    ]


@pytest.mark.parametrize(
    ("c", "fee", "is_sound"), [(0.1, 0.0, True), (0.101, 0.0, False), (0.099, 0.003, False)]
)
def test_nothing_lifts_im_so_its_lowest_ratio_must_cover_mm(
    c: float, fee: float, is_sound: bool
) -> None:
    data = with_value((*F, "options", "initial_at_least_maintenance"), False)
    data["policies"]["f"]["options"] |= {"maintenance_c": c, "liquidation_fee_ratio": fee}
    if is_sound:
        assert Policies.from_dict(data).names == tuple("fdsmnpqtuvwxy")
    else:
        expected = [("INITIAL_BELOW_MAINTENANCE", "policies.f.options.otm_b")]
        assert faults(data) == expected


def test_a_correlation_that_cannot_exist_is_refused() -> None:
    pairs = {"BTC/ETH": 0.9, "BTC/SOL": 0.9, "ETH/SOL": -0.9}
    assert faults(with_value((*S, "netting", "correlation"), pairs)) == [
        ("CORRELATION_NOT_PSD", "policies.s.netting.correlation")
    ]


def test_a_singular_correlation_is_taken() -> None:
    pairs = {"BTC/ETH": 1.0, "BTC/SOL": -1.0, "ETH/SOL": -1.0}
    assert len(Policies.from_dict(with_value((*S, "netting", "correlation"), pairs))) == 13


def test_a_pair_without_correlation_is_refused_where_there_is_no_default() -> None:
    data = with_value((*S, "netting", "correlation"), {"BTC/ETH": 0.8, "BTC/SOL": 0.7})
    del data["policies"]["s"]["netting"]["correlation_default"]
    (issue,) = issues_of(data)
    assert issue.code == "CORRELATION_MISSING"
    assert "ETH/SOL" in issue.message


def test_correlation_needs_the_method_that_has_two_sided_losses() -> None:
    netting = {"rule": "correlation", "credit_cap_ratio": 0.5}
    assert faults(with_value((*F, "netting"), netting)) == [
        ("CORRELATION_NEEDS_SCENARIO", "policies.f.netting.rule")
    ]


def test_a_fault_inherited_by_an_underlying_is_reported_once() -> None:
    data = with_value((*F, "options", "otm_a"), 0.09)
    assert faults(data) == [("OTM_ORDER", "policies.f.options.otm_a")]
