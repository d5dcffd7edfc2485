"""A fault is found in the file: reading it, and the line of each key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tickmargin.errors import InvalidInputError
from tickmargin.policies import Policies
from tickmargin.toml_lines import key_lines

FULL = (Path(__file__).parent / "policies_full.toml").read_text("utf-8")


def test_broken_toml_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidInputError) as caught:
        Policies.from_toml("schema = 1\n[policies\n", file="p.toml")
    (issue,) = caught.value.issues
    assert (issue.code, issue.row) == ("FILE_UNREADABLE", 2)
    assert str(issue).startswith("p.toml:2: not TOML: ")


def test_a_missing_file_and_one_that_is_not_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Policies.load(tmp_path / "none.toml")
    assert caught.value.code == "FILE_NOT_FOUND"
    with pytest.raises(InvalidInputError, match="no such file"):
        Policies.load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"schema = 1 # \xe9")
    with pytest.raises(InvalidInputError) as caught:
        Policies.load(tmp_path / "latin.toml")
    assert caught.value.code == "FILE_UNREADABLE"


AWKWARD = '''# [not.a.table]
"a b".c = { x = 1, "y.z" = [1,
  2, { q = "}]#" }] }
text = """
[no]
 x = 1 \\""" y"""
[p.'q r'] # [hello]
day = 2026-01-01 # c
items = [ # comment ]
  [1, 2],
  { k = 1.0 },
]
[[rule]]
name = "x"
[[rule]]
name = "y"
[rule.sub]
z = inf
m = \'\'\'a\'\'b\'\'\'
[[rule.sub.list]]
w = ""
'''


def leaves(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield (*path, key), item
            yield from leaves(item, (*path, key))


@pytest.mark.parametrize("text", [AWKWARD, AWKWARD.replace("\n", "\r\n"), FULL])
def test_key_lines_has_every_path_of_the_data_and_no_other(text: str) -> None:
    paths = {path for path, _ in leaves(tomllib.loads(text))}
    assert set(key_lines(text)) == paths


def test_key_lines_gives_the_line_of_each_key() -> None:
    lines = key_lines(AWKWARD)
    text = AWKWARD.split("\n")
    assert lines["a b", "c", "y.z", 2, "q"] == 3
    assert lines["text",] == 4
    assert lines["p", "q r", "items", 1, "k"] == 11
    assert lines["rule", 1, "name"] == 16
    assert lines["rule", 1, "sub", "m"] == 19
    for path, line in key_lines(FULL).items():
        if isinstance(path[-1], str):
            assert path[-1] in FULL.split("\n")[line - 1]
    assert text[lines["rule", 1, "sub", "list", 0, "w"] - 1] == 'w = ""'
