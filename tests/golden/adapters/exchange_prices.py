"""Liquidation prices of exchanges, found by the engine under a ``fixed`` policy."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import (
    bracket_edge,
    in_coin,
    in_quote,
    leverage_of,
    ratio_of_leverage,
    shocked,
    signed,
    together,
)
from tests.golden.venue import Venue, fixed, future

Inputs = dict[str, Any]


def brackets_of(ratio: float, deduction: float) -> list[dict[str, float]]:
    """The rule "notional x ratio - deduction" as marginal brackets."""
    edge = bracket_edge(ratio, deduction)
    return [
        {"notional_cap": edge, "initial_ratio": 0.0, "maintenance_ratio": 0.0},
        {"notional_cap": float("inf"), "initial_ratio": ratio, "maintenance_ratio": ratio},
    ]


@adapter("exchanges", "binance", "usdm.liq_price.isolated_or_single")
def binance_single(inputs: Inputs) -> Any:
    quantity = signed(inputs["pos"], inputs["side"])
    venue = Venue(
        fixed(futures={"brackets": brackets_of(inputs["mmr"], inputs["cum"])}),
        {"X": inputs["mark"]},
        [future("P", "X")],
        {"A": ([("P", quantity, inputs["ep"])], [("USD", inputs["wallet_balance"])])},
    )
    return {"liq_price": venue.liquidation(inputs["side"])}


@adapter("exchanges", "binance", "usdm.liq_price.isolated")
def binance_isolated(inputs: Inputs) -> Any:
    quantity = signed(inputs["size"], inputs["side"])
    venue = Venue(
        fixed(futures={"brackets": brackets_of(inputs["mmr"], inputs["cum"])}),
        {"X": inputs["entry"]},
        [future("P", "X")],
        {"A": ([("P", quantity, inputs["entry"])], [("USD", inputs["wallet_balance"])])},
    )
    return {"liq_price": venue.liquidation(inputs["side"])}


def binance_cross(inputs: Inputs, target: str) -> tuple[Venue, str]:
    legs = inputs["positions"]
    venue = Venue(
        fixed(
            underlyings={
                name: {"futures": {"brackets": brackets_of(leg["mmr"], leg["cum"])}}
                for name, leg in legs.items()
            }
        ),
        {name: leg["mark"] for name, leg in legs.items()},
        [future(name, name) for name in legs],
        {
            "A": (
                [(name, leg["pos"], leg["ep"]) for name, leg in legs.items()],
                [("USD", inputs["wallet_balance"])],
            )
        },
    )
    return venue, next(name for name in legs if name != target)


@adapter("exchanges", "binance", "usdm.liq_price.cross ETH (BTC also open)")
@adapter("exchanges", "binance", "usdm.liq_price.cross BTC (ETH also open)")
def binance_cross_price(inputs: Inputs) -> Any:
    venue, other = binance_cross(inputs, inputs["target"])
    unit = venue.unit(underlying=other)
    return {
        "liq_price": venue.liquidation(1, underlying=inputs["target"]),
        "other_maintenance_margin": unit["maintenance_margin"],
        "other_upnl": unit["value"],
    }


def of_entry(leverage: float, ratio: float, fee: float = 0.0) -> dict[str, Any]:
    """Margin as a share of the value at entry."""
    return {
        "initial_ratio": ratio_of_leverage(leverage),
        "maintenance_ratio": ratio,
        "taker_fee_ratio": fee,
        "notional": "entry",
    }


def of_mark(leverage: float, ratio: float, fee: float = 0.0) -> dict[str, Any]:
    """Margin as a share of the value at the mark."""
    return {**of_entry(leverage, ratio, fee), "notional": "mark"}


def assigned(futures: dict[str, Any], price: float, quantity: float) -> dict[str, Any]:
    """What the engine asks for to open a linear position at the mark."""
    account = ([("P", quantity, price)], [])
    return Venue(fixed(futures=futures), {"X": price}, [future("P", "X")], {"A": account}).unit()


def isolated_linear(futures: dict[str, Any], price: float, quantity: float, margin: float) -> Venue:
    account = ([("P", quantity, price)], [("USD", margin)])
    return Venue(fixed(futures=futures), {"X": price}, [future("P", "X")], {"A": account})


@adapter("exchanges", "bybit", "usdt_perp.liq_price.isolated")
def bybit_isolated(inputs: Inputs) -> Any:
    rules = of_entry(inputs["leverage"], inputs["mmr"])
    quantity = signed(inputs.get("size", 1), inputs["side"])
    opening = assigned(rules, inputs["entry"], quantity)
    margin = together(opening["initial_margin"], inputs.get("extra_margin", 0))
    venue = isolated_linear(rules, inputs["entry"], quantity, margin)
    return {
        "initial_margin": opening["initial_margin"],
        "maintenance_margin": opening["maintenance_margin"],
        "liq_price": venue.liquidation(inputs["side"]),
    }


@adapter("exchanges", "gate", "linear_perp.liq_price.isolated_with_fee")
@adapter("exchanges", "okx", "linear_perp.liq_price.isolated_with_fee")
def isolated_with_fee(inputs: Inputs) -> Any:
    quantity = signed(inputs["size"], inputs["side"])
    # the margin assigned is the initial margin alone; the fee to close belongs to maintenance
    without_fee = of_mark(inputs["leverage"], inputs["mmr"])
    margin = assigned(without_fee, inputs["entry"], quantity)["initial_margin"]
    rules = of_mark(inputs["leverage"], inputs["mmr"], inputs["taker_fee"])
    venue = isolated_linear(rules, inputs["entry"], quantity, margin)
    return {"liq_price": venue.liquidation(inputs["side"])}


@adapter("exchanges", "phemex", "linear.liq_price.isolated")
def phemex_isolated(inputs: Inputs) -> Any:
    rules = of_mark(inputs["leverage"], inputs["mmr"], inputs["taker"])
    opening = assigned(rules, inputs["entry"], inputs["size"])
    margin = opening["initial_margin"]
    venue = isolated_linear(rules, inputs["entry"], inputs["size"], margin)
    return {
        "open_value": opening["gross_notional"],
        "assigned_balance": margin,
        "liq_price": venue.liquidation(1),
    }


@adapter("exchanges", "generic", "cross_liq_with_other_maintenance")
def with_other_maintenance(inputs: Inputs) -> Any:
    ratios = {"initial_ratio": inputs["mmr"], "maintenance_ratio": inputs["mmr"]}
    whole = {"initial_ratio": 1.0, "maintenance_ratio": 1.0}
    mark, cash = inputs["mark"], [("USD", inputs["equity"])]
    # the other position's requirement is its whole notional, so its size is that requirement
    other = ("OTHER", inputs["other_maintenance"], 1.0)
    venue = Venue(
        fixed(futures=ratios, underlyings={"Y": {"futures": whole}}),
        {"X": mark, "Y": 1.0},
        [future("P", "X"), future("OTHER", "Y")],
        {
            "A": ([("P", inputs["size"], mark), other], cash),
            "ALONE": ([("P", inputs["size"], mark)], cash),
        },
    )
    return {
        "liq_price": venue.liquidation(1),
        "naive_liq_price": venue.liquidation(1, account="ALONE"),
    }


def inverse_book(futures: dict[str, Any], price: float, contracts: dict[str, Any]) -> Venue:
    """Inverse contracts of 1 USD settled in the coin X, by account (count, coins held)."""
    accounts = {
        name: ([("P", count, price)], [("X", coins)]) for name, (count, coins) in contracts.items()
    }
    instrument = future("P", "X", payoff="inverse", settlement_asset="X")
    return Venue(fixed(futures=futures), {"X": price}, [instrument], accounts, coins=("X",))


@adapter("exchanges", "10101", "inverse_short.liq_price")
def inverse_short(inputs: Inputs) -> Any:
    rules = of_entry(inputs["leverage"], inputs["mm"])
    price, count = inputs["price"], inputs["contracts"]
    opening = inverse_book(rules, price, {"A": (count, 0.0)}).unit()
    margin = in_coin(opening["initial_margin"], price)
    venue = inverse_book(rules, price, {"A": (count, margin)})
    return {"liq_price": venue.liquidation(-1), "margin_btc": margin}


@adapter("exchanges", "bybit", "inverse_perp.liq_price.isolated")
def bybit_inverse_isolated(inputs: Inputs) -> Any:
    rules = of_entry(inputs["leverage"], inputs["mmr"])
    price = inputs["entry"]
    sides = {"LONG": signed(inputs["qty_usd"], 1), "SHORT": signed(inputs["qty_usd"], -1)}
    opening = inverse_book(rules, price, {"A": (sides["LONG"], 0.0)}).unit()
    margin = in_coin(opening["initial_margin"], price)
    venue = inverse_book(rules, price, {name: (count, margin) for name, count in sides.items()})
    return {
        "position_value": in_coin(opening["gross_notional"], price),
        "initial_margin": margin,
        "maintenance_margin": in_coin(opening["maintenance_margin"], price),
        "liq_price_long": venue.liquidation(1, account="LONG"),
        "liq_price_short": venue.liquidation(-1, account="SHORT"),
    }


@adapter("exchanges", "bybit", "inverse_perp.cross_bankruptcy_and_liq")
def bybit_inverse_cross(inputs: Inputs) -> Any:
    contracts = {"A": (signed(inputs["qty_usd"], inputs["side"]), inputs["balance_btc"])}
    rules = of_entry(1, inputs["mmr"], inputs["taker"])
    # bankrupt is where nothing but the fee to close is left
    nothing = of_entry(1, 0.0, inputs["taker"])
    return {
        "bankruptcy_price": inverse_book(nothing, inputs["entry"], contracts).liquidation(
            inputs["side"]
        ),
        "liq_price": inverse_book(rules, inputs["entry"], contracts).liquidation(inputs["side"]),
    }


@adapter("exchanges", "okx", "pm.upl")
def okx_profit(inputs: Inputs) -> Any:
    tether = inputs["usdt_usd"]
    instrument = future("P", "X", settlement_asset="USDT", multiplier=inputs["ct_val"])
    venue = Venue(
        fixed(),
        {"X": inputs["mark"]},
        [instrument],
        {"A": ([("P", inputs["contracts"], float(inputs["avg_px"]))], [])},
        assets={"USDT": tether},
    )
    profit = venue.unit()["value"]
    return {"float_pnl_usdt": in_coin(profit, tether), "upl_usd": profit}


@adapter("exchanges", "ftx", "liquidation_ladder")
def ftx_ladder(inputs: Inputs) -> Any:
    # the page measures margin fractions on the initial notional
    ratios = {"initial_ratio": inputs["imf"], "maintenance_ratio": inputs["mmf"]}
    account = ([("P", inputs["notional0"], 1.0)], [("USD", inputs["collateral"])])
    fallen = shocked(1.0, inputs["move"])
    rules = fixed(futures={**ratios, "notional": "entry"})
    venue = Venue(rules, {"X": fallen}, [future("P", "X")], {"A": account})
    row = venue.account()
    order = {"account": ["A"], "instrument": ["P"], "quantity": [1.0], "price": [fallen]}
    (effect,) = venue.engine.what_if(order)
    calm = "can_send_orders" if effect["accepted"] else "cannot_send_orders"
    return {
        "equity": row["equity"],
        "leverage_on_initial_notional": leverage_of(inputs["notional0"], row["equity"]),
        "state": {"liquidating": "liquidation_orders"}.get(row["state"], calm),
    }


@adapter("exchanges", "binance", "coinm.initial_margin")
def binance_coin_margin(inputs: Inputs) -> Any:
    price = inputs["price"]
    rules = of_mark(inputs["leverage"], 0.0)
    usd = in_quote(inputs["contracts"], inputs["contract_usd"])
    opening = inverse_book(rules, price, {"A": (usd, 0.0)}).unit()
    return {"initial_margin_btc": in_coin(opening["initial_margin"], price)}
