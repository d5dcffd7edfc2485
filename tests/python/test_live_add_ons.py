"""A live engine under policies with add-ons: equal to a recompute, resting orders included."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.live_books import BTC, SECOND, T0, ready
from tests.python.live_books import same_as_recompute as same

from tickmargin import records
from tickmargin.policies import Policies

ADD_ONS = {
    "liquidity": {
        "half_spread_ratio": 0.0005,
        "half_spread_vol": 0.01,
        "fee_ratio": 0.0003,
        "impact_factor": 0.02,
        "slow_depth_notional": 1e6,
        "fast_cap_ratio": 0.02,
    },
    "concentration": {"threshold_notional": 20_000.0, "slope_ratio": 0.01, "cap_ratio": 0.2},
}
APC = {"buffer_ratio": 0.25, "pre_stress_vol_annual": 0.5, "long_run_vol_annual": 0.7}


def policy(preset: str) -> Policies:
    """A house preset with both add-ons, and the dynamic one with article 28."""
    loaded = Policies.preset(preset).loaded[0]
    data = loaded.config.model_dump(exclude_unset=True, mode="python")
    data |= ADD_ONS
    if data["method"] == "dynamic":
        data["anti_procyclicality"] = APC
        data["dynamic"]["buffer_ratio"] = 0.0
    return Policies.from_dict({"schema": 1, "policies": {"p": data}})


@pytest.mark.parametrize("preset", ["house-fixed", "house-dynamic", "house-portfolio"])
def test_live_equals_recompute_with_add_ons(preset: str) -> None:
    live = ready(policy(preset))
    random = np.random.default_rng(2)
    price = BTC
    for seq in range(100, 130):
        price *= float(np.exp(random.normal(0.0, 0.004)))
        when = T0 + seq * SECOND
        assert live.apply(
            records.index_tick("BTC", price, seq=seq, ts_ns=when, engine=live)
        ).counts == {"ok": 1}
        resting = 1e6 * float(random.uniform(0.1, 2.0))
        live.apply(records.depth("BTC", resting, resting, ts_ns=when, engine=live))
        same(live)
    found = {
        row["component"] for name in ("anna", "boris") for row in live.explain(name).requirement
    }
    assert {"liquidity", "concentration"} <= found
    before = live.recompute()
    order = records.order(
        "anna", "BTC-PERP", 0.5, price, order=1, ts_ns=T0 + 130 * SECOND, engine=live
    )
    assert live.apply(order).counts == {"ok": 1}
    same(live)
    row = before.accounts["account"].tolist().index("anna")
    after = live.recompute().accounts["initial_margin"][row]
    assert after > before.accounts["initial_margin"][row]
