"""Drift v2: whole numbers in, whole numbers out.

Base is 1e9, quote amounts and prices 1e6, weights and margin ratios 1e4, fees, multipliers and
size factors 1e6, tokens in their market's own decimals. Rounding is the chain's: requirements and
shares down, debts and losses up. Beyond 128 bits, and where a rule is undefined, InvalidInputError.
Source: drift-labs/protocol-v2 at 0ae3e3b1, math of margin and of liquidation. Left out: isolated
positions, high-leverage mode, prediction markets and the imbalance limit of unrealised profit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.pricing.arguments import choice
from tickmargin.protocols.whole import answer, whole, within

__all__ = [
    "ALL_BASE",
    "ALL_TOKENS",
    "AccountMargin",
    "Leg",
    "MarginType",
    "PerpMarket",
    "PerpPosition",
    "SpotMarket",
    "SpotPosition",
    "account_margin",
    "asset_for_debt",
    "asset_weight",
    "base_to_cover",
    "debt_for_asset",
    "debt_to_cover",
    "deposit_index_delta",
    "funding_rate_delta",
    "liability_weight",
    "liquidation_fee",
    "margin_ratio",
    "perp_insurance_fee",
    "pnl_asset_weight",
    "scaled_initial_asset_weight",
    "share_to_liquidate",
    "size_discount_asset_weight",
    "size_premium_liability_weight",
    "spot_insurance_fee",
    "unrealized_pnl",
]

MarginType = Literal["initial", "fill", "maintenance"]
_TYPES = ("initial", "fill", "maintenance")

ALL_BASE = 2**64 - 1
"""What :func:`base_to_cover` answers where no amount covers the shortage."""
ALL_TOKENS = 2**128 - 1
"""What :func:`debt_to_cover` answers where no amount covers the shortage."""


@dataclass(frozen=True)
class SpotMarket:
    """A token's weights; ``scale_start`` 0 leaves the initial weight whatever is deposited."""

    decimals: int = 9
    initial_asset_weight: int = 10_000
    maintenance_asset_weight: int = 10_000
    initial_liability_weight: int = 10_000
    maintenance_liability_weight: int = 10_000
    size_factor: int = 0
    scale_start: int = 0
    deposits: int = 0


@dataclass(frozen=True)
class PerpMarket:
    """A perpetual's margin ratios and the weights of unrealised profit."""

    initial_ratio: int = 10_000
    maintenance_ratio: int = 10_000
    size_factor: int = 0
    pnl_initial_weight: int = 10_000
    pnl_maintenance_weight: int = 10_000
    pnl_size_factor: int = 0


@dataclass(frozen=True)
class SpotPosition:
    """Tokens deposited (above 0) or borrowed, and open orders (asks below 0).

    ``average_price`` is the oracle's five-minute average, of which and the price the worse counts;
    0 leaves it out. A quote token has no weights and no orders.
    """

    market: SpotMarket
    tokens: int
    price: int
    average_price: int = 0
    open_bids: int = 0
    open_asks: int = 0
    open_orders: int = 0
    is_quote: bool = False


@dataclass(frozen=True)
class PerpPosition:
    """Signed base and quote of a perpetual, and its open orders (asks below 0)."""

    market: PerpMarket
    base: int
    quote: int
    price: int
    open_bids: int = 0
    open_asks: int = 0
    open_orders: int = 0


@dataclass(frozen=True)
class Leg:
    """Asset or debt of a spot liquidation; the multiplier is 1 +- the liquidation fee."""

    weight: int
    multiplier: int
    decimals: int
    price: int


class AccountMargin(NamedTuple):
    """Quote that is required, and quote that counts towards it."""

    requirement: int
    collateral: int


def _amounts(**values: int) -> tuple[int, ...]:
    return tuple(whole(name, value) for name, value in values.items())


def _spot_market(name: str, market: SpotMarket) -> tuple[int, ...]:
    within(f"{name}.decimals", market.decimals, 0, 18)
    return tuple(whole(f"{name}.{key}", value) for key, value in vars(market).items())


def _perp_market(name: str, market: PerpMarket) -> tuple[int, ...]:
    return tuple(whole(f"{name}.{key}", value) for key, value in vars(market).items())


def _leg(name: str, leg: Leg) -> tuple[int, ...]:
    within(f"{name}.decimals", leg.decimals, 0, 18)
    return tuple(whole(f"{name}.{key}", value) for key, value in vars(leg).items())


def size_premium_liability_weight(size: int, size_factor: int, weight: int) -> int:
    """Weight of a debt, or a margin ratio, that rises with the square root of its size."""
    row = _amounts(size=size, size_factor=size_factor, weight=weight)
    return answer(_core.drift_size_premium_liability_weight, *row)


def size_discount_asset_weight(size: int, size_factor: int, weight: int) -> int:
    """Weight of an asset that falls with the square root of its size."""
    row = _amounts(size=size, size_factor=size_factor, weight=weight)
    return answer(_core.drift_size_discount_asset_weight, *row)


def scaled_initial_asset_weight(market: SpotMarket, price: int) -> int:
    """Initial weight after what all depositors hold together."""
    row = _spot_market("market", market)
    rule = _core.drift_scaled_initial_asset_weight
    return answer(rule, row, whole("price", price))


def asset_weight(
    market: SpotMarket, tokens: int, price: int, margin_type: MarginType = "initial"
) -> int:
    """Weight of deposited tokens."""
    return answer(
        _core.drift_asset_weight,
        _spot_market("market", market),
        whole("tokens", tokens),
        whole("price", price),
        choice("margin_type", margin_type, _TYPES),
    )


def liability_weight(market: SpotMarket, tokens: int, margin_type: MarginType = "initial") -> int:
    """Weight of borrowed tokens, their number above 0."""
    row, size = _spot_market("market", market), whole("tokens", tokens)
    kind = choice("margin_type", margin_type, _TYPES)
    return answer(_core.drift_liability_weight, row, size, kind)


def margin_ratio(market: PerpMarket, base: int, margin_type: MarginType = "initial") -> int:
    """Margin ratio of a perpetual position."""
    row, kind = _perp_market("market", market), choice("margin_type", margin_type, _TYPES)
    return answer(_core.drift_margin_ratio, row, whole("base", base, signed=True), kind)


def pnl_asset_weight(market: PerpMarket, pnl: int, margin_type: MarginType = "initial") -> int:
    """Weight of unrealised profit; losses count whole."""
    row, kind = _perp_market("market", market), choice("margin_type", margin_type, _TYPES)
    return answer(_core.drift_pnl_asset_weight, row, whole("pnl", pnl, signed=True), kind)


def unrealized_pnl(base: int, quote: int, price: int) -> int:
    """Base at a price, rounded towards zero, and quote."""
    row = (
        whole("base", base, signed=True),
        whole("quote", quote, signed=True),
        whole("price", price, signed=True),
    )
    return answer(_core.drift_unrealized_pnl, *row)


def account_margin(
    spot: Sequence[SpotPosition] = (),
    perps: Sequence[PerpPosition] = (),
    margin_type: MarginType = "initial",
    *,
    custom_ratio: int = 0,
    open_order_margin: int = 10_000,
    quote_price: int = 1_000_000,
    average_quote_price: int = 0,
) -> AccountMargin:
    """Requirement and collateral of a cross account.

    Parameters
    ----------
    spot, perps : sequences
        Positions with their open orders, which count as filled on the worse side.
    margin_type : {"initial", "fill", "maintenance"}
    custom_ratio : int
        The account's own margin ratio; of the initial margin only.
    open_order_margin : int
        Quote required per open order.
    quote_price, average_quote_price : int
        Of the quote token that perpetuals settle in.
    """
    spot_rows: list[tuple[tuple[int, ...], tuple[int, ...], bool]] = []
    for i, p in enumerate(spot):
        name = f"spot[{i}]"
        if p.is_quote and (p.open_bids or p.open_asks or p.open_orders):
            message = f"{name} is the quote token, which has no open orders"
            raise InvalidInputError(message, code="UNEXPECTED_VALUE")
        amounts = (
            whole(f"{name}.tokens", p.tokens, signed=True),
            whole(f"{name}.open_bids", p.open_bids),
            within(f"{name}.open_asks", p.open_asks, -(2**100), 0),
            whole(f"{name}.open_orders", p.open_orders),
            whole(f"{name}.price", p.price),
            whole(f"{name}.average_price", p.average_price),
        )
        spot_rows.append((_spot_market(f"{name}.market", p.market), amounts, p.is_quote))
    perp_rows: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for i, q in enumerate(perps):
        name = f"perps[{i}]"
        amounts = (
            whole(f"{name}.base", q.base, signed=True),
            whole(f"{name}.quote", q.quote, signed=True),
            whole(f"{name}.open_bids", q.open_bids),
            within(f"{name}.open_asks", q.open_asks, -(2**100), 0),
            whole(f"{name}.open_orders", q.open_orders),
            whole(f"{name}.price", q.price, signed=True),
        )
        perp_rows.append((_perp_market(f"{name}.market", q.market), amounts))
    terms = _amounts(
        custom_ratio=custom_ratio,
        open_order_margin=open_order_margin,
        quote_price=quote_price,
        average_quote_price=average_quote_price,
    )
    kind = choice("margin_type", margin_type, _TYPES)
    rule = _core.drift_account_margin
    return AccountMargin(*answer(rule, spot_rows, perp_rows, kind, terms))


def base_to_cover(
    shortage: int,
    margin_ratio: int,
    liquidator_fee: int,
    insurance_fee: int,
    price: int,
    quote_price: int = 1_000_000,
) -> int:
    """Base to close so that a shortage is covered; :data:`ALL_BASE` if no amount does."""
    row = _amounts(
        shortage=shortage,
        margin_ratio=margin_ratio,
        liquidator_fee=liquidator_fee,
        insurance_fee=insurance_fee,
        price=price,
        quote_price=quote_price,
    )
    amount = answer(_core.drift_base_to_cover, row)
    return ALL_BASE if amount is None else amount


def debt_to_cover(shortage: int, asset: Leg, debt: Leg, insurance_fee: int = 0) -> int:
    """Debt to take over so that a shortage is covered; :data:`ALL_TOKENS` if no amount does."""
    (short, fee) = _amounts(shortage=shortage, insurance_fee=insurance_fee)
    rule = _core.drift_debt_to_cover
    amount = answer(rule, short, _leg("asset", asset), _leg("debt", debt), fee)
    return ALL_TOKENS if amount is None else amount


def debt_for_asset(amount: int, asset: Leg, debt: Leg) -> int:
    """Debt that an amount of the asset pays for, rounded up."""
    (given,) = _amounts(amount=amount)
    legs = _leg("asset", asset), _leg("debt", debt)
    return answer(_core.drift_debt_for_asset, given, *legs)


def asset_for_debt(amount: int, asset: Leg, debt: Leg, held: int | None = None) -> int:
    """Asset due for taking over debt, rounded down; all that is held if almost all is due."""
    (given,) = _amounts(amount=amount)
    known = -1 if held is None else whole("held", held)
    legs = _leg("asset", asset), _leg("debt", debt)
    return answer(_core.drift_asset_for_debt, given, *legs, known)


def perp_insurance_fee(
    shortage: int,
    base: int,
    margin_ratio: int,
    liquidator_fee: int,
    price: int,
    quote_price: int,
    largest: int,
) -> int:
    """Insurance fund's fee of a perpetual's liquidation: 95 % of what can be spared."""
    row = _amounts(
        shortage=shortage,
        base=base,
        margin_ratio=margin_ratio,
        liquidator_fee=liquidator_fee,
        price=price,
        quote_price=quote_price,
        largest=largest,
    )
    return answer(_core.drift_perp_insurance_fee, row)


def spot_insurance_fee(shortage: int, tokens: int, asset: Leg, debt: Leg, largest: int) -> int:
    """Insurance fund's fee of a spot liquidation, of ``tokens`` owed."""
    short, owed, most = _amounts(shortage=shortage, tokens=tokens, largest=largest)
    legs = _leg("asset", asset), _leg("debt", debt)
    return answer(_core.drift_spot_insurance_fee, short, owed, *legs, most)


def liquidation_fee(
    lowest: int, largest: int, slots: int, grace_slots: int = 1_500, per_slot: int = 1
) -> int:
    """Liquidator's fee: after the grace period it rises with every slot of inactivity."""
    row = _amounts(
        lowest=lowest, largest=largest, slots=slots, grace_slots=grace_slots, per_slot=per_slot
    )
    return answer(_core.drift_liquidation_fee, row)


def share_to_liquidate(
    shortage: int, freed: int, slots: int, initial_share: int, duration_slots: int
) -> int:
    """Share (1e4) of a shortage to liquidate now, all of it below 50 of quote."""
    row = _amounts(
        shortage=shortage,
        freed=freed,
        slots=slots,
        initial_share=initial_share,
        duration_slots=duration_slots,
    )
    return answer(_core.drift_share_to_liquidate, row)


def funding_rate_delta(loss: int, base_long: int, base_short: int) -> int:
    """Change of the funding rate (1e9) that makes all open base bear a loss, rounded up."""
    row = (
        whole("loss", loss, signed=True),
        whole("base_long", base_long, signed=True),
        whole("base_short", base_short, signed=True),
    )
    return answer(_core.drift_funding_rate_delta, *row)


def deposit_index_delta(loss: int, deposits: int, index: int) -> int:
    """Cut of the deposits' index that makes all deposits bear a loss, rounded up."""
    row = _amounts(loss=loss, deposits=deposits, index=index)
    return answer(_core.drift_deposit_index_delta, *row)
