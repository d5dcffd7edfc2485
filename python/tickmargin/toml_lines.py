"""Which line of a TOML text each key is on, so that a message can say where to look.

``tomllib`` gives values without positions. The text is parsed by it first; this scanner may
therefore assume valid TOML 1.0 and only follows its structure.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]+")


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        self.skip_space()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip_space()
        return self.lines

    def skip_space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def skip_string(self) -> str:
        match = _STRING.match(self.text, self.at)
        assert match is not None, "the text is valid TOML"
        self.at = match.end()
        return match.group()

    def mark(self, path: Path) -> None:
        line = self.text.count("\n", 0, self.at) + 1
        self.lines.setdefault(path, line)

    def header(self) -> Path:
        """``[a.b]`` or ``[[a.b]]``; a part of the name that is an array means its last item."""
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        names = self.names()
        path: Path = ()
        for i, name in enumerate(names):
            path = (*path, name)
            self.mark(path)
            is_last = i == len(names) - 1
            if is_array and is_last:
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
                self.mark(path)
        self.at = self.text.index("]]" if is_array else "]", self.at) + (2 if is_array else 1)
        return path

    def names(self) -> list[str]:
        """A dotted key."""
        names: list[str] = []
        while True:
            self.skip_space()
            if self.text[self.at] in "\"'":
                names.append(tomllib.loads(f"value = {self.skip_string()}")["value"])
            else:
                match = _BARE.match(self.text, self.at)
                assert match is not None, "the text is valid TOML"
                names.append(match.group())
                self.at = match.end()
            self.skip_space()
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def pair(self, table: Path) -> None:
        start = self.at
        path: Path = table
        names = self.names()
        end, self.at = self.at, start
        for name in names:
            path = (*path, name)
            self.mark(path)
        self.at = end + 1  # the sign =
        self.value(path)

    def value(self, path: Path) -> None:
        self.skip_space()
        first = self.text[self.at]
        if first in "\"'":
            self.skip_string()
        elif first == "[":
            self.items(path)
        elif first == "{":
            self.inline_table(path)
        else:
            match = _SCALAR.match(self.text, self.at)
            assert match is not None, "the text is valid TOML"
            self.at = match.end()

    def items(self, path: Path) -> None:
        self.at += 1
        index = 0
        while True:
            self.skip_space()
            if self.text[self.at] == "]":
                self.at += 1
                return
            item = (*path, index)
            self.mark(item)
            self.value(item)
            index += 1
            self.skip_comma()

    def inline_table(self, path: Path) -> None:
        self.at += 1
        while True:
            self.skip_space()
            if self.text[self.at] == "}":
                self.at += 1
                return
            self.pair(path)
            self.skip_comma()

    def skip_comma(self) -> None:
        self.skip_space()
        if self.text[self.at] == ",":
            self.at += 1


def key_lines(text: str) -> dict[Path, int]:
    """Line (from 1) of every key and array item of a valid TOML text, by its path."""
    return _Scanner(text).scan()


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """Line of ``path``, or of the innermost table around it that is written in the text."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


def head_comment(text: str) -> str:
    """Comment that a file begins with, as one paragraph; a line ``#:schema`` is an editor's."""
    words = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("#:"):
            words.append(line[1:].strip())
    return " ".join(words).strip()
