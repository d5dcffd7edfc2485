"""Black-76 and Bachelier in 60 digits: prices, Greeks and implied volatilities.

Written from the formulas (Black 1976, "The pricing of commodity contracts"; Bachelier 1900), with
mpmath's erfc and nothing of the package. Slow and obvious: the twin of ``cpp/src/kernels``.

All arguments are exact doubles (or anything ``mpmath.mpf`` takes): forward and strike in price
units, ``vol_annual`` a fraction (Black-76) or price units per square root of a year (Bachelier),
``expiry_years`` in years, ``rate_annual`` continuous and used for discounting only.
"""

from __future__ import annotations

from typing import Any

from mpmath import erfc, exp, log, mp, mpf, pi, sqrt

DIGITS = 60

OUTPUTS = ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")

Number = Any  # mpmath carries no types: a double, a decimal string or an mpf


def normal_cdf(z: mpf) -> mpf:
    """Standard normal distribution function, relatively accurate in the left tail."""
    return erfc(-z / sqrt(mpf(2))) / 2


def normal_pdf(z: mpf) -> mpf:
    """Standard normal density."""
    return exp(-z * z / 2) / sqrt(2 * pi)


def _sign(is_call: object) -> int:
    return 1 if is_call else -1


def black76(
    is_call: object,
    forward: Number,
    strike: Number,
    vol_annual: Number,
    expiry_years: Number,
    rate_annual: Number = 0,
) -> dict[str, mpf]:
    """Price and Greeks of a European option on a forward, all inputs positive.

    delta is dV/dF, vega per 1.00 of volatility, theta -dV/dT and charm -d(delta)/dT per year,
    rho per 1.00 of rate with the forward held.
    """
    with mp.workdps(DIGITS):
        f, k, vol, t, r = map(mpf, (forward, strike, vol_annual, expiry_years, rate_annual))
        sign = _sign(is_call)
        root = sqrt(t)
        d1 = log(f / k) / (vol * root) + vol * root / 2
        d2 = d1 - vol * root
        discount = exp(-r * t)
        density = normal_pdf(d1)
        price = discount * sign * (f * normal_cdf(sign * d1) - k * normal_cdf(sign * d2))
        delta = sign * normal_cdf(sign * d1)
        vega = discount * f * density * root
        return {
            "price": price,
            "delta": discount * delta,
            "gamma": discount * density / (f * vol * root),
            "vega": vega,
            "theta": r * price - discount * f * density * vol / (2 * root),
            "rho": -t * price,
            "vanna": -discount * density * d2 / vol,
            "volga": vega * d1 * d2 / vol,
            "charm": discount * (r * delta + density * d2 / (2 * t)),
        }


def bachelier(
    is_call: object,
    forward: Number,
    strike: Number,
    vol_annual: Number,
    expiry_years: Number,
    rate_annual: Number = 0,
) -> dict[str, mpf]:
    """Price and Greeks with a normal forward of any sign; volatility and expiry positive."""
    with mp.workdps(DIGITS):
        f, k, vol, t, r = map(mpf, (forward, strike, vol_annual, expiry_years, rate_annual))
        sign = _sign(is_call)
        root = sqrt(t)
        d = (f - k) / (vol * root)
        discount = exp(-r * t)
        density = normal_pdf(d)
        value = sign * (f - k) * normal_cdf(sign * d) + vol * root * density
        delta = sign * normal_cdf(sign * d)
        return {
            "price": discount * value,
            "delta": discount * delta,
            "gamma": discount * density / (vol * root),
            "vega": discount * density * root,
            "theta": discount * (r * value - density * vol / (2 * root)),
            "rho": -t * discount * value,
            "vanna": -discount * density * d / vol,
            "volga": discount * density * root * d * d / vol,
            "charm": discount * (r * delta + density * d / (2 * t)),
        }


def scales(
    forward: Number, strike: Number, vol_annual: Number, expiry_years: Number
) -> dict[str, mpf]:
    """Natural size of each Black-76 output; an error over it is a *scaled* error."""
    with mp.workdps(DIGITS):
        f, k, vol, t = map(mpf, (forward, strike, vol_annual, expiry_years))
        root = sqrt(t)
        return {
            "price": max(f, k),
            "delta": mpf(1),
            "gamma": 1 / (f * vol * root),
            "vega": f * root,
            "theta": f * vol / root,
            "rho": t * max(f, k),
            "vanna": 1 / vol,
            "volga": f * root / vol,
            "charm": 1 / t,
        }


def condition_number(
    is_call: object,
    forward: Number,
    strike: Number,
    vol_annual: Number,
    expiry_years: Number,
) -> mpf:
    """Relative change of the implied volatility per relative change of the price."""
    with mp.workdps(DIGITS):
        row = black76(is_call, forward, strike, vol_annual, expiry_years)
        return abs(row["price"] / (row["vega"] * mpf(vol_annual)))


def implied_vol(
    is_call: object,
    price: Number,
    forward: Number,
    strike: Number,
    expiry_years: Number,
    rate_annual: Number = 0,
    model: str = "black76",
) -> mpf:
    """Volatility at which the model gives exactly ``price``, strictly between its bounds.

    Bisection on the total volatility to bracket, then Newton: certain rather than fast.

    Raises
    ------
    ValueError
        If no volatility gives the price.
    """
    formula = {"black76": black76, "bachelier": bachelier}[model]
    with mp.workdps(DIGITS):
        target, expiry = mpf(price), mpf(expiry_years)
        low, high = mpf(10) ** -12, mpf(10) ** -12
        args = (forward, strike)
        while formula(is_call, *args, high, expiry, rate_annual)["price"] < target:
            low, high = high, high * 4
            if high > mpf(10) ** 12:
                raise ValueError("the price is at or over its upper bound")
        if formula(is_call, *args, low, expiry, rate_annual)["price"] >= target:
            raise ValueError("the price is at or below intrinsic")
        for _ in range(30):
            middle = sqrt(low * high)
            below = formula(is_call, *args, middle, expiry, rate_annual)["price"] < target
            low, high = (middle, high) if below else (low, middle)
        vol = sqrt(low * high)
        for _ in range(7):
            row = formula(is_call, *args, vol, expiry, rate_annual)
            vol = min(max(vol - (row["price"] - target) / row["vega"], low), high)
        return vol
