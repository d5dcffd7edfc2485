"""A surface from quotes: a slice by expiry, each with a verdict and the reasons for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InvalidInputError
from tickmargin.surface.svi import Svi, fit_svi, vega_weights

__all__ = ["Quotes", "Slice", "fit_surface"]

Doubles = NDArray[np.float64]

_YEAR_NS = 365 * 86_400_000_000_000
_QUOTES_MIN = 5
_GRID = 401
_LEE = 2.0  # total variance grows at most so fast with |ln(K / F)|


@dataclass(frozen=True, slots=True)
class Quotes:
    """What a venue marks one underlying's options at, a row per option.

    Attributes
    ----------
    as_of_ns : int
    expiry_ns : array of int64
    strike, forward_price : array of float
        The forward is that of the row's expiry, by parity of the marks.
    vol_annual : array of float
        A fraction.
    """

    as_of_ns: int
    expiry_ns: NDArray[np.int64]
    strike: Doubles
    forward_price: Doubles
    vol_annual: Doubles

    def __post_init__(self) -> None:
        """Refuse columns of different lengths and rows that are no quote."""
        for name in ("strike", "forward_price", "vol_annual"):
            column = getattr(self, name)
            if column.shape != self.expiry_ns.shape:
                message = f"{name} has shape {column.shape}, expiry_ns {self.expiry_ns.shape}"
                raise InvalidInputError(message, code="LENGTH_MISMATCH")
            bad = np.flatnonzero(~((column > 0.0) & np.isfinite(column)))
            if bad.size:
                row = int(bad[0])
                message = f"{name} row {row} must be finite and > 0, was {column[row]}"
                raise InvalidInputError(message, code="NOT_POSITIVE")
        late = np.flatnonzero(self.expiry_ns <= self.as_of_ns)
        if late.size:
            row = int(late[0])
            message = f"expiry_ns row {row} is {self.expiry_ns[row]}, not after {self.as_of_ns}"
            raise InvalidInputError(message, code="INVALID_TIME")

    @property
    def log_moneyness(self) -> Doubles:
        """ln(K / F) of each row."""
        return np.asarray(np.log(self.strike / self.forward_price))


@dataclass(frozen=True, slots=True)
class Slice:
    """One expiry's fit.

    Attributes
    ----------
    expiry_ns, as_of_ns : int
    years : float
        Time to expiry at the fit, ACT/365.
    svi : Svi or None
        None where there are too few quotes.
    quotes : int
    rms_error : float
        Of volatility, weighted as the fit is; NaN without one.
    reasons : tuple of str
        Why it is rejected; empty where it is accepted. ``quotes``: fewer than five. ``misfit``:
        the error is too large. ``butterfly``: Durrleman's g is negative within the quoted strikes,
        or total variance is not positive. ``wings``: total variance grows faster than 2 |ln(K/F)|.
        ``calendar``: total variance is less than that of an earlier expiry somewhere.
    """

    expiry_ns: int
    as_of_ns: int
    years: float
    svi: Svi | None
    quotes: int
    rms_error: float
    reasons: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether the fit may be used."""
        return not self.reasons


def fit_surface(quotes: Quotes, *, error_max: float = 0.01) -> list[Slice]:
    """Fit every expiry and judge it.

    Calendar arbitrage is looked for against the last earlier expiry that is accepted, on the
    strikes that both quote; the later of the two is the one rejected.

    Parameters
    ----------
    quotes : Quotes
    error_max : float
        Largest error of volatility, in volatility (0.01 is one point).

    Returns
    -------
    list of Slice
        In order of expiry.

    Raises
    ------
    MissingExtraError
        Without scipy, which comes with the extra ``calibrate``.
    """
    slices: list[Slice] = []
    k = quotes.log_moneyness
    earlier: tuple[Svi, float, float] | None = None
    for expiry in np.unique(quotes.expiry_ns).tolist():
        rows = quotes.expiry_ns == expiry
        own, vol = k[rows], quotes.vol_annual[rows]
        years = (expiry - quotes.as_of_ns) / _YEAR_NS
        strikes = np.unique(own).size
        if strikes < _QUOTES_MIN:
            nothing = Slice(
                expiry, quotes.as_of_ns, years, None, strikes, float("nan"), ("quotes",)
            )
            slices.append(nothing)
            continue
        svi = fit_svi(own, vol, years)
        error = _error(svi, own, vol, years)
        low, high = float(own.min()), float(own.max())
        reasons = [
            reason
            for reason, found in (
                ("misfit", not error <= error_max),
                ("butterfly", _butterfly(svi, low, high)),
                ("wings", svi.b * (1.0 + abs(svi.rho)) > _LEE),
                ("calendar", earlier is not None and _calendar(svi, low, high, earlier)),
            )
            if found
        ]
        slices.append(Slice(expiry, quotes.as_of_ns, years, svi, strikes, error, tuple(reasons)))
        if not reasons:
            earlier = (svi, low, high)
    return slices


def _error(svi: Svi, k: Doubles, vol: Doubles, years: float) -> float:
    miss = svi.vol_annual(k, years) - vol
    return float(np.sqrt(np.average(miss**2, weights=vega_weights(k, vol, years))))


def _butterfly(svi: Svi, low: float, high: float) -> bool:
    return not bool(np.all(svi.durrleman(np.linspace(low, high, _GRID)) >= 0.0))


def _calendar(svi: Svi, low: float, high: float, earlier: tuple[Svi, float, float]) -> bool:
    before, before_low, before_high = earlier
    low, high = max(low, before_low), min(high, before_high)
    if low >= high:
        return False
    grid = np.linspace(low, high, _GRID)
    return bool(np.any(svi.total_variance(grid) < before.total_variance(grid)))
