"""What a policy's haircuts leave of what accounts own: told of, as it changes no number."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import Issue
from tickmargin.policies import Policies
from tickmargin.portfolio import Portfolio

if TYPE_CHECKING:
    from tickmargin.config import HaircutComponents

__all__ = ["unlisted_collateral"]

_NAMED = 3


def _left(haircut: float | HaircutComponents) -> float:
    """What counts of an asset initially."""
    if isinstance(haircut, float):
        return 1.0 - haircut
    from tickmargin.config import HAIRCUT_COMPONENTS

    return float(prod(1.0 - getattr(haircut, name) for name in HAIRCUT_COMPONENTS))


def unlisted_collateral(
    policies: Policies, account_policy: NDArray[np.int32], portfolio: Portfolio
) -> list[Issue]:
    """Give an issue for each asset that accounts own and their policy counts as nothing.

    An asset that the policy lists itself, by whatever haircut, is none: somebody chose so. Nor is
    one that is simulated in the scenarios, whose haircut is not used.
    """
    keys = list(portfolio.asset_keys)
    balances, accounts = portfolio.balances, portfolio.accounts
    issues = []
    for p, policy in enumerate(policies.loaded):
        table = policy.config.haircuts
        if policy.config.collateral == "simulated" or _left(table.get("default", 1.0)) > 0.0:
            continue
        for a, (symbol, chain) in enumerate(keys):
            if symbol in table or f"{symbol}@{chain}" in table:
                continue
            owned = (balances.asset == a) & (balances.amount > 0.0)
            holders = np.unique(balances.account[owned])
            holders = holders[account_policy[holders] == p]
            if not holders.size:
                continue
            name = f"{symbol}@{chain}" if chain else symbol
            first = ", ".join(str(accounts.names[h]) for h in holders[:_NAMED].tolist())
            more = ", ..." if holders.size > _NAMED else ""
            noun = "account owns" if holders.size == 1 else "accounts own"
            message = (
                f"policy {policy.name} does not list {name} in its haircuts and counts it as "
                f"nothing; {holders.size:,} {noun} some ({first}{more})"
            )
            issues.append(Issue("COLLATERAL_NOT_LISTED", "policies", None, name, name, message))
    return issues
