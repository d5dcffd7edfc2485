"""Which adapter answers which method."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.golden.cases import Pair

__all__ = ["ADAPTERS", "Adapter", "adapter", "known_families", "reason_left_out", "reasons"]

Adapter = Callable[[dict[str, Any]], Any]

ADAPTERS: dict[Pair, Adapter] = {}
_LEFT_OUT = Path(__file__).with_name("left_out.toml")


def adapter(family: str, system: str, method: str) -> Callable[[Adapter], Adapter]:
    """Register a function from a case's inputs to an answer; it sees nothing else of the case."""

    def register(function: Adapter) -> Adapter:
        pair = (family, system, method)
        if pair in ADAPTERS:
            raise ValueError(f"{pair} has two adapters")
        ADAPTERS[pair] = function
        return function

    return register


def reasons() -> dict[str, Any]:
    """Read why methods have no adapter: by family, or by family and method."""
    return tomllib.loads(_LEFT_OUT.read_text(encoding="utf-8"))


def reason_left_out(pair: Pair) -> str | None:
    """Return why a method has no adapter."""
    family, system, method = pair
    known = reasons()
    by_method = known.get(family, {})
    return by_method.get(f"{system} | {method}") or known["families"].get(family)


def known_families() -> set[str]:
    """Families of which methods have adapters or reasons."""
    known = reasons()
    return {family for family, _, _ in ADAPTERS} | set(known.pop("families")) | set(known)
