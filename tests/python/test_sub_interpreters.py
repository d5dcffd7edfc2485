"""A second interpreter in the process is told that it cannot have the core, and goes on without."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="_xxsubinterpreters is _interpreters from 3.13 on"
)

IN_SECOND = """
import sys
import _xxsubinterpreters as interpreters

for name in sys.argv[2:]:
    __import__(name)
for attempt in range(2):
    second = interpreters.create(isolated=False)
    try:
        interpreters.run_string(second, "import " + sys.argv[1])
    except interpreters.RunFailedError as error:
        print(error)
    interpreters.run_string(second, "print(sum(range(4)))")
    interpreters.destroy(second)
for name in sys.argv[2:]:
    print(type(sys.modules[name]._core.info()).__name__)
"""


def child(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.splitlines()


@pytest.mark.parametrize("module", ["tickmargin", "tickmargin._core", "tickmargin.cy"])
@pytest.mark.parametrize("first", [(), ("tickmargin",)], ids=["cold", "after the main one"])
def test_a_second_interpreter_is_refused(module: str, first: tuple[str, ...]) -> None:
    said = child(IN_SECOND, module, *first)
    refused, goes_on = said[0:4:2], said[1:4:2]
    for line in refused:
        assert "ImportError" in line
        assert "tickmargin cannot be imported in a sub-interpreter" in line
    assert goes_on == ["6", "6"]  # it is as it was
    assert said[4:] == ["dict"] * len(first)  # and so is the first one


def test_an_embedded_one_is_refused_too() -> None:
    """``Py_NewInterpreter``, as a web server makes them."""
    program = """
import _testcapi
for module in ("tickmargin._core", "tickmargin.cy"):
    code = f"try: import {module}\\nexcept ImportError as e: print(str(e)[:17], flush=True)"
    print(_testcapi.run_in_subinterp(code), flush=True)
import tickmargin.cy
print("here", flush=True)
"""
    assert child(program) == ["tickmargin cannot", "0"] * 2 + ["here"]
