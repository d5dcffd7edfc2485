"""Real-time margin and collateral engine for derivatives."""

# The first is imported first: it refuses an interpreter that the others would hang in.
from tickmargin import (
    _interpreter,  # noqa: F401
    backtest,
    liquidity,
    procyclicality,
    protocols,
    records,
    risk,
)
from tickmargin._core import info as _info
from tickmargin._paths import cmake_dir, get_include
from tickmargin.engine import Engine
from tickmargin.errors import (
    EngineBusyError,
    FileAccessError,
    InputTypeError,
    InvalidInputError,
    Issue,
    MissingExtraError,
    RecordRefusedError,
    TickMarginError,
    UnknownNameError,
)
from tickmargin.history import History
from tickmargin.live_results import Applied, CheckedOrder, LiveAccount
from tickmargin.market import Market
from tickmargin.policies import Policies
from tickmargin.portfolio import Portfolio
from tickmargin.pricing import (
    Greeks,
    ImpliedVol,
    StrikeResult,
    bachelier,
    bachelier_implied_vol,
    black76,
    black_scholes,
    delta_from_strike,
    everlasting_option,
    forwards_from_parity,
    implied_vol,
    perpetual_fair_price,
    power_perpetual_mark,
    strike_from_delta,
)
from tickmargin.record_types import EVENT, RECORD
from tickmargin.recordings import Recovery, Replay
from tickmargin.results import Explanation, LiquidationPrices, Result
from tickmargin.scan import ScanResult, portfolio_scan, scenario_matrix
from tickmargin.table import Table
from tickmargin.tier_watch import TierWatch

__version__: str = _info()["version"]

__all__ = [
    "EVENT",
    "RECORD",
    "Applied",
    "CheckedOrder",
    "Engine",
    "EngineBusyError",
    "Explanation",
    "FileAccessError",
    "Greeks",
    "History",
    "ImpliedVol",
    "InputTypeError",
    "InvalidInputError",
    "Issue",
    "LiquidationPrices",
    "LiveAccount",
    "Market",
    "MissingExtraError",
    "Policies",
    "Portfolio",
    "RecordRefusedError",
    "Recovery",
    "Replay",
    "Result",
    "ScanResult",
    "StrikeResult",
    "Table",
    "TickMarginError",
    "TierWatch",
    "UnknownNameError",
    "__version__",
    "bachelier",
    "bachelier_implied_vol",
    "backtest",
    "black76",
    "black_scholes",
    "cmake_dir",
    "delta_from_strike",
    "everlasting_option",
    "forwards_from_parity",
    "get_include",
    "implied_vol",
    "info",
    "liquidity",
    "perpetual_fair_price",
    "portfolio_scan",
    "power_perpetual_mark",
    "procyclicality",
    "protocols",
    "records",
    "risk",
    "scenario_matrix",
    "strike_from_delta",
]


def info() -> dict[str, object]:
    """Version, compiler, and the kernels compiled, available on this machine and chosen."""
    return _info()
