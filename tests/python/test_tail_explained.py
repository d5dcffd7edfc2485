"""Which scenarios an expected shortfall is made of: their times, losses and shares."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tickmargin as tm
from tickmargin.cli import main

DAY = 86_400 * 10**9
NOW = 20_000 * DAY  # 2024-10-04
# One coin is held short: days on which the price rises cost. Of 40 days the steps are 0 but for
RISES = {5: 0.10, 11: 0.04, 23: 0.08, 30: 0.02}
TAIL: dict[str, Any] = {
    "generator": "historical",
    "horizon_initial_days": 1.0,
    "horizon_maintenance_days": 1.0,
    "confidence_initial": 0.95,
    "confidence_maintenance": 0.9,
    "window_days": 40.0,
    "overlapping": True,
}


def market() -> tm.Market:
    return tm.Market.from_tables(
        as_of_ns=NOW,
        assets={"asset": ["USD"], "mark_price": [1.0]},
        underlyings={"underlying": ["BTC"], "index_price": [1_000.0]},
        marks={"instrument": ["P"], "mark_price": [1_000.0]},
    )


def portfolio() -> tm.Portfolio:
    return tm.Portfolio.from_tables(
        instruments={
            "instrument": ["P"],
            "kind": ["perpetual"],
            "underlying": ["BTC"],
            "settlement_asset": ["USD"],
            "payoff": ["linear"],
            "multiplier": [1.0],
        },
        accounts={"account": ["anna"]},
        positions={
            "account": ["anna"],
            "instrument": ["P"],
            "quantity": [-1.0],
            "entry_price": [1_000.0],
        },
        balances={"account": ["anna"], "asset": ["USD"], "amount": [500.0]},
    )


def prices() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    steps = np.array([1.0 + RISES.get(day, 0.0) for day in range(1, 41)])
    return NOW - DAY * np.arange(41)[::-1], 100.0 * np.concatenate([[1.0], np.cumprod(steps)])


def policies(tail: dict[str, Any]) -> dict[str, Any]:
    policy = {"method": "es", "haircuts": {"USD": 0.0}, "tail": tail}
    return {"schema": 1, "policies": {"p": policy}}


def explained(tail: dict[str, Any]) -> tm.Explanation:
    times, levels = prices()
    history = tm.History.of(times, {"BTC": levels})
    return tm.Engine(market(), portfolio(), policies(tail), history=history).explain("anna")


def test_the_worst_days_are_named_with_what_they_count() -> None:
    tail = explained(TAIL).tail
    first = NOW - 40 * DAY
    # Of 40 moves the worst two make IM, the worst four MM.
    assert tail["to_ns"].tolist() == [first + day * DAY for day in (5, 23, 11, 30)]
    assert (tail["to_ns"] - tail["from_ns"] == DAY).all()
    assert tail["loss"] == pytest.approx([100.0, 80.0, 40.0, 20.0], rel=1e-12)
    assert tail["initial_share"] == pytest.approx([0.5, 0.5, 0.0, 0.0], abs=1e-12)
    assert tail["maintenance_share"] == pytest.approx([0.25] * 4, abs=1e-12)


def test_stressed_days_stand_beside_the_window_s() -> None:
    begin = date(1970, 1, 1).toordinal() + 20_000 - 40
    stress = {
        "first_day": date.fromordinal(begin + 10).isoformat(),
        "last_day": date.fromordinal(begin + 11).isoformat(),
        "weight": 0.5,
    }
    tail = explained(TAIL | {"stress": stress}).tail
    day = NOW - 40 * DAY + 11 * DAY
    rows = [row for row in tail if row["to_ns"] == day]
    # The move of 0.04 alone is the stressed sample; in the window's it has half of a quarter of MM.
    assert sorted(round(row["maintenance_share"], 12) for row in rows) == [0.125, 0.5]


def test_drawn_moves_have_no_time() -> None:
    drawn = {key: TAIL[key] for key in TAIL if key not in ("window_days", "overlapping")}
    model = {"generator": "monte_carlo", "vols_annual": {"BTC": 0.5}, "draws": 200, "seed": 1}
    tail = explained(drawn | model).tail
    assert len(tail) == 20
    assert not tail["from_ns"].any()
    assert not tail["to_ns"].any()


def test_other_methods_have_none() -> None:
    engine = tm.Engine(market(), portfolio(), "house-fixed")
    assert len(engine.explain("anna").tail) == 0


def test_an_explanation_prints_as_its_tables() -> None:
    found = explained(TAIL)
    title, equity, requirement, positions = str(found).split("\n\n")
    assert title == "anna: healthy under p"
    assert equity == repr(found.equity)
    assert requirement == repr(found.requirement)
    assert positions == repr(found.positions)
    assert repr(found) == "Explanation(anna: healthy under p)"


def test_the_command_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    market().save(tmp_path / "market")
    portfolio().save(tmp_path / "portfolio")
    times, levels = prices()
    rows = {"ts_ns": times, "underlying": ["BTC"] * 41, "price": levels}
    pq.write_table(pa.table(rows), tmp_path / "market" / "history.parquet")
    lines = [f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
             for key, value in TAIL.items()]  # fmt: skip
    file = tmp_path / "p.toml"
    file.write_text(
        "schema = 1\n[policies.p]\nmethod = 'es'\n[policies.p.haircuts]\nUSD = 0.0\n"
        "[policies.p.tail]\n" + "\n".join(lines)
    )
    words = ["explain", tmp_path / "market", tmp_path / "portfolio", "anna", "-p", file]
    assert main([str(word) for word in words]) == 0
    out = capsys.readouterr().out
    assert re.search(r"\ncross +BTC +expected shortfall +90\.00 +60\.00\n", out)
    assert "Largest losses of the tail (4 of 4 scenarios)" in out
    assert re.search(r"cross +2024-08-29 +2024-08-30 +\d+ +100\.00 +50\.00 +25\.00 +\+10 %", out)
