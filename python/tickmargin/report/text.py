"""Numbers and names as a reader sees them, the same in the terminal and in the HTML report."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

NS_PER_SECOND = 1_000_000_000
MISSING = "–"
_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))

STATES = ("healthy", "warning", "margin_call", "liquidating", "bankrupt", "undecidable")
STATE_NAMES = {
    "healthy": "healthy",
    "warning": "warning",
    "margin_call": "margin call",
    "liquidating": "liquidating",
    "bankrupt": "bankrupt",
    "undecidable": "undecidable",
}


def escape(text: object) -> str:
    """Make any identifier safe as HTML text or as an attribute."""
    return html.escape(str(text), quote=True)


def label(text: object) -> str:
    """Make any identifier safe as a chart's label, where plotly reads a subset of HTML."""
    # plotly knows the entities of &, < and > but shows that of a quotation mark as it stands.
    return html.escape(str(text), quote=False)


def money(value: float | None) -> str:
    """Write an amount with three to four digits that matter and a step: ``1.23 M``."""
    if value is None or not math.isfinite(value):
        return MISSING
    for size, step in _STEPS:
        if abs(value) >= 0.9995 * size:
            return f"{value / size:,.{_decimals(value / size)}f} {step}"
    return _unsigned_zero(f"{value:,.{0 if abs(value) >= 100 else 2}f}")


def exact_money(value: float | None) -> str:
    """Write an amount in full, to a hundredth, with thousands separated."""
    if value is None or not math.isfinite(value):
        return MISSING
    return _unsigned_zero(f"{value:,.2f}")


def whole_money(value: float | None) -> str:
    """Write an amount in full, to the whole unit, with thousands separated."""
    if value is None or not math.isfinite(value):
        return MISSING
    return _unsigned_zero(f"{value:,.0f}")


def may_borrow(free: float, write: Callable[[float], str]) -> str:
    """Write what equity less margin, both initial, leaves to borrow, as ``write`` does amounts."""
    return MISSING if math.isnan(free) else write(free) if free > 0.0 else "nothing"


def ratio(value: float | None, decimals: int = 2) -> str:
    """Write a health ratio; beyond 1,000 only that it is."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0.0 else "-∞"
    return (
        f"{value:,.{decimals}f}"
        if abs(value) < 1000.0
        else ("> 1,000" if value > 0.0 else "< -1,000")
    )


def percent(value: float | None, decimals: int = 1) -> str:
    """Write a fraction as a signed-if-negative percentage."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{100.0 * value:,.{decimals}f} %"


def move(value: float | None) -> str:
    """Write a price move or volatility shock with its sign."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{100.0 * value:+,.4g} %" if value else "0 %"


def shock(price_move: float | None, vol_shock: float | None) -> tuple[str, str]:
    """Write a worst scenario; a policy without scenarios moves nothing and shows nothing."""
    if not price_move and not vol_shock:
        return MISSING, MISSING
    return move(price_move), move(vol_shock)


def count(value: int) -> str:
    """Write a whole number with thousands separated."""
    return f"{value:,}"


def moment(ts_ns: int) -> str:
    """Write nanoseconds UTC to the second."""
    return datetime.fromtimestamp(ts_ns // NS_PER_SECOND, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def words(name: str) -> str:
    """Turn a column or component name into words."""
    return name.replace("_", " ")


def listed(words_: Sequence[str]) -> str:
    """Join words as a sentence does: ``a, b and c``."""
    *most, last = words_
    return f"{', '.join(most)} and {last}" if most else last


def _unsigned_zero(text: str) -> str:
    """Drop the sign of a number that rounds to zero."""
    return text.lstrip("-") if not text.strip("-0.") else text


def _decimals(scaled: float) -> int:
    size = abs(scaled)
    return 2 if size < 9.995 else 1 if size < 99.95 else 0
