"""Risk matrices of exchanges, step by step, computed by the engine under a ``matrix`` policy."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import (
    days_after,
    in_coin,
    in_quote,
    notional_share,
    profit_as_entry,
    signed,
    steps_of,
    widest,
)
from tests.golden.venue import AS_OF_NS, Row, Venue, future, matrix, option

from tickmargin.venues import deribit

Inputs = dict[str, Any]


def deribit_rules(inputs: Inputs) -> Row:
    parameters = inputs["model_params"]
    return matrix(
        unit="coin",
        price_range=parameters["price_range"],
        price_steps=parameters["buckets_count"],
        vol_up=parameters["volatility_range_up"],
        vol_down=parameters["volatility_range_down"],
        vol_power_short=parameters["short_term_vega_power"],
        vol_power_long=parameters["long_term_vega_power"],
        vol_up_floor_annual=parameters["min_volatility_for_shock_up"],
        extended_moves=inputs["extended_moves"],
        extended_factor=parameters["extended_table_factor"],
        extended_dampener=parameters["extended_dampener_usd"],
        gain_offset_ratio=parameters["pnl_offset"],
        gain_offset_max=parameters["max_offsetable_pnl_usd"],
        maintenance_factor=parameters["mm_factor"],
        roll_ratio_annual=parameters["annualised_move_risk"],
        roll_ratio_min=parameters["min_annualised_move"],
        roll_compounding="continuous",
        delta_shock_threshold=parameters["delta_total_liq_shock_threshold_usd"],
        delta_shock_slope=parameters["m_inc"],
        delta_shock_max_ratio=parameters["max_delta_shock"],
    )


def deribit_instrument(held: Row) -> Row:
    terms = {"payoff": "inverse", "settlement_asset": "X"}
    if held["kind"] == "inverse_future":
        expiry = days_after(AS_OF_NS, held["days_to_expiry_approx"])
        terms = {**terms, "kind": "future", "expiry_ns": expiry}
    return future(held["instrument"], "X", **terms)


def deribit_venue(inputs: Inputs) -> Venue:
    """All positions in one account, contracts of 1 USD."""
    held = inputs["positions"]
    positions = [
        (p["instrument"], in_quote(p["size_base"], p["mark_price"]), p["mark_price"]) for p in held
    ]
    return Venue(
        deribit_rules(inputs),
        {"X": inputs["index_price"]},
        [deribit_instrument(p) for p in held],
        {"A": (positions, [])},
        coins=("X",),
        marks={p["instrument"]: p["mark_price"] for p in held},
    )


def vector(inputs: Inputs, level: str, table: str, **columns: Any) -> list[float]:
    rows = deribit_venue(inputs).vectors(level, table=table, **columns)
    return [in_coin(row["profit"], inputs["index_price"]) for row in rows]


def initial_vectors(inputs: Inputs, table: str) -> dict[str, list[float]]:
    names = [held["instrument"] for held in inputs["positions"]]
    return {name: vector(inputs, "initial", table, instrument=name) for name in names}


@adapter("exchanges", "deribit", "pm.initial_risk_vector.standard")
def deribit_standard(inputs: Inputs) -> Any:
    return initial_vectors(inputs, "standard")


@adapter("exchanges", "deribit", "pm.initial_risk_vector.extended")
def deribit_extended(inputs: Inputs) -> Any:
    return initial_vectors(inputs, "extended")


def pair_vector(inputs: Inputs, level: str, table: str) -> dict[str, list[float]]:
    """The vector of the coin's own pair under the name the venue gives it."""
    first = inputs["positions"][0]["instrument"]
    coin = first.partition("-")[0].lower()
    return {f"{coin}_{coin}.{table}": vector(inputs, level, table, settlement_asset="X")}


@adapter("exchanges", "deribit", "pm.pre_aggregated_risk_vector.standard")
def deribit_pre_aggregated(inputs: Inputs) -> Any:
    return pair_vector(inputs, "pre_aggregated", "standard")


@adapter("exchanges", "deribit", "pm.pre_aggregated_risk_vector.extended")
def deribit_pre_aggregated_extended(inputs: Inputs) -> Any:
    return pair_vector(inputs, "pre_aggregated", "extended")


@adapter("exchanges", "deribit", "pm.aggregated_risk_vector.standard (gain x pnl_offset=0)")
@adapter("exchanges", "deribit", "pm.aggregated_risk_vector.standard (gain x pnl_offset=0.6)")
def deribit_aggregated(inputs: Inputs) -> Any:
    return pair_vector(inputs, "aggregated", "standard")


@adapter("exchanges", "deribit", "pm.aggregated_risk_vector.extended")
@adapter("exchanges", "deribit", "pm.aggregated_risk_vector.extended (dampened)")
def deribit_aggregated_extended(inputs: Inputs) -> Any:
    return pair_vector(inputs, "aggregated", "extended")


@adapter("exchanges", "deribit", "pm.margins")
def deribit_margins(inputs: Inputs) -> Any:
    venue = deribit_venue(inputs)
    index = inputs["index_price"]
    charges = {name: in_coin(amount, index) for name, amount in venue.charges().items()}
    named = ("spot_margin", "mmp_margin", "open_orders_margin")
    whole = deribit.margins(
        charges["risk_matrix_margin"],
        mm_factor=inputs["model_params"]["mm_factor"],
        **{name: inputs[name] for name in named},
    )
    return {
        **charges,
        "correlation_contingency": charges["correlation"],
        "initial_margin": whole.initial,
        "maintenance_margin": in_coin(venue.unit()["maintenance_margin"], index),
    }


@adapter("exchanges", "deribit", "pm.vol_shock")
def deribit_vol_shock(inputs: Inputs) -> Any:
    rules = matrix(
        price_range=0.1,
        vol_up=inputs["volatility_range_up"],
        vol_down=inputs["volatility_range_down"],
        vol_power_short=inputs["short_term_vega_power"],
        vol_power_long=inputs["long_term_vega_power"],
        vol_up_floor_annual=inputs["min_volatility_for_shock_up"],
    )
    expiry = days_after(AS_OF_NS, inputs["days_to_expiry"])
    venue = Venue(
        rules,
        {"X": 1.0},
        [{**option("O", "X", "call", 1.0), "expiry_ns": expiry}],
        {"A": ([("O", 1, None)], [])},
        vols={"O": inputs["mark_iv"]},
    )
    up, _, down = venue.engine.risk_matrix("A").volatilities
    return {"vol_up": up["vol_annual"], "vol_down": down["vol_annual"]}


# OKX


def okx_rules(inputs: Inputs) -> Row:
    shocks, extreme = inputs["spot_shocks"], inputs["extreme_shock"]
    return matrix(
        futures_move="index",
        price_range=widest(shocks),
        price_steps=steps_of(shocks),
        vol_up=0.0,
        vol_down=0.0,
        extended_moves=[extreme, signed(extreme, -1)],
        extended_weight="constant",
        extended_factor=0.5,
        initial_factor=inputs["imr_factor"],
        roll_ratio_perpetual=inputs["mr4_perp_rate"],
        minimum_ratio=inputs["mr7_rate"],
    )


@adapter("exchanges", "okx", "pm.risk_unit BTC")
@adapter("exchanges", "okx", "pm.risk_unit LTC")
def okx_unit(inputs: Inputs) -> Any:
    held = inputs["positions"]
    venue = Venue(
        okx_rules(inputs),
        {"X": inputs["index_price"]},
        [
            future(p["inst"], "X", settlement_asset="USDT", multiplier=float(p["ct_val"]))
            for p in held
        ],
        {"A": ([(p["inst"], p["contracts"], float(p["avg_px"])) for p in held], [])},
        assets={"USDT": inputs["usdt_usd"]},
        marks={p["inst"]: float(p["mark"]) for p in held},
    )
    charges, unit = venue.charges(), venue.unit()
    names = {
        "delta": "delta",
        "mr1": "standard",
        "mr2": "theta",
        "mr3": "vega",
        "mr4": "roll_shock",
        "mr5": "rates",
        "mr6": "extended",
        "mr7": "minimum_scaled",
        "mr9": "hedge",
    }
    extreme = min(row["profit"] for row in venue.vectors("unweighted", table="extended"))
    return {
        **{name: charges[of] for name, of in names.items()},
        "mr6_extreme_pnl": extreme,
        "mmr": unit["maintenance_margin"],
        "imr": unit["initial_margin"],
    }


@adapter("exchanges", "okx", "pm.mr1_scenarios BTC")
def okx_spot_shocks(inputs: Inputs) -> Any:
    index = inputs["index_price"]
    venue = Venue(
        matrix(futures_move="index", price_range=0.12, price_steps=3, vol_up=0.0, vol_down=0.0),
        {"X": index},
        [future("P", "X", settlement_asset="USDT")],
        {"A": ([("P", inputs["position_btc"], index)], [])},
        assets={"USDT": inputs["usdt_usd"]},
    )
    return {f"{row['price_move']:g}": row["profit"] for row in venue.vectors("total")}


@adapter("exchanges", "okx", "pm.mr7_scaling")
def okx_minimum(inputs: Inputs) -> Any:
    # one contract of a notional that both amounts are shares of
    notional = 1e7
    tiers = [
        {"amount_cap": float("inf") if cap is None else cap, "multiplier": factor}
        for cap, factor in inputs["tiers_usd"]
    ]
    rules = matrix(
        price_range=notional_share(inputs["mr"], notional),
        vol_up=0.0,
        vol_down=0.0,
        minimum_ratio=notional_share(inputs["mr7_raw"], notional),
        minimum_tiers=tiers,
    )
    account = ([("P", 1, notional)], [])
    venue = Venue(rules, {"X": notional}, [future("P", "X")], {"A": account})
    return {
        "mr7_adj": venue.charges()["minimum_scaled"],
        "mmr": venue.unit()["maintenance_margin"],
    }


@adapter("exchanges", "okx", "pm.mr9_stablecoin_hedge")
def okx_hedge(inputs: Inputs) -> Any:
    # long in one stablecoin, short as much in another
    tiers = [{"amount_cap": cap, "ratio": rate} for cap, rate in inputs["tiers"]]
    size = inputs["hedge_usd"]
    venue = Venue(
        matrix(price_range=0.1, vol_up=0.0, vol_down=0.0, hedge_tiers=tiers),
        {"X": 1.0},
        [future("A", "X", settlement_asset="USDT"), future("B", "X", settlement_asset="USDC")],
        {"A": ([("A", size, 1.0), ("B", signed(size, -1), 1.0)], [])},
        assets={"USDT": 1.0, "USDC": 1.0},
    )
    return {"mr9": venue.charges()["hedge"]}


@adapter("exchanges", "okx", "multi_currency.currency_equity")
def okx_currency_equity(inputs: Inputs) -> Any:
    balances = [(asset, amount) for asset, amount in inputs["balances"].items()]
    mark = 1e6
    venue = Venue(
        matrix(price_range=0.1, vol_up=0.0, vol_down=0.0),
        {"X": mark},
        [future("P", "X", settlement_asset="USDT")],
        {"A": ([("P", 1, profit_as_entry(mark, inputs["perp_upl_usdt"]))], balances)},
        assets=dict.fromkeys(inputs["balances"], 1.0),
    )
    return {row["asset"]: row["equity"] for row in venue.engine.currency_equity("A")}
