"""Projections as a user meets them: arguments, tables, the command and its page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.python.test_report_browser import OFFLINE

import tickmargin as tm
from tickmargin.cli import main
from tickmargin.simulate import synthetic_venue

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    venue = synthetic_venue(accounts=120, positions=1_500, seed=5)
    venue.market_at().save(folder / "market")
    venue.portfolio().save(folder / "portfolio")
    return folder


@pytest.fixture(scope="module")
def engine(book):
    market, portfolio = tm.Market.load(book / "market"), tm.Portfolio.load(book / "portfolio")
    return tm.Engine(market, portfolio, "house-portfolio")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in [n for n in os.environ if n.startswith("TICKMARGIN_")]:
        monkeypatch.delenv(name)


def call(capsys, *argv):
    code = main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_table_holds_every_cell_in_its_order(engine):
    done = engine.projection(
        accounts=["A000007", "A000003"], price_moves=[-0.1, 0.2], vol_shocks=[0.0], forward_days=[1]
    )
    assert done.equity.shape == (2, 2, 1, 1)
    table = done.table
    assert table["account"].tolist() == ["A000007", "A000007", "A000003", "A000003"]
    assert table["price_move"].tolist() == [-0.1, 0.2, -0.1, 0.2]
    assert table["equity"].tolist() == done.equity.ravel().tolist()
    assert not done.equity.flags.writeable


def test_every_underlying_moves_or_the_one_that_is_named(engine):
    axes = {"price_moves": [-0.2], "vol_shocks": [0.0], "forward_days": [0]}
    every = engine.projection(**axes)
    btc = engine.projection(**axes, underlying="BTC")
    index = engine.market.underlyings
    prices = dict(zip(index.names.tolist(), index.index_price.tolist(), strict=True))
    moved = engine.recompute(index={"BTC": prices["BTC"] * 0.8}).accounts["equity"]
    assert btc.equity.ravel().tobytes() == moved.tobytes()
    assert not np.array_equal(every.equity, btc.equity)


def test_an_option_that_expires_pays_its_intrinsic_value():
    day = 86_400 * 10**9
    market = tm.Market.from_tables(
        assets={"asset": ["USD"]},
        underlyings={"underlying": ["BTC"], "index_price": [100.0]},
        forwards={"underlying": ["BTC"], "expiry_ns": [10 * day], "forward_price": [100.0]},
        marks={"instrument": ["C90"], "vol_annual": [0.5]},
        as_of_ns=9 * day,
    )
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": ["C90"],
            "kind": ["option"],
            "underlying": ["BTC"],
            "settlement_asset": ["USD"],
            "payoff": ["linear"],
            "multiplier": [2.0],
            "strike": [90.0],
            "expiry_ns": [10 * day],
            "option_type": ["call"],
        },
        accounts={"account": ["a"]},
        positions={"account": ["a"], "instrument": ["C90"], "quantity": [-3.0]},
        balances={"account": ["a"], "asset": ["USD"], "amount": [1_000.0]},
    )
    engine = tm.Engine(market, portfolio, "house-portfolio")
    done = engine.projection(price_moves=[-0.2, 0.0, 0.3], vol_shocks=[0.0], forward_days=[0.5, 1])
    # by hand: 1000 - 3 x 2 x max(100 (1 + move) - 90, 0), and nothing is required any more
    assert done.equity[0, :, 0, 1].tolist() == [1_000.0, 940.0, 760.0]
    assert done.maintenance_margin[0, :, 0, 1].tolist() == [0.0, 0.0, 0.0]
    assert (done.maintenance_margin[0, 1:, 0, 0] > 0).all()


@pytest.mark.parametrize(
    ("given", "error", "code", "told"),
    [
        ({"price_moves": [-1.0]}, tm.InvalidInputError, "OUT_OF_RANGE", "price_moves"),
        ({"price_moves": [0.1, np.nan]}, tm.InvalidInputError, "NOT_FINITE", "row 1"),
        ({"price_moves": []}, tm.InvalidInputError, "WRONG_SHAPE", "price_moves"),
        ({"price_moves": [0.1, 0.1]}, tm.InvalidInputError, "DUPLICATE_ID", "twice"),
        ({"price_moves": ["a"]}, tm.InputTypeError, None, "price_moves"),
        ({"vol_shocks": [-1.5]}, tm.InvalidInputError, "OUT_OF_RANGE", "vol_shocks"),
        ({"vol_shock_kind": "additive"}, tm.InvalidInputError, "UNKNOWN_WORD", "relative"),
        ({"forward_days": [-1]}, tm.InvalidInputError, "OUT_OF_RANGE", "forward_days"),
        ({"forward_days": [1e9]}, tm.InvalidInputError, "OUT_OF_RANGE", "36,500"),
        ({"underlying": "BTX"}, tm.UnknownNameError, "UNKNOWN_UNDERLYING", "BTC"),
        ({"accounts": ["nobody"]}, tm.UnknownNameError, "UNKNOWN_ACCOUNT", "nobody"),
        ({"accounts": "A000007"}, tm.InputTypeError, None, "list of names"),
        ({"accounts": []}, tm.InvalidInputError, "WRONG_SHAPE", "accounts"),
        ({"accounts": ["A000007", "A000007"]}, tm.InvalidInputError, "DUPLICATE_ID", "A000007"),
        ({"threads": 0}, tm.InvalidInputError, None, "threads"),
    ],
)
def test_bad_arguments_are_named(engine, given, error, code, told):
    with pytest.raises(error, match=told) as caught:
        engine.projection(**given)
    if code is not None:
        assert caught.value.code == code


def test_progress_counts_cells(engine):
    seen = []
    engine.projection(accounts=["A000007"], progress=lambda what, done: seen.append((what, done)))
    assert len(seen) == 7 * 3 * 2
    assert seen[-1] == ("projecting", 1.0)


def test_a_live_engine_is_projected_from_where_it_is(book):
    market, portfolio = tm.Market.load(book / "market"), tm.Portfolio.load(book / "portfolio")
    engine = tm.Engine(market, portfolio, "house-portfolio")
    engine.index_tick("BTC", 80_000.0, seq=1, ts_ns=market.as_of_ns + 10**9)
    here = engine.projection(price_moves=[0.0], vol_shocks=[0.0], forward_days=[0])
    assert here.equity.ravel().tobytes() == engine.recompute().accounts["equity"].tobytes()
    assert here.as_of_ns == engine.recompute().as_of_ns


def test_the_command_says_what_the_engine_says(capsys, book, engine, tmp_path):
    folders = book / "market", book / "portfolio"
    grid = ("--price-moves", "-0.2,0,0.2", "--vol-shocks", "0,0.5", "--days", "0,1")
    rows = tmp_path / "rows.csv"
    code, out, err = call(
        capsys, "stress", *folders, "-a", "A000007", *grid, "--json", "--out", rows
    )
    assert code == 0, err
    answer = json.loads(out)
    done = engine.projection(
        accounts=["A000007"],
        price_moves=[-0.2, 0, 0.2],
        vol_shocks=[0, 0.5],
        forward_days=[0, 1],
    )
    assert answer["equity"] == done.equity[0].tolist()
    assert answer["state"] == done.state[0].tolist()
    assert len(rows.read_text("utf-8").splitlines()) == 1 + 12
    code, out, _ = call(capsys, "stress", *folders, *grid)
    assert code == 0
    assert "accounts in liquidation" in out
    assert "in 1 day" in out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--price-moves", "a,b"], "--price-moves must be numbers"),
        (["--days", "-1"], "forward_days"),
        (["-a", "nobody"], "nobody"),
        (["--html", "no/where/page.html"], "no such folder 'no/where'"),
        (["--html", "."], "this is a folder"),
        (["--vol-shock-kind", "what"], "relative or absolute"),
    ],
)
def test_mistakes_are_told(capsys, book, given, told):
    code, out, err = call(capsys, "stress", book / "market", book / "portfolio", *given)
    assert code != 0
    assert told in err
    assert not out


@pytest.mark.skipif(BROWSER is None, reason="CHROMIUM ABSENT: the page was not opened")
@pytest.mark.parametrize("account", [["-a", "A000007"], []])
def test_every_picture_of_the_page_is_drawn(capsys, book, tmp_path, account):
    page = tmp_path / "stress.html"
    folders = book / "market", book / "portfolio"
    code, _, err = call(capsys, "stress", *folders, *account, "--days", "0,1", "--html", page)
    assert code == 0, err
    shown = subprocess.run(
        [str(BROWSER), *OFFLINE, f"--user-data-dir={tmp_path / 'profile'}",
         "--enable-logging=stderr", "--dump-dom", Path(page).as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )  # fmt: skip
    charts = len(re.findall(r'class="figure\b[^"]*"', shown.stdout))
    assert charts == (3 if account else 2)
    assert len(re.findall(r'class="figure js-plotly-plot"', shown.stdout)) == charts
    assert "Uncaught" not in shown.stderr
