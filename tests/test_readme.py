"""The README's Python examples run as printed, on the book that its demo saves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import tickmargin as tm
from tickmargin.cli.app import app

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(heading: str, language: str) -> list[str]:
    """Code blocks of a language under a heading of the README."""
    section = README.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (command,) = (line for b in blocks("From Python", "sh") for line in b.splitlines())
    arguments = command.split()
    assert arguments[:2] == ["tickmargin", "demo"]
    done = CliRunner().invoke(app, arguments[1:])
    assert done.exit_code == 0, done.output
    for heading in ("From Python", "Live"):
        found = blocks(heading, "python")
        assert found
        for block in found:
            exec(compile(block, str(README), "exec"), {})


def test_the_book_by_hand_is_the_same_in_python_and_as_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = blocks("Your own book", "python")
    made: dict[str, Any] = {}
    exec(compile(block, str(README), "exec"), made)
    text = "".join(b for kind in ("toml", "csv") for b in blocks("Your own book", kind))
    for name, rows in re.findall(r"^# (mine/\S+)\n((?:[^#].*\n)+)", text, re.MULTILINE):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rows)
    market, portfolio = tm.Market.load("mine/market"), tm.Portfolio.load("mine/portfolio")
    assert market.as_of_ns == made["market"].as_of_ns
    for loaded, by_hand in ((market, made["market"]), (portfolio, made["portfolio"])):
        for name, table in by_hand.tables().items():
            assert str(loaded.tables()[name]) == str(table), name
    accounts = tm.Engine(market, portfolio, "house-portfolio").recompute().accounts
    assert accounts["equity"].tobytes() == made["engine"].recompute().accounts["equity"].tobytes()
    assert set(accounts["status"]) == {"ok"}
    assert not made["engine"].warnings
    done = CliRunner().invoke(app, ["run", "mine/market", "mine/portfolio"])
    assert done.exit_code == 0, done.output


def test_the_two_commands_are_marked() -> None:
    text = README.read_text()
    for kind in ("main", "test"):
        assert re.search(rf"<!-- {kind} command -->\n```sh\npip install [^\n]+\n```", text), kind
