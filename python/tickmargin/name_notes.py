"""What a policy names that no market or account has: told of, as a typo would be silent."""

from __future__ import annotations

from collections.abc import Iterator

from tickmargin.errors import Issue
from tickmargin.market import Market
from tickmargin.policies import Policies
from tickmargin.portfolio import Portfolio

__all__ = ["unknown_names"]

_DEFAULT = "default"
_ATTRIBUTES = ("account", "tier", "jurisdiction", "linked_group")


def unknown_names(policies: Policies, market: Market, portfolio: Portfolio) -> list[Issue]:
    """Give an issue for each underlying and each account's word that nothing here has.

    They change no number, as a policy can serve many markets. Presets do, and are left out; a file
    of one's own that names what is not there most likely misspells it.
    """
    if policies.is_preset:
        return []
    known = [str(name) for name in market.underlyings.names]
    issues = []
    for place, name in _underlyings_named(policies):
        if name not in known:
            message = f"{place}: the market has no underlying {name}{_near(name, known)}"
            issues.append(Issue("UNKNOWN_UNDERLYING", "policies", None, place, name, message))
    for number, rule in enumerate(policies.rules):
        for key in _ATTRIBUTES:
            words = _words(portfolio, key)
            for word in rule.conditions.get(key, ()):
                if word != "*" and word not in words:
                    place = f"select[{number}].{key}"
                    message = f"{place}: no account has {word}{_near(word, words)}"
                    issues.append(Issue("UNKNOWN_NAME", "policies", None, place, word, message))
    return issues


def _underlyings_named(policies: Policies) -> Iterator[tuple[str, str]]:
    """Each place where a policy names an underlying, once, with the name."""
    seen = set()
    for policy in policies.loaded:
        config = policy.config
        named = [("underlyings", name) for name in config.underlyings]
        named += [("netting.correlation", n) for n in _of_pairs(config.netting.correlation)]
        for credit in config.credits:
            named += [("credits", credit.first), ("credits", credit.second)]
        if config.tail is not None:
            named += [("tail.correlation", n) for n in _of_pairs(config.tail.correlation)]
            named += [("tail.vols_annual", n) for n in config.tail.vols_annual if n != _DEFAULT]
            named += [("tail.vol_beta", n) for n in config.tail.vol_beta if n != _DEFAULT]
        for section, name in named:
            place = f"policies.{policy.name}.{section}"
            if section == "underlyings":
                place += f".{name}"
            if (place, name) not in seen:
                seen.add((place, name))
                yield place, name


def _of_pairs(correlation: dict[str, float]) -> list[str]:
    return [name for pair in correlation for name in pair.split("/")]


def _words(portfolio: Portfolio, attribute: str) -> list[str]:
    accounts = portfolio.accounts
    column = accounts.names if attribute == "account" else getattr(accounts, attribute)
    return [] if column is None else sorted({str(word) for word in column if word is not None})


def _near(name: str, known: list[str]) -> str:
    from tickmargin.config_issues import suggestion

    return suggestion(name, known)
