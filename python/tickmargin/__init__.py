"""Real-time margin and collateral engine for derivatives."""

from tickmargin._core import info as _info
from tickmargin._paths import cmake_dir, get_include
from tickmargin.engine import Engine
from tickmargin.errors import (
    InputTypeError,
    InvalidInputError,
    Issue,
    MissingExtraError,
    TickMarginError,
    UnknownNameError,
)
from tickmargin.market import Market
from tickmargin.policies import Policies
from tickmargin.portfolio import Portfolio
from tickmargin.results import Explanation, LiquidationPrices, Result
from tickmargin.table import Table

__version__: str = _info()["version"]

__all__ = [
    "Engine",
    "Explanation",
    "InputTypeError",
    "InvalidInputError",
    "Issue",
    "LiquidationPrices",
    "Market",
    "MissingExtraError",
    "Policies",
    "Portfolio",
    "Result",
    "Table",
    "TickMarginError",
    "UnknownNameError",
    "__version__",
    "cmake_dir",
    "get_include",
    "info",
]


def info() -> dict[str, object]:
    """Version, compiler, and the kernels compiled, available on this machine and chosen."""
    return _info()
