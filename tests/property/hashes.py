"""One hash over every byte an engine answers; run as a script, it prints that of seeded books.

The kernels are chosen once a process, by `TICKMARGIN_KERNELS`; so each target has its own process.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from tests.oracle.margin import Inputs
from tests.property.books import METHODS, engine_of, make_inputs

import tickmargin as tm

BOOKS = 15
HASHED = (*METHODS, "portfolio", "standard")
ACCOUNTS = 60


def add_table(digest: Any, table: tm.Table) -> None:
    """Names, types and bytes of all columns."""
    for column in table.columns:
        values = table[column]
        digest.update(f"{column}:{values.dtype.kind}:{len(values)};".encode())
        if values.dtype.kind in "OU":
            digest.update("\x1f".join(map(str, values.tolist())).encode())
        else:
            digest.update(np.ascontiguousarray(values).tobytes())


def digest_of(engine: tm.Engine, accounts: Iterable[str], threads: int = 1) -> str:
    """Hash of a recompute, the explanations and the liquidation prices of some accounts."""
    digest = hashlib.sha256()
    result = engine.recompute(threads=threads)
    for table in (result.accounts, result.pockets, result.units, result.components):
        add_table(digest, table)
    for account in accounts:
        explanation = engine.explain(account)
        for name in ("equity", "requirement", "positions", "scenarios"):
            add_table(digest, getattr(explanation, name))
        for underlying in engine.market.underlyings.names.tolist():
            found = engine.liquidation_prices(account, underlying)
            digest.update(np.array([found.lower, found.upper]).tobytes())
            digest.update(f"{found.status_lower},{found.status_upper}".encode())
    return digest.hexdigest()


def seeded_books() -> list[Inputs]:
    """Books of all methods, odd in every length, some larger than a block of 64 rows."""
    return [
        make_inputs(random.Random(seed), HASHED[seed % len(HASHED)], ACCOUNTS + seed, 7 + 3 * seed)
        for seed in range(BOOKS)
    ]


def main() -> None:
    """Print a hash a book."""
    for book in seeded_books():
        print(digest_of(engine_of(book), ["A0"]))


if __name__ == "__main__":
    sys.exit(main())
