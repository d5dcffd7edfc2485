"""The commands and the options of the program as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tickmargin.cli import settings
from tickmargin.cli.backtest import backtest
from tickmargin.cli.bench import bench
from tickmargin.cli.chain import portfolio_from_chain
from tickmargin.cli.demo import demo
from tickmargin.cli.exit_codes import EPILOG
from tickmargin.cli.explain import explain
from tickmargin.cli.info import info
from tickmargin.cli.presets import presets
from tickmargin.cli.probabilities import probabilities
from tickmargin.cli.replay import replay
from tickmargin.cli.run import run
from tickmargin.cli.shadow import shadow
from tickmargin.cli.stress import stress
from tickmargin.cli.tick import tick
from tickmargin.cli.tiers import tiers
from tickmargin.cli.what_if import what_if

# Modules of commands import what they compute with inside the command: help answers at once.
app = typer.Typer(
    name="tickmargin",
    help="Margin and collateral for derivatives: who is safe, who must add, whom to liquidate.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    add_completion=False,
    context_settings={
        "help_option_names": ["--help", "-h"],
        "auto_envvar_prefix": "TICKMARGIN",
    },
)
app.command("demo")(demo)
app.command("run")(run)
app.command("explain")(explain)
app.command("what-if")(what_if)
app.command("stress")(stress)
app.command("probabilities")(probabilities)
app.command("tiers")(tiers)
app.command("shadow")(shadow)
app.command("tick")(tick)
app.command("replay")(replay)
app.command("backtest")(backtest)
app.command("portfolio-from-chain")(portfolio_from_chain)
app.add_typer(presets, name="presets")
app.add_typer(bench, name="bench")
app.command("info")(info)


def _version(wanted: bool) -> None:
    if wanted:
        from tickmargin import __version__

        typer.echo(f"tickmargin {__version__}")
        raise typer.Exit


@app.callback()
def program(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            envvar="TICKMARGIN_CONFIG",
            metavar="FILE",
            help="TOML file with defaults for options.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            allow_from_autoenv=False,
            help="Show the version.",
        ),
    ] = False,
) -> None:
    """Margin and collateral for derivatives: who is safe, who must add, whom to liquidate.

    An option on the command line beats the environment (TICKMARGIN_THREADS, or
    TICKMARGIN_RUN_TOP for one command's --top), which beats the --config file, which beats what
    a preset says, which beats the default.
    """
    if config is not None:
        settings.apply(context, config)
