"""Options that several commands share, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MarketFolder = Annotated[
    Path,
    typer.Argument(
        metavar="MARKET", help="Folder with market.toml and its tables.", show_default=False
    ),
]
PortfolioFolder = Annotated[
    Path,
    typer.Argument(
        metavar="PORTFOLIO",
        help="Folder with instruments, accounts, positions and balances.",
        show_default=False,
    ),
]
PolicyName = Annotated[
    str,
    typer.Option(
        "--policies",
        "-p",
        envvar="TICKMARGIN_POLICIES",
        metavar="FILE|PRESET",
        help="Policy file (.toml), leverage tiers (.json) or preset.",
    ),
]
Threads = Annotated[
    int,
    typer.Option("--threads", "-t", envvar="TICKMARGIN_THREADS", min=1, help="Worker threads."),
]
Json = Annotated[
    bool, typer.Option("--json", envvar="TICKMARGIN_JSON", help="Print JSON instead of tables.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", envvar="TICKMARGIN_STRICT", help="Make doubt an exit code (4 or 5)."),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help="Write all rows to a .csv, .parquet or .json file."
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same book.")]

DEFAULT_POLICIES = "house-portfolio"
DEFAULT_THREADS = 1
