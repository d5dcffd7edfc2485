"""One interpreter a process: imported before anything that is compiled.

In a second interpreter pybind11 waits for ever for a lock that its own thread holds, and NumPy
refuses or does half of what it should. CPython knows before any of it is loaded.
"""

from __future__ import annotations

import importlib

__all__ = ["is_main_interpreter"]


def is_main_interpreter() -> bool:
    """Whether this is the process's first interpreter; true where CPython cannot be asked."""
    for name in ("_interpreters", "_xxsubinterpreters"):  # from Python 3.13 on, and before
        try:
            known = importlib.import_module(name)
        except ImportError:
            continue
        return bool(known.get_current() == known.get_main())
    return True


if not is_main_interpreter():
    raise ImportError(
        "tickmargin cannot be imported in a sub-interpreter: its core and NumPy keep one state a "
        "process; import it in the main interpreter (mod_wsgi: WSGIApplicationGroup %{GLOBAL}) or "
        "use processes",
        name="tickmargin",
    )
