"""What one contract is worth, now and in a scenario; the twin of `cpp/src/margin/README.md`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.oracle.everlasting import everlasting
from tests.oracle.margin_market import Market, MissingInputError, Row, asset_key
from tests.oracle.margin_pricing import Sheet, bachelier, black76, intrinsic


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
        self.is_everlasting = bool(row.get("funding_period_days"))
        self._missing: set[str] = set()
        self.index = self._get(lambda: market.index(self.underlying))
        # S px(quote): numeraire a base unit.
        self.unit = self.index * self._get(lambda: market.quote(self.underlying))
        self.settle = self._get(lambda: market.price(settle_key(row)))
        self.settle_linked = market.linked(settle_key(row)) == self.underlying
        self.vol, self.normal = math.nan, False
        # It settles on known + open Y, Y being what is still to come.
        share, self.known = market.settled(row)
        self.open = 1.0 - share
        if self.is_everlasting:
            self.forward = self.index
            self.years = row["funding_period_days"] / 365.0
            self._look_at_vol()
        elif self.open == 0.0:
            self.forward = self.mark = self.known
        elif self.is_option:
            self.forward = self._get(lambda: market.forward(self.underlying, self.expiry_ns))
            if not self.is_decided:
                self._look_at_vol()
        else:
            self.mark = self._get(lambda: market.mark(row))
        if self._missing:
            raise MissingInputError(*self._missing)
        if self.is_option:
            lives = self.open > 0.0 and not self.is_everlasting
            rate = market.rate(self.underlying, self.expiry_ns) if lives else 0.0
            self.rate, self.discount = rate, math.exp(-rate * self.years)

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
        price = self.known + self.open * self.mark
        if self.payoff == "inverse":
            return self.multiplier * self.settle * (1.0 / entry - 1.0 / price)
        return self.multiplier * self.settle * (price - entry)

    def notional(self, entry: float | None = None) -> float:
        """Gross notional of what is open; futures and perpetuals at `entry` where given."""
        if self.is_option:
            return self.open * self.multiplier * self.unit
        price = self.mark if entry is None or self.kind == "spot" else entry
        if self.payoff != "inverse":
            return self.open * self.multiplier * price * self.settle
        if entry is None:
            return self.open * self.multiplier * self.market.quote(self.underlying)
        return self.open * self.multiplier * self.settle / entry

    def size_base(self) -> float:
        """Size in base units of what is open."""
        if self.payoff == "inverse":
            return self.open * self.multiplier / (self.known + self.open * self.mark)
        return self.open * self.multiplier

    # Options.

    @property
    def strike(self) -> float:
        """The strike of what is open; the given one once nothing is."""
        given = float(self.row["strike"])
        return (given - self.known) / self.open if self.open > 0.0 else given

    @property
    def is_decided(self) -> bool:
        """Whether the settled part leaves no choice: all is settled, or the strike is passed."""
        normal = bool(self.row.get("bachelier")) and self.forward <= 0.0
        return self.open == 0.0 or (self.strike <= 0.0 and not normal)

    def sheet(self, move: float = 0.0, vol: float | None = None) -> Sheet:
        """Undiscounted price and derivatives per base unit, in quote units, of the pay-off on the
        average: that of what is open, times how much that is.
        """
        whole = self._whole_sheet(move, vol)
        return Sheet(*(self.open * x for x in whole)) if self.open > 0.0 else whole

    def _whole_sheet(self, move: float, vol: float | None) -> Sheet:
        if self.is_decided:
            is_call = self.row["option_type"] == "call"
            forward = self.forward * (1.0 + move) if self.open > 0.0 else self.known
            sheet = intrinsic(is_call, forward, self.strike)
            return sheet if self.open > 0.0 else sheet._replace(delta=0.0)
        is_call = self.row["option_type"] == "call"
        # A forward at or below zero moves by the index's own change, not in proportion to itself.
        change = move * (self.index if self.normal else self.forward)
        forward = self.forward + change
        used = self.vol if vol is None else vol
        if self.is_everlasting:
            rate = self.row.get("funding_rate_annual") or 0.0
            return everlasting(is_call, forward, self.strike, used, self.years, rate)
        model = bachelier if self.normal else black76
        return model(is_call, forward, self.strike, used, self.years)

    def move_to_strike(self) -> float:
        """The move of the index at which the forward stands at the strike; infinite without one."""
        if self.is_decided:
            return math.inf
        return (self.strike - self.forward) / (self.index if self.normal else self.forward)

    def settles_at(self, move: float = 0.0) -> float:
        """X: the average if the rest comes out at the forward."""
        return self.known + self.open * self.forward * (1.0 + move)

    def scale(self, move: float = 0.0) -> float:
        """Numeraire for one quote unit of the undiscounted price, in a scenario."""
        if self.payoff == "coin":
            coin = self.settle * (1.0 + move)
            return self.multiplier * coin / self.settles_at(move)
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
        moving = self.open * self.mark
        if self.payoff == "inverse":
            return self.multiplier * self.settle * moving / (self.known + moving) ** 2
        return self.multiplier * self.settle * moving

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
        if self.payoff == "coin":
            # The coin moves with the whole index, the divisor X with what is open.
            worth += self.scale() * sheet.price * self.known / self.settles_at()
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
        if self.payoff == "coin":
            # Second derivative by m of (1 + m) n(m) / x(m), n linear but for its gamma.
            n, dn = self.scale() * sheet.price, self.scale() * path * sheet.delta
            won = self.known / self.settles_at()
            worth += 2.0 * won * (dn - n * (1.0 - won))
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
            theta += self.rate * sheet.price
        return self.scale() * theta
