"""Policies of exchanges and clearing houses: all faults at once, presets that hold together."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

import tickmargin as tm
from tickmargin.config_issues import POLICY_CODES
from tickmargin.errors import InvalidInputError

PRESETS = Path(tm.__file__).parent / "presets"
VENUES = [f for f in sorted(PRESETS.glob("*.toml")) if not f.stem.startswith("house")]
SHOCKS: dict[str, Any] = {"vol_up": 0.5, "vol_down": 0.25}


def matrix(**keys: Any) -> dict[str, Any]:
    terms = {"price_range": 0.1, **SHOCKS, "maintenance_factor": 0.8, **keys}
    return policy("matrix", terms)


def span(**keys: Any) -> dict[str, Any]:
    return policy("span", {"scan_ratio": 0.1, "vol_range": 0.2, **keys})


def policy(method: str, terms: dict[str, Any], **keys: Any) -> dict[str, Any]:
    own = {"method": method, "haircuts": {"USD": 0.0}, method: terms, **keys}
    return {"schema": 1, "policies": {"p": own}}


def faults(data: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(InvalidInputError) as caught:
        tm.Policies.from_dict(data)
    assert {issue.code for issue in caught.value.issues} <= set(POLICY_CODES)
    return {(i.code, str(i.column).removeprefix("policies.p.")) for i in caught.value.issues}


def test_all_faults_of_a_matrix_are_named_together() -> None:
    data = matrix(
        initial_factor=0.5,
        vol_down=1.5,
        extended_moves=[-0.5, 0.0, -1.0],
        gain_offset_ratio=1.5,
        roll_ratio_annual=math.nan,
        minimum_tiers=[
            {"amount_cap": 10.0, "multiplier": 2.0},
            {"amount_cap": 5.0, "multiplier": 1.0},
        ],
        delta_shock_slope=1e-5,
        price_moves=[0.1, -0.1],
        vol_ups=0.1,
    )
    assert faults(data) == {
        ("INITIAL_BELOW_MAINTENANCE", "matrix.initial_factor"),
        ("OUT_OF_RANGE", "matrix.vol_down"),
        ("TAIL_WITHOUT_MOVE", "matrix.extended_moves[1]"),
        ("OUT_OF_RANGE", "matrix.extended_moves[2]"),
        ("OUT_OF_RANGE", "matrix.gain_offset_ratio"),
        ("NOT_FINITE", "matrix.roll_ratio_annual"),
        ("TIERS_NOT_INCREASING", "matrix.minimum_tiers[1].amount_cap"),
        ("TIERS_NOT_INCREASING", "matrix.minimum_tiers[1].multiplier"),
        ("KEY_NOT_USED", "matrix.minimum_tiers"),
        ("KEY_NOT_USED", "matrix.delta_shock_slope"),
        ("TIERS_NOT_INCREASING", "matrix.price_moves[1]"),
        ("UNKNOWN_KEY", "matrix.vol_ups"),
    }


def test_all_faults_of_a_scan_are_named_together() -> None:
    data = span(
        scan_points=5.0,
        extreme_cover=1.2,
        initial_factor=0.5,
        maintenance_factor=0.9,
        tier_end_days=[30.0, 7.0],
        spreads=[
            {"first": 0, "second": 3, "charge": 1.0},
            {"first": 1, "second": 1, "charge": -1.0},
        ],
    )
    assert faults(data) == {
        ("KEY_NOT_USED", "span.scan_ratio"),
        ("OUT_OF_RANGE", "span.extreme_cover"),
        ("INITIAL_BELOW_MAINTENANCE", "span.initial_factor"),
        ("TIERS_NOT_INCREASING", "span.tier_end_days[1]"),
        ("UNKNOWN_TIER", "span.spreads[0].second"),
        ("UNKNOWN_TIER", "span.spreads[1]"),
        ("OUT_OF_RANGE", "span.spreads[1].charge"),
    }


def test_a_scan_needs_its_range_and_credits_need_a_scan() -> None:
    missing = policy("span", {"vol_range": 0.2})
    assert faults(missing) == {("MISSING_KEY", "span.scan_ratio")}
    credits = [{"first": "BTC", "second": "ETH", "rate": 0.5}]
    terms = {"price_range": 0.1, **SHOCKS, "maintenance_factor": 0.8}
    assert faults(policy("matrix", terms, credits=credits)) == {("KEY_NOT_USED", "credits")}


@pytest.mark.parametrize("file", VENUES, ids=lambda file: file.stem)
def test_a_preset_says_what_is_exact_and_what_is_not(file: Path) -> None:
    head = file.read_text("utf-8").split("schema = 1")[0]
    assert re.search(r"Exact|exact|model", head)
    (loaded,) = tm.Policies.preset(file.stem).describe()
    assert loaded["source"]


def test_the_newest_deribit_parameters_are_those_of_eth() -> None:
    eth, btc = tm.Policies.preset("deribit-pm").compile(["ETH", "BTC"], [("USD", "")])[0]["matrix"]
    older = tm.Policies.preset("deribit-pm-2024-06-17").compile(["BTC"], [("USD", "")])[0]
    assert (eth["price_range"], btc["price_range"]) == (0.18, 0.16)
    for key, value in older["matrix"][0].items():
        assert str(btc[key]) == str(value), key


def test_no_policy_without_a_bound_claims_one() -> None:
    from tickmargin import _core

    for name in ("deribit-pm", "okx-pm"):
        (compiled,) = tm.Policies.preset(name).compile(["BTC"], [("USD", "")])
        assert not _core.policy_has_bands(compiled)
    (compiled,) = tm.Policies.preset("house-portfolio").compile(["BTC"], [("USD", "")])
    assert _core.policy_has_bands(compiled)
