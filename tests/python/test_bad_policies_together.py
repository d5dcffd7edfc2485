"""One policy file with a fault of every kind: all named in one error, at whatever door it comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.python.live_books import BTC, ETH, POLICIES, SECOND, T0, engine, market, portfolio, ready
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import records
from tickmargin.cli import exit_codes, main

GOOD = """
schema = 1

[policies.grid]
method = "scenario"

[policies.grid.haircuts]
USDC = 0.02
default = 0.05

[policies.grid.scenario]
price_range = 0.15
vol_up = 0.4
vol_down = 0.3
maintenance_factor = 0.8

[policies.grid.netting]
rule = "correlation"
credit_cap_ratio = 0.5

[policies.grid.netting.correlation]
"BTC/ETH" = 0.9
"BTC/SOL" = 0.9
"ETH/SOL" = 0.8

[policies.plain]
method = "fixed"

[policies.plain.haircuts]
default = 0.01

[policies.plain.futures]
brackets = [
  { notional_cap = 1e5, initial_ratio = 0.05, maintenance_ratio = 0.02 },
  { notional_cap = 1e6, initial_ratio = 0.10, maintenance_ratio = 0.08 },
  { notional_cap = inf, initial_ratio = 0.20, maintenance_ratio = 0.09 },
]

[[select]]
policy = "plain"
account = ["clara"]

[[select]]
policy = "grid"
"""
# What is written, what is written instead, and the code and the place that the error names.
FAULTS = (
    ('"ETH/SOL" = 0.8', '"ETH/SOL" = -0.9', "CORRELATION_NOT_PSD", "grid.netting.correlation"),
    (
        "maintenance_factor = 0.8",
        "maintenance_factor = 1.2",
        "INITIAL_BELOW_MAINTENANCE",
        "grid.scenario.initial_factor",
    ),
    ("cap = 1e6", "cap = 9e4", "BRACKETS_NOT_INCREASING", "plain.futures.brackets[1].notional_cap"),
    (
        "initial_ratio = 0.20",
        "initial_ratio = 0.095",
        "BRACKETS_NOT_INCREASING",
        "plain.futures.brackets[2].initial_ratio",
    ),
    ("USDC = 0.02", "USDC = 1.02", "OUT_OF_RANGE", "grid.haircuts.USDC"),
    ("default = 0.01", "default = -0.01", "OUT_OF_RANGE", "plain.haircuts.default"),
    ("vol_down = 0.3", "vol_down = nan", "NOT_FINITE", "grid.scenario.vol_down"),
)
FOUND = sorted((code, f"policies.{place}") for _, _, code, place in FAULTS)


def faulty(*faults: tuple[str, str, str, str]) -> str:
    text = GOOD
    for written, instead, _, _ in faults:
        assert text.count(written) == 1
        text = text.replace(written, instead)
    return text


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.toml"
    path.write_text(faulty(*FAULTS), encoding="utf-8")
    return path


def named(refused: tm.InvalidInputError) -> list[tuple[str, str]]:
    """Code and place of every problem; each stands in the message too, with its line."""
    text = str(refused)
    for issue in refused.issues:
        assert f"bad.toml:{issue.row}: {issue.column}: " in text
    return sorted((issue.code, issue.column or "") for issue in refused.issues)


def test_the_file_is_sound_without_its_faults() -> None:
    assert tm.Policies.from_toml(GOOD).names == ("grid", "plain")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[3])
def test_each_fault_alone_is_the_one_that_is_named(fault: tuple[str, str, str, str]) -> None:
    with pytest.raises(tm.InvalidInputError) as refused:
        tm.Policies.from_toml(faulty(fault))
    (issue,) = refused.value.issues
    assert (issue.code, issue.column) == (fault[2], f"policies.{fault[3]}")


def test_every_door_of_the_library_names_them_all(bad: Path) -> None:
    batch = engine()
    doors: tuple[Any, ...] = (
        lambda: tm.Policies.load(bad),
        lambda: tm.Engine(market(), portfolio(), str(bad)),
        lambda: batch.recompute(policies=str(bad)),
    )
    for door in doors:
        with pytest.raises(tm.InvalidInputError) as refused:
            door()
        assert named(refused.value) == FOUND


def test_the_command_line_names_them_all(bad: Path, tmp_path: Path, capsys: Any) -> None:
    market().save(tmp_path / "market", format="csv")
    portfolio().save(tmp_path / "portfolio", format="csv")
    argv = ["run", str(tmp_path / "market"), str(tmp_path / "portfolio"), "--policies", str(bad)]
    assert main(argv) == exit_codes.BAD_INPUT
    out, said = capsys.readouterr()
    assert out == ""
    for code, place in FOUND:
        assert any(f" {place}: " in line and f"[{code}]" in line for line in said.splitlines())
    assert "nothing was loaded" in said


def test_a_running_engine_keeps_its_policy_its_epoch_and_every_margin(bad: Path) -> None:
    live = ready(POLICIES)
    live.stage_policies(4, POLICIES)
    assert live.apply(records.policy_epoch(4, ts_ns=T0)).counts == {"ok": 1}
    live.events()

    def stands() -> tuple[Any, ...]:
        kept = live.accounts()
        columns = [kept[name].tobytes() for name in kept.columns if kept[name].dtype != object]
        names = [kept[name].tolist() for name in kept.columns if kept[name].dtype == object]
        told = live.info()["policy_epoch"], live.info()["policies"]
        lines = [live.explain(name).requirement.to_dict() for name in kept["account"]]
        return live.state_hash(), told, columns, names, repr(lines), live.policies.names

    before = stands()
    for door in (lambda: live.stage_policies(5, str(bad)), lambda: live.dry_run(str(bad))):
        with pytest.raises(tm.InvalidInputError) as refused:
            door()
        assert named(refused.value) == FOUND
        assert stands() == before
    # Nothing was staged under the number: its record is refused, and the number is still free.
    assert "ok" not in live.apply(records.policy_epoch(5, ts_ns=T0 + SECOND)).counts
    assert stands() == before
    ticks = records.index_tick(
        ["BTC", "ETH"], [BTC * 0.97, ETH * 1.02], seq=2, ts_ns=T0 + SECOND, engine=live
    )
    assert live.apply(ticks).counts == {"ok": 2}
    same(live)
    live.stage_policies(5, tm.Policies.from_toml(GOOD))
    assert live.apply(records.policy_epoch(5, ts_ns=T0 + 2 * SECOND)).counts == {"ok": 1}
    assert live.info()["policy_epoch"] == 5
    same(live)
