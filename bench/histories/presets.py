"""Which policies stand in the tables, oldest way of margining first, and where each fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tickmargin.backtest.rolling import Promise, promise_of
from tickmargin.policies import Policies

DAY = Promise()  # a day at 99 %: what a policy is held to that promises nothing


@dataclass(frozen=True, slots=True)
class Entry:
    """A policy in a table.

    ``name`` is a preset's, or a TOML file's of this folder. ``futures``: what the file is made for,
    where its venue lists only some; all by default, none where it stands in the tables of option
    books alone. ``options`` says whether it has a rule of its
    own for options that chains alone can feed. ``from_ns``: before it the policy's scenarios do not
    exist; ``least_step_days``: of histories whose rows are so far apart or more. ``past``: it
    measures in past prices, which chains do not state.
    """

    name: str
    generation: str
    futures: tuple[str, ...] = ("BTC", "ETH")
    options: bool = True
    from_ns: int | None = None
    least_step_days: float = 0.0
    past: bool = False

    @property
    def house(self) -> bool:
        """Whether the project answers for its promise."""
        return self.name.startswith("house-")

    def load(self) -> Policies:
        """Read the policy."""
        if self.name.endswith(".toml"):
            return Policies.load(Path(__file__).parent / self.name)
        return Policies.preset(self.name)

    def promise(self, step_days: float) -> Promise | None:
        """What it is held to; None if times ``step_days`` apart cannot tell."""
        if step_days < self.least_step_days:
            return None
        said = promise_of(self.load()) if self.house else DAY
        return None if min(said.initial_days, said.maintenance_days) < step_days * 0.99 else said


FIXED, STANDARD = "share of notional", "standard formula"
TAIL = "expected shortfall"
DYNAMIC, SCAN, PORTFOLIO = "follows volatility", "scan of scenarios", "portfolio"

ENTRIES = (
    # Gross margin, the measure of capital: options held long are neither charged nor left out.
    Entry("house-fixed-2026-03-01", FIXED, futures=()),
    Entry("house-fixed", FIXED),
    Entry("binance-usdm", FIXED, options=False),
    Entry("bitmex-xbt", FIXED, futures=("BTC",), options=False),
    Entry("kraken-btc-inverse", FIXED, futures=("BTC",), options=False),
    # perpetuals of chains: no rule for options, nor the open interest that raises dYdX's IM
    Entry("hyperliquid", FIXED, options=False),
    Entry("dydx-v4", FIXED, options=False),
    Entry("drift-v2", FIXED, options=False),
    Entry("vega-cross", FIXED, options=False),
    Entry("vega-isolated", FIXED, options=False),
    Entry("deribit-sm", STANDARD),
    Entry("bybit-options-2024-01-01", STANDARD),
    Entry("okx-options", STANDARD),
    Entry("derive-srm", STANDARD),
    # On perpetuals its successor asks for more in IM and the same in MM.
    Entry("house-dynamic-2026-03-01", DYNAMIC, futures=()),
    Entry("house-dynamic", DYNAMIC),
    Entry("span.toml", SCAN),
    Entry("deribit-pm-legacy", SCAN),
    Entry("house-portfolio", PORTFOLIO),
    Entry("deribit-pm", PORTFOLIO),
    Entry("okx-pm", PORTFOLIO),
    Entry("derive-pmrm1", PORTFOLIO),
    Entry("derive-pmrm2", PORTFOLIO),
    Entry("paradex-pm-2026-01-21", PORTFOLIO),
    # Joint moves of days, a stressed March 2020. On chains for as long as hourly prices last.
    Entry("house-es", TAIL, from_ns=1_585_699_200_000_000_000, least_step_days=0.99, past=True),
)


def chosen(names: list[str]) -> list[Entry]:
    """Entries by name; all without one. A name that is not in the list is taken as a preset."""
    known = {entry.name: entry for entry in ENTRIES}
    blank = Entry("", PORTFOLIO)
    return [known.get(n, replace(blank, name=n)) for n in names] or list(ENTRIES)
