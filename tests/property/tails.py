"""Random histories and policies of methods `var` and `es`."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
from tests.oracle.margin import Inputs
from tests.oracle.margin_tail import NS_PER_DAY, Past
from tests.property.books import make_inputs
from tests.property.markets import AS_OF_NS, UNDERLYINGS, between, sometimes
from tests.property.policies import make_haircuts

import tickmargin as tm
from tickmargin.risk import QUANTILE_RULES

FROM_HISTORY = ("historical", "age_weighted", "filtered")
GENERATORS = (*FROM_HISTORY, "parametric", "monte_carlo", "copula")
DAYS = 130


def make_past(rng: random.Random) -> Past:
    """Daily prices that move together; now and then one without, or with a hole."""
    rng = random.Random(rng.randint(0, 2**30))  # one draw: there is nothing to shrink in a price
    common = [rng.gauss(0.0, 0.03) for _ in range(DAYS)]
    times = [AS_OF_NS - 3600 * 10**9 - NS_PER_DAY * age for age in range(DAYS)][::-1]
    prices, vols = {}, {}
    for name in UNDERLYINGS:
        log, level = math.log(between(rng, 1.0, 1e4)), between(rng, 0.3, 1.0)
        own, implied = {}, {}
        for t, step in zip(times, common, strict=True):
            log += step + rng.gauss(0.0, 0.02)
            level *= math.exp(-step + rng.gauss(0.0, 0.05))
            own[t], implied[t] = math.exp(log), level
        prices[name], vols[name] = own, implied
    if sometimes(rng, 0.15):
        del prices[rng.choice(UNDERLYINGS[1:])]
    if sometimes(rng, 0.1):
        del prices["BTC"][rng.choice(times[20:])]
    return Past(prices, vols)


def history_of(past: Past) -> tm.History:
    """The same as the engine takes it."""
    times = sorted({t for own in past.prices.values() for t in own})

    def columns(series: Any) -> dict[str, Any]:
        return {n: [own.get(t, math.nan) for t in times] for n, own in series.items()}

    return tm.History.of(np.array(times), columns(past.prices), columns(past.vols))


def make_tail(rng: random.Random, generator: str) -> dict[str, Any]:
    """A section in which every key of its generator takes part."""
    empirical = generator == "copula"
    generator = "monte_carlo" if empirical else generator
    maintenance_days = rng.choice([1.0, 1.0, 2.0])
    tail: dict[str, Any] = {
        "generator": generator,
        "horizon_initial_days": maintenance_days + rng.choice([0.0, 1.0, 2.0]),
        "horizon_maintenance_days": maintenance_days,
        "confidence_maintenance": between(rng, 0.6, 0.93),
        "maintenance_factor": between(rng, 0.5, 1.2),
    }
    tail["confidence_initial"] = tail["confidence_maintenance"] + between(rng, 0.0, 0.03)
    tail["initial_factor"] = tail["maintenance_factor"] + between(rng, 0.0, 0.5)
    if generator in FROM_HISTORY or empirical:
        tail["overlapping"] = sometimes(rng, 0.7)
        tail["window_days"] = 120.0 if tail["overlapping"] else 126.0
        if tail["overlapping"] and sometimes(rng, 0.4):
            tail["window_maintenance_days"] = rng.choice([90.0, 125.0])
        if not tail["overlapping"]:
            tail["confidence_initial"] = min(tail["confidence_initial"], 0.95)
    if generator == "age_weighted":
        tail["decay"] = rng.choice([0.9, 0.97, 0.99])
    if generator == "filtered":
        garch = {"omega": 1e-5, "alpha": 0.1, "beta": 0.85}
        tail["filter"] = rng.choice([{"decay": 0.94}, garch])
    if empirical:
        tail["marginals"] = "empirical"
    if generator in ("parametric", "delta_gamma", "monte_carlo"):
        if not empirical:
            tail["vols_annual"] = {"BTC": 0.6, "default": between(rng, 0.3, 1.5)}
        tail["correlation"] = {"BTC/ETH": between(rng, -0.3, 0.9)}
        tail["correlation_default"] = between(rng, 0.0, 0.4)
        if generator != "delta_gamma" and sometimes(rng, 0.5):
            tail |= {"distribution": "student_t", "degrees_of_freedom": between(rng, 2.5, 12.0)}
    if generator == "monte_carlo":
        tail |= {"draws": 100, "seed": rng.randint(0, 2**40)}
        if not empirical and sometimes(rng, 0.5):
            tail["jumps"] = {"rate_annual": between(rng, 1.0, 200.0), "mean": -0.05, "sd": 0.1}
    scenarios = generator not in ("parametric", "delta_gamma")
    if scenarios:
        add_vols(rng, tail)
    if scenarios and sometimes(rng, 0.4):
        tail["stress"] = {
            "first_day": "2025-10-01",
            "last_day": "2025-10-20",
            "weight": rng.choice([0.25, 0.5, 1.0]),
        }
        tail.setdefault("overlapping", True)
        if sometimes(rng, 0.4):
            tail["stress"]["weight_maintenance"] = rng.choice([0.0, tail["stress"]["weight"] / 2])
    return tail


def add_vols(rng: random.Random, tail: dict[str, Any]) -> None:
    """What volatilities do."""
    choices = ["held", "beta"]
    if tail["generator"] in ("historical", "age_weighted"):
        choices.append("history")
    tail["vol_moves"] = rng.choice(choices)
    if tail["vol_moves"] == "beta":
        tail["vol_beta"] = {"ETH": between(rng, -2.0, 1.0), "default": between(rng, -1.0, 0.0)}
    tail |= {
        "vol_shock": rng.choice(["relative", "absolute"]),
        "vol_reference_days": rng.choice([30.0, 10.0]),
        "vol_power_short": between(rng, 0.0, 0.5),
        "vol_power_long": between(rng, 0.0, 0.3),
        "vol_up_floor_annual": rng.choice([0.0, 0.4]),
        "min_days": rng.choice([1.0, 5.0]),
    }


def make_tail_policy(rng: random.Random, method: str, generator: str) -> dict[str, Any]:
    """A whole policy."""
    tail = make_tail(rng, generator)
    if method == "var" and generator not in ("age_weighted", "parametric", "delta_gamma"):
        tail["quantile_initial"] = rng.choice(QUANTILE_RULES)
        tail["quantile_maintenance"] = rng.choice(QUANTILE_RULES)
    return {
        "method": method,
        "haircuts": make_haircuts(rng),
        "collateral": rng.choice(["haircut", "simulated"]),
        "close_out_cost_ratio": rng.choice([0.0, 0.001]),
        "tail": tail,
    }


def make_tail_inputs(rng: random.Random, method: str, generator: str) -> Inputs:
    """A market and a book under one."""
    return replace(make_inputs(rng, "scenario"), policy=make_tail_policy(rng, method, generator))
