"""Cases of the family ``procyclicality``."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter

from tickmargin import procyclicality

Inputs = dict[str, Any]
KINDS = {"abs": "absolute", "ratio_minus_1": "ratio"}


@adapter("procyclicality", "apc", "buffer_25")
def buffer(inputs: Inputs) -> Any:
    return procyclicality.buffered(inputs["model_margin"], inputs["buffer"])


@adapter("procyclicality", "apc", "buffer_25_release")
def buffer_release(inputs: Inputs) -> Any:
    return procyclicality.buffered(
        inputs["model_margin_now"], inputs["buffer"], inputs["pre_stress_margin"]
    )


@adapter("procyclicality", "apc", "stress_weight_25")
def stress_weight(inputs: Inputs) -> Any:
    return procyclicality.stress_weighted(
        inputs["margin_current"], inputs["margin_stressed"], inputs["weight"]
    )


@adapter("procyclicality", "apc", "ten_year_floor")
def long_run_floor(inputs: Inputs) -> Any:
    return procyclicality.floored(inputs["margin"], inputs["margin_10y"])


@adapter("procyclicality", "apc", "peak_to_trough")
def peak_to_trough(inputs: Inputs) -> Any:
    return procyclicality.peak_to_trough(inputs["margin_series"])


@adapter("procyclicality", "apc", "max_nday_increase")
def nday_increase(inputs: Inputs) -> Any:
    return procyclicality.nday_increase(inputs["margin_series"], inputs["n"], KINDS[inputs["kind"]])


@adapter("procyclicality", "apc", "max_increase_within_n_days")
def within_nday_increase(inputs: Inputs) -> Any:
    return procyclicality.within_nday_increase(inputs["margin_series"], inputs["n"])
