"""What a figure is worth nothing without: the machine, the build and the versions."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import tickmargin as tm

PACKAGES = ("numpy", "scipy", "numba", "lbriv", "QuantLib")


def facts() -> dict[str, Any]:
    """Collect the facts; what cannot be found is left out, and the report then refuses."""
    info = tm.info()
    found = {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "caches": _caches(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "tickmargin": info["version"],
        "compiler": info["compiler"],
        "kernels": info["kernels_chosen"],
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "date": datetime.now(UTC).date().isoformat(),
    }
    return {name: value for name, value in found.items() if value is not None}


def _cpu() -> str | None:
    names = _fields("/proc/cpuinfo", "model name")
    family = _fields("/proc/cpuinfo", "cpu family")
    model = _fields("/proc/cpuinfo", "model")
    if not names:
        return platform.processor() or None
    detail = f" (family {family[0]}, model {model[0]})" if family and model else ""
    return names[0] + detail


def _fields(path: str, name: str) -> list[str]:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return []
    pairs = [line.split(":", 1) for line in lines if ":" in line]
    return [value.strip() for key, value in pairs if key.strip() == name]


def _caches() -> str | None:
    folder = Path("/sys/devices/system/cpu/cpu0/cache")
    sizes = []
    for index in sorted(folder.glob("index*")):
        kind = (index / "type").read_text().strip()
        if kind != "Instruction":
            level, size = (index / "level").read_text(), (index / "size").read_text()
            sizes.append(f"L{level.strip()} {size.strip()}")
    return ", ".join(sizes) or None


def _memory_gib() -> float | None:
    total = _fields("/proc/meminfo", "MemTotal")
    return round(int(total[0].split()[0]) / 2**20, 1) if total else None
