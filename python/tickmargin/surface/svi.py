"""Raw SVI: the total variance of one expiry as five numbers, its derivatives and its fit."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InvalidInputError, MissingExtraError

__all__ = ["Svi", "fit_svi", "vega_weights"]

Doubles = NDArray[np.float64]

_PARAMETERS = 5
_BOUNDS = ([-20.0, 0.0, -0.999, -10.0, 1e-2], [5.0, 50.0, 0.999, 10.0, 50.0])
_VARIANCE_MIN = 1e-6
_EVALUATIONS = 60


@dataclass(frozen=True, slots=True)
class Svi:
    """w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)), with k = ln(K / F).

    w is total variance, volatility squared times years; all five numbers are without unit.
    """

    a: float
    b: float
    rho: float
    m: float
    sigma: float

    def total_variance(self, log_moneyness: Any) -> Doubles:
        """w at each k."""
        x = np.asarray(log_moneyness, np.float64) - self.m
        return np.asarray(self.a + self.b * (self.rho * x + np.sqrt(x * x + self.sigma**2)))

    def vol_annual(self, log_moneyness: Any, years: float) -> Doubles:
        """Volatility a year at each k, of a time to expiry; NaN where w is negative."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(self.total_variance(log_moneyness) / years))

    def slopes(self, log_moneyness: Any) -> tuple[Doubles, Doubles]:
        """First and second derivative of w."""
        x = np.asarray(log_moneyness, np.float64) - self.m
        root = np.sqrt(x * x + self.sigma**2)
        return self.b * (self.rho + x / root), self.b * self.sigma**2 / root**3

    def durrleman(self, log_moneyness: Any) -> Doubles:
        """g(k): where it is negative a butterfly has a negative price (Gatheral, Jacquier 2014).

        g = (1 - k w' / 2w)^2 - (w')^2 / 4 (1/w + 1/4) + w'' / 2; NaN where w is not positive.
        """
        k = np.asarray(log_moneyness, np.float64)
        w = self.total_variance(k)
        w = np.where(w > 0.0, w, np.nan)
        first, second = self.slopes(k)
        return np.asarray(
            (1.0 - 0.5 * k * first / w) ** 2 - 0.25 * first**2 * (1.0 / w + 0.25) + 0.5 * second
        )


def fit_svi(log_moneyness: Any, vol_annual: Any, years: float, weight: Any = None) -> Svi:
    """Least squares in volatility over the quotes of one expiry.

    Parameters
    ----------
    log_moneyness, vol_annual : array of float, shape (n,)
        ln(K / F), and the volatility quoted there; n >= 5.
    years : float
        Time to expiry, ACT/365.
    weight : array of float, shape (n,), optional
        Of each squared difference; by default the density of a normal of the smile's own width, as
        vegas are, and never below a hundredth.

    Raises
    ------
    MissingExtraError
        Without scipy, which comes with the extra ``calibrate``.
    InvalidInputError
        Fewer than five quotes, or one that is not a positive number.
    """
    k, vol = np.asarray(log_moneyness, np.float64), np.asarray(vol_annual, np.float64)
    if k.ndim != 1 or k.shape != vol.shape or k.size < _PARAMETERS:
        message = f"a slice needs {_PARAMETERS} quotes or more of equal length, got {k.shape}"
        raise InvalidInputError(f"{message} and {vol.shape}", code="INVALID_ARGUMENT")
    bad = np.flatnonzero(~(np.isfinite(k) & np.isfinite(vol) & (vol > 0.0)))
    if bad.size:
        row = int(bad[0])
        message = f"quote row {row}: ln(K / F) {k[row]}, vol_annual {vol[row]}"
        raise InvalidInputError(f"{message}; expected finite, and > 0", code="INVALID_ARGUMENT")
    if not years > 0.0:
        raise InvalidInputError(f"years must be > 0, got {years}", code="INVALID_ARGUMENT")
    weights = vega_weights(k, vol, years) if weight is None else np.asarray(weight, np.float64)
    return _solve(k, vol, years, np.sqrt(weights))


def vega_weights(log_moneyness: Doubles, vol_annual: Doubles, years: float) -> Doubles:
    """Density of a normal of the smile's own width, never below a hundredth."""
    _, width = _scale(log_moneyness, vol_annual, years)
    return np.maximum(np.exp(-0.5 * (log_moneyness / width) ** 2), 0.01)


def _scale(k: Doubles, vol: Doubles, years: float) -> tuple[float, float]:
    """Volatility at the money, and the width in ln(K / F) of one standard deviation."""
    middle = float(vol[np.argmin(np.abs(k))])
    return middle, max(middle * float(np.sqrt(years)), 0.02)


def _solve(k: Doubles, vol: Doubles, years: float, root_weight: Doubles) -> Svi:
    # In units of the smile's own width and level all five are near one, whatever the expiry.
    middle, width = _scale(k, vol, years)
    total = middle * middle * years
    y, target = k / width, vol / middle

    def model(x: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        z = y - x[3]
        root = np.sqrt(z * z + x[4] ** 2)
        w = np.maximum(x[0] + x[1] * (x[2] * z + root), _VARIANCE_MIN)
        return np.sqrt(w), z, root

    def residual(x: Doubles) -> Doubles:
        return root_weight * (model(x)[0] - target)

    def jacobian(x: Doubles) -> Doubles:
        sqrt_w, z, root = model(x)
        columns = (
            np.ones_like(z), x[2] * z + root, x[1] * z,
            -x[1] * (x[2] + z / root), x[1] * x[4] / root,
        )  # fmt: skip
        return np.asarray(np.column_stack(columns) * (0.5 * root_weight / sqrt_w)[:, None])

    least_squares = _scipy().least_squares
    found = [
        least_squares(residual, [0.5, 0.5, rho, 0.0, sigma], jac=jacobian, bounds=_BOUNDS,
                      max_nfev=_EVALUATIONS)
        for rho in (-0.4, 0.2)
        for sigma in (0.7, 2.5)
    ]  # fmt: skip
    a, b, rho, m, sigma = min(found, key=lambda f: float(f.cost)).x.tolist()
    return Svi(a * total, b * total / width, rho, m * width, sigma * width)


def _scipy() -> Any:
    try:
        return import_module("scipy.optimize")
    except ImportError as error:
        message = (
            "fitting a surface needs scipy, which is not installed: "
            "pip install 'tickmargin[calibrate]'"
        )
        raise MissingExtraError(message) from error
