"""What the core is given: exact keys, types and layout, with nothing computed but the grid."""

from __future__ import annotations

import math
import tomllib
from typing import Any

import numpy as np
import pytest
from tests.oracle.vega import risk_factors

from tickmargin.errors import InvalidInputError
from tickmargin.policies import Policies

TOP = {"name", "method", "simulated_collateral", "option_value_in_equity", "close_out_cost_ratio"}
TOP |= {"levels", "haircut_initial", "haircut_maintenance", "futures", "options", "dynamic"}
TOP |= {"scenario", "netting", "add_ons", "anti_procyclicality", "safety_factor_ratio"}
TOP |= {"scenario", "netting", "matrix", "span", "span_credits"}
TOP |= {"portfolio", "standard", "tail", "protocol", "tokens", "pegs", "safety_factor_ratio"}
FUTURES = {"initial_ratio", "maintenance_ratio", "notional_at_entry", "netting", "taker_fee_ratio"}
FUTURES |= {"scaling_kind", "scaling_free_size", "scaling_step_size", "scaling_initial"}
FUTURES |= {"scaling_maintenance", "bracket_cap", "bracket_initial", "bracket_maintenance"}
FUTURES |= {"bracket_whole"}
OPTIONS = {"base_forward", "otm_a", "otm_b", "maintenance_c", "maintenance_mark_floor"}
OPTIONS |= {"initial_at_least_maintenance", "margin_factor", "liquidation_fee_ratio"}
OPTIONS |= {"initial_uses_entry"}
DYNAMIC = {"horizon_initial_days", "horizon_maintenance_days", "confidence_initial"}
DYNAMIC |= {"confidence_maintenance", "floor_ratio", "cap_ratio", "buffer_ratio"}
DYNAMIC |= {"vol_floor_annual", "depth_factor", "depth_cap_ratio"}
DYNAMIC |= {"max_mm_increase_per_day_ratio", "netting_underlying"}
SCENARIO = {"price_move", "vol_index", "weight", "vol_shock_kind", "vol_shock"}
SCENARIO |= {"vol_reference_days", "vol_power_short", "vol_power_long", "vol_up_floor_annual"}
SCENARIO |= {"min_days", "strike_nodes", "price_range", "initial_factor", "maintenance_factor"}
SCENARIO |= {"short_option_ratio", "roll_ratio_annual", "roll_ratio_min", "basis_ratio"}
MATRIX = {"price_move", "vol_index", "standard", "vol_shock_kind", "vol_shock", "in_coin"}
MATRIX |= {"vol_reference_days", "vol_power_short", "vol_power_long", "vol_up_floor_annual"}
MATRIX |= {"min_days", "price_range", "index_moves", "extended_factor", "extended_by_range"}
MATRIX |= {"extended_dampener", "gain_offset_ratio", "gain_offset_max", "initial_factor"}
MATRIX |= {"maintenance_factor", "roll_ratio_annual", "roll_ratio_min", "roll_ratio_perpetual"}
MATRIX |= {"roll_continuous", "delta_shock_threshold", "delta_shock_slope"}
MATRIX |= {"delta_shock_max_ratio", "correlation_ratio", "theta_days", "vega_shock_annual"}
MATRIX |= {"rate_shock_annual", "minimum_ratio", "minimum_tiers", "hedge_tiers"}
SPAN = {"scan_ratio", "scan_points", "vol_range", "vol_relative", "extreme_multiple"}
SPAN |= {"extreme_cover", "lookahead_days", "tier_end_days", "spreads", "short_minimum"}
SPAN |= {"short_minimum_rule", "spot_charge", "spot_days", "initial_factor"}
SPAN |= {"maintenance_factor"}
NETTING = {"rule", "correlation", "credit_cap_ratio", "correlation_break"}

UNDERLYINGS = ["BTC", "ETH", "SOL", "XRP"]
ASSETS = [("USD", ""), ("BTC", ""), ("USDC", "ethereum"), ("DOGE", "")]


def compiled(text: str, assets: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    head = 'schema = 1\n[policies.p]\nmethod = "{}"\nhaircuts = { USD = 0.0 }\n'
    method = next(m for s, m in METHOD_OF.items() if f"[policies.p.{s}]" in text)
    policies = Policies.from_toml(head.replace("{}", method) + text)
    return policies.compile(UNDERLYINGS, assets or ASSETS)[0]


METHOD_OF = {"futures": "fixed", "dynamic": "dynamic", "scenario": "scenario"}
RATIOS = "initial_ratio = 0.05\nmaintenance_ratio = 0.025\n"
SHOCKS = "price_range = 0.16\nvol_up = 0.5\nvol_down = 0.25\nmaintenance_factor = 0.8\n"


def test_the_keys_are_exactly_those_the_core_reads() -> None:
    fixed, dynamic, scenario = Policies.preset("house").compile(UNDERLYINGS, ASSETS)
    assert [table["method"] for table in (fixed, dynamic, scenario)] == [0, 1, 2]
    for table in (fixed, dynamic, scenario):
        assert set(table) == TOP
        assert set(table["levels"]) == {"warning", "margin_call", "liquidation"}
        assert set(table["netting"]) == NETTING
    assert [set(row) for row in fixed["futures"]] == [FUTURES] * 4
    assert [set(row) for row in fixed["options"]] == [OPTIONS] * 4
    assert [set(row) for row in dynamic["dynamic"]] == [DYNAMIC] * 4
    assert [set(row) for row in scenario["scenario"]] == [SCENARIO] * 4
    assert fixed["add_ons"] == scenario["add_ons"] == []
    # vega and theta, of four underlyings seven and two keys each
    assert [(number, len(values)) for number, values in dynamic["add_ons"]] == [(5, 28), (6, 8)]
    for table in (fixed, dynamic, scenario):
        assert table["anti_procyclicality"] == []
    assert fixed["dynamic"] == fixed["scenario"] == dynamic["futures"] == scenario["options"] == []


def test_the_keys_of_matrix_and_span() -> None:
    (matrix,) = Policies.preset("deribit-pm").compile(UNDERLYINGS, ASSETS)
    assert matrix["method"] == 3
    assert [set(row) for row in matrix["matrix"]] == [MATRIX] * 4
    btc, eth = matrix["matrix"][:2]
    assert btc["price_move"][:4].tolist() == [-0.16, -0.16, -0.16, -0.12]
    assert btc["price_move"][27:].tolist() == [-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert btc["standard"] == eth["standard"] == 27
    assert eth["vol_shock"].tolist() == [0.4, 0.0, -0.25]
    span = Policies.from_dict(
        {
            "schema": 1,
            "policies": {
                "p": {
                    "method": "span",
                    "haircuts": {"USD": 0.0},
                    "span": {"scan_ratio": 0.1, "vol_range": 0.2, "tier_end_days": [7.0]},
                    "credits": [
                        {"first": "BTC", "second": "ETH", "rate": 0.5},
                        {"first": "BTC", "second": "NONE", "rate": 0.5},
                    ],
                }
            },
        }
    ).compile(UNDERLYINGS, ASSETS)[0]
    assert [set(row) for row in span["span"]] == [SPAN] * 4
    assert span["span_credits"] == [(0, 1, 1.0, 1.0, 0.5)]


def test_a_protocol_s_numbers_are_in_the_units_of_its_file() -> None:
    dydx, vega, drift = (
        Policies.preset(name).compile(UNDERLYINGS, ASSETS)[0]
        for name in ("dydx-v4", "vega-cross", "drift-v2")
    )
    assert [table["method"] for table in (dydx, vega, drift)] == [9] * 3
    assert [table["protocol"][0]["rule"] for table in (dydx, vega, drift)] == [0, 1, 2]
    btc, eth = dydx["protocol"][:2]
    assert (btc["size_decimals"], btc["initial_margin_ppm"]) == (10, 20_000)
    assert (eth["size_decimals"], eth["price_decimals"], eth["quote_decimals"]) == (9, 6, 6)
    long, short = risk_factors(1e-6, 0.000003995, 0.0, 1.0)
    assert vega["protocol"][0]["risk_long"] == pytest.approx(float(long), rel=1e-9)
    assert vega["protocol"][0]["risk_short"] == pytest.approx(float(short), rel=1e-9)
    assert dydx["tokens"] == vega["tokens"] == []
    assert len(drift["tokens"]) == len(ASSETS)
    assert drift["protocol"][0]["size_decimals"] == 9


@pytest.mark.parametrize("preset", ["house-fixed", "house-dynamic", "house-portfolio"])
def test_values_are_plain_scalars_and_contiguous_arrays(preset: str) -> None:
    def check(value: Any) -> None:
        if isinstance(value, dict):
            for item in value.values():
                check(item)
        elif isinstance(value, list | tuple):
            for item in value:
                check(item)
        elif isinstance(value, np.ndarray):
            assert value.dtype in (np.float64, np.uint8)
            assert value.flags.c_contiguous
        else:
            assert type(value) in (str, int, bool, float)

    check(Policies.preset(preset).compile(UNDERLYINGS, ASSETS))


def test_haircut_components_are_laid_out_and_maintenance_inherits_them() -> None:
    text = """
    schema = 1
    [policies.p]
    method = "fixed"
    [policies.p.haircuts]
    USD = 0.01
    BTC = { quality = 0.01, volatility = 0.02, depth = 0.03, bridge = 0.04, contract = 0.05,
            governance = 0.06, wrong_way = 0.07, maintenance = { volatility = 0.0, depth = 0.01 } }
    default = { bridge = 0.5 }
    "USDC@ethereum" = 0.25
    USDC = 0.75
    [policies.p.futures]
    initial_ratio = 0.05
    maintenance_ratio = 0.025
    """.replace("05,\n", "05,")
    assets = [("BTC", "solana"), ("USD", ""), ("USDC", "ethereum"), ("USDC", "tron"), ("X", "")]
    table = Policies.from_toml(text).compile(["BTC"], assets)[0]
    assert table["haircut_initial"].tolist() == [
        [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07],
        [0.01, 0, 0, 0, 0, 0, 0],
        [0.25, 0, 0, 0, 0, 0, 0],
        [0.75, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0.5, 0, 0, 0],
    ]
    assert table["haircut_maintenance"][0].tolist() == [0.01, 0, 0.01, 0.04, 0.05, 0.06, 0.07]
    assert table["haircut_maintenance"][1:].tolist() == table["haircut_initial"][1:].tolist()


def test_an_asset_that_is_not_listed_has_no_value() -> None:
    table = compiled(f"[policies.p.futures]\n{RATIOS}", assets=[("DOGE", "")])
    assert table["haircut_initial"].tolist() == [[1, 0, 0, 0, 0, 0, 0]]
    assert table["haircut_maintenance"].tolist() == [[1, 0, 0, 0, 0, 0, 0]]


def test_an_underlying_takes_its_own_keys_and_inherits_the_others() -> None:
    table = compiled(
        f"[policies.p.futures]\n{RATIOS}taker_fee_ratio = 0.001\n"
        "[policies.p.underlyings.SOL.futures]\ninitial_ratio = 0.2\nmaintenance_ratio = 0.1\n"
        '[policies.p.underlyings.ETH.options]\nbase = "forward"\n'
    )
    assert [row["initial_ratio"] for row in table["futures"]] == [0.05, 0.05, 0.2, 0.05]
    assert [row["maintenance_ratio"] for row in table["futures"]] == [0.025, 0.025, 0.1, 0.025]
    assert [row["taker_fee_ratio"] for row in table["futures"]] == [0.001] * 4
    assert [row["base_forward"] for row in table["options"]] == [False, True, False, False]
    assert table["options"][0]["otm_a"] == 0.15


@pytest.mark.parametrize(
    ("scaling", "kind", "numbers"),
    [
        ('{ kind = "none" }', 0, (0.0, 1.0, 0.0, 0.0)),
        (
            '{ kind = "step", free_size = 200, step_size = 150, initial_step = 0.006, '
            "maintenance_step = 0.005 }",
            1,
            (200.0, 150.0, 0.006, 0.005),
        ),
        ('{ kind = "linear", initial_slope = 2e-5, maintenance_slope = 1e-5 }', 2, (2e-5, 1e-5)),
        ('{ kind = "sqrt", initial_factor = 2e-5, maintenance_factor = 1e-5 }', 3, (2e-5, 1e-5)),
        ('{ kind = "power45", initial_factor = 2e-5, maintenance_factor = 1e-5 }', 4, (2e-5, 1e-5)),
    ],
    ids=["none", "step", "linear", "sqrt", "power45"],
)
def test_size_scaling_is_a_kind_and_four_numbers(
    scaling: str, kind: int, numbers: tuple[float, ...]
) -> None:
    row = compiled(f"[policies.p.futures]\n{RATIOS}size_scaling = {scaling}\n")["futures"][3]
    keys = ("free_size", "step_size", "initial", "maintenance")[-len(numbers) :]
    assert row["scaling_kind"] == kind
    assert tuple(row[f"scaling_{key}"] for key in keys) == numbers


def test_brackets_become_arrays_that_no_position_falls_out_of() -> None:
    row = compiled(
        '[policies.p.futures]\nbracket_mode = "whole"\nnotional = "entry"\nnetting = "net"\n'
        "brackets = [{ notional_cap = 10, initial_ratio = 0.1, maintenance_ratio = 0.05 },\n"
        " { notional_cap = 20, initial_ratio = 0.2, maintenance_ratio = 0.15 }]\n"
    )["futures"][0]
    assert row["bracket_cap"].tolist() == [10.0, math.inf]
    assert row["bracket_initial"].tolist() == [0.1, 0.2]
    assert row["bracket_maintenance"].tolist() == [0.05, 0.15]
    assert (row["initial_ratio"], row["maintenance_ratio"]) == (0.1, 0.05)
    assert (row["bracket_whole"], row["notional_at_entry"], row["netting"]) == (True, True, 2)


def test_brackets_of_one_underlying_stand_beside_ratios_of_the_others() -> None:
    rows = compiled(
        f"[policies.p.futures]\n{RATIOS}[policies.p.underlyings.ETH.futures]\n"
        "brackets = [{ notional_cap = inf, initial_ratio = 0.1, maintenance_ratio = 0.05 }]\n"
    )["futures"]
    assert [len(row["bracket_cap"]) for row in rows] == [0, 1, 0, 0]
    assert [row["initial_ratio"] for row in rows] == [0.05, 0.1, 0.05, 0.05]


def test_words_become_the_numbers_of_the_page() -> None:
    text = f"[policies.p.futures]\n{RATIOS}netting = 'max_side'\n[policies.p.options]\n"
    for number, word in enumerate(("none", "put", "both")):
        table = compiled(f"{text}maintenance_mark_floor = '{word}'\n")
        assert table["options"][0]["maintenance_mark_floor"] == number
        assert table["futures"][0]["netting"] == 1
    assert compiled(f"[policies.p.scenario]\n{SHOCKS}vol_shock = 'absolute'\n")["scenario"][0][
        "vol_shock_kind"
    ] == (1)


def test_no_speed_limit_is_nan() -> None:
    text = "[policies.p.dynamic]\nhorizon_initial_days = 2\nhorizon_maintenance_days = 1\n"
    text += "confidence_initial = 0.99\nconfidence_maintenance = 0.99\nfloor_ratio = 0.02\n"
    text += "cap_ratio = 0.5\n"
    row = compiled(text)["dynamic"][0]
    assert math.isnan(row["max_mm_increase_per_day_ratio"])
    assert (row["depth_cap_ratio"], row["depth_factor"]) == (0.0, 0.0)
    assert row["netting_underlying"] is False
    limited = compiled(f"{text}max_mm_increase_per_day_ratio = 0.5\nnetting = 'underlying'\n")
    assert limited["dynamic"][0]["max_mm_increase_per_day_ratio"] == 0.5
    assert limited["dynamic"][0]["netting_underlying"] is True


def test_the_grid_runs_by_price_then_volatility_then_tails() -> None:
    row = compiled(
        f"[policies.p.scenario]\n{SHOCKS}price_steps = 2\n"
        "tails = [{ move = 0.5, weight = 0.32 }, { move = -0.66, weight = 0.24 }]\n"
    )["scenario"][0]
    moves = [-0.16] * 3 + [-0.08] * 3 + [0.0] * 3 + [0.08] * 3 + [0.16] * 3
    assert row["price_move"].tolist() == [*moves, 0.5, -0.66]
    assert row["vol_index"].tolist() == [0, 1, 2] * 5 + [0, 0]
    assert row["vol_index"].dtype == np.uint8
    assert row["weight"].tolist() == [1.0] * 15 + [0.32, 0.24]
    assert row["vol_shock"].tolist() == [0.5, 0.0, -0.25]


@pytest.mark.parametrize(
    ("up", "down", "shocks"),
    [(0.5, 0.0, [0.5, 0.0]), (0.0, 0.25, [0.0, -0.25]), (0.0, 0.0, [0.0])],
)
def test_a_volatility_row_without_a_shock_is_left_out(
    up: float, down: float, shocks: list[float]
) -> None:
    text = f"price_range = 0.16\nvol_up = {up}\nvol_down = {down}\nmaintenance_factor = 0.8\n"
    row = compiled(f"[policies.p.scenario]\n{text}")["scenario"][0]
    assert row["vol_shock"].tolist() == shocks
    assert len(row["price_move"]) == 9 * len(shocks)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 10, 49])
@pytest.mark.parametrize("price_range", [0.07, 0.1, 0.16, 0.3, 0.999])
def test_the_grid_ends_at_the_range_is_symmetric_and_has_one_unshocked_point(
    steps: int, price_range: float
) -> None:
    text = f"price_range = {price_range}\nvol_up = 0.5\nvol_down = 0.25\nmaintenance_factor = 1\n"
    row = compiled(f"[policies.p.scenario]\n{text}price_steps = {steps}\n")["scenario"][0]
    moves = row["price_move"]
    assert moves[0] == -price_range
    assert moves[-1] == price_range
    assert moves.tolist() == (-moves[::-1]).tolist()
    assert (np.diff(moves[::3]) > 0).all()
    unshocked = (moves == 0.0) & (row["vol_shock"][row["vol_index"]] == 0.0)
    assert unshocked.sum() == 1
    assert not np.signbit(moves[moves == 0.0]).any()


def test_scenarios_may_differ_by_underlying() -> None:
    rows = compiled(
        f"[policies.p.scenario]\n{SHOCKS}[policies.p.underlyings.SOL.scenario]\nprice_steps = 8\n"
    )["scenario"]
    assert [len(row["price_move"]) for row in rows] == [27, 27, 51, 27]


CORRELATED = f"""[policies.p.scenario]
{SHOCKS}[policies.p.netting]
rule = "correlation"
credit_cap_ratio = 0.6
"""


def test_correlation_is_laid_out_by_underlying_with_the_default_elsewhere() -> None:
    netting = compiled(
        f'{CORRELATED}correlation = {{ "ETH/BTC" = 0.8, "SOL/ADA" = 0.1 }}\n'
        "correlation_default = 0.5\ncorrelation_break = 0.3\n"
    )["netting"]
    assert netting["correlation"].tolist() == [
        [1.0, 0.8, 0.5, 0.5],
        [0.8, 1.0, 0.5, 0.5],
        [0.5, 0.5, 1.0, 0.5],
        [0.5, 0.5, 0.5, 1.0],
    ]
    assert (netting["rule"], netting["credit_cap_ratio"]) == (1, 0.6)
    assert netting["correlation_break"] == 0.3


def test_a_market_with_a_pair_that_has_no_correlation_is_refused() -> None:
    policies = f'{CORRELATED}correlation = {{ "BTC/ETH" = 0.8 }}\n'
    with pytest.raises(InvalidInputError, match="BTC/SOL") as caught:
        compiled(policies)
    assert caught.value.code == "CORRELATION_MISSING"
    assert caught.value.issues[0].column == "policies.p.netting.correlation"


def test_a_default_that_does_not_fit_the_market_is_refused() -> None:
    policies = f'{CORRELATED}correlation = {{ "BTC/ETH" = 0.0 }}\ncorrelation_default = 0.9\n'
    with pytest.raises(InvalidInputError) as caught:
        compiled(policies)
    assert caught.value.code == "CORRELATION_NOT_PSD"


def test_plain_sums_have_an_identity_and_no_credit() -> None:
    netting = compiled(f"[policies.p.futures]\n{RATIOS}")["netting"]
    assert netting["correlation"].tolist() == np.eye(4).tolist()
    assert (netting["rule"], netting["credit_cap_ratio"]) == (0, 0.0)


def test_equity_rules_are_flags() -> None:
    text = """
    schema = 1
    [policies.a]
    method = "fixed"
    option_value = "requirement"
    haircuts = { USD = 0.0 }
    futures = { initial_ratio = 0.05, maintenance_ratio = 0.025 }
    [policies.b]
    method = "scenario"
    collateral = "simulated"
    close_out_cost_ratio = 0.002
    haircuts = { USD = 0.0 }
    levels = { warning = 1.4 }
    scenario = { price_range = 0.1, vol_up = 0.5, vol_down = 0.2, maintenance_factor = 0.8 }
    [[select]]
    policy = "b"
    """
    a, b = Policies.from_dict(tomllib.loads(text)).compile(["BTC"], [("USD", "")])
    assert (a["option_value_in_equity"], a["simulated_collateral"]) == (False, False)
    assert (b["option_value_in_equity"], b["simulated_collateral"]) == (True, True)
    assert (a["close_out_cost_ratio"], b["close_out_cost_ratio"]) == (0.0, 0.002)
    assert b["levels"] == {"warning": 1.4, "margin_call": 1.2, "liquidation": 1.0}
