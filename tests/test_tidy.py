"""House rules a machine can check."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "cpp" / "src"

# A room may include lower floors and itself, never its own floor's other rooms.
FLOORS = {
    "base": 1,
    "kernels": 2,
    "journal": 2,
    "market": 3,
    "book": 3,
    "pricing": 4,
    "risk": 5,
    "protocol": 5,
    "margin": 6,
    "collateral": 5,
    "monitor": 7,
    "engine": 8,
    "live": 9,
    "capi": 10,
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
CODE = {".c", ".cpp", ".h", ".hpp", ".py", ".pyi", ".pyx", ".pxd"}
LINES_MAX = 400
LINES_MAX_LONG = 600  # kernels, tables of tests
LINE_LENGTH_MAX = 100


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = [name for name in listed.stdout.split("\0") if name]
    if not names:  # an unpacked archive without its history
        folders = ("cpp", "python", "tests", "bench")
        return [p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in CODE]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


FILES = tracked()
SOURCES = [p for p in FILES if p.suffix in CODE]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def rooms_included(path: Path) -> list[str]:
    included = INCLUDE.findall(path.read_text())
    return [part[0] for part in (i.split("/") for i in included) if len(part) > 1]


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(CORE)], ids=name)
def test_a_room_includes_only_lower_rooms(path: Path) -> None:
    room = path.relative_to(CORE).parts[0]
    for other in rooms_included(path):
        if other in ("tickmargin", room):
            continue
        assert FLOORS[other] < FLOORS[room], f"{room} may not include {other}"


def test_every_room_has_its_floor() -> None:
    assert {p.name for p in CORE.iterdir() if p.is_dir()} == set(FLOORS)


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.is_relative_to(ROOT / "cpp" / "include")], ids=name
)
def test_public_headers_include_only_public_headers(path: Path) -> None:
    assert set(rooms_included(path)) <= {"tickmargin"}


def test_the_core_knows_no_python() -> None:
    for path in SOURCES:
        if path.is_relative_to(ROOT / "cpp"):
            text = path.read_text()
            assert "pybind11" not in text, name(path)
            assert "Python.h" not in text, name(path)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_stay_small(path: Path) -> None:
    lines = path.read_text().splitlines()
    long_room = "kernels" in path.parts or path.is_relative_to(ROOT / "tests")
    limit = LINES_MAX_LONG if long_room else LINES_MAX
    assert len(lines) <= limit
    too_long = [i for i, line in enumerate(lines, 1) if len(line) > LINE_LENGTH_MAX]
    assert not too_long, f"lines over {LINE_LENGTH_MAX} columns: {too_long}"


def test_nothing_is_left_lying_about() -> None:
    banned = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|pragma: no cover")
    for path in SOURCES:
        if path == Path(__file__).resolve():
            continue
        match = banned.search(path.read_text())
        assert match is None, f"{name(path)}: {match.group() if match else ''}"


def test_no_build_flag_breaks_the_bits() -> None:
    banned = ("-march=native", "-ffast-math", "-Ofast", "-funsafe-math-optimizations")
    builds = [
        p for p in FILES if p.name in ("CMakeLists.txt", "CMakePresets.json", "pyproject.toml")
    ]
    assert builds
    for path in builds:
        text = path.read_text()
        assert not [flag for flag in banned if flag in text], name(path)


def test_nothing_is_unpickled() -> None:
    banned = re.compile(
        r"\b(import pickle|pickle\.loads?|marshal\.loads?|allow_pickle=True|eval\()"
    )
    for path in SOURCES:
        if path.is_relative_to(ROOT / "python"):
            assert banned.search(path.read_text()) is None, name(path)


def test_every_public_header_and_method_is_documented() -> None:
    readme = (ROOT / "cpp" / "README.md").read_text()
    for room in FLOORS:
        assert f"`{room}/`" in readme, room


def test_versions_agree() -> None:
    import tickmargin

    text = (ROOT / "pyproject.toml").read_text()
    match = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)
    assert match is not None
    assert tickmargin.__version__ == match[1]
    assert f"## {match[1]}" in (ROOT / "CHANGELOG.md").read_text()
