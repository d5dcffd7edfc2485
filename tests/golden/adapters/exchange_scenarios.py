"""Scenario profits of exchanges, computed by the engine under a ``scenario`` policy."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import edge_price, in_coin, in_quote, shocked, tail_weight, time_after
from tests.golden.venue import AS_OF_NS, Venue, future, option, scenario

Inputs = dict[str, Any]


def deribit_venue(inputs: Inputs) -> Venue:
    """Each position alone in an account of its instrument's name."""
    parameters = inputs["model_params"]
    price_range = parameters["price_range"]
    tails = [{"move": m, "weight": tail_weight(price_range, m)} for m in inputs["extended_moves"]]
    rules = scenario(
        price_range=price_range,
        price_steps=parameters["buckets_count"],
        vol_up=parameters["volatility_range_up"],
        vol_down=parameters["volatility_range_down"],
        tails=tails,
    )
    instruments, accounts, marks = [], {}, {}
    for held in inputs["positions"]:
        name, mark = held["instrument"], held["mark_price"]
        instruments.append(future(name, "X", payoff="inverse", settlement_asset="X"))
        # contracts of 1 USD
        accounts[name] = ([(name, in_quote(held["size_base"], mark), mark)], [])
        marks[name] = mark
    return Venue(
        rules, {"X": inputs["index_price"]}, instruments, accounts, coins=("X",), marks=marks
    )


def standard_vector(venue: Venue, inputs: Inputs, account: str) -> list[float]:
    """Profits of the grid, in coins of the price each scenario ends at."""
    index = inputs["index_price"]
    grid = [row for row in venue.scenarios(account) if row["price_move"] in inputs["price_moves"]]
    return [in_coin(row["profit"], shocked(index, row["price_move"])) for row in grid]


def extended_vector(venue: Venue, inputs: Inputs, account: str) -> list[float]:
    """Damped profits of the tails, in coins of the price at the edge of the range."""
    index, edge = inputs["index_price"], inputs["model_params"]["price_range"]
    moves = inputs["extended_moves"]
    tails = [row for row in venue.scenarios(account) if row["price_move"] in moves]
    return [in_coin(row["profit"], edge_price(index, edge, row["price_move"])) for row in tails]


@adapter("exchanges", "deribit", "pm.initial_risk_vector.standard")
def deribit_standard(inputs: Inputs) -> Any:
    venue = deribit_venue(inputs)
    names = [held["instrument"] for held in inputs["positions"]]
    return {name: standard_vector(venue, inputs, name) for name in names}


@adapter("exchanges", "deribit", "pm.initial_risk_vector.extended")
def deribit_extended(inputs: Inputs) -> Any:
    venue = deribit_venue(inputs)
    names = [held["instrument"] for held in inputs["positions"]]
    return {name: extended_vector(venue, inputs, name) for name in names}


@adapter("exchanges", "deribit", "pm.pre_aggregated_risk_vector.standard")
def deribit_pre_aggregated(inputs: Inputs) -> Any:
    (only,) = inputs["positions"]
    vector = standard_vector(deribit_venue(inputs), inputs, only["instrument"])
    return {"eth_eth.standard": vector}


@adapter("exchanges", "deribit", "pm.pre_aggregated_risk_vector.extended")
def deribit_pre_aggregated_extended(inputs: Inputs) -> Any:
    (only,) = inputs["positions"]
    vector = extended_vector(deribit_venue(inputs), inputs, only["instrument"])
    return {"eth_eth.extended": vector}


@adapter("exchanges", "okx", "pm.mr1_scenarios BTC")
def okx_spot_shocks(inputs: Inputs) -> Any:
    index = inputs["index_price"]
    venue = Venue(
        scenario(price_range=0.12, price_steps=3, vol_up=0.0, vol_down=0.0),
        {"X": index},
        [future("P", "X", settlement_asset="USDT")],
        {"A": ([("P", inputs["position_btc"], index)], [])},
        assets={"USDT": inputs["usdt_usd"]},
    )
    return {f"{row['price_move']:g}": row["profit"] for row in venue.scenarios()}


@adapter("exchanges", "bit.com", "pm.33_scenarios worst case")
def bit_worst_case(inputs: Inputs) -> Any:
    terms, index = inputs["option"], inputs["perp_price"]
    expiry = time_after(AS_OF_NS, inputs["valuation"], terms["expiry"])
    call = option("O", "X", {"C": "call", "P": "put"}[terms["type"]], terms["strike"])
    rules = scenario(
        price_range=inputs["price_range"],
        price_steps=5,
        vol_shock="absolute",
        vol_up=inputs["vol_up_30d_abs"],
        vol_down=inputs["vol_down_30d_abs"],
        vol_power_short=inputs["vega_power"],
        vol_power_long=inputs["vega_power"],
    )
    venue = Venue(
        rules,
        {"X": index},
        [future("P", "X"), {**call, "expiry_ns": expiry}],
        {"A": ([("P", inputs["perp_size"], float(index)), ("O", terms["size"], None)], [])},
        vols={"O": terms["iv"]},
    )
    worst = min(venue.scenarios(), key=lambda row: row["profit"])
    return {
        "worst_case_usd": worst["profit"],
        "worst_price_move": worst["price_move"],
        "worst_vol": "up" if worst["vol_shock"] > 0 else "not up",
    }
