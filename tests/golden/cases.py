"""The numeric cases: other people's numbers, read from a folder that is not part of the project."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Case", "Pair", "folder", "load_cases"]

_DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "conformance"

Pair = tuple[str, str, str]  # family, system, method


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One case; ``tolerance`` says how close an answer must come to ``expected``."""

    family: str
    system: str
    method: str
    name: str
    inputs: dict[str, Any]
    expected: Any
    tolerance: Any

    @property
    def pair(self) -> Pair:
        """What an adapter answers for."""
        return self.family, self.system, self.method


def folder() -> Path:
    """Where the cases are, whether or not they exist."""
    return Path(os.environ.get("TICKMARGIN_VECTORS") or _DEFAULT)


def load_cases() -> list[Case]:
    """Read every file of the folder; empty if there is no folder."""
    cases = []
    for path in sorted(folder().glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for vector in content["vectors"]:
            cases.append(
                Case(
                    content["family"],
                    vector["system"],
                    vector["method"],
                    vector["id"],
                    vector["inputs"],
                    vector["expected"],
                    vector["tolerance"],
                )
            )
    return cases
