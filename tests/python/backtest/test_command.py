"""`tickmargin backtest` on small made histories: answers, files, exit codes, mistakes."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from tickmargin.backtest.history import PriceHistory, ewma_vol, read_history
from tickmargin.cli import exit_codes, main

DAY_NS = 86_400_000_000_000
START_NS = 1_600_000_000_000_000_000 // DAY_NS * DAY_NS


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    """Two years of two coins; the second falls by two thirds on one day near the end."""
    random = np.random.default_rng(3)
    path = tmp_path_factory.mktemp("history") / "prices.csv"
    paths = {n: np.exp(np.cumsum(0.03 * random.standard_normal(120))) for n in ("BTC", "ETH")}
    paths["ETH"][100:] /= 3.0
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ts_ns", "symbol", "close", "venue"])
        for name, values in paths.items():
            for day, value in enumerate(values.tolist()):
                writer.writerow([START_NS + day * DAY_NS, f"{name}USDT", 100.0 * value, "a"])
    return path


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    import os

    for name in [n for n in os.environ if n.startswith("TICKMARGIN_")]:
        monkeypatch.delenv(name)


def call(capsys, *argv):
    code = main(["backtest", *(str(word) for word in argv)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_loss_beyond_the_margin_is_found_once(capsys, prices, tmp_path):
    out = tmp_path / "rows.csv"
    arguments = ("--history", prices, "-p", "house-portfolio", "--json", "--out", out)
    code, text, _ = call(capsys, *arguments)
    assert code == exit_codes.OK
    checks = {(c["name"], c["measure"]): c for c in json.loads(text)["checks"]}
    long, short = checks["long ETH", "initial_margin"], checks["short ETH", "initial_margin"]
    assert (long["exceptions"], short["exceptions"]) == (1, 0)
    # 100,000 of worth, 22 % and 1 % of roll asked for, about two thirds lost
    assert 1.0 < long["worst_shortfall_ratio"] < 3.5
    assert long["mean_margin"] == pytest.approx(23_000.0, rel=1e-6)
    assert ("class ETH", "initial_margin") not in checks
    assert checks["all books", "initial_margin"]["observations"] == 8 * long["observations"]
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 * (long["observations"] + 1)
    last = [row for row in rows if row["book"] == "long BTC"][-1]
    assert last["initial_loss"] in ("", "nan")


def test_nothing_after_a_time_enters_its_margin(capsys, prices, tmp_path):
    rows = {}
    for name, end in (("all", "2021-12-31"), ("part", "2020-11-15")):
        out = tmp_path / f"{name}.json"
        call(capsys, "--history", prices, "-p", "house-dynamic", "--to", end, "--out", out)
        rows[name] = json.loads(out.read_text())
    assert len(rows["part"]) < len(rows["all"])
    for one, two in zip(rows["part"], rows["all"], strict=False):
        assert one["initial_margin"] == two["initial_margin"]
        assert one["maintenance_margin"] == two["maintenance_margin"]


def test_horizons_longer_than_a_step_are_counted_without_overlap(capsys, prices):
    _, text, _ = call(capsys, "--history", prices, "-p", "house-dynamic", "--json")
    checks = {(c["name"], c["measure"]): c for c in json.loads(text)["checks"]}
    days = checks["long BTC", "maintenance_margin"]["observations"]
    assert checks["long BTC", "initial_margin"]["observations"] == pytest.approx(days / 2, abs=1)


def test_a_rejected_promise_is_an_exit_code_where_asked(capsys, prices):
    # an hour's ratio does not last a day
    arguments = ("--history", prices, "-p", "house-fixed", "--horizon-days", "1", "--json")
    assert call(capsys, *arguments)[0] == exit_codes.OK
    assert call(capsys, *arguments, "--strict")[0] == exit_codes.REFUSED


def test_policies_side_by_side_and_the_frontier(capsys, prices, tmp_path):
    page = tmp_path / "page.html"
    code, text, _ = call(
        capsys, "--history", prices, "-p", "house-portfolio", "--against", "house-dynamic",
        "--frontier", "5", "--html", page, "--json",
    )  # fmt: skip
    assert code == exit_codes.OK
    done = json.loads(text)
    assert [row["policy"] for row in done["capital"]] == ["house-portfolio", "house-dynamic"]
    assert len(done["procyclicality"]) == 8
    long = next(row for row in done["procyclicality"] if row["book"] == "long ETH")
    assert long["peak_to_trough"] == pytest.approx(1.0)  # fixed scenarios, constant worth
    # a fall by two thirds is beyond any multiple of 15 % of collateral that is shown
    assert all(point["bad_debt"] > 0.0 for _, point in long["frontier"])
    held = [point["mean_margin"] for _, point in long["frontier"]]
    assert held == sorted(held)
    text = page.read_text()
    assert "Did the margin cover" in text
    factors = ", ".join(f"{factor:g}" for factor, _ in long["frontier"])
    assert f"each mark a multiple: {factors}." in text
    assert "99 % of losses over a day" in text
    assert "1 days" not in text
    assert "False liquidations" in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--history", "nowhere.csv"), exit_codes.BAD_INPUT, "nowhere.csv"),
        (("--underlyings", "DOGE"), exit_codes.BAD_INPUT, "DOGE"),
        (("--from", "soon"), exit_codes.BAD_INPUT, "--from"),
        (("--where", "venue"), exit_codes.BAD_INPUT, "--where"),
        (("--confidence", "1.5"), exit_codes.BAD_INPUT, "--confidence"),
        (("--horizon-days", "-1"), exit_codes.BAD_INPUT, "--horizon-days"),
        (("--horizon-days", "0.1"), exit_codes.BAD_INPUT, "to a longer one (--horizon-days)"),
        (("--from", "2030-01-01"), exit_codes.BAD_INPUT, "times to margin"),
        (("-p", "house-fixd"), exit_codes.BAD_INPUT, "house-fixed"),
    ],
)
def test_a_mistake_has_one_clear_message(capsys, prices, arguments, code, said):
    given = arguments if "--history" in arguments else ("--history", prices, *arguments)
    found, _, err = call(capsys, *given)
    assert found == code
    assert said in err


def test_two_prices_at_one_time_are_refused(capsys, tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("date,symbol,close,source\n2024-01-01,BTC,1,a\n2024-01-01,BTC,2,b\n")
    code, _, err = call(capsys, "--history", path)
    assert code == exit_codes.BAD_INPUT
    assert "--where" in err


def test_a_gap_does_not_inflate_the_volatility():
    times = np.array([0, 1, 2, 12]) * DAY_NS
    prices = np.exp(np.array([[0.0], [0.05], [0.0], [0.05 * np.sqrt(10.0)]]))
    vols = ewma_vol(PriceHistory(times, ("X",), prices), 1e9)
    assert np.isnan(vols[0, 0])
    assert vols[-1, 0] == pytest.approx(0.05 * np.sqrt(365.0), rel=1e-6)
    begun = ewma_vol(PriceHistory(times, ("X",), prices), 11.0, np.array([0.6]))
    assert begun[0, 0] == 0.6


def test_symbols_lose_their_quote_and_take_other_names(prices):
    assert read_history([prices]).underlyings == ("BTC", "ETH")
    renamed = read_history([prices], rename={"BTCUSDT": "XBT"})
    assert renamed.underlyings == ("ETH", "XBT")
