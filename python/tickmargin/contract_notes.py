"""Contracts that a policy's rules have no place for: whoever holds one is undecidable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.core_inputs import instrument_order
from tickmargin.errors import Issue
from tickmargin.policies import Policies
from tickmargin.portfolio import Portfolio

if TYPE_CHECKING:
    from tickmargin import _core

__all__ = ["no_place", "unsupported_contracts"]

_NAMED = 3


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


def _first(accounts: NDArray[np.integer[Any]], portfolio: Portfolio) -> str:
    """The names of some accounts, the first few."""
    names = [str(portfolio.accounts.names[a]) for a in accounts[:_NAMED].tolist()]
    return ", ".join([*names, *(["..."] if accounts.size > _NAMED else [])])
