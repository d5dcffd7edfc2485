"""What must hold between the keys of the table ``tail``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tickmargin.config_checks import Problem, View, not_below
from tickmargin.config_correlation import correlation_fault
from tickmargin.config_issues import shown
from tickmargin.toml_lines import Path

HISTORY = ("historical", "age_weighted", "filtered")
DRAWN = "monte_carlo"
COPULA = "monte_carlo with empirical marginals"
MODEL = ("parametric", "delta_gamma", DRAWN)

# Keys that only some generators read, and whether those need them.
_OF: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "window_days": ((*HISTORY, COPULA), True),
    "window_maintenance_days": ((*HISTORY, COPULA), False),
    "overlapping": ((*HISTORY, COPULA), True),
    "decay": (("age_weighted",), True),
    "filter": (("filtered",), True),
    "stress": ((*HISTORY, DRAWN, COPULA), False),
    "distribution": (("parametric", DRAWN, COPULA), False),
    "degrees_of_freedom": (("parametric", DRAWN, COPULA), False),
    "marginals": ((DRAWN, COPULA), False),
    "vols_annual": (MODEL, True),
    "correlation": ((*MODEL, COPULA), False),
    "correlation_default": ((*MODEL, COPULA), False),
    "draws": ((DRAWN, COPULA), True),
    "seed": ((DRAWN, COPULA), True),
    "jumps": ((DRAWN,), False),
    "vol_moves": ((*HISTORY, DRAWN, COPULA), False),
}


def check_tail(view: View) -> Iterator[Problem]:
    """Keys of the generator, IM not below MM, a correlation that exists."""
    for high, low in (
        ("horizon_initial_days", "horizon_maintenance_days"),
        ("confidence_initial", "confidence_maintenance"),
        ("initial_factor", "maintenance_factor"),
    ):
        yield from not_below(view, (high,), (low,))
    generator = view.get("generator")
    if generator is not None and ("marginals",) not in view.bad:
        empirical = generator == DRAWN and view.get("marginals") == "empirical"
        yield from _check_used(view, COPULA if empirical else generator)
    yield from _check_filter(view)
    yield from _check_stress(view)
    yield from _check_model(view)
    yield from _check_vols(view)


def _unused(key: str, got: object, condition: str, *others: str) -> Problem:
    message = f"given, but has an effect only where {condition}"
    return Problem((key,), "KEY_NOT_USED", got, message, (key, *others))


def _missing(key: str, why: str, *others: str) -> Problem:
    return Problem((key,), "MISSING_KEY", None, f"missing; {why}", (key, *others))


def _check_used(view: View, generator: str) -> Iterator[Problem]:
    for key, (generators, needed) in _OF.items():
        reads = generator in generators
        # A stressed window is taken from a history, whatever the generator.
        if key == "overlapping" and generator == DRAWN and view.given("stress"):
            reads, needed = True, True
        if view.given(key) and not reads:
            # With empirical marginals it is the other kind of monte_carlo that reads the key.
            told = (
                f"{g} with model marginals" if (g, generator) == (DRAWN, COPULA) else g
                for g in generators
            )
            yield _unused(key, view.get(key), f"generator is {' or '.join(told)}", "generator")
        if needed and reads and not view.given(key):
            yield _missing(key, f"the generator {generator} needs it", "generator")


def _check_filter(view: View) -> Iterator[Problem]:
    if not isinstance(view.get("filter"), Mapping):
        return
    garch = [key for key in ("omega", "alpha", "beta") if view.given("filter", key)]
    path: Path = ("filter",)
    if view.given("filter", "decay") == bool(garch) or len(garch) not in (0, 3):
        message = "expected either decay, or omega, alpha and beta"
        yield Problem(path, "MISSING_KEY", None, message, ("filter",))
    alpha, beta = view.get("filter", "alpha"), view.get("filter", "beta")
    if alpha is not None and beta is not None and alpha + beta >= 1.0:
        message = f"got alpha + beta = {alpha + beta:.6g}; expected less than 1 (stationary)"
        yield Problem((*path, "alpha"), "OUT_OF_RANGE", alpha, message, ("filter",))


def _check_stress(view: View) -> Iterator[Problem]:
    first, last = view.get("stress", "first_day"), view.get("stress", "last_day")
    if first is not None and last is not None and last < first:
        message = f"got {shown(last)}; expected {first} or later"
        yield Problem(("stress", "last_day"), "RANGE_EMPTY", last, message, ("stress",))
    if view.given("stress", "weight_maintenance"):
        yield from not_below(view, ("stress", "weight"), ("stress", "weight_maintenance"))


def _check_model(view: View) -> Iterator[Problem]:
    freedom = view.given("degrees_of_freedom")
    if view.get("distribution") == "student_t" and not freedom:
        yield _missing("degrees_of_freedom", "the distribution student_t needs it", "distribution")
    if view.get("distribution") == "normal" and freedom:
        got = view.get("degrees_of_freedom")
        yield _unused("degrees_of_freedom", got, "distribution is student_t", "distribution")
    if any(path[0] in ("correlation", "correlation_default") for path in view.bad):
        return
    pairs: dict[frozenset[str], float] = {}
    written: Mapping[str, Any] = view.get("correlation") or {}
    for key, value in written.items():
        names = frozenset(str(key).split("/"))
        if len(names) != 2 or str(key).count("/") != 1 or "" in names or names in pairs:
            message = f"got {shown(key)}; expected two different underlyings, once: BTC/ETH"
            yield Problem(("correlation", key), "INVALID_PAIR", key, message, ("correlation",))
        else:
            pairs[names] = float(value)
    names_of = {name for pair in pairs for name in pair}
    names_of |= {name for name in (view.get("vols_annual") or {}) if name != "default"}
    if view.get("generator") in MODEL:
        fault = correlation_fault(sorted(names_of), pairs, view.get("correlation_default"))
        if fault is not None:
            yield Problem(("correlation",), fault[0], dict(written), fault[1], ("correlation",))


def _check_vols(view: View) -> Iterator[Problem]:
    moves = view.get("vol_moves")
    if moves == "beta" and not view.given("vol_beta"):
        yield _missing("vol_beta", "vol_moves is beta", "vol_moves")
    if moves != "beta" and moves is not None and view.given("vol_beta"):
        yield _unused("vol_beta", view.get("vol_beta"), "vol_moves is beta", "vol_moves")
    generator = view.get("generator")
    if moves == "history" and generator in ("filtered", "monte_carlo"):
        message = f'got "history"; expected held or beta, as {generator} moves did not happen'
        yield Problem(("vol_moves",), "UNKNOWN_WORD", moves, message, ("vol_moves", "generator"))


TAIL_CHECKS: dict[str, Callable[[View], Iterator[Problem]]] = {"tail": check_tail}
