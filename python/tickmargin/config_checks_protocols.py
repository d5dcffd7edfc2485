"""What must hold between the keys of a protocol's market, and of the tokens it lends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tickmargin import _core
from tickmargin.config_checks import Problem, View, not_below
from tickmargin.config_issues import shown
from tickmargin.config_protocols import Protocol

_MODEL = ("tail_probability", "horizon_years", "vol_annual")
_DECIMALS = ("size_decimals", "price_decimals")
_NEEDED = {
    "dydx_v4": (*_DECIMALS, "initial_margin_ppm", "maintenance_fraction_ppm"),
    "vega": _DECIMALS,
    "drift_v2": ("initial_ratio", "maintenance_ratio"),
}
_READ = {
    "dydx_v4": (
        *_NEEDED["dydx_v4"],
        "quote_decimals",
        "custom_initial_margin_ppm",
        "open_interest_lower_cap",
        "open_interest_upper_cap",
        "open_interest_base",
    ),
    "vega": (
        *_DECIMALS,
        "quote_decimals",
        "risk_long",
        "risk_short",
        *_MODEL,
        "drift_annual",
        "linear_slippage",
        "quadratic_slippage",
        "funding_per_unit",
        "initial_scaling",
        "initial_ratio",
    ),
    "drift_v2": (
        *_NEEDED["drift_v2"],
        "size_factor",
        "profit_initial_weight",
        "profit_maintenance_weight",
        "profit_size_factor",
    ),
}


def check_protocol(view: View) -> Iterator[Problem]:
    """The keys that the rule reads, all that it needs, initial not below maintenance."""
    rule = view.get("rule")
    if rule is None:
        return
    for key in Protocol.model_fields:
        if key != "rule" and key not in _READ[rule] and view.given(key):
            message = f"given, but the rule {rule} does not read it"
            yield Problem((key,), "KEY_NOT_USED", view.get(key), message, (key, "rule"))
    yield from _missing(view, _NEEDED[rule], f"the rule {rule} needs it")
    if rule == "vega":
        yield from _risk_factors(view)
        yield from _isolated(view)
    if rule == "dydx_v4":
        upper = view.get("open_interest_upper_cap")
        if upper:  # 0: open interest does not count
            low = ("open_interest_lower_cap",)
            yield from not_below(view, ("open_interest_upper_cap",), low, "TIERS_NOT_INCREASING")
    yield from not_below(view, ("initial_ratio",), ("maintenance_ratio",))
    high = ("profit_maintenance_weight",)
    if view.given(*high):
        yield from not_below(view, high, ("profit_initial_weight",))


def _risk_factors(view: View) -> Iterator[Problem]:
    """Either both factors or what the lognormal model makes them of."""
    if any(view.given(key) for key in ("risk_long", "risk_short")):
        yield from _missing(view, ("risk_long", "risk_short"), "the other risk factor is given")
        for key in (*_MODEL, "drift_annual"):
            if view.given(key):
                message = "given, but risk_long and risk_short replace it"
                yield Problem((key,), "KEY_NOT_USED", view.get(key), message, (key, "risk_long"))
        return
    yield from _missing(view, _MODEL, "the rule vega needs it, or risk_long and risk_short")


def _isolated(view: View) -> Iterator[Problem]:
    """The share that an account chooses is above what a new position is held to."""
    chosen = view.get("initial_ratio")
    if chosen is None:
        return
    if view.given("initial_scaling"):
        message = "given, but initial_ratio replaces it: isolated margin has no level to top up to"
        got = view.get("initial_scaling")
        yield Problem(
            ("initial_scaling",), "KEY_NOT_USED", got, message, ("initial_scaling", "initial_ratio")
        )
    risks = [view.get("risk_long"), view.get("risk_short")]
    model = [view.get(key) for key in _MODEL]
    if None in risks and None not in model:
        tail, horizon, vol = (float(value) for value in model)
        drift = view.get("drift_annual") or 0.0
        risks = list(_core.vega_lognormal_risk_factors(tail, horizon, drift, vol))
    if None in risks:
        return  # told of already
    least = max(risks) + (view.get("linear_slippage") or 0.0)
    if chosen <= least:
        message = f"got {shown(chosen)}; expected more than {least:.9g}, risk factor and slippage"
        keys = ("initial_ratio", "linear_slippage", "risk_long", "risk_short", *_MODEL)
        yield Problem(("initial_ratio",), "INITIAL_BELOW_MAINTENANCE", chosen, message, keys)


def _missing(view: View, keys: tuple[str, ...], why: str) -> Iterator[Problem]:
    for key in keys:
        if not view.given(key):
            yield Problem((key,), "MISSING_KEY", None, f"missing; {why}", (key, "rule"))


def check_tokens(view: View) -> Iterator[Problem]:
    """Keys are assets; a debt weighs no less for IM than for MM; a start needs deposits."""
    for asset in view.raw:
        symbol, at, chain = str(asset).partition("@")
        if not symbol or "@" in chain or (at and not chain):
            message = f"got {shown(asset)}; expected SOL, USDC@solana or default"
            yield Problem((asset,), "INVALID_ASSET", asset, message, (asset,))
        initial, maintenance = (asset, "initial_debt_weight"), (asset, "maintenance_debt_weight")
        yield from not_below(view, initial, maintenance)


PROTOCOL_CHECKS: dict[str, Callable[[View], Iterator[Problem]]] = {
    "protocol": check_protocol,
    "tokens": check_tokens,
}
