"""Margin requirements of exchanges, computed by the engine under a ``fixed`` policy."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import (
    haircut_of_weight,
    in_coin,
    in_quote,
    inverse_ratio,
    notional_share,
    profit_as_entry,
    ratio_of_leverage,
    signed,
    strike_around,
)
from tests.golden.venue import Venue, carried, fixed, future, option

Inputs = dict[str, Any]
KINDS = {"C": "call", "P": "put"}

# Snapshot of October 2024: cap, maintenance ratio, maximal leverage
SHARED = (
    (50e3, 0.004, 125),
    (600e3, 0.005, 100),
    (3e6, 0.0065, 75),
    (12e6, 0.01, 50),
)
BINANCE = {
    "BTC/USDT:USDT": (
        *SHARED,
        (70e6, 0.02, 25),
        (100e6, 0.025, 20),
        (230e6, 0.05, 10),
        (480e6, 0.1, 5),
        (600e6, 0.125, 4),
        (800e6, 0.15, 3),
        (1.2e9, 0.25, 2),
        (1.8e9, 0.5, 1),
    ),
    "ETH/USDT:USDT": (
        *SHARED,
        (50e6, 0.02, 25),
        (65e6, 0.025, 20),
        (150e6, 0.05, 10),
        (320e6, 0.1, 5),
        (400e6, 0.125, 4),
        (530e6, 0.15, 3),
        (800e6, 0.25, 2),
        (1.2e9, 0.5, 1),
    ),
}


def bracket(cap: float, maintenance: float, leverage: float) -> dict[str, float]:
    initial = ratio_of_leverage(leverage)
    return {"notional_cap": cap, "initial_ratio": initial, "maintenance_ratio": maintenance}


def one_perpetual(futures: dict[str, Any], price: float, size: float) -> dict[str, Any]:
    account = ([("P", size, float(price))], [])
    return Venue(fixed(futures=futures), {"X": price}, [future("P", "X")], {"A": account}).unit()


@adapter("exchanges", "binance", "usdm.maintenance_margin.bracket")
def binance_brackets(inputs: Inputs) -> Any:
    rules = {"brackets": [bracket(*row) for row in BINANCE[inputs["symbol"]]]}
    unit = one_perpetual(rules, 1.0, inputs["notional"])
    return {"maintenance_margin": unit["maintenance_margin"]}


@adapter("exchanges", "binance", "pm.equity")
def binance_equity(inputs: Inputs) -> Any:
    names = [f"ASSET{place}" for place, _ in enumerate(inputs["assets"])]
    held = dict(zip(names, inputs["assets"], strict=True))
    haircuts = {name: {"quality": haircut_of_weight(a["rate"])} for name, a in held.items()}
    venue = Venue(
        fixed(haircuts=haircuts),
        {"X": 1.0},
        [future("P", "X")],
        {"A": ([], [(name, asset["net"]) for name, asset in held.items()])},
        assets={name: float(asset["px"]) for name, asset in held.items()},
    )
    return {"equity": venue.account()["equity"]}


@adapter("exchanges", "bybit", "maintenance_margin.tiers")
def bybit_tiers(inputs: Inputs) -> Any:
    rows = [bracket(cap, ratio, inputs["leverage"]) for cap, ratio in inputs["tiers"]]
    unit = one_perpetual({"brackets": rows}, inputs["entry"], inputs["qty"])
    return {
        "maintenance_margin": unit["maintenance_margin"],
        "initial_margin_excl_fee": unit["initial_margin"],
    }


@adapter("exchanges", "bybit", "maintenance_margin.tiers.inverse")
def bybit_inverse_tiers(inputs: Inputs) -> Any:
    price = float(inputs["entry"])
    rows = [bracket(in_quote(cap, price), ratio, 1) for cap, ratio in inputs["tiers"]]
    instrument = future("P", "X", payoff="inverse", settlement_asset="X")
    account = ([("P", inputs["qty_usd"], price)], [])
    rules = fixed(futures={"brackets": rows, "notional": "entry"})
    unit = Venue(rules, {"X": price}, [instrument], {"A": account}, coins=("X",)).unit()
    return {
        "position_value": in_coin(unit["gross_notional"], price),
        "maintenance_margin": in_coin(unit["maintenance_margin"], price),
    }


@adapter("exchanges", "bitmex", "risk_limit_step")
def bitmex_steps(inputs: Inputs) -> Any:
    # each step adds half a per cent to both rates; a price of 1 makes amounts XBT
    rules = {
        "initial_ratio": inputs["base_im"],
        "maintenance_ratio": inputs["base_mm"],
        "size_scaling": {
            "kind": "step",
            "free_size": inputs["base_risk_limit"],
            "step_size": inputs["risk_step"],
            "initial_step": 0.005,
            "maintenance_step": 0.005,
        },
    }
    unit = one_perpetual(rules, 1.0, inputs["position_xbt"])
    return {
        "mm_rate": notional_share(unit["maintenance_margin"], unit["gross_notional"]),
        "im_rate": notional_share(unit["initial_margin"], unit["gross_notional"]),
        "maintenance_xbt": unit["maintenance_margin"],
    }


@adapter("exchanges", "deribit", "sm.linear_perp")
def deribit_linear(inputs: Inputs) -> Any:
    slope = inputs["slope_per_unit"]
    rules = {
        "initial_ratio": inputs["im_base"],
        "maintenance_ratio": inputs["mm_base"],
        "size_scaling": {"kind": "linear", "initial_slope": slope, "maintenance_slope": slope},
    }
    unit = one_perpetual(rules, inputs["index_price"], inputs["size_base"])
    return {
        "im_rate": notional_share(unit["initial_margin"], unit["gross_notional"]),
        "initial_margin": unit["initial_margin"],
        "mm_rate": notional_share(unit["maintenance_margin"], unit["gross_notional"]),
        "maintenance_margin": unit["maintenance_margin"],
    }


@adapter("exchanges", "ftx", "imf_size_scaling")
def ftx_size(inputs: Inputs) -> Any:
    rules = {
        "initial_ratio": inputs["base_imf"],
        "maintenance_ratio": inputs["base_imf"],
        "size_scaling": {
            "kind": "sqrt",
            "initial_factor": inputs["imf_factor"],
            "maintenance_factor": inputs["imf_factor"],
        },
    }
    unit = one_perpetual(rules, 1.0, inputs["size"])
    return {"imf": notional_share(unit["initial_margin"], unit["gross_notional"])}


WHOLE = {"initial_ratio": 1.0, "maintenance_ratio": 1.0}


@adapter("exchanges", "kraken", "margin_netting")
def kraken_netting(inputs: Inputs) -> Any:
    # a requirement of the whole notional makes the two margins the two sizes
    perpetuals = [future("LONG", "X"), future("SHORT", "X")]
    sides = [
        ("LONG", inputs["long_margin"], 1.0),
        ("SHORT", signed(inputs["short_margin"], -1), 1.0),
    ]
    rules = fixed(futures={**WHOLE, "netting": "max_side"})
    unit = Venue(rules, {"X": 1.0}, perpetuals, {"A": (sides, [])}).unit()
    return {"total_margin": unit["initial_margin"]}


@adapter("exchanges", "orderly", "free_collateral")
def orderly_free(inputs: Inputs) -> Any:
    # one contract at a mark of the margin used, whose entry makes the profit
    mark = float(inputs["mm_used"])
    entry = profit_as_entry(mark, inputs["upnl"])
    account = ([("P", 1, entry)], [("USD", inputs["total_balance"])])
    venue = Venue(fixed(futures=WHOLE), {"X": mark}, [future("P", "X")], {"A": account})
    row = venue.account()
    return {"total_collateral": row["equity"], "free": row["slack"]}


# options


def short_options(
    inputs: Inputs, rules: dict[str, Any], index: float, accounts: dict[str, Any]
) -> Venue:
    """Linear options marked at ``inputs["mark"]``, each account short its own number."""
    kind = KINDS[inputs["type"]]
    vol, forward = carried(kind, inputs["mark"], index, inputs["strike"])
    return Venue(
        fixed(options=rules, option_value="requirement"),
        {"X": index},
        [option("O", "X", kind, inputs["strike"])],
        accounts,
        vols={"O": vol},
        forwards={"X": forward},
    )


BYBIT = {
    "otm_a": 0.15,
    "otm_b": 0.10,
    "maintenance_c": 0.03,
    "maintenance_mark_floor": "both",
    "liquidation_fee_ratio": 0.002,
    "initial_uses_entry": True,
}


@adapter("exchanges", "bybit", "option.short_mm")
def bybit_option_maintenance(inputs: Inputs) -> Any:
    rules = {
        **BYBIT,
        "maintenance_c": inputs["mm_factor"],
        "liquidation_fee_ratio": inputs["liq_fee"],
    }
    index = inputs["index"]
    # maintenance knows neither strike nor type: a put carries the mark, whatever it is
    strike = strike_around(index, inputs["mark"])
    terms = {"type": "P", "strike": strike, "mark": inputs["mark"]}
    account = ([("O", inputs["qty"], None)], [("USD", inputs["margin_balance"])])
    row = short_options(terms, rules, index, {"A": account}).account()
    return {
        "position_mm": row["maintenance_margin"],
        "account_mm_pct": inverse_ratio(row["health_ratio"]),
    }


@adapter("exchanges", "bybit", "option.short_im_mm")
def bybit_option(inputs: Inputs) -> Any:
    account = ([("O", inputs["qty"], float(inputs["avg_price"]))], [])
    unit = short_options(inputs, BYBIT, inputs["index"], {"A": account}).unit()
    return {"position_mm": unit["maintenance_margin"], "position_im": unit["initial_margin"]}


@adapter("exchanges", "bit.com", "sm.linear_option_short (Deribit-style, 7.5% MM)")
def bit_option(inputs: Inputs) -> Any:
    rules = {"otm_a": 0.15, "otm_b": 0.10, "maintenance_c": 0.075, "maintenance_mark_floor": "put"}
    accounts = {"ONE": ([("O", -1, None)], []), "A": ([("O", inputs["size"], None)], [])}
    venue = short_options(inputs, rules, inputs["underlying"], accounts)
    one, whole = venue.unit("ONE"), venue.unit("A")
    return {
        "unit_mm": one["maintenance_margin"],
        "unit_im": one["initial_margin"],
        "position_im": whole["initial_margin"],
        "position_mm": whole["maintenance_margin"],
    }


@adapter("exchanges", "deribit", "sm.inverse_option_short")
def deribit_option(inputs: Inputs) -> Any:
    index = inputs["underlying"]
    kind = KINDS[inputs["type"]]
    mark = in_quote(inputs["mark_price_btc"], index)
    vol, forward = carried(kind, mark, index, inputs["strike"], in_coin=True)
    venue = Venue(
        fixed(
            options={
                "otm_a": 0.15,
                "otm_b": 0.10,
                "maintenance_c": 0.075,
                "maintenance_mark_floor": "put",
            },
            option_value="requirement",
        ),
        {"X": index},
        [option("O", "X", kind, inputs["strike"], payoff="coin", settlement_asset="X")],
        {"A": ([("O", inputs["size"], None)], [])},
        coins=("X",),
        vols={"O": vol},
        forwards={"X": forward},
    )
    unit = venue.unit()
    return {
        "initial_margin_btc": in_coin(unit["initial_margin"], index),
        "maintenance_margin_btc": in_coin(unit["maintenance_margin"], index),
        "initial_margin_usd": unit["initial_margin"],
        "maintenance_margin_usd": unit["maintenance_margin"],
    }
