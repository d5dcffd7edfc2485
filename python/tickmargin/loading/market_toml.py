"""market.toml: the numeraire and the instant a market folder speaks of."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tickmargin.loading.issues import IssueLog, suggest

__all__ = ["check_header", "format_market_toml", "read_market_toml"]

FILE = "market.toml"
_KEYS = ("numeraire", "as_of", "as_of_ns")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT64_MAX = 2**63 - 1
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})"
)
_FINE_DATE = re.compile(r"^\s*as_of\s*=\s*[^\"'#\n]*\.\d{7,}", re.MULTILINE)


def read_market_toml(folder: Path, log: IssueLog) -> tuple[str, int]:
    """Return (numeraire, as_of_ns) of a market folder, reporting what is wrong with them."""
    path = folder / FILE
    if not path.is_file():
        log.add("FILE_NOT_FOUND", FILE, "missing: it must say as_of (and may say numeraire)")
        return "USD", 0
    try:
        raw = path.read_text(encoding="utf-8")
        data = tomllib.loads(raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        log.add("FILE_UNREADABLE", FILE, f"not valid TOML: {error}")
        return "USD", 0
    for key in data:
        if key not in _KEYS:
            hint = suggest(key, _KEYS) or f"; there are {', '.join(_KEYS)}"
            log.add("UNKNOWN_KEY", FILE, f"unknown key {key!r}{hint}", value=key)
    if _FINE_DATE.search(raw) and not isinstance(data.get("as_of"), str):
        message = "a TOML date keeps microseconds only; write as_of as a string, or as_of_ns"
        log.add("INVALID_TIME", FILE, message, column="as_of")
    numeraire = data.get("numeraire", "USD")
    as_of_ns = _as_of_ns(data, log)
    # a time that was reported already must not be reported again as a missing one
    check_header(numeraire, 1 if as_of_ns is None else as_of_ns, FILE, log)
    return str(numeraire), as_of_ns if isinstance(as_of_ns, int) else 0


def check_header(numeraire: object, as_of_ns: object, file: str, log: IssueLog) -> None:
    """Report a numeraire or an as_of_ns that cannot be used."""
    if not isinstance(numeraire, str) or not numeraire or "@" in numeraire:
        message = f"numeraire must be a non-empty string without '@', got {numeraire!r}"
        log.add("INVALID_ARGUMENT", file, message, column="numeraire", value=numeraire)
    if isinstance(as_of_ns, bool) or not isinstance(as_of_ns, int):
        message = f"as_of_ns must be an int (nanoseconds since 1970 UTC), got {as_of_ns!r}"
        log.add("INVALID_TIME", file, message, column="as_of_ns", value=as_of_ns)
    elif not 0 < as_of_ns <= _INT64_MAX:
        message = f"as_of_ns must be greater than 0 and fit in int64, got {as_of_ns}"
        log.add("INVALID_TIME", file, message, column="as_of_ns", value=as_of_ns)


def _as_of_ns(data: dict[str, Any], log: IssueLog) -> Any:
    if ("as_of" in data) == ("as_of_ns" in data):
        log.add("INVALID_TIME", FILE, "exactly one of as_of and as_of_ns must be given")
        return None
    if "as_of_ns" in data:
        return data["as_of_ns"]
    moment = data["as_of"]
    result = None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        result = _nanoseconds(moment)
    elif isinstance(moment, str):
        result = _parse(moment)
    if result is None:
        message = f"as_of must be RFC 3339 with an offset, as 2026-01-10T09:14:09Z, got {moment}"
        log.add("INVALID_TIME", FILE, message, column="as_of", value=moment)
    return result


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _parse(text: str) -> int | None:
    match = _RFC3339.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, offset = match.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{offset.upper().replace('Z', '+00:00')}")
    except ValueError:
        return None
    return _nanoseconds(whole) + int((fraction or "").ljust(9, "0"))


def format_market_toml(numeraire: str, as_of_ns: int) -> str:
    """Return the text of market.toml; the instant is kept to the nanosecond."""
    escaped = "".join(
        f"\\u{ord(char):04x}" if char in '"\\\x7f' or ord(char) < 32 else char for char in numeraire
    )
    whole = _EPOCH + timedelta(seconds=as_of_ns // 10**9)
    readable = f"{whole:%Y-%m-%dT%H:%M:%S}.{as_of_ns % 10**9:09d}Z"
    return f'numeraire = "{escaped}"\nas_of = "{readable}"\n'
