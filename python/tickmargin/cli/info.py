"""`tickmargin info`: what is installed, which kernels run, and how policies meet a tick."""

from __future__ import annotations

from typing import Annotated

import typer

from tickmargin.cli.options import Json
from tickmargin.cli.presets import DATED


def info(
    policies: Annotated[
        str | None,
        typer.Option(
            "--policies",
            "-p",
            envvar="TICKMARGIN_POLICIES",
            metavar="FILE|PRESET",
            help="Policies to tell of (default: the newest presets).",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the version, the compiler, and kernels compiled, available here and chosen.

    TICKMARGIN_KERNELS=scalar|avx2|avx512|neon forces a choice; all give the same bits. Of each
    policy it says which path a tick takes: by bands (only accounts that it may change are looked
    at) or incremental (all that it touches, where a rule has no bound to draw a band by).
    """
    import tickmargin
    from tickmargin.cli.output import console, print_json, print_table
    from tickmargin.policies import Policies
    from tickmargin.report.terminal import grid, name_cell
    from tickmargin.report.text import words

    # A dated preset that is the newest of its name is told of under that name.
    names = [name for name in Policies.presets() if not DATED.fullmatch(name)]
    rows = [
        {"policies": name, "policy": row["name"], "method": row["method"], "path": row["path"]}
        for name in ([policies] if policies is not None else names)
        for row in Policies.resolve(name).describe()
    ]
    facts = tickmargin.info()
    if as_json:
        print_json({**facts, "policies": rows})
        return
    target = console()
    table = grid("tickmargin", [("", True), ("", True)])
    table.show_header = False
    for name, value in facts.items():
        if value is not None:
            shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
            table.add_row(name_cell(words(name)), name_cell(shown))
    print_table(target, table)
    target.print()
    heads = [("policies", True), ("policy", True), ("method", True), ("ticks by", True)]
    paths = grid("Policies", heads)
    for row in rows:
        paths.add_row(*(name_cell(cell) for cell in row.values()))
    print_table(target, paths)
