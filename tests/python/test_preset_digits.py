"""Parameters of shipped presets against the documents they are read from, digit by digit.

Of these files no sample is published under their own parameters, but for `derive-pmrm1`, whose
published cases are run through the file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.golden import adapters
from tests.golden.adapters import derive
from tests.golden.cases import load_cases
from tests.golden.compare import faults
from tests.golden.derive_book import Book

import tickmargin as tm

assert adapters.LOADED
FOLDER = Path(tm.__file__).parent / "presets"
Row = dict[str, Any]

# Parameters of the published cases of PMRM that are the file's, as the cases give them.
PMRM1 = {
    "up": 0.45, "dn": 0.3, "sp": 0.3, "lp": 0.13, "floor": 86400, "im": 1.3, "disc": 0.95,
    "rmul": 4, "radd": 0.12, "bup": 1.05, "bdn": 0.95, "badd": 0.25, "bmul": 0.01,
    "pegThr": 0.98, "pegFac": 2, "confThr": 0.6, "confM": 0.4, "perp": 0.025, "opt": 0.01,
    "base": 0.025,
}  # fmt: skip
PMRM = [
    case
    for case in load_cases()
    if case.pair == ("derive", "derive", "PMRM.getMargin") and case.inputs["params"] == PMRM1
]
GRID = [(m, v) for m in (0.15, 0.1, 0.05, 0.0, -0.05, -0.1, -0.15) for v in ("up", "none", "down")]


def file_of(preset: str) -> Row:
    name = preset.rsplit("-20", 1)[0]
    policy: Row = tomllib.loads((FOLDER / f"{preset}.toml").read_text("utf-8"))["policies"][name]
    return policy


def scenarios(policy: Row) -> list[tuple[float, str, float]]:
    return [(s["move"], s["vol"], s["weight"]) for s in policy["portfolio"]["scenarios"]]


@pytest.mark.parametrize("case", PMRM, ids=lambda case: case.name)
def test_derive_pmrm1_by_its_published_cases(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = file_of("derive-pmrm1-2026-01-21")

    class FileBook(Book):
        def __init__(self, rules: Row, haircuts: Row, cash: float) -> None:
            super().__init__({**policy, "method": rules["method"]}, haircuts, cash)

    monkeypatch.setattr(derive, "Book", FileBook)
    assert faults(case.expected, derive.pmrm1(case.inputs), case.tolerance) == []


def test_derive_pmrm1_parameters() -> None:
    policy = file_of("derive-pmrm1-2026-01-21")
    assert scenarios(policy) == [(move, vol, 1.0) for move, vol in GRID]
    rules = {k: v for k, v in policy["portfolio"].items() if k != "scenarios"}
    assert rules == {
        "vol_up": 0.45, "vol_down": 0.3, "vol_power_short": 0.3, "vol_power_long": 0.13,
        "min_days": 1.0, "initial_factor": 1.3, "maintenance_factor": 1.0,
        "long_discount": {"base": 0.95, "rate_factor": 4.0, "add": 0.12},
        "basis_up": 0.05, "basis_down": -0.05, "basis_add": 0.25, "basis_factor": 0.01,
        "peg_threshold": 0.98, "peg_factor": 2.0,
        "confidence_threshold": 0.6, "confidence_ratio": 0.4,
        "perpetual_ratio": 0.025, "short_option_ratio": 0.01, "offset_ratio": 0.025,
        "contingency_scaled": True,
    }  # fmt: skip


def test_derive_pmrm2_parameters() -> None:
    """v2-core@7736900d: mainnet script (tails, confidence, perpetual, peg, floor); BTC test set."""
    policy = file_of("derive-pmrm2-2026-01-21")
    inner = [(m * step, v, 1.0) for m in (1, -1) for step in (0.135, 0.09, 0.045)
             for v in ("down", "none", "up")]  # fmt: skip
    outer = [(0.18, "up", 1.0), (-0.18, "up", 1.0)]
    still = [(0.0, vol, 1.0) for vol in ("down", "none", "up", "linear", "absolute")]
    moves = (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
    damps = (0.21, 0.42, 0.2772, 0.1386, 0.0693, 0.0462, 0.03465, 0.02772)
    tails = [(move, "up", damp) for move, damp in zip(moves, damps, strict=True)]
    assert sorted(scenarios(policy)) == sorted(inner + outer + still + tails)
    rules = {k: v for k, v in policy["portfolio"].items() if k not in ("scenarios", "skew")}
    assert rules == {
        "vol_up": 0.5, "vol_down": 0.275, "vol_power_short": 0.3, "vol_power_long": 0.13,
        "vol_up_floor_annual": 0.4, "min_days": 1.0,
        "initial_factor": 1.0, "maintenance_factor": 0.8,
        "long_discount": {"base": 0.95, "rate_factor": 1.0, "add": 0.08},
        "short_discount": {"base": 1.04, "rate_factor": 0.5, "add": 0.08},
        "basis_up": 0.045, "basis_down": -0.045, "basis_add": 0.5, "basis_factor": 2.0,
        "peg_threshold": 0.99, "peg_factor": 4.0,
        "confidence_threshold": 0.55, "confidence_ratio": 1.0,
        "perpetual_ratio": 0.03, "perpetual_initial_add": 0.01,
        "short_option_ratio": 0.003, "short_option_initial_add": 0.002,
    }  # fmt: skip


def test_derive_standard_parameters() -> None:
    """Mainnet: .15, .13, .09, unpaired 1.2/1.1, perpetuals .10/.065, confidence .55/1."""
    policy = file_of("derive-srm-2026-01-21")
    assert policy["standard"] == {
        "spot_max": 0.15, "spot_min": 0.13, "call_maintenance": 0.09,
        "put_maintenance": 0.075, "put_mark_maintenance": 0.075, "put_initial_scale": 1.05,
        "unpaired_initial": 1.2, "unpaired_maintenance": 1.1,
        "perpetual_initial": 0.10, "perpetual_maintenance": 0.065,
        "peg_threshold": 0.98, "peg_factor": 1.2,
        "confidence_threshold": 0.55, "confidence_ratio": 1.0,
    }  # fmt: skip
    # Collateral counts factor x scale: ETH .8 x .9375, BTC .75 x .93, USDT .98 x .98.
    for asset, factor, scale in (("ETH", 0.8, 0.9375), ("BTC", 0.75, 0.93), ("USDT", 0.98, 0.98)):
        cut = policy["haircuts"][asset]
        assert 1 - cut["quality"] == pytest.approx(factor, rel=1e-12)
        assert 1 - cut["volatility"] == pytest.approx(scale, rel=1e-12)
        assert cut["maintenance"] == {"volatility": 0.0}


PARADEX_TAILS = [(-0.66, 0.18), (-0.33, 0.36), (0.5, 0.24), (1.0, 0.12), (2.0, 0.06), (3.0, 0.04),
                 (4.0, 0.03), (5.0, 0.024)]  # fmt: skip


@pytest.mark.parametrize("path", sorted(FOLDER.glob("paradex-pm-*.toml")), ids=lambda p: p.stem)
def test_paradex_parameters(path: Path) -> None:
    """paradex-docs@9b82a75a: +-4/8/12/16 % x vol (+40 %, -22 %), eight tails, 2 % and 1 %."""
    policy = file_of(path.stem)
    grid = [(s * m, v, 1.0) for s in (1, -1) for m in (0.04, 0.08, 0.12, 0.16)
            for v in ("up", "down")]  # fmt: skip
    tails = [(move, "up", weight) for move, weight in PARADEX_TAILS]
    assert sorted(scenarios(policy)) == sorted(grid + tails)
    rules = {k: v for k, v in policy["portfolio"].items() if k != "scenarios"}
    assert rules == {
        "vol_up": 0.4, "vol_down": 0.22, "vol_power_short": 0.3, "vol_power_long": 0.13,
        "min_days": 1.0, "minimum_net_ratio": 0.02, "minimum_offset_ratio": 0.01,
        "initial_factor": 1.0, "maintenance_factor": 0.5,
    }  # fmt: skip


def test_paradex_funding() -> None:
    """Eight hours in the requirement, of which maintenance is half; no fee, as none is known."""
    later = file_of("paradex-pm-2026-02-01")
    assert later["funding"]["initial_days"] == pytest.approx(8 / 24)
    assert later["funding"]["maintenance_days"] == pytest.approx(8 / 24 / 2)
    assert "liquidity" not in later


def test_deribit_legacy_parameters() -> None:
    """deribit.com/pages/docs/portfoliomargin: +-10 %, (30/d)^0.30 x 38 %, 0.01, 1 %."""
    scenario = file_of("deribit-pm-legacy-2023-12-31")["scenario"]
    assert (scenario["price_range"], scenario["vol_up"], scenario["vol_down"]) == (0.10, 0.38, 0.38)
    assert (scenario["vol_power_short"], scenario["vol_power_long"]) == (0.30, 0.30)
    assert (scenario["short_option_ratio"], scenario["basis_ratio"]) == (0.01, 0.01)
    assert scenario["vol_shock"] == "absolute"


def test_deribit_matrix_parameters() -> None:
    """What a sample below the threshold of the delta shock does not show, by currency."""
    eth = file_of("deribit-pm-2026-02-15")
    btc = file_of("deribit-pm-2024-06-17")["matrix"]
    later = eth["matrix"] | eth["underlyings"]["BTC"]["matrix"]
    assert later == btc
    for rules, annual, slope, dampener, offset, most in (
        (btc, 0.075, 5e-5, 100_000.0, 0.0, 0.0),
        (eth["matrix"], 0.05, 4e-6, 200_000.0, 0.6, 20e6),
    ):
        assert rules["roll_ratio_annual"] == annual
        assert rules["delta_shock_slope"] == slope
        assert rules["delta_shock_threshold"] == 20e6
        assert rules["delta_shock_max_ratio"] == 0.10
        assert rules["extended_dampener"] == dampener
        assert (rules["gain_offset_ratio"], rules["gain_offset_max"]) == (offset, most)


def test_okx_matrix_parameters() -> None:
    """Notices: annualised MR4, MR1 and MR6 moves by class, MR7's tiers of BTC and ETH."""
    policy = file_of("okx-pm-2025-01-15")
    own = {name: keys["matrix"] for name, keys in policy["underlyings"].items()}
    large = [(10e3, 1), (70e3, 2), (170e3, 4), (300e3, 6), (470e3, 8), (700e3, 10)]
    for name in ("BTC", "ETH"):
        assert (own[name]["price_range"], own[name]["extended_moves"]) == (0.12, [-0.24, 0.24])
        assert own[name]["roll_ratio_annual"] == 0.05
        tiers = [(t["amount_cap"], t["multiplier"]) for t in own[name]["minimum_tiers"]]
        assert tiers == [*large, (float("inf"), 12)]
    middle = {"SOL", "DOGE", "PEPE", "XRP", "BNB", "SHIB", "LTC", "ORDI", "WLD", "BCH", "ADA"}
    assert set(own) == middle | {"BTC", "ETH"}
    for name in middle:
        assert (own[name]["price_range"], own[name]["extended_moves"]) == (0.18, [-0.36, 0.36])
        assert own[name]["roll_ratio_annual"] == 0.15
    general = policy["matrix"]
    assert general["price_moves"] == [-0.25, -0.16, -0.08, 0.0, 0.08, 0.16, 0.25]
    assert general["extended_moves"] == [-0.50, 0.50]
    assert general["roll_ratio_annual"] == 0.30
    caps = [(t["amount_cap"], t["multiplier"]) for t in general["minimum_tiers"]][:6]
    assert caps == [(7e3, 1), (16e3, 2), (29e3, 3), (43e3, 4), (69e3, 5), (95e3, 6)]
    # MR9, USDT at 0.995 and more: 0.5 % to a million, 1 % to five
    assert [t["ratio"] for t in general["hedge_tiers"]] == [0.005, 0.01]
    assert general["hedge_tiers"][0]["amount_cap"] == 1e6
