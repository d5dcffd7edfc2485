"""The section `tail`: what is refused, together and by name, and what the core gets."""

from __future__ import annotations

import copy
import math
from datetime import date
from typing import Any

import numpy as np
import pytest

import tickmargin as tm

HISTORICAL = {
    "generator": "historical",
    "horizon_initial_days": 2.0,
    "horizon_maintenance_days": 1.0,
    "confidence_initial": 0.9,
    "confidence_maintenance": 0.8,
    "window_days": 30.0,
    "overlapping": True,
}
MODEL = {
    "generator": "parametric",
    "horizon_initial_days": 2.0,
    "horizon_maintenance_days": 1.0,
    "confidence_initial": 0.99,
    "confidence_maintenance": 0.95,
    "vols_annual": {"BTC": 0.6, "ETH": 0.8},
    "correlation": {"BTC/ETH": 0.7},
}
DRAWN = MODEL | {"generator": "monte_carlo", "draws": 1000, "seed": 3}
EMPIRICAL = HISTORICAL | {
    "generator": "monte_carlo",
    "marginals": "empirical",
    "correlation": {"BTC/ETH": 0.7},
    "draws": 1000,
    "seed": 3,
}
DAY = 86_400 * 10**9
NOW = 20_000 * DAY
NAMES = ["BTC", "ETH"]
ASSETS = [("USD", "")]


def policies(tail: dict[str, Any], method: str = "es", **more: Any) -> dict[str, Any]:
    policy = {"method": method, "haircuts": {"USD": 0.0}, "tail": tail, **more}
    return {"schema": 1, "policies": {"p": copy.deepcopy(policy)}}


def faults(tail: dict[str, Any], method: str = "es", **more: Any) -> dict[str, str]:
    with pytest.raises(tm.InvalidInputError) as caught:
        tm.Policies.from_dict(policies(tail, method, **more))
    return {
        str(issue.column).removeprefix("policies.p.tail."): issue.code
        for issue in caught.value.issues
    }


def compiled(tail: dict[str, Any], history: Any, method: str = "es", **more: Any) -> Any:
    chosen = tm.Policies.from_dict(policies(tail, method, **more))
    return chosen.compile(NAMES, ASSETS, history, NOW)[0]["tail"][0]


def past(rows: int = 40, **columns: Any) -> tm.History:
    """Daily prices that rise by a hundredth a day, the last one now."""
    times = NOW - DAY * np.arange(rows)[::-1]
    prices = {name: 100.0 * 1.01 ** np.arange(rows) for name in NAMES}
    return tm.History.of(times, {**prices, **columns})


def test_bad_numbers_are_refused_together() -> None:
    tail = HISTORICAL | {
        "confidence_maintenance": 0.5,
        "confidence_initial": 1.0,
        "horizon_maintenance_days": 0.0,
        "initial_factor": math.nan,
        "stress": {"first_day": "2025-02-30", "last_day": "2025-03-01", "weight": 1.5},
    }
    assert faults(tail) == {
        "confidence_maintenance": "OUT_OF_RANGE",
        "confidence_initial": "OUT_OF_RANGE",
        "horizon_maintenance_days": "OUT_OF_RANGE",
        "initial_factor": "NOT_FINITE",
        "stress.first_day": "WRONG_TYPE",
        "stress.weight": "OUT_OF_RANGE",
    }


def test_initial_margin_looks_at_least_as_far_and_as_deep() -> None:
    tail = HISTORICAL | {
        "horizon_initial_days": 0.5,
        "confidence_initial": 0.7,
        "maintenance_factor": 1.1,
    }
    assert faults(tail) == {
        "horizon_initial_days": "INITIAL_BELOW_MAINTENANCE",
        "confidence_initial": "INITIAL_BELOW_MAINTENANCE",
        "initial_factor": "INITIAL_BELOW_MAINTENANCE",
    }


def test_a_generator_gets_its_keys_and_no_others() -> None:
    tail = HISTORICAL | {"decay": 0.9, "seed": 1, "draws": 100, "vols_annual": {"BTC": 0.5}}
    del tail["window_days"], tail["overlapping"]
    assert faults(tail) == {
        "window_days": "MISSING_KEY",
        "overlapping": "MISSING_KEY",
        "decay": "KEY_NOT_USED",
        "seed": "KEY_NOT_USED",
        "draws": "KEY_NOT_USED",
        "vols_annual": "KEY_NOT_USED",
    }
    drawn = {k: v for k, v in DRAWN.items() if k not in ("draws", "seed", "vols_annual")}
    assert faults(drawn) == dict.fromkeys(("draws", "seed", "vols_annual"), "MISSING_KEY")
    stressed = DRAWN | {
        "stress": {"first_day": "2020-03-01", "last_day": "2020-03-31", "weight": 0.2}
    }
    assert faults(stressed) == {"overlapping": "MISSING_KEY"}


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (
            MODEL
            | {
                "correlation": {"BTC/ETH": 0.7, "BTC/SOL": 0.7, "ETH/SOL": -0.7},
                "vols_annual": {"BTC": 0.6, "ETH": 0.8, "SOL": 1.0},
            },
            {"correlation": "CORRELATION_NOT_PSD"},
        ),
        (MODEL | {"correlation": {}}, {"correlation": "CORRELATION_MISSING"}),
        (
            MODEL | {"correlation": {"BTC/BTC": 1.0}, "correlation_default": 0.1},
            {'correlation."BTC/BTC"': "INVALID_PAIR"},
        ),
        (MODEL | {"correlation": {"BTC/ETH": 1.5}}, {'correlation."BTC/ETH"': "OUT_OF_RANGE"}),
        (MODEL | {"vols_annual": {"BTC": 0.0, "ETH": 1.0}}, {"vols_annual.BTC": "OUT_OF_RANGE"}),
        (MODEL | {"distribution": "student_t"}, {"degrees_of_freedom": "MISSING_KEY"}),
        (MODEL | {"degrees_of_freedom": 4.0}, {"degrees_of_freedom": "KEY_NOT_USED"}),
        (
            HISTORICAL | {"generator": "filtered", "filter": {"decay": 0.9, "alpha": 0.1}},
            {"filter": "MISSING_KEY"},
        ),
        (
            HISTORICAL
            | {"generator": "filtered", "filter": {"omega": 0.0, "alpha": 0.2, "beta": 0.8}},
            {"filter.alpha": "OUT_OF_RANGE"},
        ),
        (HISTORICAL | {"vol_moves": "beta"}, {"vol_beta": "MISSING_KEY"}),
        (HISTORICAL | {"vol_beta": {"BTC": 1.0}}, {"vol_beta": "KEY_NOT_USED"}),
        (DRAWN | {"vol_moves": "history"}, {"vol_moves": "UNKNOWN_WORD"}),
        (HISTORICAL | {"quantile_initial": "linear"}, {"quantile_initial": "KEY_NOT_USED"}),
        (
            HISTORICAL
            | {"stress": {"first_day": "2020-03-31", "last_day": "2020-03-01", "weight": 0.2}},
            {"stress.last_day": "RANGE_EMPTY"},
        ),
    ],
)
def test_a_bad_section_is_refused_by_its_key(tail: Any, expected: dict[str, str]) -> None:
    assert faults(tail) == expected


def test_a_section_for_another_method_is_refused_and_a_missing_one_too() -> None:
    with pytest.raises(tm.InvalidInputError, match="SECTION_NOT_USED"):
        tm.Policies.from_dict(policies(HISTORICAL, "standard"))
    data = policies(HISTORICAL, "var")
    del data["policies"]["p"]["tail"]
    with pytest.raises(tm.InvalidInputError, match="SECTION_MISSING"):
        tm.Policies.from_dict(data)


def test_moves_are_those_of_the_window_and_overlap_only_where_said() -> None:
    tail = compiled(HISTORICAL, past())
    (initial, share), (maintenance, _) = tail["initial"]["terms"] + tail["maintenance"]["terms"]
    assert share == 1.0
    two, one = tail["sets"][initial], tail["sets"][maintenance]
    assert (two["count"], one["count"]) == (29, 30)
    btc = tail["moves"][0]["price_move"]
    assert btc[two["first"] :][: two["count"]] == pytest.approx(1.01**2 - 1.0)
    assert btc[one["first"] :][: one["count"]] == pytest.approx(0.01)
    apart = compiled(HISTORICAL | {"overlapping": False}, past())
    assert [s["count"] for s in apart["sets"]] == [15, 30]


def test_equal_horizons_share_one_sample() -> None:
    tail = compiled(HISTORICAL | {"horizon_initial_days": 1.0}, past())
    assert tail["initial"]["terms"] == tail["maintenance"]["terms"] == [(0, 1.0)]
    assert len(tail["moves"][0]["price_move"]) == 30


def test_what_is_after_the_markets_time_is_not_looked_at() -> None:
    times = NOW + DAY * np.arange(-39, 11)
    crash = 100.0 * 1.01 ** np.arange(50)
    crash[40:] = 1.0
    later = tm.History.of(times, dict.fromkeys(NAMES, crash))
    seen = compiled(HISTORICAL, later)["moves"][0]["price_move"]
    assert seen.tobytes() == compiled(HISTORICAL, past())["moves"][0]["price_move"].tobytes()


def test_a_missing_history_names_policy_underlyings_and_key() -> None:
    with pytest.raises(tm.InvalidInputError) as caught:
        compiled(HISTORICAL, None)
    (issue,) = caught.value.issues
    assert (issue.code, issue.column) == ("MISSING_HISTORY", "policies.p.tail.generator")
    assert "BTC, ETH" in issue.message
    with pytest.raises(tm.InvalidInputError, match=r"9 moves .* needs 10.*MISSING_HISTORY"):
        compiled(HISTORICAL, past(11))
    stressed = HISTORICAL | {
        "stress": {"first_day": "2020-03-01", "last_day": "2020-03-31", "weight": 0.2}
    }
    with pytest.raises(tm.InvalidInputError, match="between 2020-03-01 and 2020-03-31"):
        compiled(stressed, past())
    # Too few moves as well: what the stressed days lack comes first.
    with pytest.raises(tm.InvalidInputError, match="between 2020-03-01 and 2020-03-31"):
        compiled(stressed, past(11))


def test_an_underlying_without_prices_is_unknown_and_the_others_are_not() -> None:
    holed = 100.0 + np.arange(40.0)
    holed[20] = np.nan
    btc, eth = compiled(HISTORICAL, past(ETH=holed))["moves"]
    assert (btc["known"], eth["known"]) == (True, False)
    assert np.isnan(eth["price_move"]).all()
    old = 100.0 + np.arange(40.0)
    old[5] = np.nan  # before the window
    assert compiled(HISTORICAL, past(ETH=old))["moves"][1]["known"]


def test_a_model_needs_every_underlying_of_the_market() -> None:
    with pytest.raises(tm.InvalidInputError, match="no volatility of ETH"):
        compiled(MODEL | {"vols_annual": {"BTC": 0.5}}, None)
    wide = MODEL | {"vols_annual": {"BTC": 0.5, "default": 0.7}}
    assert compiled(wide, None)["initial"]["covariance"].shape == (4,)


def test_the_same_seed_draws_the_same_moves_and_another_does_not() -> None:
    first, again = (compiled(DRAWN, None)["moves"][1]["price_move"] for _ in range(2))
    other = compiled(DRAWN | {"seed": 4}, None)["moves"][1]["price_move"]
    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_drawn_moves_have_the_deviations_and_correlation_asked_for() -> None:
    tail = compiled(DRAWN | {"draws": 100_000, "horizon_initial_days": 1.0}, None)
    logs = [np.log1p(moves["price_move"]) for moves in tail["moves"]]
    years = 1.0 / 365.0
    assert np.std(logs[0]) == pytest.approx(0.6 * years**0.5, rel=0.01)
    assert np.std(logs[1]) == pytest.approx(0.8 * years**0.5, rel=0.01)
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.7, abs=0.01)
    fat = DRAWN | {"draws": 100_000, "distribution": "student_t", "degrees_of_freedom": 5.0}
    t = np.log1p(compiled(fat, None)["moves"][0]["price_move"][:100_000])
    assert np.std(t) == pytest.approx(0.6 * (2 * years) ** 0.5, rel=0.03)
    assert np.mean(t**4) / np.var(t) ** 2 > 5.0  # 9 for five degrees, 3 for a normal


def test_a_history_is_read_from_a_file_and_checked(tmp_path: Any) -> None:
    path = tmp_path / "history.csv"
    path.write_text("date,symbol,close\n2025-01-01,BTCUSD,10\n2025-01-02,BTCUSD,11\n")
    found = tm.History.load(path)
    assert found.underlyings == ("BTCUSD",)
    assert found.prices.tolist() == [[10.0], [11.0]]
    assert found.times_ns[0] == int((date(2025, 1, 1) - date(1970, 1, 1)).days) * DAY
    path.write_text("date,symbol,close\n2025-01-01,BTC,10\n2025-01-01,BTC,11\n")
    with pytest.raises(tm.InvalidInputError, match="two prices"):
        tm.History.load(path)
    path.write_text("date,symbol,close\n2025-01-01,BTC,0\n")
    with pytest.raises(tm.InvalidInputError, match="row 0, column close"):
        tm.History.load(path)
    with pytest.raises(tm.InvalidInputError, match="times_ns must rise"):
        tm.History.of([2, 1], {"BTC": [1.0, 1.0]})
    with pytest.raises(tm.InvalidInputError, match=r"prices\['BTC'\] must be finite and > 0"):
        tm.History.of([1, 2], {"BTC": [1.0, -1.0]})
    with pytest.raises(tm.InputTypeError):
        tm.History.resolve(3)


def test_each_requirement_has_its_own_window_and_weight_of_stress() -> None:
    first, last = date(2024, 9, 1), date(2024, 9, 4)
    stress = {"first_day": first, "last_day": last, "weight": 0.4, "weight_maintenance": 0.0}
    tail = HISTORICAL | {"horizon_initial_days": 1.0, "window_maintenance_days": 12.0}
    both = compiled(tail | {"stress": stress}, past())
    initial, maintenance = (both[side]["terms"] for side in ("initial", "maintenance"))
    assert [both["sets"][n]["count"] for n, _ in initial] == [30, 3]
    assert [share for _, share in initial] == [0.6, 0.4]
    assert [(both["sets"][n]["count"], share) for n, share in maintenance] == [(12, 1.0)]
    assert faults(tail | {"stress": stress | {"weight_maintenance": 0.5}}) == {
        "stress.weight": "INITIAL_BELOW_MAINTENANCE"
    }
    with pytest.raises(tm.InvalidInputError, match="window_maintenance_days"):
        compiled(tail | {"window_maintenance_days": 2.0}, past())
    assert faults(MODEL | {"window_maintenance_days": 9.0}) == {
        "window_maintenance_days": "KEY_NOT_USED"
    }


def test_own_marginals_need_a_history_and_no_model_of_size() -> None:
    assert faults(EMPIRICAL | {"vols_annual": {"BTC": 0.5}, "jumps": {"mean": 0.0}}) == {
        "vols_annual": "KEY_NOT_USED",
        "jumps": "KEY_NOT_USED",
        "jumps.rate_annual": "MISSING_KEY",
        "jumps.sd": "MISSING_KEY",
    }
    with pytest.raises(tm.InvalidInputError, match="or monte_carlo with model marginals"):
        compiled(EMPIRICAL | {"vols_annual": {"BTC": 0.5}}, past())
    lacking = {k: v for k, v in EMPIRICAL.items() if k not in ("window_days", "overlapping")}
    assert faults(lacking) == dict.fromkeys(("window_days", "overlapping"), "MISSING_KEY")
    assert faults(EMPIRICAL | {"marginals": "own"}) == {"marginals": "UNKNOWN_WORD"}
    assert faults(HISTORICAL | {"marginals": "empirical"}) == {"marginals": "KEY_NOT_USED"}
    with pytest.raises(tm.InvalidInputError, match="CORRELATION_MISSING"):
        compiled(EMPIRICAL | {"correlation": {}}, past())
    assert faults(EMPIRICAL | {"vol_moves": "history"}) == {"vol_moves": "UNKNOWN_WORD"}
    with pytest.raises(tm.InvalidInputError, match="MISSING_HISTORY"):
        compiled(EMPIRICAL, None)
    with pytest.raises(tm.InvalidInputError, match=r"9 moves .* needs 10.*MISSING_HISTORY"):
        compiled(EMPIRICAL, past(11))


def test_own_marginals_are_the_windows_moves_over_each_horizon() -> None:
    rising = past(BTC=100.0 * np.exp(0.02 * np.random.default_rng(1).normal(size=40).cumsum()))
    tail = compiled(EMPIRICAL, rising)
    one = rising.prices[-31:, 0]
    moves = np.sort(one[1:] / one[:-1] - 1.0)
    second = tail["sets"][tail["maintenance"]["terms"][0][0]]
    assert [s["count"] for s in tail["sets"]] == [1000, 1000]
    found = tail["moves"][0]["price_move"][second["first"] :][:1000]
    assert set(found.tolist()) == set(moves.tolist())
    holed = 100.0 + np.arange(40.0)
    holed[20] = np.nan
    assert [m["known"] for m in compiled(EMPIRICAL, past(ETH=holed))["moves"]] == [True, False]


def test_delta_gamma_takes_a_normal_model_and_says_that_it_has_no_bands() -> None:
    curved = MODEL | {"generator": "delta_gamma"}
    assert faults(curved | {"distribution": "student_t", "degrees_of_freedom": 4.0}) == {
        "distribution": "KEY_NOT_USED",
        "degrees_of_freedom": "KEY_NOT_USED",
    }
    assert faults(curved | {"window_days": 9.0, "marginals": "model"}) == {
        "window_days": "KEY_NOT_USED",
        "marginals": "KEY_NOT_USED",
    }
    lacking = {k: v for k, v in curved.items() if k != "vols_annual"}
    assert faults(lacking) == {"vols_annual": "MISSING_KEY"}
    tail = compiled(curved, None)
    assert tail["quadratic"]
    assert tail["sets"] == []
    assert not compiled(MODEL, None)["quadratic"]
    (row,) = tm.Policies.from_dict(policies(curved)).describe()
    assert row["path"] == "incremental"
