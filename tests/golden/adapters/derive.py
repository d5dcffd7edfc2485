"""Derive's portfolio and standard managers, run as ``portfolio`` and ``standard`` policies."""

from __future__ import annotations

from typing import Any

from tests.golden.derive_book import Book
from tests.golden.registry import adapter
from tests.golden.units import (
    days_of,
    floored_rate,
    haircut_of,
    in_pegged,
    in_quote,
    shock_of,
    total,
)

import tickmargin as tm

Inputs = dict[str, Any]
Row = dict[str, Any]
VOL = {"None": "none", "Up": "up", "Down": "down", "Linear": "linear", "Abs": "absolute"}


def _balances(engine: tm.Engine) -> Row:
    (row,) = engine.recompute().accounts
    im = total(row["equity_initial"], -row["initial_margin"])
    mm = total(row["equity"], -row["maintenance_margin"])
    explained = engine.explain("A")
    balances = [line for line in explained.equity if line["kind"] == "balance"]
    held = [line["value"] for line in explained.positions if line["instrument"]]
    worths = [in_quote(line["amount"], line["unit_value"]) for line in balances]
    return {
        "initial_margin_balance": im,
        "maintenance_margin_balance": mm,
        "initial_margin_balance_trunc": im,
        "maintenance_margin_balance_trunc": mm,
        "mark_to_market": total(*worths, *held),
    }


@adapter("derive", "derive", "PMRM_2.getMarginAndMarkToMarket+getScenarioPnL")
def pmrm2(inputs: Inputs) -> Any:
    held, p = inputs["portfolio"], inputs["params"]
    vol, margin, basis, other = p["vol"], p["margin"], p["basis"], p["other"]
    skew = p["skew"]
    policy = {
        "scenarios": [
            {"move": shock_of(s["spot"]), "vol": VOL[s["vol"]], "weight": s["damp"]}
            for s in p["scenarios"]
        ],
        "vol_up": vol["up"],
        "vol_down": vol["down"],
        "vol_power_short": vol["short"],
        "vol_power_long": vol["long"],
        "min_days": days_of(vol["dteFloor"]),
        "vol_up_floor_annual": vol["minVolUp"],
        "skew": {
            "linear_base": skew["linCap"],
            "linear_slope": skew["linC"],
            "absolute_base": skew["absCap"],
            "absolute_slope": skew["absC"],
            "min_reach": skew["minK"],
            "width": skew["width"],
            "vol": skew["vp0"],
            "vol_slope": skew["vp1"],
        },
        "long_discount": {
            "base": margin["longDisc"],
            "rate_factor": margin["longMult"],
            "add": margin["longAdd"],
        },
        "short_discount": {
            "base": margin["shortDisc"],
            "rate_factor": margin["shortMult"],
            "add": margin["shortAdd"],
        },
        "basis_up": shock_of(basis["up"]),
        "basis_down": shock_of(basis["down"]),
        "basis_add": basis["add"],
        "basis_factor": basis["mult"],
        "initial_factor": margin["im"],
        "maintenance_factor": margin["mm"],
        "peg_threshold": other["pegThr"],
        "peg_factor": other["pegFac"],
        "confidence_threshold": other["confThreshold"],
        "confidence_ratio": other["confMargin"],
        "perpetual_ratio": other["MMPerp"],
        "perpetual_initial_add": other["IMPerp"],
        "short_option_ratio": other["MMOpt"],
        "short_option_initial_add": other["IMOpt"],
    }
    haircuts = {
        f"C{n}": {"quality": haircut_of(c["MM"], c["IM"]), "maintenance": {"quality": c["MM"]}}
        for n, c in enumerate(held["collaterals"])
    }
    book = Book({"method": "portfolio", "portfolio": policy}, haircuts, held["cash"])
    _fill(book, held)
    for n, c in enumerate(held["collaterals"]):
        price = in_pegged(c["price"], held["stable"])
        source = "X" if c["rc"] else None
        book.collateral(f"C{n}", c["amount"], price, confidence=c["conf"], underlying=source)
    for e in held["expiries"]:
        forward = {"forward_price": total(e["ffix"], e["fvar"]), "fixed_price": e["ffix"]}
        rate = floored_rate(e["rate"])
        book.expiry("X", e["sec"], e["opts"], confidence=e["conf"], rate_annual=rate, **forward)
    engine = book.engine()
    profits = [row["profit"] for row in engine.explain("A").scenarios]
    none = [0.0 for _ in p["scenarios"]]
    return {**_balances(engine), "scenario_pnl": profits or none}


def _fill(book: Book, held: Row) -> None:
    book.underlying("X", held["spot"], held["spot_conf"], held["stable"])
    book.perpetual(
        "X",
        held["perps"],
        held["perp_price"],
        held["perp_value"],
        confidence=float(held["perp_conf"]),
    )


@adapter("derive", "derive", "PMRM.getMargin")
def pmrm1(inputs: Inputs) -> Any:
    held, p = inputs["portfolio"], inputs["params"]
    policy = {
        "scenarios": [{"move": shock_of(m), "vol": VOL[v]} for m, v in inputs["scenarios"]],
        "vol_up": p["up"],
        "vol_down": p["dn"],
        "vol_power_short": p["sp"],
        "vol_power_long": p["lp"],
        "min_days": days_of(p["floor"]),
        "long_discount": {"base": p["disc"], "rate_factor": float(p["rmul"]), "add": p["radd"]},
        "basis_up": shock_of(p["bup"]),
        "basis_down": shock_of(p["bdn"]),
        "basis_add": p["badd"],
        "basis_factor": p["bmul"],
        "initial_factor": p["im"],
        "peg_threshold": p["pegThr"],
        "peg_factor": float(p["pegFac"]),
        "confidence_threshold": p["confThr"],
        "confidence_ratio": p["confM"],
        "perpetual_ratio": p["perp"],
        "short_option_ratio": p["opt"],
        "offset_ratio": p["base"],
        "contingency_scaled": True,
    }
    book = Book({"method": "portfolio", "portfolio": policy}, {}, held["cash"])
    _fill(book, held)
    if held["base"]:
        book.collateral("X", held["base"], held["spot"], underlying="X")
    for e in held["expiries"]:
        forward = {"forward_price": total(e["ffix"], e["fvar"]), "fixed_price": e["ffix"]}
        terms = {"confidence": e["conf"], "discount_rate_annual": e["rate"]}
        book.expiry("X", e["sec"], e["opts"], rate_annual=0.0, **terms, **forward)
    return _balances(book.engine())


@adapter("derive", "derive", "StandardManager.getMarginByBalances")
def standard(inputs: Inputs) -> Any:
    held, p = inputs["portfolio"], inputs["params"]
    policy = {
        "spot_max": p["maxSpotReq"],
        "spot_min": p["minSpotReq"],
        "call_maintenance": p["mmCallSpotReq"],
        "put_maintenance": p["mmPutSpotReq"],
        "put_mark_maintenance": p["MMPutMtMReq"],
        "put_initial_scale": p["mmOffsetScale"],
        "unpaired_initial": p["unpairedIMScale"],
        "unpaired_maintenance": p["unpairedMMScale"],
        "perpetual_initial": p["perpIM"],
        "perpetual_maintenance": p["perpMM"],
        "peg_threshold": p["depegThreshold"],
        "peg_factor": p["depegFactor"],
        "confidence_threshold": p["oracleThreshold"],
        "confidence_ratio": p["OCFactor"],
    }
    weight = p["baseMarginFactor"]
    haircut = {
        "quality": haircut_of(1.0, -weight),
        "volatility": haircut_of(1.0, -p["baseIMScale"]),
        "maintenance": {"volatility": 0.0},
    }
    haircuts = {f"B-{m['name']}": haircut for m in held["markets"]}
    rules = {"method": "standard", "option_value": "requirement", "standard": policy}
    book = Book(rules, haircuts, held["cash"])
    for m in held["markets"]:
        name, perp = m["name"], m["perp"]
        book.underlying(name, m["spot"], m["spot_conf"], held["stable"])
        if perp:
            marks = {"confidence": float(perp["conf"])}
            book.perpetual(name, perp["pos"], perp["price"], perp["pnl"], **marks)
        if m["base"]:
            book.collateral(f"B-{name}", m["base"], m["spot"], underlying=name)
        for e in m["expiries"]:
            node = {"forward_price": float(e["fwd"]), "confidence": float(e["conf"])}
            book.expiry(name, e["sec"], e["opts"], **node)
    return _balances(book.engine())


@adapter("derive", "derive", "DutchAuction.solvent")
def solvent_auction(inputs: Inputs) -> Any:
    p = inputs["params"]
    bid = tm.protocols.derive.solvent_bid(
        tm.protocols.derive.AuctionTerms(p["start"], p["cut"], p["fast"], p["slow"]),
        mark_to_market=inputs["mtm"],
        maintenance=inputs["mm"],
        buffer_ratio=inputs["buffer_pct"],
        elapsed_seconds=inputs["elapsed"],
        wanted_proportion=inputs["percent_want"],
        reserved_cash=inputs["reserved_cash"],
    )
    return {
        "buffer_margin": bid.buffer_margin,
        "max_proportion": bid.max_proportion,
        "percent_liquidated": bid.proportion,
        "cash_from_bidder": bid.cash,
    }
