"""Shadow mode: the venue's own numbers beside ours, and the cause of each difference."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

import tickmargin as tm
from tickmargin.cli import exit_codes, main
from tickmargin.simulate import synthetic_venue


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    venue = synthetic_venue(accounts=300, positions=3_000, seed=3)
    venue.market_at().save(folder / "market")
    venue.portfolio().save(folder / "portfolio", format="csv")
    return folder


@pytest.fixture(scope="module")
def engine(book):
    market, portfolio = folders(book)
    return tm.Engine(tm.Market.load(market), tm.Portfolio.load(portfolio), "house-portfolio")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in [n for n in os.environ if n.startswith("TICKMARGIN_")]:
        monkeypatch.delenv(name)


def call(capsys, *argv):
    code = main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def folders(book):
    return book / "market", book / "portfolio"


def write_venue(path: Path, accounts, change=lambda row: row):
    """Write the engine's own numbers as a venue would, after a change."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account", "equity", "initial_margin", "maintenance_margin"])
        for row in accounts:
            changed = change(row)
            if changed is not None:
                names = ("account", "equity", "initial_margin", "maintenance_margin")
                writer.writerow([changed[name] for name in names])
    return path


def test_shadow_finds_nothing_in_our_own_numbers(capsys, book, engine, tmp_path):
    venue = write_venue(tmp_path / "v.csv", engine.recompute().accounts)
    code, out, _ = call(capsys, "shadow", *folders(book), venue, "--json", "--strict")
    assert code == 0
    answer = json.loads(out)
    assert answer["compared"] == 900
    assert answer["different"] == 0


def test_shadow_names_the_missing_and_the_component(capsys, book, engine, tmp_path):
    account = "A000007"
    roll = sum(
        line["initial_margin"]
        for line in engine.explain(account).requirement
        if line["component"] == "roll"
    )
    assert roll > 1.0

    def change(row):
        if row["account"] == "A000001":
            return None
        if row["account"] == account:
            return row | {"initial_margin": row["initial_margin"] - roll}
        if row["account"] == "A000009":
            return row | {"equity": row["equity"] + 12_345.0}
        return row

    venue = write_venue(tmp_path / "v.csv", engine.recompute().accounts, change)
    with venue.open("a", encoding="utf-8") as file:
        file.write("GHOST,5.0,1.0,1.0\n")
    code, out, _ = call(capsys, "shadow", *folders(book), venue, "--json", "--strict")
    assert code == exit_codes.REFUSED
    causes = {(r["account"], r["measure"]): r["cause"] for r in json.loads(out)["rows"]}
    assert causes[account, "initial_margin"] == "no roll"
    assert causes["A000009", "equity"] == "unexplained"
    assert causes["A000001", "equity"] == "missing at the venue"
    assert causes["GHOST", "equity"] == "missing here"
    # accounts on one side only are counted apart and have no difference
    answer = json.loads(out)
    assert (answer["different"], answer["missing"]) == (2, 2)
    ghost = next(r for r in answer["rows"] if r["account"] == "GHOST" and r["measure"] == "equity")
    assert (ghost["venue"], ghost["ours"], ghost["difference"]) == (5.0, None, None)
    assert {r["cause"] for r in answer["rows"][2:]} == {"missing here", "missing at the venue"}
    assert all(c["difference"] is None for c in answer["causes"] if "missing" in c["cause"])
    code, out, _ = call(capsys, "shadow", *folders(book), venue)
    assert "2 differ beyond tolerance; 2 accounts are on one side only" in out
    assert "GHOST" in out
    assert (account, "maintenance_margin") not in causes


def test_strict_refuses_a_missing_account_though_nothing_differs(capsys, book, engine, tmp_path):
    venue = write_venue(tmp_path / "v.csv", engine.recompute().accounts.take(range(1, 300)))
    code, out, _ = call(capsys, "shadow", *folders(book), venue, "--strict")
    assert code == exit_codes.REFUSED
    assert "897 numbers compared, 0 differ beyond tolerance; 1 account is on one side" in out


def test_shadow_splits_off_what_prices_explain(capsys, book, engine, tmp_path):
    theirs = shutil.copytree(book, tmp_path / "book") / "market"
    market = tm.Market.load(theirs)
    tables = market.tables()
    names = ("underlying", "index_price", "quote_asset", "realised_vol_annual", "depth_notional")
    underlyings = {name: tables["underlyings"][name].copy() for name in names}
    underlyings["index_price"][0] *= 1.01
    tables["underlyings"] = underlyings
    moved = tm.Market.from_tables(**tables, as_of_ns=market.as_of_ns)
    moved.save(theirs, overwrite=True)
    at_theirs = tm.Engine(moved, engine.portfolio, "house-portfolio")
    venue = write_venue(tmp_path / "v.csv", at_theirs.recompute().accounts)
    code, out, _ = call(capsys, "shadow", *folders(book), venue, "--venue-market", theirs, "--json")
    assert code == 0
    answer = json.loads(out)
    assert answer["different"] > 100
    assert {row["cause"] for row in answer["rows"]} == {"prices"}
    assert [(p["kind"], p["name"]) for p in answer["prices"]] == [("index", "BTC")]
    assert answer["prices"][0]["difference_ratio"] == pytest.approx(0.01)


def test_shadow_prints_causes_and_the_largest(capsys, book, engine, tmp_path):
    def change(row):
        return row | {"equity": row["equity"] + (500.0 if row["account"] == "A000009" else 0.0)}

    venue = write_venue(tmp_path / "v.csv", engine.recompute().accounts, change)
    out_file = tmp_path / "d.csv"
    code, out, err = call(capsys, "shadow", *folders(book), venue, "--out", out_file)
    assert code == 0
    assert "900 numbers compared, 1 differ beyond tolerance" in out
    assert "A000009" in out
    assert "wrote 1 differences" in err
    with out_file.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert float(row["difference"]) == pytest.approx(500.0, abs=1e-6)


def test_only_the_largest_remainders_are_examined(capsys, book, engine, tmp_path):
    def change(row):
        gap = {"A000009": 500.0, "A000010": 9000.0}.get(row["account"], 0.0)
        return row | {"initial_margin": row["initial_margin"] + gap}

    venue = write_venue(tmp_path / "v.csv", engine.recompute().accounts, change)
    more = ("--examine", 1, "--json")
    code, out, _ = call(capsys, "shadow", *folders(book), venue, *more)
    assert code == 0
    causes = {row["account"]: row["cause"] for row in json.loads(out)["rows"]}
    assert causes == {"A000010": "unexplained", "A000009": "not examined"}


def test_tolerances_are_absolute_plus_relative(capsys, book, engine, tmp_path):
    def change(row):
        return row | {"initial_margin": row["initial_margin"] * 1.01 + 5.0}

    venue = write_venue(tmp_path / "v.csv", engine.recompute().accounts, change)
    shown = {}
    for name, more in {
        "tight": ("--relative", 0, "--absolute", 4.9),
        "wide": ("--relative", 0.011, "--absolute", 5.1),
    }.items():
        _, out, _ = call(capsys, "shadow", *folders(book), venue, *more, "--json")
        shown[name] = json.loads(out)["different"]
    assert shown == {"tight": 300, "wide": 0}
