"""The command line as a user meets it: answers, exit codes, one clear message for each mistake."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

import tickmargin as tm
from tickmargin.cli import exit_codes, main, output
from tickmargin.simulate import synthetic_venue

COMMANDS = (
    "demo",
    "run",
    "explain",
    "what-if",
    "shadow",
    "tick",
    "replay",
    "backtest",
    "portfolio-from-chain",
    "presets",
    "bench",
    "info",
)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    venue = synthetic_venue(accounts=300, positions=3_000, seed=3)
    venue.market_at().save(folder / "market")
    venue.portfolio().save(folder / "portfolio", format="csv")
    return folder


@pytest.fixture(scope="module")
def engine(book):
    return tm.Engine(
        tm.Market.load(book / "market"), tm.Portfolio.load(book / "portfolio"), "house-portfolio"
    )


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    import os

    for name in [n for n in os.environ if n.startswith("TICKMARGIN_")]:
        monkeypatch.delenv(name)


def call(capsys, *argv):
    """Run the command; give its exit code, standard output and standard error."""
    code = main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def folders(book):
    return book / "market", book / "portfolio"


def copy_of(book, tmp_path):
    """Copy the book so that a test may break it."""
    import shutil

    shutil.copytree(book, tmp_path / "book")
    return tmp_path / "book"


def edit(path: Path, old: str, new: str):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# help and information


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys, command):
    code, out, err = call(capsys, command, "--help")
    assert code == 0
    assert "Usage: tickmargin" in out
    assert err == ""


def test_help_lists_the_exit_codes_and_the_readme_agrees(capsys):
    _, out, _ = call(capsys, "--help")
    readme = (Path(tm.__file__).parent / "cli" / "README.md").read_text(encoding="utf-8")
    squeezed = " ".join(out.replace("│", " ").split())
    for code, meaning in exit_codes.MEANINGS.items():
        assert f"{code}: {meaning}" in squeezed
        assert f"| {code} | {meaning}" in readme.replace("`", "")


def test_help_is_fast_because_nothing_heavy_is_imported():
    heavy = ("pyarrow", "pandas", "polars", "plotly", "pydantic", "scipy")
    script = (
        "import sys\nfrom tickmargin.cli import main\nmain(['--help'])\n"
        f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
    )
    assert done.stderr.strip() == "[]"
    # A second is ten times what it takes; a busy machine must not make this fail.
    assert time.perf_counter() - started < 5.0


def test_version(capsys):
    assert call(capsys, "--version") == (0, f"tickmargin {tm.__version__}\n", "")


def test_info_is_what_the_package_says(capsys):
    code, out, _ = call(capsys, "info", "--json")
    assert code == 0
    facts = json.loads(out)
    paths = {row["policies"]: row["path"] for row in facts.pop("policies")}
    assert facts == json.loads(json.dumps(tm.info()))
    assert set(paths) == {name for name in tm.Policies.presets() if not re.search(r"-\d\d$", name)}
    assert paths["house-portfolio"] == "bands"
    code, out, _ = call(capsys, "info")
    assert code == 0
    assert str(tm.info()["kernels_chosen"]) in out


def test_info_says_which_path_each_policy_of_a_file_takes(capsys):
    # `f` margins a whole position by its bracket: a jump, which has no bound to draw a band by;
    # `d` has add-ons, the rest methods without one.
    file = str(Path(__file__).parent / "policies_full.toml")
    code, out, _ = call(capsys, "info", "--policies", file, "--json")
    assert code == 0
    paths = {row["policy"]: row["path"] for row in json.loads(out)["policies"]}
    assert paths == dict.fromkeys("fdmnpqtuvwxy", "incremental") | {"s": "bands"}
    code, out, _ = call(capsys, "info", "--policies", file)
    assert code == 0
    assert re.search(r"f +fixed +incremental", out)
    assert call(capsys, "info", "--policies", "house-fixd")[0] == exit_codes.BAD_INPUT


def test_the_list_of_presets_fits_a_terminal(capsys):
    code, out, _ = call(capsys, "presets", "list")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 100
    inner = out[out.index("\nhouse-two-tiers ") :].splitlines()[2]
    assert inner.split()[:3] == ["house-fast", "scenario", "bands"]


def test_work_that_goes_on_is_told_without_a_terminal(capsys, monkeypatch):
    clock = iter([0.0, 4.0, 12.0, 13.0, 23.0])  # seconds: at the start, then after each step
    monkeypatch.setattr("tickmargin.cli.output.time.monotonic", lambda: next(clock))
    with output.steps("margining", 4) as step:
        for _ in range(4):
            step()
    captured = capsys.readouterr()
    assert captured.err.splitlines() == ["margining: 50% done", "margining: 100% done"]
    assert captured.out == ""


def test_presets_are_listed_and_shown_as_files_that_load(capsys):
    code, out, _ = call(capsys, "presets", "list", "--json")
    assert code == 0
    assert {row["preset"] for row in json.loads(out)} == set(tm.Policies.presets())
    code, out, _ = call(capsys, "presets", "show", "house-fixed")
    assert code == 0
    assert tm.Policies.from_toml(out).names == tm.Policies.preset("house-fixed").names
    code, out, _ = call(capsys, "presets", "show", "house-fixed", "--json")
    assert code == 0
    assert "house-fixed" in json.loads(out)["policies"]


# run


def test_run_gives_the_engine_s_numbers(capsys, book, engine, tmp_path):
    out_file = tmp_path / "accounts.csv"
    code, out, _ = call(capsys, "run", *folders(book), "--json", "--out", out_file, "--top", 4)
    assert code == 0
    answer = json.loads(out)
    accounts = engine.recompute().accounts
    assert answer["summary"]["accounts"] == 300
    assert answer["summary"]["initial_margin"] == pytest.approx(
        float(accounts["initial_margin"].sum()), rel=1e-12
    )
    assert len(answer["riskiest"]) == 4
    rows = pyarrow.csv.read_csv(out_file)
    assert rows.column("account").to_pylist() == accounts["account"].tolist()
    assert rows.column("slack").to_pylist() == accounts["slack"].tolist()


def test_run_prints_tables_and_writes_parquet_and_html(capsys, book, tmp_path):
    page, rows = tmp_path / "r.html", tmp_path / "a.parquet"
    code, out, err = call(
        capsys, "run", *folders(book), "-p", "house-fixed", "--html", page, "--out", rows
    )
    assert code == 0
    assert "house-fixed" in out
    assert f"wrote {page}" in err
    assert "plotly.js v" in page.read_text(encoding="utf-8")
    assert pyarrow.parquet.read_table(rows).num_rows == 300


def test_a_narrow_terminal_never_cuts_a_number(capsys, book, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    code, out, _ = call(capsys, "run", *folders(book), "--top", 5)
    assert code == 0
    assert "…" not in out
    assert "liquidating" in out or "healthy" in out or "warning" in out


def test_threads_do_not_change_a_bit(capsys, book):
    one = call(capsys, "run", *folders(book), "--json", "--threads", 1)
    assert one == call(capsys, "run", *folders(book), "--json", "--threads", 2)


def test_strict_makes_undecidable_accounts_an_exit_code(capsys, book, tmp_path):
    broken = copy_of(book, tmp_path)
    market = tm.Market.load(broken / "market")
    marks = market.table("marks")
    columns = {name: marks[name].copy() for name in marks.columns}
    wanted = columns["instrument"].tolist().index("BTC_USDT-PERPETUAL")
    price = [None if i == wanted or p != p else p for i, p in enumerate(columns["mark_price"])]
    tables = market.tables()
    tables["marks"] = {
        "instrument": columns["instrument"],
        "mark_price": price,
        "vol_annual": [None if v != v else v for v in columns["vol_annual"]],
    }
    tm.Market.from_tables(**tables, as_of_ns=market.as_of_ns).save(
        broken / "market", overwrite=True
    )
    code, out, err = call(capsys, "run", *folders(broken), "--json")
    assert code == 0
    assert json.loads(out)["summary"]["states"]["undecidable"] > 0
    assert "warning [MISSING_PRICE]" in err
    assert "BTC_USDT-PERPETUAL" in err
    code, out, _ = call(capsys, "run", *folders(broken), "--strict")
    assert code == exit_codes.UNDECIDABLE
    # the first few by name with what they lack, and what the totals are without them
    undecidable = (
        tm.Engine(
            tm.Market.load(broken / "market"),
            tm.Portfolio.load(broken / "portfolio"),
            "house-portfolio",
        )
        .recompute()
        .accounts
    )
    names = undecidable["account"][undecidable["state"] == "undecidable"].tolist()
    lacks = "missing price; perpetual 'BTC_USDT-PERPETUAL' has no mark_price in marks"
    assert f"{names[0]} is undecidable: {lacks}" in out
    assert f"totals leave out {len(names):,} undecidable accounts" in out


def test_an_asset_without_price_is_warned_of_once_with_who_uses_it(capsys, book, tmp_path):
    broken = copy_of(book, tmp_path)
    market = tm.Market.load(broken / "market")
    tables = market.tables()
    assets = tables["assets"].to_dict()
    row = assets["asset"].index("USDT")
    assets["mark_price"][row] = None
    tables["assets"] = assets
    tm.Market.from_tables(**tables, as_of_ns=market.as_of_ns).save(
        broken / "market", overwrite=True
    )
    portfolio = tm.Portfolio.load(broken / "portfolio")
    holders = {
        r["account"] for r in portfolio.table("balances") if r["asset"] == "USDT" and r["amount"]
    }
    _, out, err = call(capsys, "run", *folders(broken), "--json")
    lines = [line for line in err.splitlines() if "asset 'USDT' has no price" in line]
    assert len(lines) == 1
    assert f"{len(holders):,} account" in lines[0]
    texts = [w["message"] for w in json.loads(out)["warnings"]]
    assert len(texts) == len(set(texts))


# explain


def test_explain_adds_up_and_finds_the_prices(capsys, book, engine):
    account = "A000007"
    code, out, _ = call(capsys, "explain", *folders(book), account, "--json")
    assert code == 0
    answer = json.loads(out)
    row = engine.recompute().accounts.row(engine.account_handle(account))
    total = sum(
        line["initial_margin"] for line in answer["requirement"] if line["pocket"] == "cross"
    )
    pockets = {line["pocket"] for line in answer["requirement"]}
    if pockets == {"cross"}:
        assert total == pytest.approx(row["initial_margin"], abs=1e-6)
    assert answer["state"] == row["state"]
    for found in answer["liquidation_prices"]:
        price = engine.liquidation_prices(account, found["underlying"], pocket=found["pocket"])
        assert found["status_lower"] == price.status_lower


def test_explain_prints_every_table(capsys, book):
    code, out, _ = call(capsys, "explain", *folders(book), "A000007")
    assert code == 0
    for title in ("Equity", "Requirement", "Positions"):
        assert title in out


def test_explain_names_components_as_run_does(capsys, book, engine):
    account = next(
        name
        for name in engine.portfolio.accounts.names.tolist()
        if "short_option" in engine.explain(name).requirement["component"].tolist()
    )
    _, out, _ = call(capsys, "explain", *folders(book), account)
    assert "short option" in out
    assert "short_option" not in out
    assert "short option" in call(capsys, "run", *folders(book))[1]


def test_explain_shows_names_as_they_are(capsys, book, tmp_path):
    broken = copy_of(book, tmp_path)
    for table in ("accounts", "positions", "balances"):
        path = broken / "portfolio" / f"{table}.csv"
        text = path.read_text(encoding="utf-8").replace("A000007", "[red]A7[/]")
        path.write_text(text, encoding="utf-8")
    code, out, _ = call(capsys, "explain", *folders(broken), "[red]A7[/]")
    assert code == 0
    assert "[red]A7[/]" in out


# demo and portfolio-from-chain


def test_the_demo_runs_at_any_size_and_is_reproducible(capsys, tmp_path):
    page = tmp_path / "demo.html"
    size = ("--accounts", 120, "--positions", 1_200, "--seed", 4, "--out", page)
    code, out, _ = call(capsys, "demo", *size, "--json", "--save", tmp_path / "book")
    assert code == 0
    answer = json.loads(out)
    assert [p["policies"] for p in answer["policies"]] == [
        "house-fixed",
        "house-dynamic",
        "house-portfolio",
    ]
    assert len(answer["crash"]) == 8
    btc = [day["index_price"]["BTC"] for day in answer["crash"]]
    assert btc[-1] / btc[0] == pytest.approx(0.76)
    assert all(policy["accounts"] == 120 for policy in answer["policies"])
    assert call(capsys, "demo", *size, "--json")[1] == out
    assert "Through the crash" in page.read_text(encoding="utf-8")
    # what --save wrote is the same book
    code, out, _ = call(
        capsys, "run", tmp_path / "book/market", tmp_path / "book/portfolio", "--json"
    )
    assert code == 0
    assert json.loads(out)["summary"] == answer["policies"][-1]


def test_the_demo_prints_policies_and_days(capsys, tmp_path):
    size = ("--accounts", 60, "--positions", 600, "--out", tmp_path / "d.html")
    code, out, _ = call(capsys, "demo", *size)
    assert code == 0
    for word in ("house-fixed", "house-dynamic", "house-portfolio", "30 Jan", "6 Feb"):
        assert word in out


CHAIN = """snapshot_utc,expiry_utc,currency,instrument_name,option_type,strike,\
index_price,mark_price,mark_iv,open_interest
2026-01-10 09:14:09Z,2026-01-30 08:00:00Z,BTC,B-80-C,call,80000,90500,0.1211111111111111,0.5,12.5
2026-01-10 09:14:09Z,2026-01-30 08:00:00Z,BTC,B-80-P,put,80000,90500,0.01,0.5,3.1
"""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_chain_becomes_folders_that_run(capsys, tmp_path, kind):
    chain = tmp_path / "chain.csv"
    chain.write_text(CHAIN, encoding="utf-8")
    wanted = ("--out", tmp_path / "b", "--accounts", 25, "--seed", 2, "--format", kind)
    code, out, _ = call(capsys, "portfolio-from-chain", chain, *wanted, "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["instruments"] == 2
    assert (tmp_path / "b" / "portfolio" / f"positions.{kind}").is_file()
    positions = tm.Portfolio.load(facts["portfolio"]).table("positions")
    longs = sum(q for q in positions["quantity"].tolist() if q > 0)
    assert longs == 125 + 31
    code, out, _ = call(capsys, "run", facts["market"], facts["portfolio"], "--json")
    assert code == 0
    assert json.loads(out)["summary"]["states"]["undecidable"] == 0
    code, _, err = call(capsys, "portfolio-from-chain", chain, *wanted)
    assert code == exit_codes.BAD_INPUT
    assert "FILE_EXISTS" in err
    assert "--overwrite" in err
    assert "overwrite=True" not in err
    assert call(capsys, "portfolio-from-chain", chain, *wanted, "--overwrite")[0] == 0
