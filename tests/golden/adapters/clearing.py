"""Rules of clearing houses, through the package's functions."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import signed

from tickmargin import clearing

Inputs = dict[str, Any]
CLASSES = {
    "Rates": "rates",
    "Credit": "credit",
    "FX": "fx",
    "Equity": "equity",
    "Commodity": "commodity",
    "Other": "other",
}
YEARS = {"": 0.0, "0-2y": 2.0, "2-5y": 5.0, "5y+": 10.0}
GRID = {"IR": "rates", "CR": "credit", "FX": "fx", "EQ": "equity", "CM": "commodity"}
BANDS = {"0-2": 2.0, "2-5": 5.0, "5+": 10.0, "": 0.0}


def ordered(inputs: Inputs, answers: dict[str, Any]) -> list[Any]:
    return [answers[name] for name in inputs["order"]]


@adapter("clearing", "schedule_im", "schedule_im_ngr")
def schedule(inputs: Inputs) -> Any:
    trades = [(CLASSES[of], YEARS[band], size, value) for of, band, size, value in inputs["trades"]]
    margin = clearing.schedule_margin(trades)
    answers = {"gross": margin.gross, "NGR": margin.net_to_gross, "net": margin.net}
    return ordered(inputs, answers)


@adapter("clearing", "schedule_im", "schedule_rates_pct")
def schedule_rates(inputs: Inputs) -> Any:
    def percent(cell: str) -> float:
        of = GRID.get(cell[:2], "other")
        band = cell[2:] if of in ("rates", "credit") else ""
        return clearing.schedule_percent(of, BANDS[band])

    return [percent(cell) for cell in inputs["order"]]


@adapter("clearing", "span", "span_16_scenarios")
def scenarios(inputs: Inputs) -> Any:
    rows = clearing.span_scenarios(
        inputs["psr"],
        inputs["vsr"],
        extreme_multiple=inputs["extreme_mult"],
        extreme_cover=inputs["extreme_cover"],
    )
    return [list(row) for row in rows]


@adapter("clearing", "span", "risk_array_long_future")
def future(inputs: Inputs) -> Any:
    return clearing.future_array(
        inputs["psr"],
        extreme_multiple=inputs["extreme_mult"],
        extreme_cover=inputs["extreme_cover"],
    )


@adapter("clearing", "span", "risk_array_long_option_black76")
def long_option(inputs: Inputs) -> Any:
    return clearing.option_array(
        inputs["type"],
        inputs["F"],
        inputs["K"],
        inputs["T"],
        inputs["sigma"],
        price_range=inputs["psr_points"],
        vol_range=inputs["vsr_relative"],
        lookahead_years=inputs["lookahead_years"],
        extreme_multiple=inputs["extreme_mult"],
        extreme_cover=inputs["extreme_cover"],
        multiplier=inputs["multiplier"],
    )


@adapter("clearing", "span", "scanning_risk")
def scanning_risk(inputs: Inputs) -> Any:
    scan = clearing.scan([(inputs["position"], inputs["risk_array"])])
    return {"scan_risk": scan.scan_risk, "active_scenario": scan.active_scenario}


@adapter("clearing", "span", "portfolio_scan")
def portfolio_scan(inputs: Inputs) -> Any:
    scan = clearing.scan(
        [
            (inputs["long_future"], inputs["future_array"]),
            (signed(inputs["short_call"], -1), inputs["call_array"]),
        ]
    )
    answers = {
        "scan_risk": scan.scan_risk,
        "active_scenario": scan.active_scenario,
        "paired_scenario": scan.paired_scenario,
        "vol_adj_scan_risk": scan.volatility_adjusted,
        "time_risk": scan.time_risk,
        "futures_price_risk": scan.price_risk,
    }
    return ordered(inputs, answers)


@adapter("clearing", "span", "composite_delta")
def composite(inputs: Inputs) -> Any:
    return clearing.composite_delta(
        inputs["deltas_at_moves_0_p1_m1_p2_m2_p3_m3"], inputs["weights"]
    )


@adapter("clearing", "span", "intra_commodity_spread")
def intra(inputs: Inputs) -> Any:
    first, second = inputs["deltas"]
    spreads = clearing.intra_commodity_spreads(
        inputs["deltas"], [(first, second, inputs["spread_charge"])]
    )
    array = clearing.future_array(inputs["scan_arrays_psr"])
    scan = clearing.scan([(delta, array) for delta in inputs["deltas"].values()])
    answers = {
        "spreads": spreads.spreads[0],
        "intra_charge": spreads.charge,
        "scan_risk_net": scan.scan_risk,
        "total": clearing.risk_requirement(scan.scan_risk, intra=spreads.charge),
    }
    return ordered(inputs, answers)


@adapter("clearing", "span", "intra_commodity_spread_tiers")
def tiers(inputs: Inputs) -> Any:
    out = clearing.intra_commodity_spreads(inputs["deltas"], inputs["priority"])
    first, second = out.spreads
    remaining = {f"remaining_{tier}": left for tier, left in out.remaining.items()}
    answers = {"spreads_p1": first, "spreads_p2": second, "charge": out.charge, **remaining}
    return ordered(inputs, answers)


@adapter("clearing", "span", "inter_commodity_credit")
def credit(inputs: Inputs) -> Any:
    legs = [(leg["delta"], leg["weighted_price_risk"]) for leg in (inputs["a"], inputs["b"])]
    first, second = inputs["delta_per_spread"]
    out = clearing.inter_commodity_credit(
        *legs, rate=inputs["credit_rate"], delta_per_spread=(first, second)
    )
    answers = {
        "spreads": out.spreads,
        "credit_a": out.credit_first,
        "credit_b": out.credit_second,
        "total_credit": out.total,
    }
    return ordered(inputs, answers)


@adapter("clearing", "span", "risk_requirement")
def requirement(inputs: Inputs) -> Any:
    return clearing.risk_requirement(
        inputs["scan"],
        intra=inputs["intra"],
        spot=inputs["spot"],
        inter_credit=inputs["inter_credit"],
        short_calls=inputs["short_calls"],
        short_puts=inputs["short_puts"],
        short_minimum=inputs["som_rate"],
        short_minimum_rule={"max": "larger"}.get(inputs["som_method"], inputs["som_method"]),
    )


@adapter("clearing", "span", "total_requirement")
def total(inputs: Inputs) -> Any:
    needed, excess = clearing.total_requirement(inputs["risk"], inputs["net_option_value"])
    return ordered(inputs, {"requirement": needed, "excess_long_option_value": excess})


@adapter("clearing", "span2", "span2_total")
def span2(inputs: Inputs) -> Any:
    return clearing.span2_total(
        inputs["hvar"],
        inputs["stress"],
        historical_weight=inputs["x"],
        liquidity=inputs["liquidity"],
        concentration=inputs["concentration"],
    )


@adapter("clearing", "tims", "tims_valuation_points_equity")
def tims(inputs: Inputs) -> Any:
    return clearing.valuation_points(inputs["range"], inputs["range"], inputs["points"])
