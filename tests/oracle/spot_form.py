"""Black-Scholes-Merton by its defining integral's closed form, every Greek by differentiation.

Written from Merton (1973): the price is S e^(-qT) N(d1) - K e^(-rT) N(d2), at 60 digits; the Greeks
are numerical derivatives of that price, so no derivative formula is shared with the core.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp

__all__ = ["price", "spot_greeks"]

DIGITS = 60


def price(
    is_call: bool, spot: mp.mpf, strike: mp.mpf, vol: mp.mpf, years: mp.mpf, rate: mp.mpf, q: mp.mpf
) -> mp.mpf:
    deviation = vol * mp.sqrt(years)
    d1 = (mp.log(spot / strike) + (rate - q) * years) / deviation + deviation / 2
    d2 = d1 - deviation
    sign = 1 if is_call else -1
    asset = spot * mp.exp(-q * years) * mp.ncdf(sign * d1)
    cash = strike * mp.exp(-rate * years) * mp.ncdf(sign * d2)
    return sign * (asset - cash)


def spot_greeks(
    is_call: bool, spot: float, strike: float, vol: float, years: float, rate: float, q: float
) -> dict[str, mp.mpf]:
    """Return the price and nine derivatives for inputs taken as exact."""
    with mp.workdps(DIGITS):
        point = tuple(mp.mpf(x) for x in (spot, strike, vol, years, rate, q))

        def value(*x: mp.mpf) -> mp.mpf:
            return price(is_call, *x)

        # arguments: 0 spot, 1 strike, 2 vol, 3 years, 4 rate, 5 yield
        return {
            "price": value(*point),
            "delta": _derivative(value, point, {0: 1}),
            "gamma": _derivative(value, point, {0: 2}),
            "vega": _derivative(value, point, {2: 1}),
            "theta": -_derivative(value, point, {3: 1}),
            "rho": _derivative(value, point, {4: 1}),
            "vanna": _derivative(value, point, {0: 1, 2: 1}),
            "volga": _derivative(value, point, {2: 2}),
            "charm": -_derivative(value, point, {0: 1, 3: 1}),
            "dividend_rho": _derivative(value, point, {5: 1}),
        }


def _derivative(
    function: Callable[..., mp.mpf], point: tuple[mp.mpf, ...], orders: dict[int, int]
) -> mp.mpf:
    """Central differences with steps small beside every scale of the problem."""
    if not orders:
        return function(*point)
    axis, order = next(iter(orders.items()))
    rest = {key: n for key, n in orders.items() if key != axis}
    if order > 1:
        rest[axis] = order - 1
    scale = abs(point[axis]) if point[axis] else mp.mpf(1)
    step = scale * mp.mpf(10) ** -15
    up = (*point[:axis], point[axis] + step, *point[axis + 1 :])
    down = (*point[:axis], point[axis] - step, *point[axis + 1 :])
    return (_derivative(function, up, rest) - _derivative(function, down, rest)) / (2 * step)
