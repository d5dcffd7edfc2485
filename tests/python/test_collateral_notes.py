"""Collateral that a policy does not list counts nothing, and the engine says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.python.live_books import market, portfolio

import tickmargin as tm
from tickmargin.cli import main


def notes(policies: Any) -> list[tuple[str, str]]:
    """Assets and messages of the warnings about collateral."""
    engine = tm.Engine(market(), portfolio(), policies)
    return [(str(w.value), w.message) for w in engine.warnings if w.code == "COLLATERAL_NOT_LISTED"]


def rules(haircuts: dict[str, Any], **more: Any) -> dict[str, Any]:
    futures = {"initial_ratio": 0.1, "maintenance_ratio": 0.05}
    own = {"method": "fixed", "haircuts": haircuts, "futures": futures, **more}
    return {"schema": 1, "policies": {"venue": own}}


def test_each_asset_that_counts_nothing_is_named_with_its_owners() -> None:
    found = notes(rules({"USDC": 0.0}))
    assert [asset for asset, _ in found] == ["BTC@bitcoin", "USD"]
    told = (
        "policy venue does not list BTC@bitcoin in its haircuts and counts it as nothing; "
        "1 account owns some (clara)"
    )
    assert dict(found)["BTC@bitcoin"] == told


def test_owners_are_counted_and_the_first_named() -> None:
    found = dict(notes(rules({"USD": 0.0, "BTC": 0.1})))
    assert found["USDC@ethereum"].endswith("; 2 accounts own some (anna, boris)")


@pytest.mark.parametrize(
    "haircuts",
    [
        {"default": 0.05},
        {"USD": 0.0, "USDC": 0.0, "BTC": 1.0},
        {"USD": 0.0, "USDC": 0.0, "BTC@bitcoin": {"quality": 1.0}},
    ],
    ids=["default", "listed", "listed-by-chain"],
)
def test_what_was_chosen_is_no_note(haircuts: dict[str, Any]) -> None:
    assert notes(rules(haircuts)) == []


def test_a_debt_is_no_collateral_and_another_policy_s_accounts_are_not_its_own() -> None:
    both = rules({"USDC": 0.0, "USD": 0.0})
    listing = {**both["policies"]["venue"], "haircuts": {"default": 0.0}}
    both["policies"]["all"] = listing
    both["select"] = [{"policy": "all", "account": ["clara"]}, {"policy": "venue"}]
    assert notes(both) == []


def test_a_venue_preset_tells_of_it() -> None:
    assert [asset for asset, _ in notes("binance-usdm")] == ["BTC@bitcoin"]


def test_a_run_tells_of_it(tmp_path: Path, capsys: Any) -> None:
    market().save(tmp_path / "market")
    portfolio().save(tmp_path / "portfolio")
    words = ["run", str(tmp_path / "market"), str(tmp_path / "portfolio"), "-p", "binance-usdm"]
    assert main([*words, "--json"]) == 0
    told = capsys.readouterr()
    codes = [warning["code"] for warning in json.loads(told.out)["warnings"]]
    assert "COLLATERAL_NOT_LISTED" in codes
    assert "warning [COLLATERAL_NOT_LISTED]: policy binance-usdm does not list BTC" in told.err
