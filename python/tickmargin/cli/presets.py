"""`tickmargin presets`: the policies that come with the package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from tickmargin.cli.options import Json

_DESCRIPTION = 36  # of the widest names a table of 100 columns
DATED = re.compile(r".+-\d{4}-\d{2}-\d{2}")

presets = typer.Typer(help="List and show the policies that come with the package.")


@presets.command("list")
def list_presets(as_json: Json = False) -> None:
    """List the presets with the policies in each."""
    from tickmargin.cli.output import console, print_json, print_table
    from tickmargin.policies import Policies
    from tickmargin.report.terminal import grid, name_cell

    rows = [
        {"preset": name, **policy}
        for name in Policies.presets()
        for policy in Policies.preset(name).describe()
    ]
    if as_json:
        print_json(rows)
        return
    table = grid(
        "Presets (a name without a date is the newest of that name)",
        [("preset", True), ("method", True), ("ticks by", True), ("as of", True)],
    )
    table.add_column("description", max_width=_DESCRIPTION)
    several = {row["preset"] for row in rows if len(Policies.preset(row["preset"])) > 1}
    last = ""
    dated = sorted(name for name in Policies.presets() if DATED.fullmatch(name))
    newest = {name[: -len("-2026-01-01")]: name for name in dated}
    for row in rows:
        if row["preset"] in newest.values():
            continue  # shown under its name without the date
        inner = row["preset"] in several
        if inner and row["preset"] != last:
            table.add_row(name_cell(row["preset"]))
        table.add_row(
            name_cell(f"  {row['name']}" if inner else row["preset"]),
            name_cell(row["method"]),
            name_cell(row["path"]),
            name_cell(row["as_of"]),
            name_cell(row["description"]),
        )
        last = row["preset"]
    print_table(console(), table)


@presets.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="PRESET", show_default=False)],
    as_json: Json = False,
) -> None:
    """Print a preset as the TOML file it is: copy it, change it, pass it to --policies."""
    from tickmargin.cli.output import print_json
    from tickmargin.policies import PRESETS_FOLDER, Policies

    Policies.preset(name)  # refuses an unknown name, with the nearest one
    exact = PRESETS_FOLDER / f"{name}.toml"
    dated = sorted(PRESETS_FOLDER.glob(f"{name}-????-??-??.toml"))
    text = (exact if exact.is_file() else dated[-1]).read_text(encoding="utf-8")
    if as_json:
        print_json(_dates_as_text(tomllib.loads(text)))
    else:
        typer.echo(text, nl=False)


@presets.command("from-tiers")
def from_tiers(
    tiers: Annotated[
        Path,
        typer.Argument(
            metavar="TIERS", help="JSON of ccxt's fetch_leverage_tiers.", show_default=False
        ),
    ],
    quote: Annotated[
        str | None, typer.Option(help="Only symbols that settle in this asset.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the policy.")] = "leverage-tiers",
    source: Annotated[str, typer.Option(help="Where the tiers are from.")] = (
        "ccxt fetch_leverage_tiers"
    ),
    as_of: Annotated[str | None, typer.Option(help="Date of the tiers.")] = None,
    as_json: Json = False,
) -> None:
    """Print leverage tiers as a policy in TOML: date it, keep it, pass it to --policies."""
    from tickmargin.cli.output import print_json
    from tickmargin.leverage_tiers import policy_data, read_tiers, toml_text
    from tickmargin.policies import Policies

    data = policy_data(
        read_tiers(tiers), name=name, quote=quote, source=source, as_of=as_of, file=str(tiers)
    )
    text = toml_text(data)
    Policies.from_toml(text)
    if as_json:
        print_json(_dates_as_text(tomllib.loads(text)))
    else:
        typer.echo(text, nl=False)


def _dates_as_text(value: object) -> object:
    if isinstance(value, dict):
        return {key: _dates_as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(inner) for inner in value]
    return value if isinstance(value, bool | int | float | str) else str(value)
