"""What one contract is worth, now and in a scenario; the twin of `cpp/src/margin/README.md`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.oracle.margin_market import Market, MissingInputError, Row, asset_key
from tests.oracle.margin_pricing import Sheet, bachelier, black76


class Shock(NamedTuple):
    """One scenario: index and forwards move by `move`, volatilities by `vol` before scaling."""

    move: float
    vol: float
    weight: float


STILL = Shock(0.0, 0.0, 1.0)


def settle_key(instrument: Row) -> tuple[str, str]:
    """(symbol, chain) of the settlement asset."""
    return asset_key(instrument, "settlement_asset", "settlement_chain")


class Contract:
    """An instrument at a market; amounts are numeraire a contract."""

    def __init__(self, market: Market, row: Row) -> None:
        self.market, self.row = market, row
        self.name: str = row["instrument"]
        self.underlying: str = row["underlying"]
        self.kind: str = row["kind"]
        self.payoff: str = row["payoff"]
        self.expiry_ns: int = row.get("expiry_ns") or 0
        self.is_option = self.kind == "option"
        self.multiplier = float(row["multiplier"])
        self.years = market.years(self.expiry_ns)
        self._missing: set[str] = set()
        self.index = self._get(lambda: market.index(self.underlying))
        # S px(quote): numeraire a base unit.
        self.unit = self.index * self._get(lambda: market.quote(self.underlying))
        self.settle = self._get(lambda: market.price(settle_key(row)))
        self.settle_linked = market.linked(settle_key(row)) == self.underlying
        self.vol, self.normal = math.nan, False
        if self.is_option:
            self.forward = self._get(lambda: market.forward(self.underlying, self.expiry_ns))
            self._look_at_vol()
        else:
            self.mark = self._get(lambda: market.mark(row))
        if self._missing:
            raise MissingInputError(*self._missing)
        if self.is_option:
            self.discount = math.exp(-market.rate(self.underlying, self.expiry_ns) * self.years)

    def _get(self, look: Callable[[], float]) -> float:
        try:
            return look()
        except MissingInputError as missing:
            self._missing |= missing.statuses
            return math.nan

    def _look_at_vol(self) -> None:
        try:
            self.vol, self.normal = self.market.vol(self.row)
        except MissingInputError as missing:
            self._missing |= missing.statuses

    # Futures, perpetuals, spot.

    def profit_since(self, entry: float | None) -> float:
        """Value of a long contract that is not an option."""
        if self.kind == "spot":
            return self.multiplier * self.mark * self.settle
        assert entry is not None
        if self.payoff == "inverse":
            return self.multiplier * self.settle * (1.0 / entry - 1.0 / self.mark)
        return self.multiplier * self.settle * (self.mark - entry)

    def notional(self, entry: float | None = None) -> float:
        """Gross notional; futures and perpetuals at `entry` where given."""
        if self.is_option:
            return self.multiplier * self.unit
        price = self.mark if entry is None or self.kind == "spot" else entry
        if self.payoff != "inverse":
            return self.multiplier * price * self.settle
        if entry is None:
            return self.multiplier * self.market.quote(self.underlying)
        return self.multiplier * self.settle / entry

    def size_base(self) -> float:
        """Size in base units."""
        return self.multiplier / self.mark if self.payoff == "inverse" else self.multiplier

    # Options.

    def sheet(self, move: float = 0.0, vol: float | None = None) -> Sheet:
        """Undiscounted price and derivatives per base unit, in quote units."""
        model = bachelier if self.normal else black76
        is_call = self.row["option_type"] == "call"
        # A forward at or below zero moves by the index's own change, not in proportion to itself.
        change = move * (self.index if self.normal else self.forward)
        forward = self.forward + change
        used = self.vol if vol is None else vol
        return model(is_call, forward, float(self.row["strike"]), used, self.years)

    def move_to_strike(self) -> float:
        """The move of the index at which the forward stands at the strike."""
        strike = float(self.row["strike"])
        return (strike - self.forward) / (self.index if self.normal else self.forward)

    def scale(self, move: float = 0.0) -> float:
        """Numeraire for one quote unit of the undiscounted price, in a scenario."""
        if self.payoff == "coin":
            coin = self.settle * (1.0 + move)
            return self.multiplier * coin / (self.forward * (1.0 + move))
        return self.multiplier * self.settle * self.discount

    def premium(self, price: float) -> float:
        """Numeraire a contract for a quoted price: quote units, or coin."""
        return self.multiplier * self.settle * price

    def shocked_vol(self, shock: float, rules: Mapping[str, Any]) -> float:
        """Volatility under a shock, scaled by term."""
        days = max(365.0 * self.years, rules["min_days"])
        reference = rules["vol_reference_days"]
        power = rules["vol_power_short" if days < reference else "vol_power_long"]
        term = shock * (reference / days) ** power
        vol = self.vol * (1.0 + term) if rules["vol_shock"] == "relative" else self.vol + term
        floor = rules["vol_up_floor_annual"] if shock > 0.0 else 0.0
        return max(vol, floor, 0.0)

    # Both.

    def value(self, entry: float | None) -> float:
        """Value of a long contract."""
        return self.scale() * self.sheet().price if self.is_option else self.profit_since(entry)

    @property
    def settles_in_own_coin(self) -> bool:
        """Whether a future's linear pay-off settles in an asset that follows the same index.

        No option does: one whose pay-off is in quote units may not settle in that coin.
        """
        return (
            self.settle_linked and self.kind in ("future", "perpetual") and self.payoff != "inverse"
        )

    def linear_worth(self) -> float:
        """`c`: profit for a move of 1, to first order."""
        if self.payoff == "inverse":
            return self.multiplier * self.settle / self.mark
        return self.multiplier * self.settle * self.mark

    def profit(self, shock: Shock, rules: Mapping[str, Any] | None) -> float:
        """Profit of a long contract in a scenario; `rules` None holds the volatility."""
        m = shock.move
        if self.is_option:
            vol = self.vol
            if rules is not None and shock.vol != 0.0:
                vol = self.shocked_vol(shock.vol, rules)
            then = self.scale(m) * self.sheet(m, vol).price
            return shock.weight * (then - self.scale() * self.sheet().price)
        gain = self.linear_worth() * m
        if self.settles_in_own_coin:
            gain *= 1.0 + m
        return shock.weight * gain

    def delta(self, premium_adjusted: bool = False) -> float:
        """d value / d move over S px(quote): base units a contract."""
        if not self.is_option:
            return self.linear_worth() / self.unit
        sheet = self.sheet()
        worth = self.scale() * (self.index if self.normal else self.forward) * sheet.delta
        if self.payoff == "coin" and premium_adjusted:
            worth -= self.scale() * sheet.price
        return worth / self.unit

    def gamma(self) -> float:
        """d delta a 1.00 of the index."""
        if not self.is_option:
            worth = 2.0 * self.linear_worth() if self.settles_in_own_coin else 0.0
            return worth / (self.unit * self.index)
        sheet = self.sheet()
        path = self.index if self.normal else self.forward
        worth = self.scale() * path**2 * sheet.gamma
        return worth / (self.unit * self.index)

    def vega(self) -> float:
        """d value a 1.00 of volatility."""
        return self.scale() * self.sheet().vega if self.is_option else 0.0

    def theta(self) -> float:
        """d value a year of time passing, forward held: the decay, and the discount unwinding."""
        if not self.is_option:
            return 0.0
        sheet = self.sheet()
        theta = -sheet.decay
        if self.payoff != "coin":
            theta += self.market.rate(self.underlying, self.expiry_ns) * sheet.price
        return self.scale() * theta
