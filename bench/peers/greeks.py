"""Black-76 Greeks: in cache through the compiled call, and a million from Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import QuantLib
from scipy.special import ndtr

from bench.harness import Contestant, Goal, Race
from bench.peers import numba_loops
from bench.peers.inputs import (
    FIVE,
    NINE,
    Column,
    Options,
    draw_options,
    nine_greeks,
    require_greeks,
)
from bench.peers.targets import TargetProcess
from tickmargin import _core
from tickmargin.pricing import black76

IN_CACHE = 4096


def races(small: bool, targets: list[str]) -> list[Race]:
    """Give the races; ``small`` shortens the long columns, ``targets`` are the forced kernels."""
    long = 20_000 if small else 1_000_000
    return [
        _in_cache("Greeks in cache", FIVE, targets),
        _in_cache("nine Greeks in cache", NINE, []),
        _from_python("Greeks, long columns", FIVE, long, quantlib=2_000 if small else 20_000),
        _from_python("nine Greeks, long columns", NINE, long, quantlib=0),
    ]


def _outputs(names: tuple[str, ...], count: int) -> dict[str, Column]:
    return {name: np.zeros(count) for name in names}  # touched: no page fault is timed


def _numba(options: Options, names: tuple[str, ...], expected: dict[str, Column]):
    make = numba_loops.five_greeks if names == FIVE else numba_loops.nine_greeks
    for name, loop in numba_loops.two(make).items():
        out = _outputs(names, options.forward.size)

        def call(loop: Callable[..., Any] = loop, out: dict[str, Column] = out) -> None:
            loop(*options.columns, *out.values())

        yield Contestant(name, call, lambda out=out: require_greeks(out, expected))


def _in_cache(name: str, names: tuple[str, ...], targets: list[str]) -> Race:
    options = draw_options(IN_CACHE)
    expected = nine_greeks(options)
    out = _outputs(names, IN_CACHE)
    public = _outputs(names, IN_CACHE)
    columns = (options.is_call.view(np.uint8), *options.columns[1:])
    contestants = [
        Contestant(
            "ours",
            lambda: _core.price_on_forward(columns, IN_CACHE, out, False),
            lambda: require_greeks(out, expected),
        ),
        Contestant(
            "ours, public call",
            lambda: black76(*options.columns, out=public),
            lambda: require_greeks(public, expected),
        ),
        *_numba(options, names, expected),
        _scipy(options, names, expected),
    ]
    for target in targets:
        contestants.append(TargetProcess(target).contestant(names, options, out))
    five = names == FIVE
    goals = [
        Goal(name, "ours", "numba", 8.0 if five else None),
        Goal(name, "ours", "numba fastmath", None),
        Goal(name, "ours", "numpy + scipy", None),
        Goal(f"{name}: AVX-512 over AVX2", "ours, avx512", "ours, avx2", 1.3),
    ]
    return Race(name, "options", IN_CACHE, contestants, goals)


def _from_python(name: str, names: tuple[str, ...], count: int, quantlib: int) -> Race:
    options = draw_options(count)
    expected = nine_greeks(options)
    out = _outputs(names, count)
    contestants = [
        Contestant(
            "ours",
            lambda: black76(*options.columns, out=out),
            lambda: require_greeks(out, expected),
        ),
        *_numba(options, names, expected),
        _scipy(options, names, expected),
    ]
    five = names == FIVE
    goals = [
        Goal(name, "ours", "numba", 6.0 if five else 4.5),
        Goal(name, "ours", "numba fastmath", None),
        Goal(name, "ours", "numpy + scipy", 7.0 if five else None),
    ]
    left_out = ""
    if quantlib:
        contestants.append(_quantlib(options, quantlib, expected))
        goals.append(Goal(name, "ours", "QuantLib", None))
        left_out = f"QuantLib loops over {quantlib:,} options; its time is scaled to the race's."
    return Race(name, "options", count, contestants, goals, left_out)


def _scipy(options: Options, names: tuple[str, ...], expected: dict[str, Column]) -> Contestant:
    out = _outputs(names, options.forward.size)
    five = names == FIVE
    return Contestant(
        "numpy + scipy",
        (lambda: _five_in_numpy(options, out))
        if five
        else (lambda: out.update(nine_greeks(options))),
        lambda: require_greeks(out, expected),
    )


def _five_in_numpy(options: Options, out: dict[str, Column]) -> None:
    """The formulas as one writes them for speed: shared terms once, results into given arrays."""
    o = options
    sign = np.where(o.is_call, 1.0, -1.0)
    root = np.sqrt(o.years)
    s = o.vol * root
    d1 = np.log(o.forward / o.strike)
    d1 /= s
    d1 += 0.5 * s
    discount = np.exp(-o.rate * o.years)
    density = d1 * d1
    density *= -0.5
    np.exp(density, out=density)
    density *= discount
    density *= 1.0 / np.sqrt(2.0 * np.pi)
    signed = sign * discount
    np.multiply(ndtr(sign * d1), signed, out=out["delta"])
    d1 -= s
    second = ndtr(sign * d1)
    second *= o.strike
    second *= signed
    np.multiply(out["delta"], o.forward, out=out["price"])
    out["price"] -= second
    weighted = o.forward * density
    np.multiply(weighted, root, out=out["vega"])
    np.divide(density, o.forward * s, out=out["gamma"])
    weighted *= o.vol
    weighted /= root
    weighted *= -0.5
    np.multiply(o.rate, out["price"], out=out["theta"])
    out["theta"] += weighted


def _quantlib(options: Options, count: int, expected: dict[str, Column]) -> Contestant:
    rows = [column[:count].tolist() for column in options.columns]
    deviation = (options.vol * np.sqrt(options.years))[:count].tolist()
    discount = np.exp(-options.rate * options.years)[:count].tolist()
    out = _outputs(FIVE, count)
    scale = options.forward.size / count

    def call() -> None:
        price, delta, gamma, vega, theta = [], [], [], [], []
        for is_call, forward, strike, _vol, years, rate, s, factor in zip(
            *rows, deviation, discount, strict=True
        ):
            kind = QuantLib.Option.Call if is_call else QuantLib.Option.Put
            black = QuantLib.BlackCalculator(
                QuantLib.PlainVanillaPayoff(kind, strike), forward, s, factor
            )
            value = black.value()
            curvature = black.gammaForward()
            price.append(value)
            delta.append(black.deltaForward())
            gamma.append(curvature)
            vega.append(black.vega(years))
            # its theta moves the spot's drift too; at a held forward it is this one
            theta.append(rate * value - 0.5 * curvature * forward * forward * s * s / years)
        for name, values in zip(FIVE, (price, delta, gamma, vega, theta), strict=True):
            out[name][:] = values

    def time_ns(repeats: int) -> float:
        return scale * Contestant("", call, lambda: None).timed(repeats)

    # its normal distribution is good to about 1e-15, gamma of deep tails to less
    return Contestant(
        "QuantLib",
        call,
        lambda: require_greeks(out, expected, slice(count)),
        time_ns=time_ns,
    )
