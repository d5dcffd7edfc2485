"""From the core's raw columns to the tables that the engine answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import _core
from tickmargin.health import health_ratios
from tickmargin.loading.column import Coded
from tickmargin.names import Namebook
from tickmargin.orders import OrderRows
from tickmargin.results import Explanation, Result
from tickmargin.table import Table

__all__ = [
    "STATES",
    "STATUSES",
    "Basis",
    "Names",
    "explanation_of",
    "pocket_column",
    "result_of",
    "table_of",
    "what_if_table",
]


def _words(words: Sequence[str]) -> NDArray[np.object_]:
    return np.array(words, dtype=object)


def _coded(codes: NDArray[Any], names: Sequence[str] | NDArray[np.object_]) -> Coded:
    return Coded(codes.astype(np.int32, copy=False), np.asarray(names, dtype=object))


STATES = _words(_core.state_names())
STATUSES = _words(_core.status_names())
_VERDICTS = _words(_core.verdict_names())
_KEYS = ("account", "pocket", "underlying")
_EFFECTS = (
    "equity_before",
    "equity_after",
    "initial_margin_before",
    "initial_margin_after",
    "maintenance_margin_before",
    "maintenance_margin_after",
    "shortfall",
)
_EQUITY = ("pocket", "kind", "item", "amount", "unit_value", "initial", "maintenance")
_REQUIREMENT = ("pocket", "underlying", "component", "initial_margin", "maintenance_margin")
_POSITIONS = ("pocket", "underlying", "instrument", "quantity", "value", "contribution")
_NETTING = (
    "pocket",
    "underlying",
    "initial_alone",
    "initial_share",
    "maintenance_alone",
    "maintenance_share",
)
_WHOLE = ("index", "scenario", "from_ns", "to_ns")
_TAIL = (
    "pocket",
    "scenario",
    "from_ns",
    "to_ns",
    "loss",
    "initial_share",
    "maintenance_share",
)
_SCENARIOS = ("pocket", "underlying", "price_move", "vol_shock", "weight", "profit")


@dataclass(frozen=True, slots=True)
class Names:
    """What the core's row numbers are called."""

    accounts: NDArray[np.object_]
    pockets: NDArray[np.object_]
    instruments: NDArray[np.object_]
    underlyings: NDArray[np.object_]
    assets: NDArray[np.object_]

    @classmethod
    def of(cls, book: Namebook) -> Names:
        """Names as they are now; an asset on a chain is ``SYMBOL@chain``."""
        return cls(
            accounts=book["account"],
            pockets=book["pocket"],
            instruments=book["instrument"],
            underlyings=book["underlying"],
            assets=book["asset"],
        )


@dataclass(frozen=True, slots=True)
class Basis:
    """What a result was made under: names of the policies, their epoch, ticks, time it took."""

    policies: Sequence[str]
    epoch: int
    decimals: int
    elapsed_ns: int


def pocket_column(codes: NDArray[Any], names: NDArray[np.object_]) -> Coded:
    """Pockets by name; one that records made by number alone is ``#7``."""
    if not codes.size or int(codes.max()) < len(names):
        return _coded(codes, names)
    distinct, inverse = np.unique(codes, return_inverse=True)
    called = [names[c] if c < len(names) else f"#{c}" for c in distinct.tolist()]
    return _coded(inverse, _words(called))


def unit_table(raw: dict[str, Any], names: Names) -> Table:
    """What pockets hold of each underlying, in the columns of ``Result.units``."""
    columns = {
        **_account_and_pocket(raw, names),
        "underlying": _coded(raw["underlying"], names.underlyings),
        **{name: raw[name] for name in raw if name not in _KEYS},
    }
    return Table(columns, name="units")


def result_of(raw: dict[str, Any], names: Names, basis: Basis) -> Result:
    """Tables of one recompute."""
    decimals = basis.decimals
    accounts, components = raw["accounts"], raw["components"]
    count = len(names.accounts)
    pocket_amounts = _amounts(raw["pockets"], decimals)
    health = pocket_amounts["health_ratio"]
    worst_pocket = accounts["worst_pocket"]
    account_columns = {
        "account": names.accounts,
        **_amounts(accounts, decimals),
        "health_ratio": health[worst_pocket],
        "policy": _coded(accounts["policy"], basis.policies),
        "policy_epoch": np.full(count, basis.epoch, np.int64),
        "as_of_ns": np.full(count, raw["as_of_ns"], np.int64),
        "worst_pocket": pocket_column(raw["pockets"]["pocket"][worst_pocket], names.pockets),
        "worst_underlying": _coded(accounts["worst_underlying"], names.underlyings),
        "worst_price_move": accounts["worst_price_move"],
        "worst_vol_shock": accounts["worst_vol_shock"],
    }
    pocket_columns = {
        **_account_and_pocket(raw["pockets"], names),
        **pocket_amounts,
        "gross_notional": raw["pockets"]["gross_notional"],
    }
    component_columns = {
        "policy": _coded(components["policy"], basis.policies),
        "underlying": _coded(components["underlying"], names.underlyings),
        "component": _words(components["component"]),
        "initial_margin": components["initial_margin"],
        "maintenance_margin": components["maintenance_margin"],
    }
    return Result(
        accounts=Table(account_columns, name="accounts"),
        pockets=Table(pocket_columns, name="pockets"),
        units=unit_table(raw["units"], names),
        components=Table(component_columns, name="components"),
        as_of_ns=raw["as_of_ns"],
        elapsed_ns=basis.elapsed_ns,
    )


def explanation_of(
    raw: dict[str, Any],
    account: str,
    names: Names,
    policies: Sequence[str],
    times_ns: NDArray[np.int64] | None,
) -> Explanation:
    """Tables of one explained account; ``times_ns`` [2 x scenario] of joint scenarios, if any."""
    pocket, kind, item, *numbers = raw["equity"]
    known = {"balance": names.assets, "position": names.instruments}
    items = [known[k][i] if k in known else None for k, i in zip(kind, item, strict=True)]
    equity = (pocket, kind, items, *numbers)
    coded = {
        "pocket": names.pockets,
        "underlying": names.underlyings,
        "instrument": names.instruments,
    }
    return Explanation(
        account=account,
        policy=policies[raw["policy"]],
        state=str(STATES[raw["state"]]),
        status=str(STATUSES[raw["status"]]),
        equity=table_of("equity", _EQUITY, equity, coded),
        requirement=table_of("requirement", _REQUIREMENT, raw["requirement"], coded),
        positions=table_of("positions", _POSITIONS, raw["positions"], coded),
        scenarios=table_of("scenarios", _SCENARIOS, raw["scenarios"], coded),
        tail=_tail_table(raw["tail"], times_ns, coded),
        netting=table_of("netting", _NETTING, raw["netting"], coded),
        baskets=Table({}, name="baskets"),
        unsupported=tuple(
            dict.fromkeys(str(names.instruments[i]) for i in sorted(raw["unsupported"]))
        ),
    )


def _tail_table(
    raw: Sequence[Any], times_ns: NDArray[np.int64] | None, coded: dict[str, NDArray[np.object_]]
) -> Table:
    """The scenarios of the tail, the largest loss first."""
    pocket, scenario, *numbers = (np.asarray(column) for column in raw)
    unknown = np.zeros((2, scenario.size), np.int64)
    times = unknown if times_ns is None else times_ns[:, scenario.astype(np.intp)]
    columns = (pocket, scenario, *times, *numbers)
    order = np.lexsort([scenario, -numbers[0]])
    return table_of("tail", _TAIL, [column[order] for column in columns], coded)


def what_if_table(raw: dict[str, Any], orders: OrderRows, names: Names) -> Table:
    """The orders with what each would do."""
    verdict = raw["verdict"]
    undecidable = len(_VERDICTS) - 1
    # An undecidable order names what is missing instead.
    reason = np.where(verdict == undecidable, len(_VERDICTS) + raw["status"], verdict)
    columns = {
        **orders.shown,
        "accepted": verdict <= 1,
        "reason": _coded(reason, np.append(_VERDICTS, STATUSES)),
        "mark_price": raw["mark_price"],
        **{name: raw[name] for name in _EFFECTS},
        "binding_underlying": _coded(raw["binding_underlying"], names.underlyings),
        "binding_price_move": raw["binding_price_move"],
        "binding_vol_shock": raw["binding_vol_shock"],
        "hedge_quantity": raw["hedge_quantity"],
    }
    return Table(columns, name="what_if")


def _account_and_pocket(rows: dict[str, Any], names: Names) -> dict[str, Coded]:
    return {
        "account": _coded(rows["account"], names.accounts),
        "pocket": pocket_column(rows["pocket"], names.pockets),
    }


def _amounts(rows: dict[str, Any], decimals: int) -> dict[str, Any]:
    equity, maintenance = rows["equity"], rows["maintenance_margin"]
    slack = rows["slack_ticks"] / 10.0**decimals
    slack[np.isnan(equity)] = np.nan
    return {
        "equity": equity,
        "equity_initial": rows["equity_initial"],
        "initial_margin": rows["initial_margin"],
        "maintenance_margin": maintenance,
        "slack": slack,
        "slack_ticks": rows["slack_ticks"],
        "health_ratio": health_ratios(equity, maintenance, rows["debts"]),
        "debts": rows["debts"],
        "state": _coded(rows["state"], STATES),
        "status": _coded(rows["status"], STATUSES),
    }


def table_of(
    name: str, columns: tuple[str, ...], values: Any, coded: Mapping[str, NDArray[np.object_]]
) -> Table:
    """A table of raw columns: names for row numbers, words as they are, the rest float64."""
    out: dict[str, Any] = {}
    for column, data in zip(columns, values, strict=True):
        if column == "pocket":
            out[column] = pocket_column(np.array(data, np.int32), coded[column])
        elif column in coded:
            out[column] = _coded(np.array(data, np.int32), coded[column])
        elif column in ("kind", "item", "component", "level", "table", "charge"):
            out[column] = np.array(data, object)
        else:
            out[column] = np.array(data, np.int64 if column in _WHOLE else np.float64)
    return Table(out, name=name)
