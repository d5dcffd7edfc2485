"""What a policy reads beside prices: taken from the history, or refused before the roll."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from tests.python.backtest.test_policy_cycles import DAY, FIXED, policies, walk

import tickmargin as tm
from tickmargin.backtest.history import PriceHistory, read_history
from tickmargin.backtest.rolling import (
    WARM_UP_DAYS,
    Book,
    margined_rows,
    price_books,
    promise_of,
    roll_prices,
)
from tickmargin.cli import exit_codes, main
from tickmargin.policies import Policies
from tickmargin.procyclicality import policy_frontier, policy_response

LONG = [Book("long", "BTC", {"BTC": 100_000.0})]
BOTH = {"initial_max_ratio": 0.5, "maintenance_max_ratio": 0.3}
STEPS = {"calm_vol_annual": 0.4, "stressed_vol_annual": 1.2}
# Add-on, its keys, its columns, and what it adds to MM of a long 100,000 whose own MM is 10,000;
# by hand from the documented rules.
ADD_ONS = {
    "funding": (
        {"initial_days": 4.0, "maintenance_days": 2.0},
        {"funding_rate_annual": 0.365},
        100_000.0 * 0.365 * 2.0 / 365.0,
    ),
    "price_velocity": (
        {"initial_factor": 0.5, "maintenance_factor": 0.2, "cap_ratio": 0.05},
        {"price_velocity_ratio": -0.1},
        100_000.0 * 0.2 * 0.1,
    ),
    "order_flow": (
        {"initial_factor": 0.02, "cap_ratio": 0.02},
        {"flow_signed_notional": -50.0, "flow_total_notional": 100.0},
        0.0,  # IM alone: half of 2 %
    ),
    "open_interest": (
        {"free_share": 0.05, "initial_slope": 0.5, "cap_ratio": 0.2},
        {"open_interest_notional": 1e6},
        0.0,  # IM alone
    ),
    "oracle_confidence": (
        {"threshold": 0.6, "initial_ratio": 0.4, "maintenance_ratio": 0.2},
        {"confidence": 0.5},
        None,
    ),
    "asset_risk": (
        {"initial_factor": 1.0, "maintenance_factor": 0.5, "cap_ratio": 0.5},
        {"risk_annual": 0.02},
        1e6 * 0.5 * 0.02,
    ),
    "regime": (BOTH, {"regime_score": 0.5}, 10_000.0 * 0.3 * 0.5),
    "macro": (BOTH, {"macro_score": 1.0}, 10_000.0 * 0.3),
    "credit_score": (
        {**BOTH, "best_score": 800.0, "worst_score": 300.0},
        {"credit_score": 550.0},
        10_000.0 * 0.3 * 0.5,
    ),
    "oracle_staleness": (
        {"free_seconds": 0.0, "initial_ratio": 0.02, "maintenance_ratio": 0.01, "cap_ratio": 0.1},
        {"index_ts_ns": None},
        100_000.0 * 0.01,  # an hour old
    ),
    "rate_environment": (
        {"initial_shock_annual": 0.02, "maintenance_shock_annual": 0.01},
        {"rate_stress": 1.0},
        0.0,  # of options
    ),
}


def with_columns(history, values):
    shape = history.prices.shape
    hour_ago = (history.times_ns - 3_600_000_000_000)[:, None]
    columns = {n: hour_ago if v is None else np.full(shape, v) for n, v in values.items()}
    return replace(history, columns=columns)


@pytest.mark.parametrize("section", ADD_ONS)
def test_a_column_that_an_add_on_reads_comes_from_the_history_or_is_refused(section):
    keys, columns, added = ADD_ONS[section]
    ours, history = policies({**FIXED, section: keys}), walk(40)
    for column in columns:
        left = {n: v for n, v in columns.items() if n != column}
        with pytest.raises(tm.InvalidInputError) as refused:
            roll_prices(ours, with_columns(history, left), LONG)
        assert refused.value.code == "MISSING_COLUMN"
        assert f"policy p: {section} reads {column}" in str(refused.value)
    rolled = roll_prices(ours, with_columns(history, columns), LONG)
    plain = roll_prices(policies(FIXED), with_columns(history, columns), LONG)
    more = rolled.maintenance_margin - plain.maintenance_margin
    assert np.isfinite(more).all()
    if added is None:
        assert (more > 0.0).all()
    else:
        # up to the tick that a requirement is rounded up by
        assert more == pytest.approx(np.full(more.size, added), abs=1e-4)
    assert (rolled.initial_margin >= plain.initial_margin).all()


def test_the_others_that_roll_prices_refuse_it_too():
    ours = policies({**FIXED, "regime": BOTH})
    with pytest.raises(tm.InvalidInputError, match="policy p: regime reads regime_score"):
        policy_frontier(ours, walk(60), LONG, horizon=5)
    with pytest.raises(tm.InvalidInputError, match="policy p: regime reads regime_score"):
        policy_response(ours, **STEPS)


def test_a_time_without_the_column_is_named_before_anything_is_rolled():
    ours = policies({**FIXED, "regime": BOTH})
    history = with_columns(walk(40), {"regime_score": 0.5})
    history.columns["regime_score"][[5, 35]] = np.nan  # the first is in the warm-up
    called = []
    with pytest.raises(tm.InvalidInputError, match="at 1 of 10 times, first at 1970-02-05") as bad:
        roll_prices(ours, history, LONG, step=lambda: called.append(1))
    assert bad.value.code == "MISSING_VALUE"
    assert called == []
    assert roll_prices(policies(FIXED), history, LONG).book.size == 10


def test_what_is_of_the_account_may_not_differ_between_underlyings():
    random = np.random.default_rng(1)
    prices = 100.0 * np.exp(np.cumsum(0.02 * random.standard_normal((40, 2)), axis=0))
    times = np.arange(40, dtype=np.int64) * DAY + 1
    scores = {"credit_score": np.full((40, 2), 550.0)}
    ours = policies({**FIXED, "credit_score": ADD_ONS["credit_score"][0]})
    books = price_books(("BTC", "ETH"))
    roll_prices(ours, PriceHistory(times, ("BTC", "ETH"), prices, scores), books)
    scores["credit_score"][39, 1] = 560.0
    with pytest.raises(tm.InvalidInputError, match="credit_score differs between underlyings"):
        roll_prices(ours, PriceHistory(times, ("BTC", "ETH"), prices, scores), books)


def test_an_add_on_of_another_underlying_needs_no_column():
    funding = ADD_ONS["funding"][0]
    rules = {**FIXED, "underlyings": {"SOL": {"funding": funding}}}
    assert roll_prices(policies(rules), walk(40), LONG).book.size == 10
    rules["underlyings"]["BTC"] = rules["underlyings"].pop("SOL")
    with pytest.raises(tm.InvalidInputError, match="funding reads funding_rate_annual"):
        roll_prices(policies(rules), walk(40), LONG)


@pytest.fixture
def files(tmp_path):
    """One file with all in it, and one of a single underlying."""
    long, alone = tmp_path / "long.csv", tmp_path / "BTC.csv"
    history = walk(40)
    with long.open("w", newline="") as one, alone.open("w", newline="") as two:
        writers = csv.writer(one), csv.writer(two)
        writers[0].writerow(["ts_ns", "underlying", "close", "funding_rate_annual"])
        writers[1].writerow(["ts_ns", "close", "funding_rate_annual"])
        for t, price in zip(history.times_ns.tolist(), history.prices[:, 0].tolist(), strict=True):
            writers[0].writerow([t, "BTC", price, 0.1])
            writers[0].writerow([t, "ETH", price / 20.0, "" if t == 1 else -0.2])
            writers[1].writerow([t, price, 0.1])
    return long, alone


def test_both_kinds_of_files_may_have_the_column(files, tmp_path, capsys):
    long, alone = (read_history([path]) for path in files)
    assert np.array_equal(long.columns["funding_rate_annual"][:, :1], np.full((40, 1), 0.1))
    assert np.array_equal(alone.columns["funding_rate_annual"], np.full((40, 1), 0.1))
    other = long.columns["funding_rate_annual"][:, 1]
    assert np.isnan(other[0])
    assert (other[1:] == -0.2).all()
    assert long.between(long.times_ns[3], None).columns["funding_rate_annual"].shape == (37, 2)
    toml = tmp_path / "p.toml"
    toml.write_text(
        'schema = 1\n[policies.p]\nmethod = "fixed"\nhaircuts = { USD = 0.0 }\n'
        "[policies.p.futures]\ninitial_ratio = 0.2\nmaintenance_ratio = 0.1\n"
        "[policies.p.funding]\ninitial_days = 2.0\nmaintenance_days = 1.0\n"
    )
    assert main(["backtest", "--history", str(files[0]), "-p", str(toml)]) == exit_codes.OK
    bare = tmp_path / "bare.csv"
    lines = [line.rsplit(",", 1)[0] for line in files[0].read_text().splitlines()]
    bare.write_text("\n".join(lines) + "\n")
    capsys.readouterr()
    assert main(["backtest", "--history", str(bare), "-p", str(toml)]) != exit_codes.OK
    assert "policy p: funding reads funding_rate_annual" in capsys.readouterr().err


def test_a_cell_that_is_no_number_is_named(files):
    text = files[1].read_text().replace(",0.1\n", ",high\n", 1)
    files[1].write_text(text)
    with pytest.raises(tm.InvalidInputError, match="funding_rate_annual: expected a number"):
        read_history([files[1]])


TAIL = {
    "generator": "historical",
    "horizon_initial_days": 3.0,
    "horizon_maintenance_days": 1.0,
    "confidence_initial": 0.98,
    "confidence_maintenance": 0.95,
    "window_days": 400.0,
    "overlapping": True,
}


@pytest.mark.parametrize("method", ["es", "var"])
def test_a_tail_is_held_to_its_own_horizons_and_confidences(method):
    rules = {"method": method, "haircuts": {"USD": 0.0}, "tail": TAIL}
    said = promise_of(policies(rules))
    assert (said.initial_days, said.initial_confidence) == (3.0, 0.98)
    assert (said.maintenance_days, said.maintenance_confidence) == (1.0, 0.95)
    stated = {
        "horizon_initial_days": 2.0,
        "confidence_initial": 0.9,
        "horizon_maintenance_days": 1.0,
        "confidence_maintenance": 0.8,
    }
    assert promise_of(policies({**rules, "promise": stated})).initial_confidence == 0.9


def test_the_warm_up_lasts_until_a_tail_has_its_moves():
    ours = policies({"method": "es", "haircuts": {"USD": 0.0}, "tail": TAIL})
    history = walk(90)
    # 50 moves over three days for the tail beyond 98 %: the first ends at row 3
    assert margined_rows(history, None, None, 1, ours)[0] == 3 + 50 - 1
    assert margined_rows(history, None, None, 1)[0] == WARM_UP_DAYS
    assert np.isfinite(roll_prices(ours, history, LONG).initial_margin).all()
    stress = {"first_day": "1970-03-01", "last_day": "1970-03-10", "weight": 0.25}
    stressed = policies(
        {"method": "es", "haircuts": {"USD": 0.0}, "tail": {**TAIL, "stress": stress}}
    )
    first = margined_rows(history, None, None, 1, stressed)[0]
    # all of the stressed window is past: the 11th of March is day 69
    assert first == 69
    short = walk(40)
    with pytest.raises(tm.InvalidInputError, match="MISSING_HISTORY"):
        roll_prices(ours, short, LONG)


def test_the_preset_of_expected_shortfall_runs_by_default(tmp_path, capsys):
    random = np.random.default_rng(5)
    path = tmp_path / "BTC.csv"
    first = 1_577_836_800_000_000_000  # 2020-01-01
    prices = 100.0 * np.exp(np.cumsum(0.03 * random.standard_normal(230)))
    rows = [f"{first + i * DAY},{p}" for i, p in enumerate(prices.tolist())]
    path.write_text("\n".join(["ts_ns,close", *rows]) + "\n")
    assert main(["backtest", "--history", str(path), "-p", "house-es"]) == exit_codes.OK
    assert "99 % over 2 days" in capsys.readouterr().out
    assert margined_rows(read_history([path]), None, None, 1, Policies.preset("house-es"))[0] > 91
