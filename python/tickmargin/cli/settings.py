"""The configuration file: defaults for options, by command or for all commands."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import typer

from tickmargin.loading.issues import suggest

Tree = dict[str, Any]


def apply(context: typer.Context, path: Path) -> None:
    """Read a configuration file and make it the defaults of every command.

    Parameters
    ----------
    context : typer.Context
        Of the whole program.
    path : Path
        TOML: keys are long options without their dashes. At the top they hold for every command
        that has the option, in a table such as ``[run]`` or ``[presets.show]`` for that command.

    Raises
    ------
    typer.BadParameter
        If the file cannot be read, or a key is no option; the nearest one is named.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise typer.BadParameter(f"{path}: {error}") from None
    context.default_map = _defaults(context.command, tree, {}, str(path))


def _defaults(command: Any, tree: Tree, inherited: Tree, where: str) -> Tree:
    """Give the default map of a group: what its commands take from the file."""
    commands: dict[str, Any] = command.commands
    shared = {**inherited, **{k: v for k, v in tree.items() if not isinstance(v, dict)}}
    _check(shared, {name for sub in commands.values() for name in _deep_options(sub)}, where)
    _check({k: v for k, v in tree.items() if isinstance(v, dict)}, set(commands), where)
    result: Tree = {}
    for name, sub in commands.items():
        own = tree.get(name, {})
        place = f"{where} [{name}]"
        if hasattr(sub, "commands"):
            result[name] = _defaults(sub, own, shared, place)
            continue
        options = _options(sub)
        _check(own, set(options), place)
        known = {key: value for key, value in shared.items() if key in options}
        result[name] = {options[key]: value for key, value in {**known, **own}.items()}
    return result


def _options(command: Any) -> dict[str, str]:
    """Map each long option of a command, without dashes, to its parameter."""
    return {
        text[2:]: parameter.name
        for parameter in command.params
        for text in [*parameter.opts, *parameter.secondary_opts]
        if text.startswith("--") and text != "--help"
    }


def _deep_options(command: Any) -> set[str]:
    if hasattr(command, "commands"):
        return {name for sub in command.commands.values() for name in _deep_options(sub)}
    return set(_options(command))


def _check(given: Tree, known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise typer.BadParameter(f"{where}: unknown key {key!r}{suggest(key, sorted(known))}")
