"""pyarrow, imported only when an input or an output really needs it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from tickmargin.errors import MissingExtraError

__all__ = ["have_pyarrow", "pyarrow", "release_memory"]


def pyarrow(need: str, module: str = "pyarrow") -> Any:
    """Import and return a pyarrow module, or raise MissingExtraError naming the extra ``io``.

    Parameters
    ----------
    need : str
        What is being done, for the message: ``reading positions.parquet``.
    module : str, default "pyarrow"
    """
    try:
        return import_module(module)
    except ImportError as error:
        message = (
            f"{need} needs pyarrow, which is not installed: pip install 'tickmargin[io]' "
            "(mappings of NumPy columns work without it)"
        )
        raise MissingExtraError(message) from error


def have_pyarrow() -> bool:
    """Tell whether pyarrow can be imported."""
    try:
        import_module("pyarrow")
    except ImportError:
        return False
    return True


def release_memory() -> None:
    """Give back what pyarrow keeps for reuse after a long load; does nothing without pyarrow."""
    module = sys.modules.get("pyarrow")
    if module is not None:
        module.default_memory_pool().release_unused()
