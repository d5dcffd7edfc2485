"""What accounts hold that the rules of their policy do not know, or count in other sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.core_inputs import instrument_order
from tickmargin.errors import Issue
from tickmargin.loading.specs import KINDS, PAYOFFS
from tickmargin.market import Market
from tickmargin.policies import Policies
from tickmargin.portfolio import Portfolio

if TYPE_CHECKING:
    from tickmargin import _core

__all__ = ["fractional_sizes", "no_place", "unsupported_contracts"]

_NAMED = 3
_KNOWN_KINDS = [KINDS.index("future"), KINDS.index("perpetual")]
_LINEAR = PAYOFFS.index("linear")


def no_place(policy: str, method: str, instrument: str) -> str:
    """What is said of a contract under a policy."""
    return f"policy {policy}: its method {method} has no place for {instrument!r}"


def unsupported_contracts(
    core: _core.Engine,
    policies: Policies,
    account_policy: NDArray[np.int32],
    portfolio: Portfolio,
) -> list[Issue]:
    """Give an issue for each contract that accounts hold and their policy has no place for."""
    positions = portfolio.positions
    held = positions.quantity != 0.0
    known = np.ones(len(portfolio.instruments), np.uint8)
    order = instrument_order(portfolio)
    issues = []
    for p, policy in enumerate(policies.loaded):
        known[order] = core.supported(p)
        lost = known[positions.instrument] == 0
        lost &= held & (account_policy[positions.account] == p)
        for i in np.unique(positions.instrument[lost]).tolist():
            holders = np.unique(positions.account[lost & (positions.instrument == i)])
            noun = "account that holds it is" if holders.size == 1 else "accounts that hold it are"
            name = str(portfolio.instruments.names[i])
            message = (
                f"{no_place(policy.name, policy.config.method, name)}; "
                f"{holders.size:,} {noun} undecidable ({_first(holders, portfolio)})"
            )
            column = f"policies.{policy.name}.method"
            issues.append(Issue("UNSUPPORTED_CONTRACT", "policies", None, column, name, message))
    return issues


def fractional_sizes(
    compiled: Sequence[Mapping[str, Any]],
    account_policy: NDArray[np.int32],
    market: Market,
    portfolio: Portfolio,
) -> list[Issue]:
    """Give an issue for each contract held in sizes that its protocol does not have.

    A protocol's rule counts a fraction of its size unit as one, as the core does; a float64 within
    2^-50 of a whole number is that number.
    """
    positions, instruments = portfolio.positions, portfolio.instruments
    row_of = {name: u for u, name in enumerate(market.underlyings.names.tolist())}
    known = np.isin(instruments.kind, _KNOWN_KINDS) & (instruments.payoff == _LINEAR)
    issues = []
    for p, policy in enumerate(compiled):
        if not policy["protocol"]:
            continue
        decimals = np.array([terms["size_decimals"] for terms in policy["protocol"]], np.int64)
        rows = np.array([row_of[name] for name in portfolio.underlying_names], np.intp)
        of_each = decimals[rows[instruments.underlying]]
        i = positions.instrument
        parts = np.abs(positions.quantity) * instruments.multiplier[i] * 10.0 ** of_each[i]
        broken = np.abs(parts - np.rint(parts)) > parts * 2.0**-50
        broken &= (account_policy[positions.account] == p) & known[i]
        for row in np.unique(i[broken]).tolist():
            mine = broken & (i == row)
            holders = np.unique(positions.account[mine])
            noun = "1 account holds" if holders.size == 1 else f"{holders.size:,} accounts hold"
            message = (
                f"policy {policy['name']}: {noun} {instruments.names[row]} in no whole number of "
                f"{10.0 ** -float(of_each[row]):g} base units, in which its rule counts; a "
                f"fraction counts as one ({_first(holders, portfolio)})"
            )
            name = str(instruments.names[row])
            place = f"policies.{policy['name']}.protocol.size_decimals"
            issues.append(Issue("SIZE_NOT_WHOLE", "policies", None, place, name, message))
    return issues


def _first(accounts: NDArray[np.integer[Any]], portfolio: Portfolio) -> str:
    """The names of some accounts, the first few."""
    names = [str(portfolio.accounts.names[a]) for a in accounts[:_NAMED].tolist()]
    return ", ".join([*names, *(["..."] if accounts.size > _NAMED else [])])
