"""Where the installed package keeps what C++ users need."""

from __future__ import annotations

from pathlib import Path

__all__ = ["cmake_dir", "get_include"]

_PACKAGE = Path(__file__).resolve().parent


def get_include() -> str:
    """Folder of the C++ headers, for ``-I``."""
    return str(_PACKAGE / "include")


def cmake_dir() -> str:
    """Folder of tickmarginConfig.cmake, for ``-Dtickmargin_DIR=``."""
    return str(_PACKAGE / "lib" / "cmake" / "tickmargin")
