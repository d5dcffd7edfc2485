"""Cases of the family ``liquidity``."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import basis_points, from_percent, quotient

from tickmargin import liquidity

Inputs = dict[str, Any]


@adapter("liquidity", "lvar", "almgren2005_impact_bp")
def almgren_impact(inputs: Inputs) -> Any:
    impact = liquidity.almgren_impact(
        inputs["X_over_V"],
        inputs["T_days"],
        from_percent(inputs["sigma_pct"]),
        quotient(inputs["Theta_m"], inputs["V_m"]),
    )
    named = {
        "permanent_bp": basis_points(impact.permanent),
        "temporary_bp": basis_points(impact.temporary),
        "total_bp": basis_points(impact.total),
    }
    return [named[name] for name in inputs["order"]]


def execution_terms(inputs: Inputs) -> Inputs:
    return {
        "quantity": inputs["X"],
        "time": inputs["T"],
        "periods": inputs["N"],
        "sigma": inputs["sigma"],
        "temporary": inputs["eta"],
        "permanent": inputs["gamma"],
        "fixed": inputs["epsilon"],
    }


@adapter("liquidity", "lvar", "almgren_chriss_uniform")
def uniform(inputs: Inputs) -> Any:
    plan = liquidity.almgren_chriss_uniform(**execution_terms(inputs))
    named = {"E": plan.expected_cost, "Var": plan.variance, "SD": plan.deviation}
    return [named[name] for name in inputs["order"]]


@adapter("liquidity", "lvar", "almgren_chriss_min_variance")
def minimum_variance(inputs: Inputs) -> Any:
    plan = liquidity.almgren_chriss_minimum_variance(**execution_terms(inputs))
    named = {"E": plan.expected_cost, "Var": plan.variance, "SD": plan.deviation}
    return [named[name] for name in inputs["order"]]


@adapter("liquidity", "lvar", "almgren_chriss_optimal")
def optimal(inputs: Inputs) -> Any:
    aversion = inputs["risk_aversion"]
    plan = liquidity.almgren_chriss_optimal(**execution_terms(inputs), risk_aversion=aversion)
    half_life = quotient(1.0, plan.urgency)
    costs = [plan.expected_cost, plan.variance, plan.utility(aversion)]
    return [plan.urgency, half_life, *plan.holdings.tolist(), *costs]


@adapter("liquidity", "lvar", "bangia_exogenous_spread")
def spread(inputs: Inputs) -> Any:
    found = liquidity.spread_var(
        inputs["value"],
        inputs["daily_vol"],
        inputs["z"],
        mean_spread=inputs["mean_rel_spread"],
        spread_vol=inputs["spread_vol"],
        spread_quantile=inputs["a"],
        tail_factor=inputs["theta"],
    )
    named = {"market_var": found.market, "spread_cost": found.spread, "lvar": found.total}
    return [named[name] for name in inputs["order"]]


@adapter("liquidity", "lvar", "book_walk_liquidation")
def book_walk(inputs: Inputs) -> Any:
    prices, sizes = zip(*inputs["bids"], strict=True)
    walk = liquidity.walk_book(prices, sizes, inputs["qty"])
    named = {
        "vwap": walk.average_price,
        "slippage_vs_best": walk.slippage,
        "residual": walk.residual,
    }
    return [named[name] for name in inputs["order"]]


@adapter("liquidity", "lvar", "sqrt_impact")
def square_root(inputs: Inputs) -> Any:
    return liquidity.sqrt_impact(inputs["Y"], inputs["daily_vol"], inputs["Q"], inputs["ADV"])


@adapter("liquidity", "lvar", "sqrt_impact_average_cost")
def square_root_average(inputs: Inputs) -> Any:
    return liquidity.sqrt_impact_average_cost(
        inputs["Y"], inputs["daily_vol"], inputs["Q"], inputs["ADV"]
    )


@adapter("liquidity", "lvar", "critical_leverage")
def leverage(inputs: Inputs) -> Any:
    return liquidity.critical_leverage(inputs["peak_impact"])
