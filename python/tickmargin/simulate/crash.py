"""A crash of the size of early February 2026, day by day.

BTC falls 24 % in a week while 30-day at-the-money volatility goes from 39 % to 85 %; ETH and SOL
fall further, smiles steepen, the futures basis goes negative, books thin out and the stablecoins
slip. Positions and balances are held. No listed expiry falls inside the week (see `listing`), so no
position settles on the way. The path is data, not a draw: the same every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

from tickmargin.simulate.listing import NS_PER_DAY
from tickmargin.simulate.smile import SmileState
from tickmargin.simulate.state import BASE_STATE, UnderlyingState, VenueState


@dataclass(frozen=True, slots=True)
class CrashDay:
    """One day of the path; ``stress`` runs from 0 (before) to 1 (the worst day)."""

    btc_index_ratio: float
    btc_vol_30d_annual: float
    stress: float


CRASH_DAYS = (
    CrashDay(1.000, 0.390, 0.00),
    CrashDay(0.958, 0.425, 0.10),
    CrashDay(0.926, 0.465, 0.22),
    CrashDay(0.944, 0.450, 0.18),
    CrashDay(0.908, 0.485, 0.30),
    CrashDay(0.872, 0.560, 0.48),
    CrashDay(0.806, 0.700, 0.76),
    CrashDay(0.760, 0.850, 1.00),
)

# Exponents on BTC's fall and, as a share, on its rise in volatility.
_PRICE_BETA = {"BTC": 1.0, "ETH": 1.38, "SOL": 1.52}
_VOL_BETA = {"BTC": 1.0, "ETH": 0.86, "SOL": 0.80}
_LONG_VOL_SHARE = 0.22
_SKEW_ADDED = -0.075
_WINGS_ADDED = 0.06
_BASIS_END_ANNUAL = -0.012
_PREMIUM_END_RATIO = -0.0011
_REALISED_RATIO_END = 2.35
_DEPTH_RATIO_END = 0.35
_STABLECOIN_END = {"USDC": 0.9994, "USDT": 0.9968}


def crash_path() -> list[VenueState]:
    """Give the venue's state at each day of the crash.

    Returns
    -------
    list of VenueState
        Eight states a day apart; the first is the venue before the crash.
    """
    return [_state_on(number, day) for number, day in enumerate(CRASH_DAYS)]


def _state_on(number: int, day: CrashDay) -> VenueState:
    return VenueState(
        as_of_ns=BASE_STATE.as_of_ns + number * NS_PER_DAY,
        underlyings={
            name: _underlying_on(name, base, day) for name, base in BASE_STATE.underlyings.items()
        },
        stablecoin_prices={
            name: _between(price, _STABLECOIN_END[name], day.stress)
            for name, price in BASE_STATE.stablecoin_prices.items()
        },
    )


def _underlying_on(name: str, base: UnderlyingState, day: CrashDay) -> UnderlyingState:
    rise = day.btc_vol_30d_annual / CRASH_DAYS[0].btc_vol_30d_annual
    smile = SmileState(
        vol_30d_annual=base.smile.vol_30d_annual * rise ** _VOL_BETA[name],
        vol_long_annual=base.smile.vol_long_annual * rise**_LONG_VOL_SHARE,
        skew=base.smile.skew + _SKEW_ADDED * day.stress,
        wings=base.smile.wings + _WINGS_ADDED * day.stress,
    )
    return UnderlyingState(
        index_price=base.index_price * exp(_PRICE_BETA[name] * log(day.btc_index_ratio)),
        smile=smile,
        basis_annual=_between(base.basis_annual, _BASIS_END_ANNUAL, day.stress),
        perpetual_premium_ratio=_between(
            base.perpetual_premium_ratio, _PREMIUM_END_RATIO, day.stress
        ),
        realised_vol_annual=base.realised_vol_annual
        * _between(1.0, _REALISED_RATIO_END, day.stress),
        depth_notional=base.depth_notional * _between(1.0, _DEPTH_RATIO_END, day.stress),
    )


def _between(start: float, end: float, share: float) -> float:
    return start + (end - start) * share
