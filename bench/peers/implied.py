"""Implied volatility: ours and lbriv (Let's Be Rational) on the same out-of-the-money quotes."""

from __future__ import annotations

import numpy as np
from lbriv.black_core import vectorized_implied_vol_strikes

from bench.harness import Contestant, Goal, Race
from bench.peers.inputs import Quotes, draw_quotes
from tickmargin.pricing import implied_vol

ULP = 2.0**-52


def races(small: bool) -> list[Race]:
    """One race; lbriv's compiled loop is called directly, once for puts and once for calls."""
    quotes = draw_quotes(10_000 if small else 200_000)
    found: dict[str, np.ndarray] = {}
    put, call = slice(None, quotes.puts), slice(quotes.puts, None)
    q = quotes

    def ours() -> None:
        found["ours"] = implied_vol(q.is_call, q.price, q.forward, q.strike, q.years).vol_annual

    def peer() -> None:
        found["puts"] = vectorized_implied_vol_strikes(q.price[put], q.forward, q.strike[put], -1)
        found["calls"] = vectorized_implied_vol_strikes(q.price[call], q.forward, q.strike[call], 1)

    def check_peer() -> None:
        total = np.concatenate((np.asarray(found["puts"]), np.asarray(found["calls"])))
        _require(total / np.sqrt(q.years), q)

    contestants = [
        Contestant("ours", ours, lambda: _require(found["ours"], q)),
        Contestant("lbriv", peer, check_peer),
    ]
    goal = Goal("implied volatility", "ours", "lbriv", 7.0)
    left_out = "lbriv's result is a total volatility; the division by sqrt(T) is not timed."
    return [Race("implied volatility", "quotes", q.vol.size, contestants, [goal], left_out)]


def _require(vol: np.ndarray, quotes: Quotes) -> None:
    """Refuse volatilities off by more than 1e-12 or 4 ulp times the condition number."""
    error = np.abs(vol - quotes.vol) / quotes.vol
    excess = np.max(error / np.maximum(1e-12, 4.0 * ULP * quotes.condition))
    if not excess <= 1.0:
        raise AssertionError(f"implied volatility is off by {excess:.1f} times what is allowed")
