"""Free functions from columns to columns: option prices, Greeks, volatilities, fair prices.

Inputs broadcast as NumPy's do. Real numbers are float64; float32 and float16 are widened (exactly),
integers are taken where float64 holds them exactly, anything else is a TypeError: text, bools,
None, datetimes, complex, ``object``, masked arrays, ``longdouble``. NaN or an infinity in a row
gives NaN in that row; an illegal row (a strike of -1) raises, naming the first. The GIL is released
while the core computes, and the bits of a row never depend on the rows beside it.
"""

from tickmargin.pricing.delta import StrikeResult, delta_from_strike, strike_from_delta
from tickmargin.pricing.everlasting import (
    EVERLASTING_OUTPUTS,
    everlasting_option,
    power_perpetual_mark,
)
from tickmargin.pricing.forwards import forwards_from_parity
from tickmargin.pricing.greeks import GREEKS, SPOT_GREEKS, Greeks
from tickmargin.pricing.implied import (
    IMPLIED_VOL_STATUS,
    ImpliedVol,
    bachelier_implied_vol,
    implied_vol,
)
from tickmargin.pricing.options import bachelier, black76
from tickmargin.pricing.perpetual import perpetual_fair_price
from tickmargin.pricing.spot import black_scholes

__all__ = [
    "EVERLASTING_OUTPUTS",
    "GREEKS",
    "IMPLIED_VOL_STATUS",
    "SPOT_GREEKS",
    "Greeks",
    "ImpliedVol",
    "StrikeResult",
    "bachelier",
    "bachelier_implied_vol",
    "black76",
    "black_scholes",
    "delta_from_strike",
    "everlasting_option",
    "forwards_from_parity",
    "implied_vol",
    "perpetual_fair_price",
    "power_perpetual_mark",
    "strike_from_delta",
]
