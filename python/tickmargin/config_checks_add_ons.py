"""What must hold between the keys of add-ons, and between them and the method."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tickmargin.config_add_ons import ADD_ONS, SEEN_BY
from tickmargin.config_checks import Problem, View, not_below
from tickmargin.config_issues import shown
from tickmargin.toml_lines import Path


def check_add_on(view: View) -> Iterator[Problem]:
    """Whatever IM and MM have alike, IM does not ask for less."""
    fields = view.model.model_fields if view.model is not None else {}
    for key in fields:
        _, is_initial, rest = key.partition("initial_")
        low = f"maintenance_{rest}"
        if not is_initial or low not in fields:
            continue
        if rest == "horizon_days":  # a delay counts for less over a longer horizon
            yield from not_below(view, (low,), (key,))
        else:
            yield from not_below(view, (key,), (low,))


def check_credit_score(view: View) -> Iterator[Problem]:
    """The best score is better than the worst."""
    yield from check_add_on(view)
    best, worst = view.get("best_score"), view.get("worst_score")
    if best is not None and worst is not None and best <= worst:
        message = f"got {shown(best)}; expected more than worst_score = {shown(worst)}"
        keys = ("best_score", "worst_score")
        yield Problem(("best_score",), "RANGE_EMPTY", best, message, keys)


def check_liquidity(view: View) -> Iterator[Problem]:
    """An impact is of a depth, and the fast term of an impact."""
    if view.get("impact_factor") and not view.given("slow_depth_notional"):
        message = "missing; expected a number greater than 0, as impact_factor > 0"
        keys = ("slow_depth_notional", "impact_factor")
        yield Problem(("slow_depth_notional",), "MISSING_KEY", None, message, keys)
    if view.get("fast_cap_ratio") and view.get("impact_factor") == 0.0:
        got = view.get("fast_cap_ratio")
        message = f"got {shown(got)}; expected 0 where impact_factor is 0"
        keys = ("fast_cap_ratio", "impact_factor")
        yield Problem(("fast_cap_ratio",), "KEY_NOT_USED", got, message, keys)


def check_anti_procyclicality(view: View) -> Iterator[Problem]:
    """A weight has something to weigh, a level before the stress a buffer."""
    for key, of in (
        ("pre_stress_vol_annual", "buffer_ratio"),
        ("stressed_vol_annual", "stress_weight"),
        ("stressed_ratio", "stress_weight"),
    ):
        if view.given(key) and view.get(of) == 0.0:
            message = f"given, but has an effect only where {of} > 0"
            yield Problem((key,), "KEY_NOT_USED", view.get(key), message, (key, of))


# Of the section against procyclicality: what `dynamic` measures itself, and what others are told.
MEASURED = ("stressed_vol_annual", "long_run_vol_annual")
TOLD = ("stressed_ratio", "long_run_ratio", "max_mm_increase_per_day_ratio")


def _check_damping(view: View, method: str) -> Iterator[Problem]:
    """The keys that the method reads, what a weight weighs, and one buffer, not two."""
    written = view.get("underlyings")
    names = list(written) if isinstance(written, Mapping) else []
    places: list[Path] = [(), *(("underlyings", name) for name in names)]
    if not any(view.given(*place, "anti_procyclicality") for place in places):
        return
    is_dynamic = method == "dynamic"
    weighed = "stressed_vol_annual" if is_dynamic else "stressed_ratio"
    for place in places:
        section: Path = (*place, "anti_procyclicality")
        for key in TOLD if is_dynamic else MEASURED:
            if view.given(*section, key):
                message = f"given, but the method {method} does not read it"
                yield Problem((*section, key), "KEY_NOT_USED", None, message, ())
        has_weight = view.given(*section, "stress_weight") and view.get(*section, "stress_weight")
        general = ("anti_procyclicality", weighed)
        if has_weight and not view.given(*section, weighed) and not view.given(*general):
            message = "missing; expected a number greater than 0, as stress_weight > 0"
            yield Problem((*section, weighed), "MISSING_KEY", None, message, ())
    for place in places:
        path = (*place, "dynamic", "buffer_ratio")
        got = view.get(*path) if view.given(*path) else None
        if got:
            message = f"got {shown(got)}; expected 0 beside anti_procyclicality, which has its own"
            yield Problem(path, "KEY_NOT_USED", got, message, ())


def _check_moved_vols(view: View, method: str, place: Path) -> Iterator[Problem]:
    """A tail that moves volatilities with prices has no charge on them beside it."""
    moves = view.get("tail", "vol_moves") if method in ("var", "es") else None
    if moves in ("beta", "history") and view.given(*place, "vega_charge"):
        message = f"given, but vol_moves = {moves} moves volatility in the scenarios already"
        keys = (*place, "vega_charge")
        yield Problem(keys, "COUNTED_TWICE", None, message, ())


def check_beside_method(view: View) -> Iterator[Problem]:
    """Nothing is charged that the method asks for already, and nothing is damped twice."""
    method = view.get("method")
    if method is None:
        return
    written = view.get("underlyings")
    names = list(written) if isinstance(written, Mapping) else []
    places: list[Path] = [(), *(("underlyings", name) for name in names)]
    for place in places:
        for name, seen_by in SEEN_BY.items():
            may_simulate = method in ("scenario", "var", "es")
            simulated = may_simulate and view.get("collateral") == "simulated"
            if view.given(*place, name) and (
                method in seen_by or (simulated and name == "wrong_way")
            ):
                message = f"given, but the method {method} asks for this risk already"
                yield Problem((*place, name), "COUNTED_TWICE", None, message, ())
        yield from _check_moved_vols(view, method, place)
    yield from _check_damping(view, method)


def is_asset(name: object) -> bool:
    """Whether it reads ``SYMBOL`` or ``SYMBOL@chain``."""
    symbol, at, chain = str(name).partition("@")
    return bool(symbol) and "@" not in chain and (not at or bool(chain))


def check_pegs(view: View) -> Iterator[Problem]:
    """Keys are assets; each is pegged to one thing, and not to itself."""
    for asset in view.raw:
        if not is_asset(asset):
            message = f"got {shown(asset)}; expected USDC or USDC@solana"
            yield Problem((asset,), "INVALID_ASSET", asset, message, (asset,))
        value, other = view.given(asset, "value"), view.given(asset, "asset")
        to = view.get(asset, "asset")
        if value and other:
            message = f"got {shown(to)} beside value; expected one or the other"
            yield Problem((asset, "asset"), "KEY_NOT_USED", to, message, (asset,))
        elif not value and not other:
            message = "missing; expected what the asset is pegged to, value or asset"
            yield Problem((asset, "value"), "MISSING_KEY", None, message, (asset,))
        elif other and to is not None and (not is_asset(to) or to == asset):
            message = f"got {shown(to)}; expected another asset, ETH or ETH@arbitrum"
            yield Problem((asset, "asset"), "INVALID_ASSET", to, message, (asset,))


ADD_ON_CHECKS: dict[str, Callable[[View], Iterator[Problem]]] = {
    **dict.fromkeys(ADD_ONS, check_add_on),
    "liquidity": check_liquidity,
    "credit_score": check_credit_score,
    "anti_procyclicality": check_anti_procyclicality,
    "pegs": check_pegs,
}
