"""``tickmargin.h`` as C: a program in C11, linked against an installed static library."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.embed.building import HERE, build_program, run, tool
from tests.python.live_books import T0, ready
from tests.python.test_live_engine import FIXED

import tickmargin
from tickmargin import records


@pytest.mark.parametrize("road", ["plain install", "wheel"])
def test_a_program_in_c_gets_the_answers_of_one_in_cpp(
    road: str,
    saved_engine: tuple[Path, str],
    from_wheel: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    option = from_wheel
    if road == "plain install":
        option = f"-DCMAKE_PREFIX_PATH={request.getfixturevalue('plain_install')}"
    build_program(HERE / "c_consumer", tmp_path, option)
    saved, said_in_cpp = saved_engine
    said = run(str(tmp_path / "consumer"), str(saved))
    assert f"tickmargin {tickmargin.__version__} from C" in said
    assert "-> liquidating" in said
    hashes = [re.findall(r"hash ([0-9a-f]{16})", text) for text in (said, said_in_cpp)]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 1


def test_policies_are_swapped_without_python(from_wheel: str, tmp_path: Path) -> None:
    """What Python compiled, C stages: the differences and the hash are Python's own."""
    build_program(HERE / "c_consumer", tmp_path, from_wheel)
    live = ready()
    (tmp_path / "engine").write_bytes(live.save())
    (tmp_path / "policies").write_bytes(live.save_policies(FIXED))
    said = run(str(tmp_path / "swap"), str(tmp_path / "engine"), str(tmp_path / "policies"))
    dry = live.dry_run(FIXED)
    told = re.findall(r"account (\d+): (\w+) -> (\w+), (\S+) -> (\S+)", said)
    assert [int(row[0]) for row in told] == list(range(len(dry)))
    assert [row[1] for row in told] == list(dry["state_before"])
    assert [row[2] for row in told] == list(dry["state_after"])
    for place, column in ((3, "initial_margin_before"), (4, "initial_margin_after")):
        assert [float.fromhex(row[place]) for row in told] == dry[column].tolist()
    live.stage_policies(7, FIXED)
    assert live.apply(records.policy_epoch(7, ts_ns=T0)).counts == {"ok": 1}
    assert re.findall(r"hash ([0-9a-f]{16})", said) == [f"{live.state_hash():016x}"]


@pytest.mark.parametrize(
    "options",
    [("-xc", "-std=c11", "-pedantic-errors"), ("-xc", "-std=c17"), ("-xc++", "-std=c++20")],
    ids=" ".join,
)
def test_the_header_stands_alone(options: tuple[str, ...], tmp_path: Path) -> None:
    header = Path(tickmargin.get_include()) / "tickmargin" / "tickmargin.h"
    assert re.findall(r"#include (\S+)", header.read_text()) == ["<stdint.h>"]
    source = tmp_path / "empty.c"
    source.write_text(f'#include "{header}"\n')
    warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only")
    run(tool("gcc"), *options, *warnings, str(source))
