"""Records that bring an account to the edges of what the engine has proven of it, and past them.

The edges are the engine's own, read off its tables: where a proof reaches too far, the burst goes
where no pocket is looked at any more, and the twin sees what was missed there.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.live_records import Record, record
from tests.property.live_streams import ROWS, SECOND_NS, Stream

DAY_NS = 86_400 * SECOND_NS
OWN, STRADDLES = 9, 10  # names of the pockets that are made here
LINEAR = "perpetual", "linear"
BASIS_CAP, BASIS_SECONDS, HEARTBEAT_SECONDS = 0.02, 300.0, 29.0  # of the venues' marks
CLOSE = 1e-9  # of the edge: just inside, or just past it
LEVELS = ("warning", "margin_call", "liquidation")
NEAR = 0.004  # of a border, about


@dataclass
class Link:
    """One index's part of a proof; wear is of volatility, then of the curve."""

    underlying: int
    watched: bool
    delta: float
    index: float
    lower: float
    upper: float
    spent: tuple[float, float]
    limit: tuple[float, float]

    def left(self, clock: int) -> float:
        """What one clock may still run."""
        return max(self.limit[clock] - self.spent[clock], 0.0)


@dataclass
class PocketEdges:
    """A pocket as the engine has it."""

    account: int
    name: int
    state: str
    equity: int
    maintenance: int
    links: list[Link] = field(default_factory=list)

    def proven(self) -> bool:
        """Whether it is on no watch list."""
        return bool(self.links) and not any(link.watched for link in self.links)


@dataclass
class Edges:
    """All pockets; volatilities by underlying and contract; forwards and rates by node."""

    pockets: list[PocketEdges] = field(default_factory=list)
    vols: dict[int, dict[int, float]] = field(default_factory=dict)
    nodes: dict[int, tuple[int, float, float]] = field(default_factory=dict)
    staged: set[int] = field(default_factory=set)
    marks: dict[int, dict[int, float]] = field(default_factory=dict)

    def read(self, word: str, rest: Sequence[str]) -> None:
        """One line."""
        if word == "pocket":
            account, name, state, equity, maintenance = rest
            self.pockets.append(
                PocketEdges(int(account), int(name), state, int(equity), int(maintenance))
            )
        elif word == "link":
            delta, index, lower, upper, vol, vol_limit, curve, curve_limit = map(float, rest[2:])
            self.pockets[-1].links.append(
                Link(
                    *(int(rest[0]), rest[1] == "1", delta, index, lower, upper),
                    (vol, curve),
                    (vol_limit, curve_limit),
                )
            )
        elif word == "edges":
            return
        elif word == "vol":
            self.vols.setdefault(int(rest[1]), {})[int(rest[0])] = float(rest[2])
        elif word == "mark":
            self.marks.setdefault(int(rest[1]), {})[int(rest[0])] = float(rest[2])
        elif word == "staged":
            self.staged.add(int(rest[0]))
        else:
            self.nodes[int(rest[0])] = int(rest[1]), float(rest[2]), float(rest[3])


class Burst:
    """Drives one pocket to its edges; `send` gives records to the engine, `look` reads edges."""

    def __init__(self, stream: Stream, send: Any, look: Any) -> None:
        self.stream, self.send, self.look = stream, send, look
        self.inside = 0  # pockets that were at all edges at once, and still proven there

    @property
    def rng(self) -> random.Random:
        return self.stream.rng

    def ticks(self, u: int, price: float) -> list[Record]:
        """Every source says it, so that the mark is it."""
        self.stream.price[u] = price
        self.stream.silent_until = {k: v for k, v in self.stream.silent_until.items() if k[0] != u}
        return [self.stream.tick(u, source, price) for source in range(3)]

    def wear_out(self, link: Link, edges: Edges, close: float) -> list[Record]:
        """Both clocks to `1 + close` of where they may stand."""
        out, now_ns = [], self.stream.now_ns
        vol, curve = (link.limit[c] * (1.0 + close) - link.spent[c] for c in (0, 1))
        vols = edges.vols.get(link.underlying, {})
        if vols and vol > 0.0:
            up = max(vols.values()) < 1.5 and self.rng.random() < 0.55
            move = 1.0 + vol if up else 1.0 / (1.0 + vol)
            if link.underlying in edges.staged:
                option = self.rng.choice(list(vols))
                out.append(record("volatility", option, now_ns, vols[option] * move))
            else:  # all at once, which spends no more than one of them
                stage = [record("surface_stage", i, now_ns, v * move) for i, v in vols.items()]
                commit = record("surface_commit", link.underlying, now_ns, detail=len(vols))
                out += [*stage, commit]
        nodes = [n for n, (u, _, _) in edges.nodes.items() if u == link.underlying]
        if curve > 0.0 and nodes and link.underlying not in edges.marks:
            node = self.rng.choice(nodes)
            u, forward, rate = edges.nodes[node]
            far = forward > self.stream.price[u] * 1.02
            to = forward / (1.0 + curve) if far else forward * (1.0 + curve)
            out.append(record("forward", u, now_ns, to, rate, detail=node))
        return out

    def go(self, policies: Mapping[str, Any]) -> None:
        """All factors of a pocket to just inside their bands at once, then past them one by one.

        Before that it is set so far from a border that its bands end there and not with their cell.
        """
        rng, stream = self.rng, self.stream
        for u, price in enumerate(stream.price):
            self.send(self.ticks(u, price))
        made = rng.randrange(stream.venue["accounts"]), rng.choice((OWN, OWN, STRADDLES))
        if made[1] == STRADDLES:
            self.straddle(*made)
        elif rng.random() < 0.8:
            self.furnish(*made)
        pockets = [p for p in self.look().pockets if p.links and p.maintenance > 0]
        own = [p for p in pockets if (p.account, p.name) == made]
        proven = own or [p for p in pockets if p.proven()]
        if not proven:
            return
        chosen = rng.choice(proven)
        key = chosen.account, chosen.name
        self.set_beside(chosen, policies, rng.choice((1, -1)) * 10.0 ** rng.uniform(-4.0, -0.7))
        stream.now_ns += rng.randrange(4 * SECOND_NS)
        stream.clock_ns = stream.now_ns
        self.send([record("clock", 0, stream.now_ns)])
        edges, chosen = self.found(key)
        if chosen is None:
            return
        sides = self.sides(chosen.links)
        moved = {link.underlying: up for link, up in zip(chosen.links, sides, strict=True)}
        self.send(self.far_marks(chosen, edges, moved))
        edges, chosen = self.found(key)
        if chosen is None:
            return
        self.send(self.average_marks(chosen, edges, moved))
        edges, chosen = self.found(key)
        if chosen is None:
            return
        self.send([r for link in chosen.links for r in self.wear_out(link, edges, -CLOSE)])
        edges, chosen = self.found(key)
        if chosen is None:
            return
        for link, up in zip(chosen.links, sides, strict=True):
            edge = link.upper if up else link.lower
            self.send(self.ticks(link.underlying, edge + (link.index - edge) * CLOSE))
        self.send([Record(ROWS)])
        edges, chosen = self.found(key)
        if chosen is None:
            return
        self.inside += 1
        order = list(zip(chosen.links, sides, strict=True))
        rng.shuffle(order)
        for link, up in order:
            if rng.random() < 0.3:
                self.send(self.wear_out(link, edges, CLOSE))
            past = link.upper * (1.0 + CLOSE) if up else link.lower * (1.0 - CLOSE)
            self.send(self.ticks(link.underlying, past))
        self.send([Record(ROWS)])

    def far_marks(self, of: PocketEdges, edges: Edges, up: Mapping[int, bool]) -> list[Record]:
        """A perpetual of each index seen as far from it as counts; its average follows slowly."""
        out = []
        for link in of.links:
            for i in list(edges.marks.get(link.underlying, ()))[:1]:
                far = BASIS_CAP if up[link.underlying] else -BASIS_CAP
                out.append(record("mark", i, self.stream.now_ns, link.index * (1.0 + far)))
        return out

    def average_marks(self, of: PocketEdges, edges: Edges, up: Mapping[int, bool]) -> list[Record]:
        """The same seen again just before the averages have used up what a curve may move."""
        out, now_ns = [], self.stream.now_ns
        for link in of.links:
            for i, ratio in list(edges.marks.get(link.underlying, {}).items())[:1]:
                far = BASIS_CAP if up[link.underlying] else -BASIS_CAP
                still = abs(far - (ratio - 1.0))
                share = link.left(1) * min(ratio, 1.0) * (1.0 - 1e-6) / still if still else 1.0
                seconds = -BASIS_SECONDS * math.log1p(-share) if share < 1.0 else HEARTBEAT_SECONDS
                ts_ns = now_ns + int(min(seconds, HEARTBEAT_SECONDS) * SECOND_NS)
                self.stream.now_ns = max(self.stream.now_ns, ts_ns)
                out.append(record("mark", i, ts_ns, link.index * (1.0 + far)))
        return out

    def straddle(self, account: int, pocket: int) -> None:
        """As many calls as puts of an index sold: no delta to speak of, so that what moves the
        pocket is how its slopes turn.
        """
        rng, stream = self.rng, self.stream
        u = rng.randrange(len(stream.price))
        size = 60_000.0 / stream.first[u] * rng.choice((-3.0, -1.0, 1.0))
        for is_call in (True, False):
            fits = [
                i
                for i, row in enumerate(stream.instruments)
                if row["underlying"] == u and row["kind"] == "option" and row["payoff"] == "linear"
                if row.get("is_call") == is_call and row["expiry_ns"] > stream.now_ns + DAY_NS
            ]
            if fits:
                held = {"account": account, "pocket": pocket}
                at = 0.03 * stream.first[u]
                self.send([record("fill", rng.choice(fits), stream.now_ns, size, at, **held)])

    def furnish(self, account: int, pocket: int) -> None:
        """A pocket of contracts on two indices or more that all have bounds."""
        rng, stream = self.rng, self.stream
        way, made_of = rng.choice((1.0, -1.0)), rng.choice(("anything", "perpetuals"))
        indices = list(range(len(stream.price)))
        for u in rng.sample(indices, rng.randint(2, len(indices))):
            fits = [
                i
                for i, row in enumerate(stream.instruments)
                if row["underlying"] == u and row["payoff"] in ("linear", "inverse", "coin")
                if row["kind"] == "perpetual" or row["expiry_ns"] > stream.now_ns + DAY_NS
                if made_of != "perpetuals" or (row["kind"], row["payoff"]) == LINEAR
            ]
            held = {"account": account, "pocket": pocket}
            for i in rng.sample(fits, min(len(fits), rng.randint(1, 2))):
                quantity, price = stream.trade(i)
                quantity = abs(quantity) * way * rng.choice((1.0, 1.0, 1.0, -1.0))
                self.send([record("fill", i, stream.now_ns, quantity, price, **held)])

    def sides(self, links: Sequence[Link]) -> list[bool]:
        """Whether each goes up: all to the pocket's loss, all to its gain, or each its own way."""
        way = self.rng.random()
        if way < 0.9:
            return [(link.delta > 0.0) == (way < 0.45) for link in links]
        return [self.rng.random() < 0.5 for _ in links]

    def found(self, key: tuple[int, int]) -> tuple[Edges, PocketEdges | None]:
        """The edges now, and the pocket's if it is still proven."""
        edges: Edges = self.look()
        fits = [p for p in edges.pockets if (p.account, p.name) == key and p.proven()]
        return edges, fits[0] if fits else None

    def to_a_border(self, policies: Mapping[str, Any]) -> None:
        """A few pockets close to a border or its exit."""
        pockets = [p for p in self.look().pockets if p.maintenance > 0]
        for pocket in self.rng.sample(pockets, min(len(pockets), 3)):
            self.set_beside(pocket, policies, NEAR * self.rng.uniform(-1.0, 1.0))

    def set_beside(self, pocket: PocketEdges, policies: Mapping[str, Any], apart: float) -> None:
        """An option bought dear and sold for nothing, or the other way round, so that equity is
        `1 + apart` of a border.
        """
        rng, stream = self.rng, self.stream
        fits = [
            i
            for i, row in enumerate(stream.instruments)
            if row["kind"] == "option" and row["payoff"] == "linear" and "multiplier" in row
            if row["expiry_ns"] > stream.now_ns
        ]
        if not fits:
            return
        rules = policies["policies"][policies["account_policy"][pocket.account]]
        border = rules["levels"][rng.choice(LEVELS)] * rng.choice((1.0, 1.02))
        missing = (border * (1.0 + apart) * pocket.maintenance - pocket.equity) * 1e-6
        i = rng.choice(fits)
        row = stream.instruments[i]
        asset = f"A{row['settlement']}" if row["settlement"] else "USD"
        weight = weight_left(rules["haircuts"].get(asset, {}).get("maintenance", {}))
        paid = abs(missing) / row["multiplier"] / weight
        held = {"account": pocket.account, "pocket": pocket.name}
        lots = ((1.0, 0.0), (-1.0, paid)) if missing > 0 else ((1.0, paid), (-1.0, 0.0))
        self.send([record("fill", i, stream.now_ns, q, p, **held) for q, p in lots])


def weight_left(haircuts: Mapping[str, float]) -> float:
    """What is left of a balance after every haircut."""
    left = 1.0
    for ratio in haircuts.values():
        left *= 1.0 - ratio
    return left
