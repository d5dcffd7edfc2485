"""What the synthetic venue lists: options, futures, perpetuals and spot on three underlyings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

UNDERLYINGS = ("BTC", "ETH", "SOL")
NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND
YEAR_NS = 365 * NS_PER_DAY
NO_EXPIRY = np.iinfo(np.int64).min

AS_OF_NS = int(datetime(2026, 1, 30, 12, tzinfo=UTC).timestamp()) * NS_PER_SECOND
"""The venue's first moment. The crash path covers the seven days after it."""

# None falls inside the seven days of the crash path: the book is held through it unchanged, and an
# expiry would turn positions into cash. The first one ends 20 hours after it, so gamma still bites.
EXPIRY_DAYS = (
    (2026, 2, 7),
    (2026, 2, 13),
    (2026, 2, 20),
    (2026, 2, 27),
    (2026, 3, 6),
    (2026, 3, 13),
    (2026, 3, 27),
    (2026, 4, 24),
    (2026, 5, 29),
    (2026, 6, 26),
    (2026, 9, 25),
    (2026, 12, 25),
)
_FUTURE_EXPIRIES = (3, 6, 9, 10, 11)
_EXPIRY_HOUR_UTC = 8
_STRIKES_SPAN_DEVIATIONS = 3.0
_STRIKES_REACH_MAX = 0.9
_STRIKES_BELOW_SHARE = 0.45
_LISTING_VOL_ANNUAL = {"BTC": 0.48, "ETH": 0.66, "SOL": 0.80}


@dataclass(frozen=True, slots=True)
class _Contract:
    """Contract sizes of one underlying; quantities on the venue are whole contracts."""

    strikes_per_expiry: int
    strike_steps: tuple[float, ...]
    option_multiplier: float
    option_coin_settled: bool
    inverse_multiplier: float
    linear_multiplier: float
    reference_price: float


_BTC_STEPS = (500.0, 1000.0, 2000.0, 5000.0, 10000.0)
_ETH_STEPS = (10.0, 25.0, 50.0, 100.0, 200.0, 500.0)
_SOL_STEPS = (1.0, 2.0, 5.0, 10.0, 20.0)
_CONTRACTS = {
    "BTC": _Contract(34, _BTC_STEPS, 0.1, True, 10.0, 0.001, 84_120.0),
    "ETH": _Contract(28, _ETH_STEPS, 1.0, True, 10.0, 0.01, 2_742.0),
    "SOL": _Contract(22, _SOL_STEPS, 10.0, False, 1.0, 0.1, 117.4),
}
_INTEREST = {"BTC": 1.0, "ETH": 0.6, "SOL": 0.35}


@dataclass(frozen=True, slots=True)
class Listing:
    """Columns of all listed instruments, one entry per instrument.

    ``strike`` is NaN and ``expiry_ns`` is ``NO_EXPIRY`` where the kind has none; ``popularity`` is
    the relative weight with which traders choose the instrument.
    """

    instrument: NDArray[np.str_]
    kind: NDArray[np.str_]
    underlying: NDArray[np.str_]
    settlement_asset: NDArray[np.str_]
    payoff: NDArray[np.str_]
    multiplier: NDArray[np.float64]
    strike: NDArray[np.float64]
    expiry_ns: NDArray[np.int64]
    option_type: NDArray[np.str_]
    popularity: NDArray[np.float64]

    def __len__(self) -> int:
        """Give the number of instruments."""
        return int(self.instrument.shape[0])

    def is_kind(self, kind: str) -> NDArray[np.bool_]:
        """Tell which instruments are of a kind."""
        return np.asarray(self.kind == kind)

    def lot_notional(self, index_price: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the quote notional of one contract, given each instrument's index price."""
        return np.where(self.payoff == "inverse", self.multiplier, self.multiplier * index_price)


def expiries_ns() -> NDArray[np.int64]:
    """Give the listed expiries, 08:00 UTC, in rising order."""
    stamps = [datetime(*day, _EXPIRY_HOUR_UTC, tzinfo=UTC).timestamp() for day in EXPIRY_DAYS]
    return np.asarray([int(stamp) * NS_PER_SECOND for stamp in stamps], dtype=np.int64)


def list_instruments() -> Listing:
    """List the venue: 2,016 options, 25 dated futures, 8 perpetuals and 3 spot pairs.

    Returns
    -------
    Listing
        The same columns every time; nothing here is drawn.
    """
    rows: list[tuple[object, ...]] = []
    for underlying in UNDERLYINGS:
        contract = _CONTRACTS[underlying]
        rows.extend(_options(underlying, contract))
        rows.extend(_futures(underlying, contract))
        rows.extend(_perpetuals(underlying, contract))
        spot = (f"{underlying}_USDC", "spot", underlying, "USDC", "linear")
        rows.append((*spot, contract.linear_multiplier, np.nan, NO_EXPIRY, "", 6.0))
    rows = [(*row[:-1], _INTEREST[str(row[2])] * float(str(row[-1]))) for row in rows]
    columns = list(zip(*rows, strict=True))
    dtypes = ("U", "U", "U", "U", "U", "f8", "f8", "i8", "U", "f8")
    return Listing(*(np.asarray(c, dtype=d) for c, d in zip(columns, dtypes, strict=True)))


def strike_ladder(underlying: str, expiry_years: float) -> NDArray[np.float64]:
    """Give the strikes of one expiry: multiples of a round step about the reference price.

    Parameters
    ----------
    underlying : str
        One of `UNDERLYINGS`.
    expiry_years : float
        Time to expiry when listed.

    Returns
    -------
    ndarray
        Rising strikes that span about three standard deviations on either side, at most 90 %.
    """
    contract = _CONTRACTS[underlying]
    deviation = _LISTING_VOL_ANNUAL[underlying] * np.sqrt(expiry_years)
    reach = min(np.expm1(_STRIKES_SPAN_DEVIATIONS * deviation), _STRIKES_REACH_MAX)
    wanted = 2.0 * reach * contract.reference_price / contract.strikes_per_expiry
    step = min(contract.strike_steps, key=lambda s: abs(np.log(s / wanted)))
    centre = round(contract.reference_price / step)
    below = min(int(_STRIKES_BELOW_SHARE * contract.strikes_per_expiry), centre - 1)
    first = centre - below
    return step * np.arange(first, first + contract.strikes_per_expiry, dtype=np.float64)


def _options(underlying: str, contract: _Contract) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    coin = contract.option_coin_settled
    settlement, payoff = (underlying, "coin") if coin else ("USDC", "linear")
    for expiry_ns in expiries_ns().tolist():
        years = (expiry_ns - AS_OF_NS) / YEAR_NS
        deviation = _LISTING_VOL_ANNUAL[underlying] * np.sqrt(years)
        for strike in strike_ladder(underlying, years).tolist():
            distance = np.log(strike / contract.reference_price) / deviation
            for option_type in ("call", "put"):
                # Traders prefer round money, near expiries and the side out of the money.
                favoured = (distance >= 0.0) == (option_type == "call")
                weight = np.exp(-0.5 * distance**2) * (1.0 if favoured else 0.35)
                weight /= 0.35 + np.sqrt(years)
                name = f"{underlying}-{_day(expiry_ns)}-{strike:.0f}-{option_type[0].upper()}"
                listed = (name, "option", underlying, settlement, payoff)
                terms = (contract.option_multiplier, strike, expiry_ns, option_type)
                rows.append((*listed, *terms, weight))
    return rows


def _futures(underlying: str, contract: _Contract) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for position in _FUTURE_EXPIRIES:
        expiry_ns = int(expiries_ns()[position])
        day, weight = _day(expiry_ns), 12.0 / (1.0 + position / 3.0)
        if contract.option_coin_settled:
            inverse = (f"{underlying}-{day}", "future", underlying, underlying, "inverse")
            rows.append((*inverse, contract.inverse_multiplier, np.nan, expiry_ns, "", weight))
        linear = (f"{underlying}_USDC-{day}", "future", underlying, "USDC", "linear")
        rows.append((*linear, contract.linear_multiplier, np.nan, expiry_ns, "", weight / 2.0))
    return rows


def _perpetuals(underlying: str, contract: _Contract) -> list[tuple[object, ...]]:
    listed = [("USDT", "linear", 100.0), ("USDC", "linear", 35.0)]
    if contract.option_coin_settled:
        listed.append((underlying, "inverse", 60.0))
    rows: list[tuple[object, ...]] = []
    for settlement, payoff, weight in listed:
        inverse = payoff == "inverse"
        pair = underlying if inverse else f"{underlying}_{settlement}"
        multiplier = contract.inverse_multiplier if inverse else contract.linear_multiplier
        name = (f"{pair}-PERPETUAL", "perpetual", underlying, settlement, payoff)
        rows.append((*name, multiplier, np.nan, NO_EXPIRY, "", weight))
    return rows


def _day(expiry_ns: int) -> str:
    moment = datetime.fromtimestamp(expiry_ns // NS_PER_SECOND, tz=UTC)
    return f"{moment.day}{moment.strftime('%b%y').upper()}"
