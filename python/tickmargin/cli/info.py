"""`tickmargin info`: what is installed and which kernels run."""

from __future__ import annotations

from tickmargin.cli.options import Json


def info(as_json: Json = False) -> None:
    """Show the version, the compiler, and kernels compiled, available here and chosen.

    TICKMARGIN_KERNELS=scalar|avx2|avx512|neon forces a choice; all give the same bits.
    """
    import tickmargin
    from tickmargin.cli.output import console, print_json, print_table
    from tickmargin.report.terminal import grid, name_cell
    from tickmargin.report.text import words

    facts = tickmargin.info()
    if as_json:
        print_json(facts)
        return
    table = grid("tickmargin", [("", True), ("", True)])
    table.show_header = False
    for name, value in facts.items():
        if value is not None:
            shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
            table.add_row(name_cell(words(name)), name_cell(shown))
    print_table(console(), table)
