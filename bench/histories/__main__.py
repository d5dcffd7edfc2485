"""``python -m bench.histories DATA``: every preset on the real histories of a folder, as tables."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench.histories import rolls, tables
from bench.histories.presets import Entry, chosen
from tickmargin.history import History
from tickmargin.simulate.chain import Chain

PARTS = ("futures", "options", "week")
FUTURES_BOOKS = ("BTC", "ETH", "mixed")
OPTION_BOOKS = ("short straddle BTC", "strategy", "market_maker", "client")


def main() -> int:
    """Run the parts asked for and print them."""
    parser = argparse.ArgumentParser(prog="python -m bench.histories", description=__doc__)
    folder = os.environ.get("TICKMARGIN_DATA")
    where = "folder with prices/ and options/; default: TICKMARGIN_DATA"
    parser.add_argument(
        "data", type=Path, nargs="?" if folder else None, default=folder, help=where
    )
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--presets", default="", help="names; all by default")
    parser.add_argument("--accounts", type=int, default=200, help="drawn from each chain")
    since = "option chains of this day (UTC) and after only, as what was not used for tuning"
    parser.add_argument("--chains-since", type=np.datetime64, help=since)
    parser.add_argument("--margins", default="IM,MM", help="rows to print: IM, MM or both")
    parser.add_argument("--quick", action="store_true", help="a few times, to see that it works")
    parser.add_argument("--json", type=Path, help="write the rows too")
    asked = parser.parse_args()
    parts = [p.strip() for p in asked.parts.split(",") if p.strip()]
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        parser.error(f"--parts: {unknown[0]!r} is none of {', '.join(PARTS)}")
    data = Path(asked.data)
    margins = [m.strip() for m in asked.margins.split(",")]
    entries = chosen([n.strip() for n in asked.presets.split(",") if n.strip()])
    document: dict[str, Any] = {}
    if "futures" in parts:
        document["futures"] = _futures(data, entries, margins, asked.quick)
    if "options" in parts:
        first = asked.chains_since
        start_ns = None if first is None else int(first.astype("datetime64[ns]").astype(np.int64))
        chains = rolls.chains_of(data, asked.quick, start_ns)
        past = rolls.past_of(data) if any(e.past for e in entries) else None
        document |= _options(chains, entries, margins, asked.accounts, past)
    if "week" in parts:
        rows = [_told(rolls.week_rows, e, data) for e in entries if e.options and not e.past]
        document["week"] = rows
        print("\n## A straddle sold on 31 January 2026\n")
        print(tables.week_table(rows))
    if asked.json:
        asked.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _told(work: Any, entry: Entry, *more: Any) -> Any:
    print(f"{entry.name} ...", file=sys.stderr)
    return work(entry, *more)


def _futures(
    data: Path, entries: list[Entry], margins: list[str], quick: bool
) -> list[dict[str, Any]]:
    out = []
    for span in rolls.futures_spans(data, quick):
        rows = [row for e in entries for row in _told(rolls.futures_rows, e, span)]
        print(f"\n## Perpetuals, {span.name}\n")
        print(tables.checks_table(rows, FUTURES_BOOKS, margins), flush=True)
        out += rows
    return out


def _options(
    chains: list[Chain],
    entries: list[Entry],
    margins: list[str],
    accounts: int,
    past: History | None,
) -> dict[str, Any]:
    done = [_told(rolls.chain_rows, e, chains, accounts, past) for e in entries if e.options]
    checks = [row for one in done for row in one.checks]
    capital = [one.capital for one in done]
    print(f"\n## Option books, {len(chains)} daily chains\n")
    print(tables.checks_table(checks, OPTION_BOOKS, margins))
    print("\n## The same books, by generation of policy\n")
    print(tables.capital_table(capital), flush=True)
    return {"options": checks, "capital": capital}


if __name__ == "__main__":
    sys.exit(main())
