"""`tickmargin probabilities` as a user meets it: tables, JSON, files, mistakes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest
from tests.python.test_report_browser import OFFLINE

import tickmargin as tm
from tickmargin.cli import main
from tickmargin.simulate import synthetic_venue

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
DAY = 86_400 * 10**9


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A small venue and thirty days of prices beside its market."""
    folder = tmp_path_factory.mktemp("book")
    venue = synthetic_venue(accounts=60, positions=400, seed=5)
    market = venue.market_at()
    market.save(folder / "market")
    venue.portfolio().save(folder / "portfolio")
    rng = np.random.default_rng(4)
    names = market.underlyings.names.tolist()
    times = market.as_of_ns // DAY * DAY - DAY * np.arange(30)[::-1]
    logs = np.cumsum(rng.normal(0.0, 0.06, (30, 1)) + rng.normal(0.0, 0.02, (30, 3)), axis=0)
    table = {
        "ts_ns": np.tile(times, len(names)),
        "underlying": np.repeat(names, 30).tolist(),
        "close": (100.0 * np.exp(logs)).T.ravel(),
    }
    pq.write_table(pa.table(table), folder / "market" / "history.parquet")
    return folder


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in [n for n in os.environ if n.startswith("TICKMARGIN_")]:
        monkeypatch.delenv(name)


def call(capsys, book, *argv):
    words = ["probabilities", book / "market", book / "portfolio", *argv]
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def engine_of(book):
    market, portfolio = tm.Market.load(book / "market"), tm.Portfolio.load(book / "portfolio")
    return tm.Engine(market, portfolio, history=book / "market" / "history.parquet")


def test_it_says_what_the_engine_says(capsys, book, tmp_path):
    rows = tmp_path / "rows.csv"
    code, out, err = call(capsys, book, "--vol-beta=-1", "--json", "--out", rows, "--top", "7")
    assert code == 0, err
    answer = json.loads(out)
    found = engine_of(book).breach_probabilities(
        scenarios={"vol_moves": "beta", "vol_beta": {"default": -1.0}}
    )
    assert (answer["scenarios"], answer["independent"], answer["accounts"]) == (29, 29, 60)
    by_name = {row["account"]: row for row in found.accounts}
    assert 0 < len(answer["likeliest"]) <= 7
    for row in answer["likeliest"]:
        assert row.pop("state_now") in ("healthy", "warning")
        assert row == by_name[row["account"]]
    assert answer["breaches"]["most"] == found.scenarios["breaches"].max()
    assert answer["breaches"]["mean"] == pytest.approx(found.accounts["p_breach"].sum())
    worst = answer["worst_scenarios"][0]
    assert worst["liquidations"] == found.scenarios["liquidations"].max()
    assert worst["price_moves"]["BTC"] == found.price_moves["BTC"][worst["scenario"]]
    assert worst["vol_shocks"]["BTC"] == -worst["price_moves"]["BTC"]
    assert len(rows.read_text("utf-8").splitlines()) == 1 + 60


def test_the_tables_name_what_they_count(capsys, book):
    code, out, err = call(capsys, book, "--horizon-days", "3", "--overlapping")
    assert code == 0, err
    assert "27 historical moves over 3 days" in out
    assert "9 of them without time in common, volatilities held" in out
    assert "Likeliest to be called" in out
    assert re.search(r"\d+ of 27 +\d+\.\d\d %", out)
    assert "with 95 % confidence" in out
    assert "called or worse now, and not listed" in out
    assert re.search(r"\n2026-\d\d-\d\d  2026-\d\d-\d\d  +[+-]\d", out)


def test_an_underlying_that_the_history_lacks_is_named(capsys, book, tmp_path):
    rows = pq.read_table(book / "market" / "history.parquet")
    short = tmp_path / "short.parquet"
    pq.write_table(rows.filter(pa.compute.not_equal(rows["underlying"], "SOL")), short)
    code, out, err = call(capsys, book, "--history", short)
    assert code == 0, err
    assert "the history does not know SOL in 29 of 29 scenarios" in out
    assert re.search(
        r"\n\d+ accounts are undecidable in some scenario, \d+ of them in every one", out
    )
    _, out, _ = call(capsys, book, "--history", short, "--json")
    assert json.loads(out)["unknown_moves"] == {"SOL": 29}


def test_drawn_moves_that_need_a_longer_history_name_the_window(capsys, book, tmp_path):
    rows = pq.read_table(book / "market" / "history.parquet")
    last = pa.compute.max(rows["ts_ns"]).as_py()
    young = pa.compute.and_(
        pa.compute.equal(rows["underlying"], "SOL"), pa.compute.less(rows["ts_ns"], last - 9 * DAY)
    )
    short = tmp_path / "short.parquet"
    pq.write_table(rows.filter(pa.compute.invert(young)), short)
    drawn = ("--history", short, "--generator", "monte_carlo", "--draws", "100")
    code, out, err = call(capsys, book, *drawn)
    assert code == 0, err
    told = "does not know SOL in 100 of 100 scenarios: whoever holds it is undecidable"
    assert f"{told}; a shorter window may leave those out (--window-days)" in out
    code, out, _ = call(capsys, book, *drawn, "--window-days", "9")
    assert "does not know SOL" not in out


def test_nobody_who_may_be_called_is_said(capsys, book, tmp_path):
    still = tmp_path / "still.parquet"
    rows = pq.read_table(book / "market" / "history.parquet")
    pq.write_table(rows.set_column(2, "close", pa.array([100.0] * len(rows))), still)
    page = tmp_path / "page.html"
    code, out, err = call(capsys, book, "--history", still, "--horizon-days", "1", "--html", page)
    assert code == 0, err
    told = "obody who is not called now would be, in any scenario"
    assert f"Likeliest to be called: n{told}" in out
    assert f"N{told}" in page.read_text()


def test_a_file_has_the_words_of_a_tail_and_options_beat_it(capsys, book, tmp_path):
    words = tmp_path / "words.toml"
    words.write_text('[tail]\ngenerator = "monte_carlo"\ndraws = 150\nseed = 3\n', "utf-8")
    given = ("--scenarios", words, "--draws", "120", "--degrees-of-freedom", "4", "--json")
    code, out, err = call(capsys, book, *given, "-a", "A000007", "-a", "A000003")
    assert code == 0, err
    answer = json.loads(out)
    assert (answer["generator"], answer["scenarios"], answer["accounts"]) == ("monte_carlo", 120, 2)
    assert [row["account"] for row in answer["likeliest"]] == ["A000007", "A000003"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--generator", "historic"], "did you mean historical"),
        (["--horizon-days", "3"], "scenarios.overlapping: missing"),
        (["--window-days", "0"], "scenarios.window_days"),
        (["--vol-beta", "x"], "--vol-beta must be numbers"),
        (["--vol-moves", "history"], "the history has no volatilities"),
        (["--history", "no/where.parquet"], "no such file"),
        (["--scenarios", "no/where.toml"], "no such file"),
        (["-a", "nobody"], "nobody"),
        (["--confidence", "2"], "confidence must be"),
        (["--html", "."], "this is a folder"),
    ],
)
def test_mistakes_are_told(capsys, book, given, told):
    code, out, err = call(capsys, book, *given)
    assert code == 3
    assert told in err
    assert not out


@pytest.mark.skipif(BROWSER is None, reason="CHROMIUM ABSENT: the page was not opened")
@pytest.mark.parametrize("given", [[], ["--generator", "monte_carlo", "--draws", "100"]])
def test_the_picture_of_the_page_is_drawn(capsys, book, tmp_path, given):
    page = tmp_path / "chances.html"
    code, _, err = call(capsys, book, *given, "--html", page)
    assert code == 0, err
    shown = subprocess.run(
        [str(BROWSER), *OFFLINE, f"--user-data-dir={tmp_path / 'profile'}",
         "--enable-logging=stderr", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )  # fmt: skip
    assert len(re.findall(r'class="figure js-plotly-plot"', shown.stdout)) == 1
    assert "Uncaught" not in shown.stderr
