"""Layout of the tables of method ``protocol`` for the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tickmargin import _core
from tickmargin.config_protocols import Protocol, Token

_RULES = {"dydx_v4": 0, "vega": 1, "drift_v2": 2}
# Drift's own: base 1e9, quote amounts and prices 1e6.
_DRIFT_DECIMALS = {"size_decimals": 9, "price_decimals": 6, "quote_decimals": 6}
_DEFAULTS = {
    "quote_decimals": 6,
    "initial_scaling": 1.2,
    "profit_initial_weight": 1.0,
    "profit_maintenance_weight": 1.0,
}


def compile_protocol(protocol: Protocol) -> dict[str, Any]:
    """Numbers in the units of the file; what the rule does not read is 0."""
    given = {key: value for key, value in protocol.model_dump().items() if value is not None}
    if protocol.rule == "drift_v2":
        given |= _DRIFT_DECIMALS
    if protocol.rule == "vega" and protocol.risk_long is None:
        given["risk_long"], given["risk_short"] = _lognormal(protocol)
    return {
        **{key: given.get(key, _DEFAULTS.get(key, 0)) for key in Protocol.model_fields},
        "rule": _RULES[protocol.rule],
    }


def _lognormal(protocol: Protocol) -> tuple[float, float]:
    """Expected shortfall of a lognormal price, per notional of a long and of a short."""
    return _core.vega_lognormal_risk_factors(
        protocol.tail_probability or 0.0,
        protocol.horizon_years or 0.0,
        protocol.drift_annual or 0.0,
        protocol.vol_annual or 0.0,
    )


def compile_tokens(
    tokens: Mapping[str, Token], assets: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """By asset: ``SYMBOL@chain``, else ``SYMBOL``, else ``default``, else a plain one."""
    if not tokens:
        return []
    plain = Token(decimals=6, initial_debt_weight=1.0, maintenance_debt_weight=1.0)
    fallback = tokens.get("default", plain)
    rows = []
    for symbol, chain in assets:
        token = tokens.get(symbol, fallback)
        rows.append(tokens.get(f"{symbol}@{chain}", token) if chain else token)
    return [token.model_dump() for token in rows]
