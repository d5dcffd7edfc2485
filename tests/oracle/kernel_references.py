"""Generate ``tests/kernels/references.inc``: rows the C++ kernel tests are held against.

Run ``python tests/oracle/kernel_references.py > tests/kernels/references.inc``. Inputs are exact
doubles; each expected value is the 60-digit one as the sum of two doubles, so that its own
rounding does not count as an error of the kernel.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

from mpmath import erfc, exp, log, mp, mpf

sys.path.insert(0, str(Path(__file__).parent))
import black76 as oracle

SMALLEST_PRICE = mpf(10) ** -290


def two_doubles(x: mpf) -> str:
    """``{high, low}`` in exact hexadecimal."""
    high = float(x)
    return f"{{{high.hex()}, {float(x - mpf(high)).hex()}}}"


def log_uniform(rng: random.Random, low: float, high: float) -> float:
    """A positive double, its logarithm uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def black_row(rng: random.Random) -> tuple[int, float, float, float, float, float]:
    """s = vol sqrt(T) in [1e-6, 10], |d1| and |d2| up to 37, rates on a third of the rows."""
    while True:
        s = log_uniform(rng, 1e-6, 10.0)
        expiry = log_uniform(rng, 1e-5, 3.0)
        forward = log_uniform(rng, 1e-3, 1e6)
        d = rng.uniform(-37, 37) * rng.choice([1.0, 0.1, 0.01])
        if abs(d) + s > 37:
            continue
        strike = forward * math.exp(-d * s)
        rate = rng.choice([0.0, 0.0, rng.uniform(-0.05, 0.15)])
        return rng.randrange(2), forward, strike, s / math.sqrt(expiry), expiry, rate


def bachelier_row(rng: random.Random) -> tuple[int, float, float, float, float, float]:
    """Forwards and strikes of both signs."""
    expiry = log_uniform(rng, 1e-4, 3.0)
    s = log_uniform(rng, 1e-6, 1e4)
    d = rng.uniform(-35, 35) * rng.choice([1.0, 0.1, 0.01])
    strike = rng.uniform(-2, 2) * s
    forward = strike + d * s
    return rng.randrange(2), forward, strike, s / math.sqrt(expiry), expiry, rng.choice([0.0, 0.03])


def print_pricing(name: str, rng: random.Random, count: int) -> None:
    """Rows of inputs with the nine outputs."""
    formula, draw = {
        "BLACK76": (oracle.black76, black_row),
        "BACHELIER": (oracle.bachelier, bachelier_row),
    }[name]
    for _ in range(count):
        row = draw(rng)
        results = formula(*row)
        inputs = ", ".join(x.hex() if isinstance(x, float) else str(x) for x in row)
        values = ", ".join(two_doubles(results[o]) for o in oracle.OUTPUTS)
        print(f"{name}({inputs}, {values})")


def implied_inputs(rng: random.Random, kind: int) -> tuple[float, float, float]:
    """Moneyness ln(F / K), s and rate: typical, wide, close to the money, deep, past inflection."""
    rate = rng.choice([0.0, 0.04])
    if kind == 0:
        return rng.uniform(-0.5, 0.5), rng.uniform(0.05, 1.5), rate
    if kind == 1:
        return rng.uniform(-2, 2), log_uniform(rng, 0.05, 4.0), rate
    if kind == 2:
        return rng.choice([-1, 1]) * log_uniform(rng, 1e-15, 0.1), log_uniform(rng, 1e-7, 8), 0.0
    if kind == 3:
        s = log_uniform(rng, 1e-6, 3.0)
        return s * rng.uniform(-35, 35), s, 0.0
    s = log_uniform(rng, 1e-3, 7.0)
    return s * s / 2 * (1 + rng.uniform(-1e-3, 1e-3)), s, 0.0


def print_implied(rng: random.Random, count: int) -> None:
    """Out-of-the-money rows with the volatility of the rounded price and its condition number."""
    done = 0
    while done < count:
        x, s, rate = implied_inputs(rng, done % 5)
        expiry, forward = log_uniform(rng, 1e-3, 3.0), log_uniform(rng, 1e-2, 1e5)
        strike = forward * math.exp(-x)
        is_call = int(forward <= strike)
        vol = s / math.sqrt(expiry)
        exact = oracle.black76(is_call, forward, strike, vol, expiry, rate)["price"]
        bound = min(forward, strike) * exp(-mpf(rate) * expiry)
        if exact < SMALLEST_PRICE or exact > bound * (1 - mpf(10) ** -12):
            continue
        price = float(exact)
        solved = oracle.implied_vol(is_call, price, forward, strike, expiry, rate)
        condition = oracle.condition_number(is_call, forward, strike, solved, expiry)
        inputs = ", ".join(v.hex() for v in (price, forward, strike, expiry, rate))
        print(f"IMPLIED({is_call}, {inputs}, {float(solved).hex()}, {float(condition):.3g})")
        done += 1


def print_bachelier_implied(rng: random.Random, count: int) -> None:
    """The same for the normal model, either side of zero."""
    done = 0
    while done < count:
        _, forward, strike, vol, expiry, rate = bachelier_row(rng)
        is_call = int(forward <= strike)
        exact = oracle.bachelier(is_call, forward, strike, vol, expiry, rate)["price"]
        if exact < SMALLEST_PRICE:
            continue
        price = float(exact)
        solved = oracle.implied_vol(is_call, price, forward, strike, expiry, rate, "bachelier")
        inputs = ", ".join(v.hex() for v in (price, forward, strike, expiry, rate))
        print(f"BACHELIER_IMPLIED({is_call}, {inputs}, {float(solved).hex()})")
        done += 1


def print_elementary(rng: random.Random, count: int) -> None:
    """exp, log and erfc over their ranges and close to where they are hard."""
    for _ in range(count):
        for x in (rng.uniform(-708, 709), rng.uniform(-1, 1)):
            print(f"EXP({x.hex()}, {two_doubles(exp(mpf(x)))})")
        for x in (log_uniform(rng, 1e-307, 1e307), 1 + rng.uniform(-0.3, 0.4)):
            print(f"LOG({x.hex()}, {two_doubles(log(mpf(x)))})")
        for x in (rng.uniform(-3, 3), rng.uniform(0, 26)):
            print(f"ERFC({x.hex()}, {two_doubles(erfc(mpf(x)))})")


def main() -> None:
    """Print every table."""
    print("// Written by tests/oracle/kernel_references.py; do not edit by hand.")
    rng = random.Random(76)
    with mp.workdps(oracle.DIGITS):
        print_pricing("BLACK76", rng, 120)
        print_pricing("BACHELIER", rng, 40)
        print_implied(rng, 110)
        print_bachelier_implied(rng, 25)
        print_elementary(rng, 25)


if __name__ == "__main__":
    main()
