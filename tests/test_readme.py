"""The README's Python examples run as printed, on the book that its demo saves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

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


def test_the_two_commands_are_marked() -> None:
    text = README.read_text()
    for kind in ("main", "test"):
        assert re.search(rf"<!-- {kind} command -->\n```sh\npip install [^\n]+\n```", text), kind
