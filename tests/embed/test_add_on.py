"""A new add-on is one file and one line: the worked example, compiled and run."""

from __future__ import annotations

import re
from pathlib import Path

from tests.embed.building import HERE, ROOT, build_program, run

ROOM = ROOT / "cpp" / "src" / "margin"


def test_one_file_and_one_line_make_an_add_on(tmp_path: Path, from_wheel: str) -> None:
    build_program(HERE / "add_on", tmp_path, from_wheel, f"-DCORE_SOURCES={ROOT / 'cpp'}")
    lines = dict(line.split(" ", 1) for line in run(str(tmp_path / "add_on")).splitlines())
    # 2 x 60,000 of notional: 2 % and 1 % by the method, 3 % of the gross delta by the add-on
    assert lines["futures"] == "2400.00 1200.00"
    assert lines["weekend_gap"] == "3600.00 0.00"


def test_the_example_on_the_page_is_a_file_of_the_core() -> None:
    page = (ROOM / "README.md").read_text()
    example = re.search(r"### A new add-on in one file.*?```cpp\n(.*?)```", page, re.S)
    assert example is not None
    assert example[1] in (ROOM / "concentration.cpp").read_text()


def test_every_file_of_an_add_on_stands_in_the_list() -> None:
    listed = re.findall(
        r"^TICKMARGIN_ADD_ON\((\w+)\)$", (ROOM / "add_on_list.inc").read_text(), re.M
    )
    described = {
        name
        for file in ROOM.glob("*.cpp")
        for name in re.findall(r"^constexpr AddOn (\w+)_add_on\{", file.read_text(), re.M)
    }
    assert set(listed) == described
    assert len(listed) == len(set(listed))
