"""What a policy says that is allowed and most likely a slip: told of, as it changes no number."""

from __future__ import annotations

from tickmargin.errors import Issue
from tickmargin.policies import Policies

__all__ = ["reversed_discounts"]


def reversed_discounts(policies: Policies) -> list[Issue]:
    """Give an issue for each discount of method ``portfolio`` that counts in the account's favour.

    A long base above 1 counts more than an expiry is worth, a short base below 1 less than is owed.
    Parameters of that kind are on record, so they are no fault.
    """
    issues = []
    for policy in policies.loaded:
        rules = policy.config.portfolio
        if rules is None:
            continue
        for key, base, wrong, than in (
            ("long_discount", rules.long_discount.base, rules.long_discount.base > 1.0, "more"),
            ("short_discount", rules.short_discount.base, rules.short_discount.base < 1.0, "less"),
        ):
            if wrong:
                place = f"policies.{policy.name}.portfolio.{key}.base"
                message = (
                    f"{place} = {base:g} counts an expiry {than} than its worth in scenarios: "
                    "a discount in the account's favour"
                )
                issues.append(Issue("DISCOUNT_REVERSED", "policies", None, place, base, message))
    return issues
