"""The plain read-only columns that a loaded portfolio and market hold and the core reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Accounts",
    "Assets",
    "Balances",
    "Baskets",
    "Forwards",
    "Instruments",
    "Marks",
    "Positions",
    "Surface",
    "Underlyings",
]

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Index = NDArray[np.int32]
Times = NDArray[np.int64]
Names = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """Instruments by row; ``underlying`` and ``settlement`` index the portfolio's own lists.

    kind: 0 spot, 1 future, 2 perpetual, 3 option. payoff: 0 linear, 1 inverse, 2 quanto, 3 coin.
    strike is NaN and expiry_ns 0 where there is none; is_call and bachelier are 0 or 1. An option
    with a funding_period_days is everlasting; it is NaN and funding_rate_annual 0 for all else.
    tracks_index is 1 for a contract that stands for an underlying in a basket: its mark is the
    index, and it is in no table.
    """

    names: Names
    kind: Bytes
    payoff: Bytes
    underlying: Index
    settlement: Index
    multiplier: Floats
    strike: Floats
    expiry_ns: Times
    is_call: Bytes
    bachelier: Bytes
    funding_period_days: Floats
    funding_rate_annual: Floats
    tracks_index: Bytes

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """Synthetic baskets, and their components by row of input.

    Basket ``b`` has the components ``order[first[b] : first[b + 1]]``; of a component, basket
    indexes ``names``, instrument the instruments; weight is in base units a basket and
    reference_price in quote units. margined: the basket has an entry price.
    """

    names: Names
    first: Index
    order: Index
    basket: Index
    instrument: Index
    weight: Floats
    reference_price: Floats
    margined: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.names)

    def gross(self) -> dict[str, float]:
        """What each basket is long and short of together, at the reference prices."""
        size = np.zeros(len(self))
        np.add.at(size, self.basket, np.abs(self.weight * self.reference_price))
        return dict(zip(self.names.tolist(), size.tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """Accounts by row; an absent attribute is None, an absent credit_score NaN."""

    names: Names
    tier: Names
    jurisdiction: Names
    linked_group: Names
    credit_score: Floats

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Positions by row of input; quantity is signed, entry_price NaN where none was given.

    hedge: 0 net position, 1 long leg, 2 short leg of an account that holds both sides.
    """

    account: Index
    pocket: Index
    instrument: Index
    quantity: Floats
    entry_price: Floats
    hedge: Bytes

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True, slots=True, eq=False)
class Balances:
    """Collateral by row of input; a negative amount is a debt."""

    account: Index
    pocket: Index
    asset: Index
    amount: Floats

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True, slots=True, eq=False)
class Assets:
    """Assets by row, the numeraire always among them.

    price is in the numeraire, NaN where missing. Where underlying >= 0 the price moves with that
    underlying's index price times the price of its quote asset: in fixed proportion to it if
    price is given, equal to it if not.
    """

    keys: tuple[tuple[str, str], ...]
    price: Floats
    underlying: Index
    confidence: Floats
    borrow_rate_annual: Floats
    risk_annual: Floats

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True, eq=False)
class Underlyings:
    """Underlyings by row; ``quote_asset`` indexes the market's assets; NaN and 0 are missing."""

    names: Names
    index_price: Floats
    quote_asset: Index
    realised_vol_annual: Floats
    depth_notional: Floats
    previous_mm_ratio: Floats
    previous_ts_ns: Times
    confidence: Floats
    peg_price: Floats
    index_ts_ns: Times
    price_velocity_ratio: Floats
    flow_signed_notional: Floats
    flow_total_notional: Floats
    open_interest_notional: Floats
    regime_score: Floats
    macro_score: Floats
    rate_stress: Floats

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True, eq=False)
class Forwards:
    """Forward prices sorted by (underlying, expiry_ns)."""

    underlying: Index
    expiry_ns: Times
    forward_price: Floats
    rate_annual: Floats
    discount_rate_annual: Floats
    fixed_price: Floats
    confidence: Floats

    def __len__(self) -> int:
        return len(self.underlying)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Marks by instrument name, sorted by name; NaN where missing."""

    names: Names
    mark_price: Floats
    vol_annual: Floats
    vol_normal_annual: Floats
    settled_share: Floats
    settled_average: Floats
    funding_rate_annual: Floats
    confidence: Floats

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Surface points sorted by (underlying, expiry_ns, strike)."""

    underlying: Index
    expiry_ns: Times
    strike: Floats
    vol_annual: Floats

    def __len__(self) -> int:
        return len(self.underlying)
