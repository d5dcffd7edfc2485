"""Leverage tiers in ccxt's layout: the policy they make, and every fault they may have."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.books import CI
from tests.property.test_protocol_policies import engine, lines

import tickmargin as tm
from tickmargin.cli import main
from tickmargin.config_issues import POLICY_CODES
from tickmargin.leverage_tiers import policy_data


def tier(n: int, low: float, high: float | None, rate: float, leverage: float, cum: str) -> Any:
    """One row as ccxt gives it, with the venue's own answer."""
    info = {
        "bracket": str(n),
        "initialLeverage": str(leverage),
        "notionalCap": str(high),
        "notionalFloor": str(low),
        "maintMarginRatio": str(rate),
        "cum": cum,
    }
    return {
        "tier": float(n),
        "symbol": "BTC/USDT:USDT",
        "currency": "USDT",
        "minNotional": low,
        "maxNotional": high,
        "maintenanceMarginRate": rate,
        "maxLeverage": leverage,
        "info": info,
    }


BTC = "BTC/USDT:USDT"
TIERS: dict[str, Any] = {
    BTC: [
        tier(1, 0.0, 50_000.0, 0.004, 125.0, "0.0"),
        tier(2, 50_000.0, 600_000.0, 0.005, 100.0, "50.0"),
        tier(3, 600_000.0, 3_000_000.0, 0.0065, 75.0, "950.0"),
        tier(4, 3_000_000.0, None, 0.01, 50.0, "11450.0"),
    ],
    "DOGE/USDT:USDT": [
        {
            "tier": 1,
            "currency": "USDT",
            "minNotional": 0,
            "maxNotional": 10_000,
            "maintenanceMarginRate": 0.01,
            "maxLeverage": 25,
            "info": {},
        }
    ],
}


def changed(*changes: tuple[int, str, Any]) -> dict[str, Any]:
    tiers = copy.deepcopy(TIERS)
    for i, key, value in changes:
        tiers[BTC][i][key] = value
    return tiers


def faults(tiers: Any, **options: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(tm.InvalidInputError) as caught:
        tm.Policies.from_leverage_tiers(tiers, **options)
    assert {issue.code for issue in caught.value.issues} <= set(POLICY_CODES)
    return [(issue.code, issue.column) for issue in caught.value.issues]


@CI
@given(st.integers(1, 10**7))
def test_margin_is_notional_times_rate_less_the_venue_s_amount(notional: int) -> None:
    policy = policy_data(TIERS)["policies"]["leverage-tiers"]
    policy["haircuts"] = {"USDC": 0.0}
    market = {"BTC": {"index": 1.0, "price": 1.0}}
    made = engine(policy, market, {"USDC": 10.0}, held=[("BTC", float(-notional), 1.0)])
    row = next(row for row in reversed(TIERS[BTC]) if notional >= row["minNotional"])
    by_hand = notional * row["maintenanceMarginRate"] - float(row["info"]["cum"])
    _, maintenance = lines(made, "futures")["BTC"]
    assert maintenance == pytest.approx(by_hand, rel=1e-12)


def test_initial_margin_is_the_inverse_of_leverage_slice_by_slice() -> None:
    policy = policy_data(TIERS)["policies"]["leverage-tiers"]
    policy["haircuts"] = {"USDC": 0.0}
    market = {"BTC": {"index": 1.0, "price": 1.0}, "SOL": {"index": 1.0, "price": 1.0}}
    held = [("BTC", 100_000.0, 1.0), ("SOL", 7.0, 1.0)]
    asked = lines(engine(policy, market, {"USDC": 10.0}, held=held), "futures")
    assert asked["BTC"][0] == pytest.approx(50_000 / 125 + 50_000 / 100)
    # A market without tiers needs its whole notional.
    assert asked["SOL"] == (7.0, 7.0)


def test_a_file_loads_directly_and_prints_as_a_preset(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "tiers.json"
    path.write_text(json.dumps(TIERS))
    policies = tm.Policies.resolve(str(path))
    assert policies.names == ("leverage-tiers",)
    assert policies.describe()[0]["path"] == "bands"
    words = ["presets", "from-tiers", str(path), "--as-of", "2026-03-01", "--name", "mine"]
    assert main(words) == 0
    again = tm.Policies.from_toml(capsys.readouterr().out)
    assert again.describe()[0]["as_of"] == "2026-03-01"
    here = policies.compile(["BTC", "DOGE", "X"], [("USDT", "")])[0]["futures"]
    there = again.compile(["BTC", "DOGE", "X"], [("USDT", "")])[0]["futures"]
    for own, other in zip(here, there, strict=True):
        for key in own:
            assert str(own[key]) == str(other[key])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ((1, "minNotional", 60_000.0), [("TIER_GAP", "[1].minNotional")]),
        ((1, "minNotional", 40_000.0), [("TIER_OVERLAP", "[1].minNotional")]),
        ((0, "minNotional", 10.0), [("TIER_GAP", "[0].minNotional")]),
        ((2, "maintenanceMarginRate", 0.0045), [("BRACKETS_NOT_INCREASING", "[2].maint")]),
        ((2, "maxLeverage", 110.0), [("BRACKETS_NOT_INCREASING", "[2].maxLeverage")]),
        ((1, "maxLeverage", 0.5), [("OUT_OF_RANGE", "[1].maxLeverage")]),
        ((3, "maintenanceMarginRate", 0.03), [("INITIAL_BELOW_MAINTENANCE", "[3].maxLeverage")]),
        ((3, "maintenanceMarginRate", 1.5), [("OUT_OF_RANGE", "[3].maintenanceMarginRate")]),
        ((2, "maintenanceMarginRate", math.nan), [("NOT_FINITE", "[2].maintenanceMarginRate")]),
        ((1, "maxNotional", None), [("MISSING_KEY", "[1].maxNotional")]),
        ((1, "maxNotional", math.inf), [("NOT_FINITE", "[1].maxNotional")]),
        ((1, "maxLeverage", "100"), [("WRONG_TYPE", "[1].maxLeverage")]),
        ((1, "maxLeverage", True), [("WRONG_TYPE", "[1].maxLeverage")]),
        ((1, "currency", "BTC"), [("TIER_CURRENCY", "")]),
        ((2, "info", {"cum": "900"}), [("TIER_AMOUNT_DIFFERS", "[2].info.cum")]),
    ],
    ids=lambda v: f"{v[0]}-{v[1]}-{v[2]}" if isinstance(v, tuple) else "",
)
def test_each_fault_is_named_where_it_is(change: Any, found: list[tuple[str, str]]) -> None:
    got = faults(changed(change))
    for code, place in found:
        wanted = (code, f'"{BTC}"{place}')
        assert any(c == wanted[0] and str(p).startswith(wanted[1]) for c, p in got), got


def test_all_faults_are_refused_together() -> None:
    tiers = changed(
        (1, "minNotional", 60_000.0),
        (2, "maxLeverage", 110.0),
        (3, "maintenanceMarginRate", math.nan),
        (0, "maxLeverage", 300.0),
    )
    codes = {code for code, _ in faults(tiers)}
    assert {"TIER_GAP", "BRACKETS_NOT_INCREASING", "NOT_FINITE"} <= codes
    assert "INITIAL_BELOW_MAINTENANCE" in codes


def test_two_markets_of_one_underlying_are_told_apart_by_quote() -> None:
    tiers = {**TIERS, "BTC/USDC:USDC": TIERS[BTC]}
    assert faults(tiers) == [("DUPLICATE_UNDERLYING", '"BTC/USDC:USDC"')]
    policies = tm.Policies.from_leverage_tiers(tiers, quote="USDT")
    assert len(policies.compile(["BTC"], [])[0]["futures"][0]["bracket_cap"]) == 4
    both = {BTC: "BTC", "BTC/USDC:USDC": "BTC2"}
    assert tm.Policies.from_leverage_tiers(tiers, underlyings=both).names == ("leverage-tiers",)
    assert faults(tiers, quote="EUR") == [("MISSING_KEY", "")]


def test_notionals_in_coins_are_refused() -> None:
    row = {**TIERS["DOGE/USDT:USDT"][0], "currency": "BTC"}
    assert faults({"BTC/USD:BTC": [row]}) == [("TIER_CURRENCY", '"BTC/USD:BTC"')]


@pytest.mark.parametrize("tiers", [{BTC: []}, {BTC: "none"}, {BTC: [1]}, {}])
def test_what_is_no_list_of_tiers_is_refused(tiers: Any) -> None:
    assert faults(tiers)[0][0] in ("WRONG_TYPE", "MISSING_KEY")


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    assert faults(tmp_path / "none.json") == [("FILE_NOT_FOUND", None)]
    (tmp_path / "bad.json").write_text("{")
    assert faults(tmp_path / "bad.json") == [("FILE_UNREADABLE", None)]
    with pytest.raises(tm.InputTypeError, match="expected a mapping"):
        tm.Policies.from_leverage_tiers([1])  # type: ignore[arg-type]
