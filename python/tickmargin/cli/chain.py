"""`tickmargin portfolio-from-chain`: a book drawn from a real chain's open interest."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from tickmargin.cli.options import Json, Seed


class Format(StrEnum):
    """Kinds of file a folder can be written in."""

    PARQUET = "parquet"
    CSV = "csv"


def portfolio_from_chain(
    chain: Annotated[
        Path,
        typer.Argument(
            metavar="CHAIN", help="Option chain as .csv or .csv.gz.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="Gets market/ and portfolio/."),
    ],
    accounts: Annotated[int, typer.Option("--accounts", min=10, help="Accounts to draw.")] = 10_000,
    seed: Seed = 1,
    file_format: Annotated[
        Format, typer.Option("--format", help="Kind of the tables' files.")
    ] = Format.PARQUET,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace tables that are there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draw accounts and positions whose longs, and shorts, equal a chain's open interest.

    Options are coin-settled and marked at the chain's mark_iv; forwards are those of put-call
    parity of its marks. CHAIN has the columns snapshot_utc, currency, instrument_name,
    option_type, strike, expiry_utc, index_price, mark_price, mark_iv and open_interest.

    Then: tickmargin run DIR/market DIR/portfolio --html report.html
    """
    from tickmargin.cli.output import print_json, say
    from tickmargin.errors import InvalidInputError
    from tickmargin.simulate import book_from_chain, read_chain

    book = book_from_chain(read_chain(chain), accounts, seed)
    market, portfolio = book.market(), book.portfolio()
    kind: Literal["parquet", "csv"] = "csv" if file_format is Format.CSV else "parquet"
    try:
        market.save(out / "market", format=kind, overwrite=overwrite)
        portfolio.save(out / "portfolio", format=kind, overwrite=overwrite)
    except InvalidInputError as error:
        if error.code != "FILE_EXISTS":
            raise
        message = f"{out} already holds tables of a book; --overwrite replaces them"
        raise InvalidInputError(message, code=error.code) from None
    for currency, expiry_ns in book.without_forward:
        say(f"warning: marks of {currency} expiring at {expiry_ns} ns imply no forward")
    facts = {
        "market": str(out / "market"),
        "portfolio": str(out / "portfolio"),
        "instruments": len(portfolio.instruments),
        "accounts": len(portfolio.accounts),
        "positions": len(portfolio.positions),
        "lot_size": book.lot_size,
        "seed": seed,
    }
    if as_json:
        print_json(facts)
    else:
        say(
            f"wrote {facts['market']} and {facts['portfolio']}: {facts['instruments']:,} options, "
            f"{facts['accounts']:,} accounts, {facts['positions']:,} positions"
        )
