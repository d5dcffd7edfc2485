"""Expected shortfall of a whole venue over joint moves of real prices, by full revaluation.

``python bench/python/joint_tail.py`` margins 1e5 accounts with 1e6 positions in options and
perpetuals on 20 underlyings under 1,000 daily joint moves: closes of eight coins at 0, 8 and 16
o'clock make 24 series, of which the first 20. Prices: ``binance_spot_1h.parquet`` under
``$TICKMARGIN_DATA/prices``.

Ours is a whole ``recompute`` of method `es`: values and Greeks, the revaluation of every option in
every scenario, initial and maintenance margin with their shares, states. The peers do less: numba
reprices, adds up and takes one shortfall an account, by one thread; NumPy and SciPy the same in
blocks. Their answers and ours must agree to 1e-9 for every account, and a hundred accounts with
loops over Python floats.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow.parquet as pq
import scipy.sparse
from scipy.special import ndtr

import tickmargin as tm

DAY = 86_400 * 10**9
UNDERLYINGS, SCENARIOS, EACH = 20, 1_000, 100
CONFIDENCE = 0.975


def history() -> tm.History:
    """Twenty series with 1,001 daily rows."""
    folder = os.environ.get("TICKMARGIN_DATA")
    if not folder:
        raise SystemExit("TICKMARGIN_DATA names no folder with prices/binance_spot_1h.parquet")
    table = pq.read_table(Path(folder) / "prices" / "binance_spot_1h.parquet")
    times = table["ts_utc"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    symbols = np.asarray(table["symbol"].to_pylist())
    close = table["close"].to_numpy().astype(np.float64)
    last = int(times.max()) // DAY * DAY - DAY
    days = last - DAY * np.arange(SCENARIOS + 1)[::-1]
    prices: dict[str, Any] = {}
    for hour in (0, 8, 16):
        for symbol in sorted(set(symbols.tolist())):
            own = symbols == symbol
            at = dict(zip(times[own].tolist(), close[own].tolist(), strict=True))
            row = [at.get(int(day) + hour * DAY // 24, math.nan) for day in days]
            prices[f"{symbol.removesuffix('USDT')}-{hour:02d}"] = filled(np.array(row))
    return tm.History.of(days, dict(list(prices.items())[:UNDERLYINGS]))


def filled(prices: np.ndarray) -> np.ndarray:
    """An hour that the exchange missed takes the one before."""
    missing = np.isnan(prices)
    rows = np.where(missing, 0, np.arange(prices.size))
    return prices[np.maximum.accumulate(rows)]


class Venue:
    """Instruments, accounts and positions; all numbers of the peers as plain arrays."""

    def __init__(self, past: tm.History, accounts: int, positions: int) -> None:
        rng = np.random.default_rng(11)
        self.past, self.accounts = past, accounts
        self.as_of = int(past.times_ns[-1])
        names = list(past.underlyings)
        index = past.prices[-1]
        count = UNDERLYINGS * EACH
        self.underlying = np.repeat(np.arange(UNDERLYINGS), EACH)
        self.is_option = np.tile(np.arange(EACH) > 0, UNDERLYINGS)
        self.is_call = rng.random(count) < 0.5
        self.forward = index[self.underlying]
        self.strike = self.forward * rng.uniform(0.7, 1.4, count)
        days = rng.choice([7, 14, 30, 60, 90, 180], count)
        self.years = days / 365.0
        self.vol = rng.uniform(0.5, 1.1, count)
        self.account = np.sort(rng.integers(0, accounts, positions))
        self.instrument = rng.integers(0, count, positions)
        _, first = np.unique(self.account * count + self.instrument, return_index=True)
        self.account, self.instrument = self.account[first], self.instrument[first]
        notional = rng.normal(0.0, 10_000.0, self.account.size)
        self.quantity = notional / self.forward[self.instrument]
        named = np.array([f"I{i:05d}" for i in range(count)])
        option = self.is_option
        blank = np.full(count, None, dtype=object)

        def where(values: Any) -> list[Any]:
            return np.where(option, values, blank).tolist()

        self.market = tm.Market.from_tables(
            as_of_ns=self.as_of,
            assets={"asset": ["USD"]},
            underlyings={"underlying": names, "index_price": index},
            forwards={
                "underlying": names,
                "expiry_ns": [self.as_of + 365 * DAY] * UNDERLYINGS,
                "forward_price": index,
            },
            marks={
                "instrument": named,
                "mark_price": np.where(option, blank, self.forward).tolist(),
                "vol_annual": where(self.vol),
            },
        )
        who = np.array([f"A{i:06d}" for i in range(accounts)])
        self.portfolio = tm.Portfolio.from_tables(
            instruments={
                "instrument": named,
                "kind": np.where(option, "option", "perpetual"),
                "underlying": np.array(names)[self.underlying],
                "settlement_asset": np.full(count, "USD"),
                "payoff": np.full(count, "linear"),
                "multiplier": np.ones(count),
                "strike": where(self.strike),
                "expiry_ns": where(self.as_of + days * DAY),
                "option_type": where(np.where(self.is_call, "call", "put")),
            },
            accounts={"account": who},
            positions={
                "account": who[self.account],
                "instrument": named[self.instrument],
                "quantity": self.quantity,
                "entry_price": np.where(
                    option[self.instrument], blank[0], self.forward[self.instrument]
                ).tolist(),
            },
            balances={
                "account": who,
                "asset": np.full(accounts, "USD"),
                "amount": np.full(accounts, 1e6),
            },
        )
        self.move = past.prices[1:] / past.prices[:-1] - 1.0  # [scenario, underlying]

    def engine(self) -> tm.Engine:
        tail = {
            "generator": "historical",
            "horizon_initial_days": 1.0,
            "horizon_maintenance_days": 1.0,
            "confidence_initial": 0.99,
            "confidence_maintenance": CONFIDENCE,
            "window_days": float(SCENARIOS),
            "overlapping": True,
        }
        policy = {"method": "es", "haircuts": {"USD": 0.0}, "tail": tail}
        policies = {"schema": 1, "policies": {"es": policy}}
        return tm.Engine(self.market, self.portfolio, policies, history=self.past)

    def table_numpy(self) -> np.ndarray:
        """Profits [instrument, scenario]."""
        forward = self.forward[:, None] * (1.0 + self.move.T[self.underlying])
        sd = (self.vol * np.sqrt(self.years))[:, None]

        def price(f: np.ndarray) -> np.ndarray:
            d1 = np.log(f / self.strike[:, None]) / sd + 0.5 * sd
            sign = np.where(self.is_call, 1.0, -1.0)[:, None]
            return sign * (f * ndtr(sign * d1) - self.strike[:, None] * ndtr(sign * (d1 - sd)))

        now = price(self.forward[:, None])
        linear = forward - self.forward[:, None]
        return np.where(self.is_option[:, None], price(forward) - now, linear)

    def numpy(self, block: int = 2_000) -> np.ndarray:
        """Shortfall of every account, in blocks that fit the memory."""
        table = self.table_numpy()
        out = np.empty(self.accounts)
        held = scipy.sparse.csr_matrix(
            (self.quantity, (self.account, self.instrument)), (self.accounts, len(self.forward))
        )
        tail = (1.0 - CONFIDENCE) * SCENARIOS
        most = math.ceil(tail)
        for first in range(0, self.accounts, block):
            losses = -(held[first : first + block] @ table)
            worst = -np.sort(-np.partition(losses, SCENARIOS - most, axis=1)[:, -most:], axis=1)
            weight = np.minimum(1.0, tail - np.arange(most))
            out[first : first + block] = np.maximum(worst @ weight / tail, 0.0)
        return out

    def numba(self) -> np.ndarray:
        first = np.searchsorted(self.account, np.arange(self.accounts + 1))
        return _numba_es(
            self.forward, self.strike, self.years, self.vol, self.is_option, self.is_call,
            np.ascontiguousarray(self.move.T), self.underlying, first, self.instrument,
            self.quantity, CONFIDENCE,
        )  # fmt: skip

    def slow(self, account: int) -> float:
        """One account in Python floats."""

        def price(i: int, f: float) -> float:
            sd = self.vol[i] * math.sqrt(self.years[i])
            d1 = math.log(f / self.strike[i]) / sd + 0.5 * sd

            def cdf(x: float) -> float:
                return 0.5 * math.erfc(-x / math.sqrt(2.0))

            sign = 1.0 if self.is_call[i] else -1.0
            return sign * (f * cdf(sign * d1) - self.strike[i] * cdf(sign * (d1 - sd)))

        rows = np.flatnonzero(self.account == account)
        losses = []
        for s in range(SCENARIOS):
            loss = 0.0
            for k in rows:
                i, q = int(self.instrument[k]), float(self.quantity[k])
                now = float(self.forward[i])
                then = now * (1.0 + float(self.move[s, self.underlying[i]]))
                loss -= q * (price(i, then) - price(i, now) if self.is_option[i] else then - now)
            losses.append(loss)
        tail = (1.0 - CONFIDENCE) * SCENARIOS
        left, total = tail, 0.0
        for loss in sorted(losses, reverse=True):
            taken = min(1.0, left)
            total += taken * loss
            left -= taken
            if left <= 0:
                break
        return max(total / tail, 0.0)


@numba.njit(cache=False)
def _cdf(x: float) -> float:
    return 0.5 * math.erfc(-x * 0.7071067811865476)


@numba.njit(cache=False)
def _price(is_call: bool, f: float, k: float, sd: float) -> float:
    d1 = math.log(f / k) / sd + 0.5 * sd
    if is_call:
        return f * _cdf(d1) - k * _cdf(d1 - sd)
    return k * _cdf(sd - d1) - f * _cdf(-d1)


@numba.njit(cache=False)
def _numba_es(
    forward, strike, years, vol, is_option, is_call, move, underlying, first, instrument, quantity,
    confidence,
):  # fmt: skip
    count, scenarios = forward.size, move.shape[1]
    table = np.empty((count, scenarios))
    for i in range(count):
        sd = vol[i] * math.sqrt(years[i])
        now = _price(is_call[i], forward[i], strike[i], sd) if is_option[i] else forward[i]
        for s in range(scenarios):
            f = forward[i] * (1.0 + move[underlying[i], s])
            table[i, s] = (_price(is_call[i], f, strike[i], sd) if is_option[i] else f) - now
    tail = (1.0 - confidence) * scenarios
    most = math.ceil(tail)
    out = np.zeros(first.size - 1)
    losses = np.empty(scenarios)
    for a in range(first.size - 1):
        losses[:] = 0.0
        for k in range(first[a], first[a + 1]):
            row, q = instrument[k], quantity[k]
            for s in range(scenarios):
                losses[s] -= q * table[row, s]
        worst = np.sort(np.partition(losses, scenarios - most)[scenarios - most :])[::-1]
        total, left = 0.0, tail
        for n in range(most):
            total += min(1.0, left) * worst[n]
            left -= 1.0
        out[a] = max(total / tail, 0.0)
    return out


def seconds(call: Any) -> tuple[float, Any]:
    start = time.process_time()
    answer = call()
    return time.process_time() - start, answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--positions", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    venue = Venue(history(), options.accounts, options.positions)
    engine = venue.engine()
    contestants = {
        "ours": lambda: engine.recompute().accounts["maintenance_margin"],
        "numba": venue.numba,
        "numpy + scipy": venue.numpy,
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    answers = {name: call() for name, call in contestants.items()}  # untimed: caches, compilation
    largest = float(np.max(answers["numba"]))
    for name, answer in answers.items():
        np.testing.assert_allclose(answer, answers["numba"], rtol=1e-9, atol=1e-6, err_msg=name)
    for account in range(0, options.accounts, max(1, options.accounts // 100)):
        assert abs(venue.slow(account) - answers["ours"][account]) <= 2e-6 + 1e-9 * largest
    for number in range(options.rounds):
        order = list(contestants)[:: 1 if number % 2 == 0 else -1]
        for name in order:
            took, _ = seconds(contestants[name])
            times[name].append(took)
    out: dict[str, Any] = {
        "positions": int(venue.account.size),
        "accounts": options.accounts,
        "scenarios": SCENARIOS,
        "underlyings": UNDERLYINGS,
        "processor_seconds": {n: round(statistics.median(t), 3) for n, t in times.items()},
        "ratio": {
            name: round(
                statistics.median(p / o for p, o in zip(times[name], times["ours"], strict=True)), 2
            )
            for name in contestants
            if name != "ours"
        },
    }
    print(json.dumps(out, indent=2))
    if options.json:
        options.json.write_text(json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
