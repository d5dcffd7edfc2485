"""The plain columns that a portfolio's checked tables become."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading.baskets import baskets_of, decompose, with_index_contracts
from tickmargin.loading.check_portfolio import References
from tickmargin.loading.column import Coded
from tickmargin.loading.columns import Accounts, Balances, Instruments, Positions
from tickmargin.loading.components import BasketRows
from tickmargin.loading.keys import CROSS, asset_pairs, freeze, names_of, ranked
from tickmargin.loading.read import TableData
from tickmargin.loading.specs import SIDES

__all__ = ["portfolio_parts"]


def portfolio_parts(
    tables: dict[str, TableData | None], found: References, baskets: BasketRows | None
) -> dict[str, Any]:
    """Turn checked tables into the fields of a Portfolio; only called when nothing is wrong."""
    instruments, accounts = tables["instruments"], tables["accounts"]
    positions, balances = tables["positions"], tables["balances"]
    assert instruments is not None
    assert accounts is not None
    assert positions is not None
    assert balances is not None
    settlement, settled = asset_pairs(
        instruments.text("settlement_asset"), instruments.text("settlement_chain", "")
    )
    held, balance_keys = asset_pairs(balances.text("asset"), balances.text("chain", ""))
    contracts = () if baskets is None else baskets.index_contracts
    keys = tuple(sorted({*settled, *balance_keys, *(key for _, key in contracts)}))
    rank = {key: number for number, key in enumerate(keys)}
    settlement_row = np.array([rank[key] for key in settled], np.int32)[settlement]
    held_row = np.array([rank[key] for key in balance_keys], np.int32)[held]
    coded = instruments.text("underlying")
    wanted = np.array([*coded.names, *(name for name, _ in contracts), None], object)[:-1]
    underlying, underlying_names = ranked(Coded(coded.codes, wanted))
    used = {*positions.text("pocket", CROSS).names, *balances.text("pocket", CROSS).names}
    pocket_names = (CROSS, *sorted(used - {CROSS}))
    position_pocket, _ = ranked(positions.text("pocket", CROSS), pocket_names)
    balance_pocket, _ = ranked(balances.text("pocket", CROSS), pocket_names)
    listed = _instruments(instruments, underlying, settlement_row)
    every = with_index_contracts(listed, contracts, underlying_names, rank)
    known = baskets_of(baskets)
    given = _positions(positions, found, position_pocket)
    return {
        "instruments": every,
        "accounts": Accounts(
            names=freeze(names_of(accounts.text("account"))),
            tier=freeze(names_of(accounts.text("tier"))),
            jurisdiction=freeze(names_of(accounts.text("jurisdiction"))),
            linked_group=freeze(names_of(accounts.text("linked_group"))),
            credit_score=freeze(accounts.numbers("credit_score", np.nan, np.float64)),
        ),
        "positions": decompose(given, known, len(listed), every.multiplier),
        "given": given,
        "baskets": known,
        "balances": Balances(
            account=freeze(found["balances.account"]),
            pocket=freeze(balance_pocket),
            asset=freeze(held_row),
            amount=freeze(balances.columns["amount"]),
        ),
        "underlying_names": underlying_names,
        "asset_keys": keys,
        "pocket_names": pocket_names,
    }


def _instruments(
    data: TableData, underlying: NDArray[np.int32], settlement: NDArray[np.int32]
) -> Instruments:
    return Instruments(
        names=freeze(names_of(data.text("instrument"))),
        kind=freeze(data.columns["kind"].astype(np.uint8)),
        payoff=freeze(data.columns["payoff"].astype(np.uint8)),
        underlying=freeze(underlying),
        settlement=freeze(settlement),
        multiplier=freeze(data.columns["multiplier"]),
        strike=freeze(data.numbers("strike", np.nan, np.float64)),
        expiry_ns=freeze(data.numbers("expiry_ns", 0, np.int64)),
        is_call=freeze((data.numbers("option_type", -1, np.int8) == 1).astype(np.uint8)),
        bachelier=freeze(data.numbers("bachelier", False, np.bool_).astype(np.uint8)),
        funding_period_days=freeze(data.numbers("funding_period_days", np.nan, np.float64)),
        funding_rate_annual=freeze(
            np.nan_to_num(data.numbers("funding_rate_annual", 0.0, np.float64))
        ),
        tracks_index=freeze(np.zeros(data.rows, np.uint8)),
    )


def _positions(data: TableData, found: References, pocket: NDArray[np.int32]) -> Positions:
    side = data.numbers("side", -1, np.int8)
    quantity = data.columns["quantity"]
    short = side == SIDES.index("short")
    np.negative(quantity, where=short, out=quantity)
    quantity += 0.0  # a short of nothing is 0, not -0
    return Positions(
        account=freeze(found["positions.account"]),
        pocket=freeze(pocket),
        instrument=freeze(found["positions.instrument"]),
        quantity=freeze(quantity),
        entry_price=freeze(data.numbers("entry_price", np.nan, np.float64)),
        hedge=freeze((side + np.int8(1)).view(np.uint8)),
    )
