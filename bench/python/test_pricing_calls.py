"""What one call of the pricing functions costs from Python, beside NumPy + SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import QuantLib
from bench.peers.inputs import FIVE, draw_options, draw_quotes, nine_greeks, require_greeks
from scipy.special import ndtr

from tickmargin.pricing import black76, implied_vol


@pytest.mark.benchmark(group="black76, one option, price")
def test_scalar_ours(benchmark) -> None:
    o = draw_options(1)
    scalars = [column[0].item() for column in o.columns]
    found = benchmark(black76, *scalars, greeks="price")
    assert float(found.price) == pytest.approx(nine_greeks(o)["price"][0], rel=1e-12)


@pytest.mark.benchmark(group="black76, one option, price")
def test_scalar_quantlib(benchmark) -> None:
    o = draw_options(1)
    kind = QuantLib.Option.Call if o.is_call[0] else QuantLib.Option.Put
    forward, strike = float(o.forward[0]), float(o.strike[0])
    deviation = float(o.vol[0] * np.sqrt(o.years[0]))
    discount = float(np.exp(-o.rate[0] * o.years[0]))
    found = benchmark(QuantLib.blackFormula, kind, strike, forward, deviation, discount)
    assert found == pytest.approx(nine_greeks(o)["price"][0], rel=1e-12)


@pytest.mark.benchmark(group="black76, one option, price")
def test_scalar_numpy(benchmark) -> None:
    o = draw_options(1)
    found = benchmark(_price_in_numpy, *[column[0] for column in o.columns])
    assert found == pytest.approx(nine_greeks(o)["price"][0], rel=1e-12)


def _price_in_numpy(is_call, forward, strike, vol, years, rate):
    sign = 1.0 if is_call else -1.0
    s = vol * np.sqrt(years)
    d1 = np.log(forward / strike) / s + 0.5 * s
    undiscounted = forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - s))
    return np.exp(-rate * years) * sign * undiscounted


@pytest.fixture(params=[1_000, 1_000_000])
def options(request: pytest.FixtureRequest, full_size: bool):
    """Draw options; at most 20,000 without figures."""
    return draw_options(request.param if full_size else min(request.param, 20_000))


@pytest.mark.benchmark(group="black76, five Greeks")
@pytest.mark.parametrize("memory", ["new", "out"])
def test_five_ours(benchmark, options, memory: str) -> None:
    benchmark.extra_info["rows"] = options.forward.size
    arguments = options.columns
    if memory == "out":
        out = {name: np.zeros(options.forward.size) for name in FIVE}
        found = benchmark(black76, *arguments, out=out)
    else:
        found = benchmark(black76, *arguments, greeks=FIVE)
    require_greeks({name: getattr(found, name) for name in FIVE}, nine_greeks(options))


@pytest.mark.benchmark(group="black76, five Greeks")
def test_nine_numpy(benchmark, options) -> None:
    benchmark.extra_info["rows"] = options.forward.size
    found = benchmark(nine_greeks, options)
    require_greeks(found, nine_greeks(options))


@pytest.mark.benchmark(group="implied volatility")
def test_implied_ours(benchmark, full_size: bool) -> None:
    q = draw_quotes(200_000 if full_size else 10_000)
    benchmark.extra_info["rows"] = q.vol.size
    found = benchmark(implied_vol, q.is_call, q.price, q.forward, q.strike, q.years)
    assert np.all(found.status == 0)
    assert np.max(np.abs(found.vol_annual / q.vol - 1.0)) <= 1e-12
