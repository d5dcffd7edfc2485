"""The documented columns of every table; python/README.md says the same in prose."""

from __future__ import annotations

from tickmargin.loading.column import Column, TableSpec

__all__ = [
    "KINDS",
    "MARKET_TABLES",
    "OPTION_TYPES",
    "PAYOFFS",
    "PORTFOLIO_TABLES",
    "SIDES",
]

# In a nullable int column 0 reads as null: an int64 array has no null of its own, and no
# instrument expires in 1970.

# positions in these tuples are the numbers the core reads
KINDS = ("spot", "future", "perpetual", "option")
PAYOFFS = ("linear", "inverse", "quanto", "coin")
OPTION_TYPES = ("put", "call")
SIDES = ("long", "short")

INSTRUMENTS = TableSpec(
    "instruments",
    (
        Column("instrument", "id"),
        Column("kind", "word", words=KINDS),
        Column("underlying", "id"),
        Column("settlement_asset", "id"),
        Column("settlement_chain", "text", required=False, nullable=True),
        Column("payoff", "word", words=PAYOFFS),
        Column("multiplier", "float", sign="positive"),
        Column("strike", "float", required=False, nullable=True),
        Column("expiry_ns", "int", required=False, nullable=True, sign="non_negative"),
        Column("option_type", "word", required=False, nullable=True, words=OPTION_TYPES),
        Column("bachelier", "bool", required=False, nullable=True),
        Column("funding_period_days", "float", required=False, nullable=True, sign="positive"),
        Column("funding_rate_annual", "float", required=False, nullable=True),
    ),
)

COMPONENTS = TableSpec(
    "components",
    (
        Column("basket", "id"),
        Column("instrument", "id", required=False, nullable=True),
        Column("underlying", "id", required=False, nullable=True),
        Column("weight", "float"),
        Column("reference_price", "float", sign="positive"),
        Column("settlement_asset", "id", required=False, nullable=True),
        Column("settlement_chain", "text", required=False, nullable=True),
    ),
    required=False,
)

ACCOUNTS = TableSpec(
    "accounts",
    (
        Column("account", "id"),
        Column("tier", "text", required=False, nullable=True),
        Column("jurisdiction", "text", required=False, nullable=True),
        Column("linked_group", "text", required=False, nullable=True),
        Column("credit_score", "float", required=False, nullable=True),
    ),
)

POSITIONS = TableSpec(
    "positions",
    (
        Column("account", "id"),
        Column("pocket", "id", required=False, nullable=True),
        Column("instrument", "id"),
        Column("side", "word", required=False, nullable=True, words=SIDES),
        Column("quantity", "float"),
        Column("entry_price", "float", required=False, nullable=True),
    ),
)

BALANCES = TableSpec(
    "balances",
    (
        Column("account", "id"),
        Column("pocket", "id", required=False, nullable=True),
        Column("asset", "id"),
        Column("chain", "text", required=False, nullable=True),
        Column("amount", "float"),
    ),
)

ASSETS = TableSpec(
    "assets",
    (
        Column("asset", "id"),
        Column("chain", "text", required=False, nullable=True),
        Column("mark_price", "float", required=False, nullable=True, sign="positive"),
        Column("underlying", "id", required=False, nullable=True),
        Column("confidence", "float", required=False, nullable=True, sign="share"),
        Column("borrow_rate_annual", "float", required=False, nullable=True, sign="non_negative"),
        Column("risk_annual", "float", required=False, nullable=True, sign="share"),
    ),
)

UNDERLYINGS = TableSpec(
    "underlyings",
    (
        Column("underlying", "id"),
        Column("index_price", "float", nullable=True, sign="positive"),
        Column("quote_asset", "id", required=False, nullable=True),
        Column("realised_vol_annual", "float", required=False, nullable=True, sign="non_negative"),
        Column("depth_notional", "float", required=False, nullable=True, sign="non_negative"),
        Column("previous_mm_ratio", "float", required=False, nullable=True, sign="non_negative"),
        Column("previous_ts_ns", "int", required=False, nullable=True, sign="non_negative"),
        Column("confidence", "float", required=False, nullable=True, sign="share"),
        Column("peg_price", "float", required=False, nullable=True, sign="non_negative"),
        Column("index_ts_ns", "int", required=False, nullable=True, sign="non_negative"),
        Column("price_velocity_ratio", "float", required=False, nullable=True),
        Column("flow_signed_notional", "float", required=False, nullable=True),
        Column("flow_total_notional", "float", required=False, nullable=True, sign="non_negative"),
        Column(
            "open_interest_notional", "float", required=False, nullable=True, sign="non_negative"
        ),
        Column("regime_score", "float", required=False, nullable=True, sign="share"),
        Column("macro_score", "float", required=False, nullable=True, sign="share"),
        Column("rate_stress", "float", required=False, nullable=True, sign="non_negative"),
    ),
)

FORWARDS = TableSpec(
    "forwards",
    (
        Column("underlying", "id"),
        Column("expiry_ns", "int", sign="positive"),
        Column("forward_price", "float"),
        Column("rate_annual", "float", required=False, nullable=True),
        Column("discount_rate_annual", "float", required=False, nullable=True),
        Column("fixed_price", "float", required=False, nullable=True, sign="non_negative"),
        Column("confidence", "float", required=False, nullable=True, sign="share"),
    ),
    required=False,
)

MARKS = TableSpec(
    "marks",
    (
        Column("instrument", "id"),
        Column("mark_price", "float", required=False, nullable=True, sign="non_negative"),
        Column("vol_annual", "float", required=False, nullable=True, sign="non_negative"),
        Column("vol_normal_annual", "float", required=False, nullable=True, sign="non_negative"),
        Column("settled_share", "float", required=False, nullable=True, sign="share"),
        Column("settled_average", "float", required=False, nullable=True, sign="positive"),
        Column("funding_rate_annual", "float", required=False, nullable=True),
        Column("confidence", "float", required=False, nullable=True, sign="share"),
    ),
    required=False,
)

SURFACE = TableSpec(
    "surface",
    (
        Column("underlying", "id"),
        Column("expiry_ns", "int", sign="positive"),
        Column("strike", "float", sign="positive"),
        Column("vol_annual", "float", sign="non_negative"),
    ),
    required=False,
)

PORTFOLIO_TABLES = (INSTRUMENTS, COMPONENTS, ACCOUNTS, POSITIONS, BALANCES)
MARKET_TABLES = (ASSETS, UNDERLYINGS, FORWARDS, MARKS, SURFACE)
