"""Cases of the family ``risk``."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.samples import SAMPLES
from tests.golden.units import confidence_named, confidence_of

from tickmargin import risk

Inputs = dict[str, Any]

RULES = {
    "excel_type7": "linear",
    "index_above": "inverted_cdf",
    "midway_interp": "hazen",
    "n_plus_1_interp": "weibull",
    "nearest_index": "nearest_index",
    "sample_interp": "interpolated_inverted_cdf",
}


@adapter("risk", "var", "historical_quantile")
def historical_quantile(inputs: Inputs) -> Any:
    return risk.quantile(SAMPLES[inputs["sample"]], inputs["p"], RULES[inputs["method"]])


@adapter("risk", "var", "historical_expected_shortfall_acerbi_tasche")
def historical_es(inputs: Inputs) -> Any:
    return risk.historical_es(SAMPLES[inputs["sample"]], inputs["p"])


@adapter("risk", "var", "brw_age_weighted_var")
def age_weighted_var(inputs: Inputs) -> Any:
    return risk.age_weighted_var(inputs["losses_newest_first"], inputs["lam"], inputs["conf"])


@adapter("risk", "var", "brw_weights")
def age_weights(inputs: Inputs) -> Any:
    return risk.age_weights(inputs["n"], inputs["lam"])


@adapter("risk", "var", "normal_var_es")
def normal_var_es(inputs: Inputs) -> Any:
    tail = risk.normal_tail(confidence_of(inputs["alpha"]))
    return [{"VaR": tail.var, "ES": tail.es}[name] for name in inputs["order"]]


@adapter("risk", "var", "student_t_var_es")
def student_t_var_es(inputs: Inputs) -> Any:
    tail = risk.student_t_tail(
        confidence_of(inputs["alpha"]), inputs["nu"], standardised=inputs["standardised"]
    )
    return [{"VaR": tail.var, "ES": tail.es}[name] for name in inputs["order"]]


@adapter("risk", "var", "normal_var_single")
def normal_var_single(inputs: Inputs) -> Any:
    return risk.component_var(
        [inputs["value"]],
        risk.covariance([inputs["daily_vol"]], [[1.0]]),
        confidence=inputs["conf"],
        horizon_days=inputs["horizon_days"],
    ).var


def two_assets(inputs: Inputs) -> risk.Floats:
    rho = inputs["rho"]
    return risk.covariance(inputs["daily_vol"], [[1.0, rho], [rho, 1.0]])


@adapter("risk", "var", "normal_var_two_assets_z233")
def normal_var_two_assets_at_multiple(inputs: Inputs) -> Any:
    return risk.component_var(
        inputs["values"],
        two_assets(inputs),
        multiple=inputs["z"],
        horizon_days=inputs["horizon_days"],
    ).var


@adapter("risk", "var", "normal_var_two_assets")
def normal_var_two_assets(inputs: Inputs) -> Any:
    values, matrix = inputs["values"], two_assets(inputs)
    confidence, days = inputs["conf"], inputs["horizon_days"]
    answers = {
        "port_sd_1d": risk.component_var(values, matrix, multiple=1.0).var,
        "var_1d": risk.component_var(values, matrix, confidence=confidence).var,
        "var_10d": risk.component_var(values, matrix, confidence=confidence, horizon_days=days).var,
    }
    return [answers[name] for name in inputs["order"]]


@adapter("risk", "var", "component_var")
def component_var(inputs: Inputs) -> Any:
    matrix = risk.covariance(inputs["vol"], inputs["corr"])
    parts = risk.component_var(inputs["positions"], matrix, multiple=inputs["z"])
    answers: dict[str, float] = {"VaR": parts.var, "undiversified": parts.undiversified}
    for i, _ in enumerate(inputs["positions"], start=1):
        for name, column in (
            ("indiv", parts.individual),
            ("marginal", parts.marginal),
            ("component", parts.component),
        ):
            answers[f"{name}{i}"] = column[:i][-1]
    return [answers[name] for name in inputs["order"]]


@adapter("risk", "var", "es_component_euler")
def es_component_euler(inputs: Inputs) -> Any:
    parts = risk.component_es(inputs["pnl_by_scenario_position"], confidence_of(inputs["alpha"]))
    return [*parts.component, parts.es]


@adapter("risk", "var", "gpd_var_es")
def gpd_var_es(inputs: Inputs) -> Any:
    answers = []
    for name in inputs["order"]:
        tail = risk.pareto_tail(
            confidence_named(name),
            threshold=inputs["u"],
            shape=inputs["xi"],
            scale=inputs["beta"],
            count=inputs["n"],
            exceedances=inputs["nu"],
        )
        answers.append(tail.var if name.startswith("VaR") else tail.es)
    return answers


@adapter("risk", "var", "filtered_historical_simulation_ewma")
def filtered_historical(inputs: Inputs) -> Any:
    found = risk.filtered_returns(
        inputs["returns"], first_variance=inputs["sigma2_0"], decay=inputs["lam"]
    )
    return [*found.returns, found.next_vol]


@adapter("risk", "var", "delta_var")
def delta_var(inputs: Inputs) -> Any:
    return risk.component_var(inputs["delta"], inputs["omega"], confidence=inputs["p"]).var


def delta_gamma(inputs: Inputs, method: Any) -> float:
    return risk.delta_gamma_quantile(
        inputs["delta"], inputs["gamma"], inputs["omega"], inputs["p"], method=method
    )


@adapter("risk", "var", "delta_gamma_cornish_fisher_quantile")
def cornish_fisher(inputs: Inputs) -> Any:
    return delta_gamma(inputs, "cornish_fisher")


@adapter("risk", "var", "delta_gamma_exact_quantile")
def exact(inputs: Inputs) -> Any:
    return delta_gamma(inputs, "exact")


@adapter("risk", "var", "delta_gamma_quantile_saddlepoint_or_mc")
def saddlepoint(inputs: Inputs) -> Any:
    return delta_gamma(inputs, "saddlepoint")


@adapter("risk", "correlation", "nearest_correlation_higham")
def nearest_correlation(inputs: Inputs) -> Any:
    return risk.nearest_correlation(inputs["A"])
