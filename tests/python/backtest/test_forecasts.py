"""Expected Shortfall in a rolled backtest: forecasts and their tests, against slow twins."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats
from tests.oracle.margin_methods import shortfall_moves
from tests.oracle.model_checks import largest_losses, shortfall_statistics
from tests.python.backtest.test_policy_cycles import DAY, DYNAMIC, FIXED, policies, walk

from tickmargin.backtest.forecasts import lognormal_tail
from tickmargin.backtest.rolling import Promise, price_books, promise_of, roll_prices
from tickmargin.backtest.shortfall import acerbi_szekely_critical
from tickmargin.backtest.summary import check_rolled
from tickmargin.cli import exit_codes, main

DAYS = (2, 1)
LEVELS = (0.95, 0.9)
TAIL = {
    "method": "es",
    "haircuts": {"USD": 0.0},
    "tail": {
        "generator": "historical",
        "horizon_initial_days": 2.0,
        "horizon_maintenance_days": 1.0,
        "confidence_initial": LEVELS[0],
        "confidence_maintenance": LEVELS[1],
        "window_days": 80.0,
        "overlapping": True,
        "initial_factor": 1.5,
        "maintenance_factor": 1.2,
    },
}
BOOKS = price_books(("BTC",), 1000.0)


@pytest.fixture(scope="module")
def rolled():
    return {
        m: roll_prices(policies({**TAIL, "method": m}), walk(150), BOOKS) for m in ("es", "var")
    }


def sides(rolled):
    return (
        (rolled.initial_forecast, rolled.initial_margin, rolled.initial_loss, 1.5),
        (rolled.maintenance_forecast, rolled.maintenance_margin, rolled.maintenance_loss, 1.2),
    )


def test_a_tail_forecasts_both_figures_whichever_it_asks_for(rolled):
    prices = walk(150).prices[:, 0]
    for side in (0, 1):
        es, var = (sides(rolled[m])[side][0] for m in ("es", "var"))
        assert es.confidence == LEVELS[side]
        assert np.array_equal(es.var, var.var)
        assert np.array_equal(es.shortfall, var.shortfall)
        for i, t in enumerate(rolled["es"].times_ns.tolist()):
            now = (t - 1) // DAY
            ends = range(max(0, now - 80) + DAYS[side], now + 1)
            sign = 1.0 if rolled["es"].book[i] == 0 else -1.0
            past = [-sign * 1000.0 * (prices[e] / prices[e - DAYS[side]] - 1.0) for e in ends]
            quantile, shortfall = largest_losses(past, LEVELS[side])
            assert es.shortfall[i] == pytest.approx(shortfall, abs=1e-5)
            assert es.var[i] == pytest.approx(quantile, abs=1e-5)
    # the margin holds a factor that is no forecast
    for method, figure in (("es", "shortfall"), ("var", "var")):
        for forecast, margin, _, factor in sides(rolled[method]):
            assert margin == pytest.approx(factor * getattr(forecast, figure), abs=1e-5)


def test_the_checks_are_those_of_the_slow_twin(rolled):
    one = rolled["es"]
    checks = {(c.name, c.measure): c for c in check_rolled(one, promise_of(policies(TAIL)))}
    times = np.unique(one.times_ns)
    for side, measure in enumerate(("initial_margin", "maintenance_margin")):
        forecast, _, loss, _ = sides(one)[side]
        for book, name in enumerate(one.books):
            apart = np.searchsorted(times, one.times_ns) % DAYS[side] == 0
            rows = np.flatnonzero((one.book == book) & apart & np.isfinite(loss))
            check = checks[name, measure]
            z1, z2 = shortfall_statistics(
                loss[rows].tolist(),
                forecast.var[rows].tolist(),
                forecast.shortfall[rows].tolist(),
                1.0 - LEVELS[side],
            )
            assert check.observations == rows.size
            assert check.shortfall_z2 == pytest.approx(z2, rel=1e-12)
            assert check.shortfall_z1 == pytest.approx(z1, rel=1e-12, nan_ok=True)
            (critical,) = acerbi_szekely_critical(rows.size, 1.0 - LEVELS[side], [0.05])
            assert check.shortfall_critical == critical
            assert check.shortfall_rejected == (z2 < critical)
    assert math.isnan(checks["BTC", "initial_margin"].shortfall_z2)


def test_a_forecast_that_is_too_low_is_rejected(rolled):
    one = rolled["es"]
    forecast = one.maintenance_forecast
    low = replace(forecast, var=forecast.var / 3.0, shortfall=forecast.shortfall / 3.0)
    promise = promise_of(policies(TAIL))
    before, after = (
        next(c for c in check_rolled(r, promise) if c.measure == "maintenance_margin")
        for r in (one, replace(one, maintenance_forecast=low))
    )
    assert not before.shortfall_rejected
    assert after.shortfall_rejected
    # of the measure alone: the promise is that of the margin
    assert after.rejected == before.rejected


@pytest.mark.parametrize("worth", [250.0, -250.0])
def test_the_lognormal_forecast_is_that_of_its_density(worth):
    vol, days, confidence = 0.8, 2.0, 0.99
    s, p = vol * math.sqrt(days / 365.0), 0.01
    var, shortfall = lognormal_tail(vol, days, confidence, worth)
    price = stats.lognorm(s, scale=math.exp(-0.5 * s * s))
    edge = price.ppf(p) if worth > 0.0 else price.isf(p)
    assert var == pytest.approx(worth * (1.0 - edge), rel=1e-9)
    low, high = (0.0, edge) if worth > 0.0 else (edge, math.inf)
    beyond, _ = integrate.quad(lambda x: x * price.pdf(x), low, high)
    assert shortfall == pytest.approx(worth * (1.0 - beyond / p), rel=1e-6)
    fall, rise = shortfall_moves(vol, days, confidence)
    assert shortfall == pytest.approx(abs(worth) * (fall if worth > 0.0 else rise), rel=1e-9)


def test_dynamic_forecasts_books_of_one_underlying_without_what_damps_it():
    damped = {**DYNAMIC, "dynamic": {**DYNAMIC["dynamic"], "buffer_ratio": 0.25}}
    one = roll_prices(policies(damped), walk(60), BOOKS)
    assert one.maintenance_margin == pytest.approx(
        1.25 * one.maintenance_forecast.shortfall, abs=1e-5
    )
    two = np.column_stack([walk(60).prices[:, 0], walk(60).prices[::-1, 0]])
    both = replace(walk(60), underlyings=("A", "B"), prices=two)
    mixed = roll_prices(policies(damped), both, price_books(("A", "B"), 1000.0))
    alone = np.isin(mixed.book, [i for i, k in enumerate(mixed.kinds) if k != "mixed"])
    assert np.array_equal(np.isfinite(mixed.maintenance_forecast.shortfall), alone)


def test_where_there_is_no_forecast_of_the_loss_there_is_none():
    assert roll_prices(policies(FIXED), walk(60), BOOKS).maintenance_forecast is None
    over_three = roll_prices(
        policies(TAIL), walk(60), BOOKS, promise=Promise(initial_days=3.0, maintenance_days=1.0)
    )
    assert over_three.initial_forecast is None
    assert over_three.maintenance_forecast is not None
    assert roll_prices(policies(TAIL), walk(60), BOOKS, forecast=False).initial_forecast is None


def test_the_command_shows_shortfall_and_score(tmp_path, capsys):
    path, toml, page = tmp_path / "BTC.csv", tmp_path / "p.toml", tmp_path / "page.html"
    prices = walk(150)
    cells = zip(prices.times_ns.tolist(), prices.prices[:, 0].tolist(), strict=True)
    path.write_text("\n".join(["ts_ns,close", *(f"{t},{p}" for t, p in cells)]) + "\n")
    keys = "".join(f"{k} = {json.dumps(v)}\n" for k, v in TAIL["tail"].items())
    toml.write_text(
        f'schema = 1\n[policies.p]\nmethod = "es"\nhaircuts = {{ USD = 0.0 }}\n'
        f"[policies.p.tail]\n{keys}"
    )
    argv = ["backtest", "--history", str(path), "-p", str(toml)]
    assert main([*argv, "--json"]) == exit_codes.OK
    first = json.loads(capsys.readouterr().out)["checks"][0]
    assert first["shortfall_critical"] < 0.0
    assert isinstance(first["shortfall_z2"], float)
    assert main([*argv, "--html", str(page)]) == exit_codes.OK
    shown = capsys.readouterr().out
    wanted = f"{first['shortfall_z2']:.2f} ({first['shortfall_critical']:.2f})"
    for text in ("score", f"{100 * first['score']:.2f} %"):
        assert text in page.read_text(encoding="utf-8")
        assert text.split()[0] in shown
    assert wanted in page.read_text(encoding="utf-8")
    assert "Z2" in shown
    assert (
        main(["backtest", "--history", str(path), "-p", "house-fixed", "--horizon-days", "1"]) == 0
    )
    assert "Z2" not in capsys.readouterr().out
