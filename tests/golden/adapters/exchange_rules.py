"""Rules of exchanges beside a requirement, through the functions named for their venue."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import in_quote, signed, together

from tickmargin.venues import bybit, deribit, ftx, gate, okx, orderly

Inputs = dict[str, Any]
KINDS = {"C": "call", "P": "put"}
USD = ("initial_margin_order_usd", "initial_margin_position_usd", "maintenance_margin_usd")


@adapter("exchanges", "deribit", "net_transaction_delta_settlement_decay")
def deribit_delta(inputs: Inputs) -> Any:
    delta = deribit.settlement_delta(
        inputs["bs_delta"],
        inputs["mark_price"],
        inputs["minutes_into_settlement"],
        inputs["settlement_minutes"],
    )
    return {"decayed_delta": delta.decayed, "net_transaction_delta": delta.net}


@adapter("exchanges", "deribit", "leverage")
def deribit_leverage(inputs: Inputs) -> Any:
    return {"leverage": deribit.leverage(inputs["position_btc"], inputs["margin_btc"])}


@adapter("exchanges", "deribit", "sm.inverse_option_long")
def deribit_long(inputs: Inputs) -> Any:
    # in quote units, the mark with it
    underlying = inputs["underlying"]
    margin = deribit.option_margin(
        KINDS[inputs["type"]],
        inputs["size"],
        underlying,
        inputs["strike"],
        in_quote(inputs["mark_price_btc"], underlying),
    )
    return dict(zip(USD, (margin.order, margin.initial, margin.maintenance), strict=True))


@adapter("exchanges", "bybit", "option.long_cost")
def bybit_cost(inputs: Inputs) -> Any:
    cost = bybit.option_cost(
        inputs["qty"],
        inputs["order_price"],
        inputs["index"],
        taker_fee_ratio=inputs["taker"],
        fee_cap_ratio=inputs["fee_cap"],
    )
    return {"premium": cost.premium, "fee": cost.fee, "cost": cost.cost}


@adapter("exchanges", "ftx", "auto_close_mf")
def ftx_auto_close(inputs: Inputs) -> Any:
    return {"acmf": ftx.auto_close_fraction(inputs["mmf"])}


@adapter("exchanges", "gate", "option.otm")
def gate_out_of_the_money(inputs: Inputs) -> Any:
    kind = KINDS[inputs["type"]]
    return {"otm": gate.out_of_the_money(kind, inputs["underlying"], inputs["strike"])}


@adapter("exchanges", "gate", "option.premium")
def gate_premium(inputs: Inputs) -> Any:
    premium = gate.option_premium(inputs["qty"], inputs["price"], inputs["multiplier"])
    return {"premium": premium}


@adapter("exchanges", "orderly", "free_collateral_withdrawable")
def orderly_withdrawable(inputs: Inputs) -> Any:
    out = orderly.withdrawable(inputs["total_balance"], inputs["upnl"], inputs["margin_used"])
    return {"total_collateral": out.total_collateral, "withdrawable": out.withdrawable}


# OKX


def order_of(kind: str, inputs: Inputs) -> Any:
    fees = {"fee_per_contract": inputs.get("fee", inputs.get("fee_per_contract"))}
    if "fee_rate" in inputs:
        fees = {"fee_ratio": inputs["fee_rate"]}
    margin = okx.option_order_margin(
        kind,
        inputs["qty"],
        inputs["order_price"],
        multiplier=inputs["multiplier"],
        position_margin=inputs.get("position_margin", 0.0),
        least=inputs.get("min_open", 0.1),
        **fees,
    )
    return {"order_margin_btc": margin}


@adapter("exchanges", "okx", "option.order_margin.buy_to_open")
def okx_buy_to_open(inputs: Inputs) -> Any:
    return order_of("buy_to_open", inputs)


@adapter("exchanges", "okx", "option.order_margin.sell_to_open")
def okx_sell_to_open(inputs: Inputs) -> Any:
    return order_of("sell_to_open", inputs)


@adapter("exchanges", "okx", "option.order_margin.buy_to_close")
def okx_buy_to_close(inputs: Inputs) -> Any:
    return order_of("buy_to_close", inputs)


@adapter("exchanges", "okx", "option.order_margin.sell_to_close")
def okx_sell_to_close(inputs: Inputs) -> Any:
    return order_of("sell_to_close", inputs)


@adapter("exchanges", "okx", "option.position_margin.short_call")
def okx_short_call(inputs: Inputs) -> Any:
    # the page prints five decimals
    forward = inputs["forward"]
    margin = okx.option_margin(
        "call",
        signed(inputs["qty"], -1),
        forward,
        together(forward, inputs["otm_usd"]),
        inputs["mark"],
        coin_settled=True,
        multiplier=inputs["multiplier"],
        maintenance_c=0.03,
        margin_factor=inputs["margin_factor"],
        decimals=5,
    )
    return {"position_margin_btc": margin.initial}


@adapter("exchanges", "okx", "pm.account")
def okx_account(inputs: Inputs) -> Any:
    margins = okx.account_margins(
        inputs["derivatives_mmr_by_unit"],
        liability=inputs["usdt_liability"],
        liability_price=inputs["usdt_usd"],
        borrow_initial_ratio=inputs["borrow_imr_rate"],
        borrow_maintenance_ratio=inputs["borrow_mmr_rate"],
        adjusted_equity=inputs["adjusted_equity"],
        taker_fee_ratio=inputs["taker_fee"],
    )
    return {
        "borrow_mmr": margins.borrow_maintenance,
        "borrow_imr": margins.borrow_initial,
        "deriv_mmr": margins.derivatives_maintenance,
        "total_mmr": margins.maintenance,
        "total_imr": margins.initial,
        "margin_ratio": margins.margin_ratio,
    }


@adapter("exchanges", "okx", "inverse_option.pnl")
def okx_coin_option(inputs: Inputs) -> Any:
    out = okx.coin_option_profit(
        inputs["qty"],
        inputs["multiplier"],
        inputs["entry_premium_btc"],
        inputs["exit_premium_btc"],
    )
    return {"cost_btc": out.cost, "pnl_btc": out.profit}
