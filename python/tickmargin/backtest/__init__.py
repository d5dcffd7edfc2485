"""Model checks: did a margin cover what it said it would, and how far beyond was the rest.

Nothing here depends on how a margin is made: columns of losses and margins in, statistics out.
"""

from tickmargin.backtest.coverage import Coverage, kupiec_pof, kupiec_region, kupiec_tuff
from tickmargin.backtest.evidence import (
    EProcess,
    e_process,
    e_values_coverage,
    e_values_shortfall,
)
from tickmargin.backtest.independence import Independence, christoffersen
from tickmargin.backtest.pooled import PooledCoverage, pooled_coverage
from tickmargin.backtest.shortfall import (
    AcerbiSzekely,
    ShortfallSize,
    acerbi_szekely,
    acerbi_szekely_critical,
    pelve,
    pelve_normal,
    quantile_score,
    shortfall_size,
)
from tickmargin.backtest.traffic import (
    TrafficLight,
    basel_multiplier,
    basel_plus_factor,
    stoplight_bounds,
    traffic_light,
)

__all__ = [
    "AcerbiSzekely",
    "Coverage",
    "EProcess",
    "Independence",
    "PooledCoverage",
    "ShortfallSize",
    "TrafficLight",
    "acerbi_szekely",
    "acerbi_szekely_critical",
    "basel_multiplier",
    "basel_plus_factor",
    "christoffersen",
    "e_process",
    "e_values_coverage",
    "e_values_shortfall",
    "kupiec_pof",
    "kupiec_region",
    "kupiec_tuff",
    "pelve",
    "pelve_normal",
    "pooled_coverage",
    "quantile_score",
    "shortfall_size",
    "stoplight_bounds",
    "traffic_light",
]
