"""Beside a matching engine that knows no margin: orders are checked first, trades come back."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side
from tests.python.live_books import BTC, ETH, SECOND, T0, ready, same_as_recompute

import tickmargin as tm
from tickmargin import records

PRICES = {"BTC-PERP": BTC, "ETH-PERP": ETH}


class Venue:
    """Every order asks the margin engine before the matching engine sees it."""

    def __init__(self, live: tm.Engine) -> None:
        self.live = live
        self.matching = LightMatchingEngine()
        self.owner: dict[int, str] = {}
        self.traded: Counter[tuple[str, str]] = Counter()
        self.refused = 0
        self.now_ns = T0

    def order(self, account: str, instrument: str, quantity: int, price: float) -> bool:
        self.now_ns += SECOND
        checked = self.live.check_order(account, instrument, float(quantity), price)
        if not checked.accepted:
            self.refused += 1
            return False
        side = Side.BUY if quantity > 0 else Side.SELL
        order, trades = self.matching.add_order(instrument, price, abs(quantity), side)
        self.owner[order.order_id] = account
        rests = records.order(
            account,
            instrument,
            float(quantity),
            price,
            order=order.order_id,
            ts_ns=self.now_ns,
            engine=self.live,
        )
        self.live.apply(rests).raise_if_refused(rests)
        if trades:
            self.fill(trades)
        return True

    def fill(self, trades: list[Any]) -> None:
        signed = [t.trade_qty if t.trade_side == Side.BUY else -t.trade_qty for t in trades]
        fills = records.fill(
            [self.owner[t.order_id] for t in trades],
            [t.instmt for t in trades],
            np.array(signed, float),
            [t.trade_price for t in trades],
            order=[t.order_id for t in trades],
            ts_ns=self.now_ns,
            engine=self.live,
        )
        self.live.apply(fills).raise_if_refused(fills)
        for trade, quantity in zip(trades, signed, strict=True):
            self.traded[self.owner[trade.order_id], trade.instmt] += quantity


def positions(live: tm.Engine) -> Counter[tuple[str, str]]:
    held: Counter[tuple[str, str]] = Counter()
    for name in live.portfolio.accounts.names:
        for row in live.explain(name).positions:
            held[name, row["instrument"]] += row["quantity"]
    return held


def test_refused_orders_never_trade_and_positions_agree() -> None:
    live = ready()
    venue = Venue(live)
    before = positions(live)
    rng = np.random.default_rng(20260301)
    accepted = 0
    for _ in range(600):
        account = str(rng.choice(["anna", "boris", "clara", "empty"]))
        instrument = str(rng.choice(list(PRICES)))
        quantity = int(rng.integers(1, 4)) * int(rng.choice([-1, 1]))
        price = round(PRICES[instrument] * (1.0 + 0.001 * float(rng.integers(-3, 4))), 1)
        accepted += venue.order(account, instrument, quantity, price)
    assert accepted > 100
    assert venue.refused > 100
    assert len(venue.owner) == accepted == venue.matching.curr_order_id
    assert sum(abs(q) for q in venue.traded.values()) > 0
    after = positions(live)
    for key in set(before) | set(after) | set(venue.traded):
        assert after[key] == pytest.approx(before[key] + venue.traded[key], abs=1e-9), key
    # Nobody without money ever traded, and what one side won the other lost.
    assert not any(account == "empty" for account, _ in venue.traded)
    for instrument in PRICES:
        assert sum(q for (_, i), q in venue.traded.items() if i == instrument) == 0
    same_as_recompute(live)


def test_a_resting_order_is_cancelled_on_both_sides() -> None:
    live = ready()
    venue = Venue(live)
    assert venue.order("boris", "BTC-PERP", 1, 0.9 * BTC)
    (number,) = venue.owner
    assert venue.matching.cancel_order(number, "BTC-PERP").order_id == number
    cancel = records.cancel(number, ts_ns=venue.now_ns)
    assert live.apply(cancel).counts == {"ok": 1}
    assert live.apply(cancel).counts == {"unknown_order": 1}
    assert venue.order("anna", "BTC-PERP", -1, 0.9 * BTC)
    assert not venue.traded
