"""Cases of the family ``backtest``."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.golden.registry import adapter
from tests.golden.units import percent

from tickmargin import backtest

Inputs = dict[str, Any]


@adapter("backtest", "backtest", "kupiec_pof")
@adapter("backtest", "backtest", "kupiec_pof_full")
def kupiec(inputs: Inputs) -> Any:
    test = backtest.kupiec_pof(inputs["N"], inputs["x"], inputs["p"])
    named = {
        "LR": test.likelihood_ratio,
        "pvalue": test.p_value,
        "z_binomial": test.z_binomial,
        "cum_prob": test.cumulative,
    }
    return [named[name] for name in inputs["order"]]


@adapter("backtest", "backtest", "kupiec_nonrejection_region_95")
def kupiec_region(inputs: Inputs) -> Any:
    return backtest.kupiec_region(inputs["T"], inputs["p"], inputs["test_level"])


@adapter("backtest", "backtest", "kupiec_tuff")
def kupiec_tuff(inputs: Inputs) -> Any:
    return backtest.kupiec_tuff(inputs["first_failure"], inputs["p"])


@adapter("backtest", "backtest", "christoffersen")
def christoffersen(inputs: Inputs) -> Any:
    values, lengths = zip(*inputs["hits_run_length"], strict=True)
    test = backtest.christoffersen(np.repeat(values, lengths), inputs["p"])
    named = {
        "n00": test.n00,
        "n01": test.n01,
        "n10": test.n10,
        "n11": test.n11,
        "LR_ind": test.independence,
        "LR_uc": test.unconditional,
        "LR_cc": test.conditional,
        "p_ind": test.p_independence,
        "p_uc": test.p_unconditional,
        "p_cc": test.p_conditional,
    }
    return [named[name] for name in inputs["order"]]


@adapter("backtest", "backtest", "traffic_light")
def traffic_light(inputs: Inputs) -> Any:
    light = backtest.traffic_light(inputs["N"], inputs["x"], inputs["p"])
    named = {"cum_prob": light.cumulative, "typeI": light.type_one, "zone": light.zone}
    return [named[name] for name in inputs["order"]]


@adapter("backtest", "backtest", "traffic_light_zone")
def traffic_light_zone(inputs: Inputs) -> Any:
    return backtest.traffic_light(inputs["N"], inputs["x"], inputs["p"]).zone


@adapter("backtest", "backtest", "basel_traffic_light_250_99")
def basel_traffic_light(inputs: Inputs) -> Any:
    light = backtest.traffic_light(250, inputs["x"], 0.01)
    named = {
        "cum_prob_pct": percent(light.cumulative),
        "plus_factor": backtest.basel_plus_factor(inputs["x"]),
        "zone": light.zone,
    }
    return [named[name] for name in inputs["order"]]


@adapter("backtest", "backtest", "basel_mar32_multiplier")
def basel_multiplier(inputs: Inputs) -> Any:
    return [backtest.basel_multiplier(x) for x in inputs["exceptions"]]


@adapter("backtest", "backtest", "stoplight_bounds_overlapping_10d_99")
@adapter("backtest", "backtest", "stoplight_bounds_overlapping_10d_99_3portfolios_rho50")
def stoplight_bounds(inputs: Inputs) -> Any:
    return backtest.stoplight_bounds(
        inputs["obs"],
        inputs["p"],
        levels=inputs["levels"],
        days=inputs["days"],
        portfolios=inputs.get("n", 1),
        correlation=inputs.get("rho", 0.0),
    )


@adapter("backtest", "backtest", "acerbi_szekely_z1_z2")
def acerbi_szekely(inputs: Inputs) -> Any:
    test = backtest.acerbi_szekely(inputs["returns"], inputs["VaR"], inputs["ES"], inputs["alpha"])
    named = {"Z1": test.z1, "Z2": test.z2}
    return [named[name] for name in inputs["order"]]


@adapter("backtest", "backtest", "acerbi_szekely_z2_critical")
def acerbi_szekely_critical(inputs: Inputs) -> Any:
    return backtest.acerbi_szekely_critical(inputs["T"], inputs["alpha"], inputs["levels"])


@adapter("backtest", "backtest", "pelve_normal")
def pelve_normal(inputs: Inputs) -> Any:
    return backtest.pelve_normal(inputs["p"])
