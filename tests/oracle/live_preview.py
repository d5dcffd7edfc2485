"""What the live twin says of an order before it trades, from "Orders before they trade".

The order fills in full in a copy of the pocket, and that is evaluated like any other pocket.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.oracle.live_ledger import PocketBook, trade
from tests.oracle.live_margin import RANK
from tests.oracle.live_states import MISSING_FIRST, marks_of

if TYPE_CHECKING:
    from tests.oracle.live import LiveTwin

VERDICTS = (
    "accepted",
    "accepted_reduces",
    "refused_margin",
    "refused_undecidable",
    "refused_doubtful",
    "refused_liquidating",
    "refused_not_reducing",
    "refused_unknown",
    "refused_invalid",
    "refused_capacity",
)


class CheckedOrder(NamedTuple):
    """An answer, amounts in ticks; 0 for amounts that a proof decided without."""

    verdict: str
    status: str
    underlying: int
    shortfall: int
    equity_after: int
    initial_after: int


class Asked(NamedTuple):
    """An order."""

    account: int
    pocket: int
    instrument: int
    quantity: float
    price: float
    reduce_only: bool


@dataclass
class Preview:
    """What may be said: one verdict, or several where a comparison is within rounding."""

    verdicts: set[str]
    status: str = "ok"
    in_doubt: set[int] = field(default_factory=set)
    equity_after: int = 0
    initial_after: int = 0
    near: float = 0.0


def fault_of(twin: LiveTwin, asked: Asked) -> str | None:
    """What is looked at before any margin."""
    market = twin.market
    known = 0 <= asked.account < twin.accounts.count
    if not known or not 0 <= asked.instrument < len(market.instruments):
        return "refused_unknown"
    row = market.instruments[asked.instrument]
    if asked.instrument in market.settled or 0 < row["expiry_ns"] <= market.clock_ns:
        return "refused_unknown"
    numbers = math.isfinite(asked.quantity) and math.isfinite(asked.price)
    free = row["kind"] == "option"
    if not numbers or asked.quantity == 0.0 or asked.price < 0.0 or asked.pocket < 0:
        return "refused_invalid"
    if asked.price == 0.0 and not free:
        return "refused_invalid"
    if asked.reduce_only:
        book = twin.accounts.books.get((asked.account, asked.pocket), PocketBook())
        held = [r["quantity"] for r in book.rows if r["instrument"] == asked.instrument]
        net, rests = math.fsum(held), math.fsum(closing_already(twin, asked))
        if net * asked.quantity >= 0.0 or abs(rests + asked.quantity) > abs(net):
            return "refused_not_reducing"
    return None


def closing_already(twin: LiveTwin, asked: Asked) -> list[float]:
    """Resting orders that may only reduce, of the same side: all of them may trade before."""
    where = asked.account, asked.pocket, asked.instrument
    return [
        twin.left[number]
        for number, o in twin.orders.items()
        if o.flags & 1 and (o.account, o.pocket, o.subject) == where
        if (twin.left[number] < 0.0) == (asked.quantity < 0.0)
    ]


def preview(twin: LiveTwin, asked: Asked) -> Preview:
    """The answer to an order."""
    fault = fault_of(twin, asked)
    if fault is not None:
        return Preview({fault})
    key = asked.account, asked.pocket
    book = twin.accounts.books.get(key, PocketBook())
    filled = book.copy()
    trade(filled, twin.market.instruments, asked.instrument, asked.quantity, asked.price)
    if len(filled.rows) > twin.capacity["pocket_positions"]:
        return Preview({"refused_capacity"})
    evaluator = twin.evaluator()
    now, then = evaluator.numbers(key, book), evaluator.numbers(key, filled)
    if not (now.known and then.known):
        found = {now.status, then.status}
        return Preview({"refused_undecidable"}, next(s for s in MISSING_FIRST if s in found))
    near = now.near + then.near
    rises = {then.initial > now.initial}
    if abs(then.initial - now.initial) <= near:
        rises = {False, True}
    covered = {then.equity_initial >= then.initial}
    if abs(then.equity_initial - then.initial) <= near:
        covered = {False, True}
    wanted = PocketBook([{"instrument": asked.instrument}])
    marks = marks_of(twin.market, book) | marks_of(twin.market, wanted)
    in_doubt = {u for u in marks if twin.market.guards[u].state != "ready"}
    options = {asked.instrument, *(row["instrument"] for row in book.rows)}
    in_doubt |= {
        twin.market.instruments[i]["underlying"] for i in options & set(twin.market.vol_doubts)
    }
    slack, left = now.equity_initial - now.initial, then.equity_initial - then.initial
    eased = {left >= slack}
    if abs(left - slack) <= near:
        eased = {False, True}
    last = twin.accounts.last.get(key, "healthy")
    verdicts = set()
    for new_risk in rises:
        if new_risk and in_doubt:
            verdicts.add("refused_doubtful")
        elif new_risk and RANK[last] >= RANK["liquidating"]:
            verdicts.add("refused_liquidating")
        else:
            for enough, no_worse in itertools.product(covered, eased):
                short = "accepted_reduces" if no_worse and not new_risk else "refused_margin"
                verdicts.add("accepted" if enough else short)
    return Preview(verdicts, "ok", in_doubt, then.equity_initial, then.initial, near)
