"""What a policy's pegs name that a market does not have: told of, as a typo would be silent."""

from __future__ import annotations

from tickmargin.errors import Issue
from tickmargin.market import Market
from tickmargin.policies import Policies
from tickmargin.validation import priced_assets

__all__ = ["reference_place", "unknown_pegs"]

Asset = tuple[str, str]


def reference_place(policy: str, asset: str) -> str:
    """Where a policy says to which asset an asset is pegged, as an issue's column."""
    return f"policies.{policy}.pegs.{asset}.asset"


def unknown_pegs(policies: Policies, market: Market) -> list[Issue]:
    """Give an issue for each key of ``pegs`` and each reference that the market lacks.

    A key without an asset changes no number, as a policy can serve many markets. A reference
    without a price leaves undecidable who holds what hangs on it (``missing_peg``).
    """
    assets = list(market.assets.keys)
    priced = dict(zip(assets, priced_assets(market).tolist(), strict=True))
    issues = []
    for policy in policies.loaded:
        for key, peg in policy.config.pegs.items():
            if not _named(key, assets):
                column = f"policies.{policy.name}.pegs.{key}"
                message = (
                    f"policy {policy.name}: pegs.{key} holds nothing: "
                    f"the market has no asset {key}{_near(key, assets)}"
                )
                issues.append(Issue("UNKNOWN_ASSET", "policies", None, column, key, message))
            elif peg.asset is not None:
                fault = _reference_fault(peg.asset, assets, priced)
                if fault:
                    column = reference_place(policy.name, key)
                    message = (
                        f"policy {policy.name}: pegs.{key}.asset = {peg.asset}: {fault}; "
                        f"whoever holds {key} or what settles in it is undecidable (missing_peg)"
                    )
                    issues.append(
                        Issue("MISSING_PEG", "policies", None, column, peg.asset, message)
                    )
    return issues


def _reference_fault(name: str, assets: list[Asset], priced: dict[Asset, bool]) -> str:
    """Why a reference has no price, empty where it has one; the core reads names the same way."""
    symbol, _, chain = name.partition("@")
    found = _named(name, assets)
    if (symbol, chain) in found:
        found = [(symbol, chain)]
    if not found:
        return f"the market has no asset {name}{_near(name, assets)}"
    if len(found) > 1:
        return f"the market has several, {' and '.join(map(_shown, found))}"
    return "" if priced[found[0]] else f"asset {_shown(found[0])} has no price"


def _named(name: str, assets: list[Asset]) -> list[Asset]:
    """The assets that ``SYMBOL@chain`` or, on whatever chain, ``SYMBOL`` names."""
    symbol, _, chain = name.partition("@")
    return [key for key in assets if key[0] == symbol and chain in ("", key[1])]


def _near(name: str, assets: list[Asset]) -> str:
    from tickmargin.config_issues import suggestion

    return suggestion(name, [*dict.fromkeys(symbol for symbol, _ in assets), *map(_shown, assets)])


def _shown(asset: Asset) -> str:
    symbol, chain = asset
    return f"{symbol}@{chain}" if chain else symbol
