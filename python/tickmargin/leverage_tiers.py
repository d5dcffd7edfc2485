"""Leverage tiers in the layout of ccxt's ``fetch_leverage_tiers``, as the data of a policy file.

A mapping from symbol to tiers, each with ``tier``, ``currency``, ``minNotional``, ``maxNotional``,
``maintenanceMarginRate``, ``maxLeverage`` and ``info``, the venue's own answer. Every tier is a
marginal bracket: initial margin 1 / ``maxLeverage``, maintenance margin ``maintenanceMarginRate``.
Where ``info`` has the amount that a venue takes off instead (``cum``, as Binance gives it) it is
compared with what the rates make it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tickmargin.config_issues import PolicyIssue, dotted, shown
from tickmargin.errors import InputTypeError, InvalidInputError

__all__ = ["policy_data", "read_tiers", "toml_text"]

# Floats of a venue's own figures: caps that meet, and amounts rounded to a cent.
_SAME_RATIO = 1e-9
_CENT = 0.01


@dataclass
class _Log:
    """Faults found, each at its place in the file."""

    file: str
    issues: list[PolicyIssue] = field(default_factory=list)

    def add(self, code: str, path: tuple[str | int, ...], value: object, message: str) -> None:
        self.issues.append(PolicyIssue(code, self.file, None, dotted(path), value, message))


@dataclass(frozen=True)
class _Tier:
    """One tier; NaN where a number is not sound, so that it takes part in no comparison."""

    low: float
    high: float
    rate: float
    leverage: float
    amount: float  # info.cum


def read_tiers(path: Path) -> Any:
    """Read a JSON file of tiers.

    Raises
    ------
    InvalidInputError
        The file does not exist or is not JSON.
    """
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        code, message = "FILE_NOT_FOUND", "no such file"
    except ValueError as error:
        code, message = "FILE_UNREADABLE", f"not JSON: {error}"
    issue = PolicyIssue(code, str(path), None, None, None, message)
    raise InvalidInputError.from_issues(f"policies {path}", [issue])


def policy_data(
    tiers: object,
    *,
    name: str = "leverage-tiers",
    quote: str | None = None,
    underlyings: Mapping[str, str] | None = None,
    haircuts: Mapping[str, Any] | None = None,
    source: str = "ccxt fetch_leverage_tiers",
    as_of: str | None = None,
    file: str = "leverage tiers",
) -> dict[str, Any]:
    """Make the data of a policy file of method ``fixed``, see ``Policies.from_leverage_tiers``."""
    if not isinstance(tiers, Mapping):
        raise InputTypeError(
            f"leverage tiers: got {type(tiers).__name__}; expected a mapping from symbol to tiers"
        )
    log = _Log(file)
    brackets: dict[str, list[dict[str, float]]] = {}
    taken: dict[str, str] = {}
    currencies: set[str] = set()
    for symbol, rows in tiers.items():
        underlying = _underlying(str(symbol), quote, underlyings)
        if underlying is None:
            continue
        if underlying in taken:
            message = f"{underlying} has the tiers of {taken[underlying]} already; choose by quote"
            log.add("DUPLICATE_UNDERLYING", (symbol,), symbol, message)
            continue
        taken[underlying] = str(symbol)
        read, currency = _rows(log, str(symbol), rows)
        brackets[underlying] = [_bracket(tier) for tier in read]
        currencies.add(currency)
    if not taken:
        wanted = "one symbol at least" if quote is None else f"a symbol that settles in {quote}"
        log.add("MISSING_KEY", (), None, f"no tiers; expected {wanted}")
    if log.issues:
        raise InvalidInputError.from_issues(f"policies {file}", log.issues)
    settles = {currency: 0.0 for currency in sorted(currencies) if currency}
    policy: dict[str, Any] = {
        "method": "fixed",
        "description": f"leverage tiers of {len(brackets)} markets",
        "source": source,
        "haircuts": dict(haircuts or settles or {"USDT": 0.0}),
        # Without tiers of its own an underlying needs its whole notional.
        "futures": {
            "netting": "net",
            "brackets": [
                {"notional_cap": math.inf, "initial_ratio": 1.0, "maintenance_ratio": 1.0}
            ],
        },
        "underlyings": {
            underlying: {"futures": {"brackets": rows, "bracket_mode": "marginal"}}
            for underlying, rows in brackets.items()
        },
    }
    if as_of is not None:
        policy["as_of"] = as_of
    return {"schema": 1, "policies": {name: policy}}


def _underlying(
    symbol: str, quote: str | None, underlyings: Mapping[str, str] | None
) -> str | None:
    """``BTC/USDT:USDT`` is BTC; None for a symbol that was not asked for."""
    if underlyings is not None:
        return underlyings.get(symbol)
    base, _, rest = symbol.partition("/")
    settle = rest.partition(":")[2] or rest
    settle = settle.partition("-")[0]  # BTC/USDT:USDT-250328, a dated future
    return None if quote is not None and settle != quote else base


def _rows(log: _Log, symbol: str, rows: object) -> tuple[list[_Tier], str]:
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        log.add("WRONG_TYPE", (symbol,), rows, f"got {shown(rows)}; expected a list of tiers")
        return [], ""
    read: list[_Tier] = []
    currencies: set[str] = set()
    for i, row in enumerate(rows):
        if not isinstance(row, Mapping):
            log.add("WRONG_TYPE", (symbol, i), row, f"got {shown(row)}; expected a table")
            return [], ""
        read.append(_tier(log, symbol, i, row, last=i == len(rows) - 1))
        currencies.add(str(row.get("currency") or ""))
    _check_ladder(log, symbol, read)
    _check_amounts(log, symbol, read)
    currency = min(currencies)
    if len(currencies) > 1 or currency == symbol.partition("/")[0]:
        found = ", ".join(sorted(currencies))
        message = f"got {found}; expected one currency that is not the base of {symbol}"
        log.add("TIER_CURRENCY", (symbol,), found, message)
    return read, currency


def _tier(log: _Log, symbol: str, i: int, row: Mapping[str, Any], *, last: bool) -> _Tier:
    def number(key: str, *, empty: float | None = None) -> float:
        value = row.get(key)
        if value is None and empty is not None:
            return empty
        path = (symbol, i, key)
        if value is None:
            log.add("MISSING_KEY", path, None, "missing; expected a number")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            log.add("WRONG_TYPE", path, value, f"got {shown(value)}; expected a number")
        elif math.isnan(value) or (math.isinf(value) and empty != math.inf):
            log.add("NOT_FINITE", path, value, f"got {shown(value)}; expected a number")
        else:
            return float(value)
        return math.nan

    low = number("minNotional", empty=0.0 if i == 0 else None)
    high = number("maxNotional", empty=math.inf if last else None)
    rate, leverage = number("maintenanceMarginRate"), number("maxLeverage")
    if rate < 0.0 or rate > 1.0:
        log.add("OUT_OF_RANGE", (symbol, i, "maintenanceMarginRate"), rate, _between(rate, 0, 1))
        rate = math.nan
    if leverage < 1.0:
        message = f"got {shown(leverage)}; expected at least 1"
        log.add("OUT_OF_RANGE", (symbol, i, "maxLeverage"), leverage, message)
        leverage = math.nan
    if 1.0 / leverage < rate:
        message = f"got {shown(leverage)}; expected at most {1.0 / rate:.6g}, 1 / {shown(rate)}"
        path = (symbol, i, "maxLeverage")
        log.add("INITIAL_BELOW_MAINTENANCE", path, leverage, message)
    return _Tier(low, high, rate, leverage, _amount(row))


def _between(value: float, low: int, high: int) -> str:
    return f"got {shown(value)}; expected at least {low} and at most {high}"


def _amount(row: Mapping[str, Any]) -> float:
    """What the venue takes off at this tier, NaN where it does not say."""
    info = row.get("info")
    given = info.get("cum") if isinstance(info, Mapping) else None
    try:
        return math.nan if given is None or isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        return math.nan


def _check_ladder(log: _Log, symbol: str, tiers: list[_Tier]) -> None:
    """From 0 on, without gap or overlap, rates that do not fall and leverage that does not rise."""
    if tiers[0].low > 0.0:
        message = f"got {shown(tiers[0].low)}; expected 0, where the first tier begins"
        log.add("TIER_GAP", (symbol, 0, "minNotional"), tiers[0].low, message)
    for i, tier in enumerate(tiers):
        if tier.high <= tier.low:
            message = f"got {shown(tier.high)}; expected more than minNotional = {shown(tier.low)}"
            log.add("BRACKETS_NOT_INCREASING", (symbol, i, "maxNotional"), tier.high, message)
    for i, (before, tier) in enumerate(pairwise(tiers), 1):
        apart = tier.low - before.high
        if abs(apart) > _SAME_RATIO * abs(before.high):
            code = "TIER_GAP" if apart > 0.0 else "TIER_OVERLAP"
            message = f"got {shown(tier.low)}; expected {shown(before.high)}, where tier {i} ends"
            log.add(code, (symbol, i, "minNotional"), tier.low, message)
        for key, wrong, value, was in (
            ("maintenanceMarginRate", tier.rate < before.rate, tier.rate, before.rate),
            ("maxLeverage", tier.leverage > before.leverage, tier.leverage, before.leverage),
        ):
            if wrong:
                bound = "at least" if key == "maintenanceMarginRate" else "at most"
                message = f"got {shown(value)}; expected {bound} {shown(was)}, the one before"
                log.add("BRACKETS_NOT_INCREASING", (symbol, i, key), value, message)


def _check_amounts(log: _Log, symbol: str, tiers: list[_Tier]) -> None:
    """Notional x rate - cum is the sum over slices: cum grows by floor x the change of rate."""
    derived = 0.0
    for i, tier in enumerate(tiers):
        derived += tier.low * (tier.rate - tiers[i - 1].rate) if i else 0.0
        if abs(tier.amount - derived) > max(_CENT, 1e-9 * abs(derived)):
            message = f"got {tier.amount:.10g}; the rates of the tiers make it {derived:.10g}"
            log.add("TIER_AMOUNT_DIFFERS", (symbol, i, "info", "cum"), tier.amount, message)


def _bracket(tier: _Tier) -> dict[str, float]:
    ratios = {"initial_ratio": 1.0 / tier.leverage, "maintenance_ratio": tier.rate}
    return {"notional_cap": tier.high, **ratios}


def toml_text(data: Mapping[str, Any]) -> str:
    """The data as the text of a policy file, to keep as a dated preset."""
    lines = [f"schema = {data['schema']}"]
    for name, policy in data["policies"].items():
        lines += list(_table(("policies", name), policy))
    return "\n".join(lines) + "\n"


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    own = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if own:
        yield from ("", f"[{dotted(path)}]")
    for key, value in own.items():
        if isinstance(value, list):
            yield f"{dotted((key,))} = ["
            for row in value:
                inside = ", ".join(f"{k} = {_number(v)}" for k, v in row.items())
                yield f"  {{ {inside} }},"
            yield "]"
        elif key == "as_of":
            yield f"as_of = {value}"
        else:
            yield f"{dotted((key,))} = {_number(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _table((*path, str(key)), value)


def _number(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
