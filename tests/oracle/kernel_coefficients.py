"""Generate ``cpp/src/kernels/coefficients.hpp``: the polynomials of the kernels, from mpmath.

Run ``python tests/oracle/kernel_coefficients.py > cpp/src/kernels/coefficients.hpp``. The header
in the tree is this script's output; the errors it prints in comments are those of the exact
coefficients, before they are rounded to doubles.
"""

from __future__ import annotations

from collections.abc import Callable

from mpmath import atanh, cos, erfc, exp, log, lu_solve, matrix, mp, mpf, pi, polyroots, sqrt

mp.dps = 90

SLOPE_DEGREE = 12
TAIL_DEGREE = 10
MILLS_LIMIT = 100
TAIL_EXACT_LIMIT = 38
TAIL_CLOSE_LIMIT = 4
TAIL_P_ORDER = (1, 0)  # of all orders, those with the smallest roundings
TAIL_Q_ORDER = (1, 0, 2)


def mills(z: mpf) -> mpf:
    """Mills ratio of the normal distribution, N(-z) / phi(z)."""
    return sqrt(pi / 2) * exp(z * z / 2) * erfc(z / sqrt(2))


def evaluate(coefficients: list[mpf], x: mpf) -> mpf:
    """Value of a polynomial, lowest coefficient first."""
    return sum((c * x**j for j, c in enumerate(coefficients)), mpf(0))


def weighted_solve(rows: list[list[mpf]], rhs: list[mpf], weights: list[mpf]) -> list[mpf]:
    """Least squares by normal equations; 90 digits make their conditioning harmless."""
    size = len(rows[0])
    a, b = matrix(size, size), matrix(size, 1)
    for row, value, weight in zip(rows, rhs, weights, strict=True):
        for i in range(size):
            b[i] += weight * row[i] * value
            for j in range(size):
                a[i, j] += weight * row[i] * row[j]
    return list(lu_solve(a, b))


def mapped_nodes(points: int) -> list[mpf]:
    """Chebyshev nodes of (z - 3) / (z + 3), over z in [0, MILLS_LIMIT]."""
    centre = mpf(3)
    top = (MILLS_LIMIT - centre) / (MILLS_LIMIT + centre)
    us = [-1 + (top + 1) * (1 - cos(pi * (2 * i + 1) / (2 * points))) / 2 for i in range(points)]
    return [centre * (1 + u) / (1 - u) for u in us]


def fit_rational(
    zs: list[mpf], targets: list[mpf], scales: list[mpf], shape: tuple[int, int, mpf]
) -> tuple[list[mpf], list[mpf], mpf]:
    """Numerator and denominator (constant term 1) least in the largest scaled error.

    ``shape`` is (numerator degree, denominator degree, value at 0, taken exactly). Lawson's
    iteration turns a linearised least-squares fit into a near-minimax one.
    """
    top, bottom, constant = shape
    rows = [
        [z**j for j in range(1, top + 1)] + [-t * z**j for j in range(1, bottom + 1)]
        for z, t in zip(zs, targets, strict=True)
    ]
    rhs = [t - constant for t in targets]
    denominators, lawson = [mpf(1)] * len(zs), [mpf(1)] * len(zs)
    best: tuple[mpf, list[mpf], list[mpf]] | None = None
    for _ in range(30):
        weights = [lw * (s / q) ** 2 for lw, s, q in zip(lawson, scales, denominators, strict=True)]
        x = weighted_solve(rows, rhs, weights)
        p_poly = [constant, *x[:top]]
        q_poly = [mpf(1), *x[top:]]
        denominators = [evaluate(q_poly, z) for z in zs]
        errors = [
            abs(evaluate(p_poly, z) / q - t) * s
            for z, q, t, s in zip(zs, denominators, targets, scales, strict=True)
        ]
        if best is None or max(errors) < best[0]:
            best = (max(errors), p_poly, q_poly)
        total = sum(lw * e for lw, e in zip(lawson, errors, strict=True))
        lawson = [
            len(zs) * lw * e / total + mpf(10) ** -30 for lw, e in zip(lawson, errors, strict=True)
        ]
    assert best is not None
    return best[1], best[2], best[0]


def fit_slope() -> tuple[list[mpf], list[mpf], list[mpf], mpf]:
    """One denominator Q for both R = P / Q and 1 - z R = S / Q, each relatively accurate.

    S = Q - z P ties the numerators, so both errors are the same residual under two weights.
    """
    zs = mapped_nodes(160)
    targets = [1 - z * mills(z) for z in zs]
    scales = [max(1 / t, 1 / (1 - t)) for t in targets]
    n = SLOPE_DEGREE
    s_poly, q_poly, error = fit_rational(zs, targets, scales, (n - 2, n, mpf(1)))
    s_padded = [*s_poly, mpf(0), mpf(0)]
    p_poly = [q_poly[j + 1] - s_padded[j + 1] for j in range(n)]
    density = sqrt(2 * pi)
    return q_poly, [p / density for p in p_poly], [s / density for s in s_poly], error


def fit_tail() -> tuple[list[mpf], list[mpf], mpf, mpf]:
    """N(-z) / exp(-z^2 / 2), its error at z = 0 and the largest one up to TAIL_EXACT_LIMIT.

    Four times the error is allowed from TAIL_CLOSE_LIMIT on, where the tail is small beside the
    delta and the price it is part of, and more where the exponential has gone to zero.
    """
    zs = mapped_nodes(160)
    targets = [mills(z) / sqrt(2 * pi) for z in zs]

    def allowed(z: mpf) -> mpf:
        if z >= TAIL_EXACT_LIMIT:
            return mpf(100)
        return 1 + 3 * min(mpf(1), (z / TAIL_CLOSE_LIMIT) ** 2)

    scales = [1 / (allowed(z) * t) for z, t in zip(zs, targets, strict=True)]
    shape = (TAIL_DEGREE - 1, TAIL_DEGREE, mpf(1) / 2)
    p_poly, q_poly, error = fit_rational(zs, targets, scales, shape)
    return p_poly, q_poly, error, 4 * error


def fold(coefficients: list[mpf], plain: int, order: tuple[int, ...]) -> list[mpf]:
    """Rewrite a polynomial so that one multiplication serves two degrees (Knuth and Eve).

    The `plain` lowest coefficients stay with Horner's rule. Of what stands above them, dividing by
    z^2 + a leaves a constant where -a is a root, in z^2, of the odd part: p = w (z^2 + a) + b. The
    roots are real as all roots of p lie left of the imaginary axis. Lowest first: plain, then b, a
    of each step, then the two or three coefficients that are left. The order of the roots does not
    change the polynomial but the roundings.
    """
    rest = coefficients[plain:]
    roots = polyroots(rest[1::2][::-1], maxsteps=500, extraprec=400)
    assert all(abs(root.imag) < mpf(10) ** -30 for root in roots)
    offsets = sorted(-root.real for root in roots)
    steps: list[mpf] = []
    for place in order:
        a = offsets[place]
        quotient = [mpf(0)] * (len(rest) - 2)
        for j in range(len(rest) - 1, 1, -1):
            quotient[j - 2] = rest[j]
            rest[j - 2] -= a * rest[j]
        steps += [rest[0], a]
        rest = quotient
    return [*coefficients[:plain], *steps, *rest]


def interpolate(f: Callable[[mpf], mpf], low: mpf, high: mpf, degree: int) -> list[mpf]:
    """Interpolate at Chebyshev nodes, within a small factor of minimax for smooth f."""
    n = degree + 1
    nodes = [
        (low + high) / 2 + (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)
    ]
    vandermonde = matrix(n, n)
    for i, x in enumerate(nodes):
        for j in range(n):
            vandermonde[i, j] = x**j
    return list(lu_solve(vandermonde, matrix([f(x) for x in nodes])))


def exp_tail(r: mpf) -> mpf:
    """(exp(r) - 1 - r) / r^2."""
    if r == 0:
        return mpf(1) / 2
    return (exp(r) - 1 - r) / r**2


def atanh_tail(y: mpf) -> mpf:
    """(2 atanh(r) - 2 r) / r^3 with y = r^2."""
    r = sqrt(y)
    return (2 * atanh(r) - 2 * r) / r**3


def fit_normal_vol() -> tuple[list[mpf], mpf]:
    """Guess of the Bachelier volatility from the straddle, after Choi, Kim and Kwak (2009).

    With D = |F - K|, c the out-of-the-money value, straddle = 2 c + D and v = D / straddle, the
    standard deviation is sqrt(pi / 2) * straddle * H(eta), eta = v / atanh(v). H behaves as the
    square root of eta at 0, so H / sqrt(eta) is fitted, as a polynomial in sqrt(eta).
    """
    degree, points = 6, 200
    hs = [mpf(39) * (mpf(i) / points) ** 2 for i in range(1, points + 1)]
    rows, rhs = [], []
    for h in hs:
        c = exp(-h * h / 2) / sqrt(2 * pi) * (1 - h * mills(h))
        straddle = 2 * c + h
        eta = 2 * h / straddle / log(1 + h / c)
        rows.append([sqrt(eta) ** j for j in range(degree + 1)])
        rhs.append(1 / (sqrt(pi / 2) * straddle * sqrt(eta)))
    scaled = [[v / r for v in row] for row, r in zip(rows, rhs, strict=True)]
    lawson = [mpf(1)] * points
    best: tuple[mpf, list[mpf]] | None = None
    for _ in range(40):
        x = weighted_solve(scaled, [mpf(1)] * points, lawson)
        errors = [abs(sum(c * v for c, v in zip(x, row, strict=True)) - 1) for row in scaled]
        if best is None or max(errors) < best[0]:
            best = (max(errors), x)
        total = sum(lw * e for lw, e in zip(lawson, errors, strict=True))
        lawson = [points * lw * e / total for lw, e in zip(lawson, errors, strict=True)]
    assert best is not None
    return best[1], best[0]


def table(name: str, comment: str, coefficients: list[mpf]) -> str:
    """One C++ array, lowest coefficient first, as exact hexadecimal doubles."""
    lines = [f"// {comment}", f"constexpr double {name}[] = {{"]
    lines += [f"    {float(c).hex()}," for c in coefficients]
    return "\n".join([*lines, "};\n"])


def main() -> None:
    """Print the header."""
    half_ln2 = log(2) / 2 + mpf(2) ** -20
    q_poly, p_poly, s_poly, error = fit_slope()
    tail_p, tail_q, close_error, tail_error = fit_tail()
    normal_vol, normal_error = fit_normal_vol()
    ln2_high = float(int(log(2) * 2**41)) / 2**41
    print("// Written by tests/oracle/kernel_coefficients.py; do not edit by hand.")
    print("#pragma once\n\nnamespace tickmargin::kernels {\n")
    print(
        table(
            "tail_p",
            "N(-z) / exp(-z^2 / 2) = P / Q, error "
            f"{float(close_error):.1e} at 0, {float(tail_error):.1e} up to {TAIL_EXACT_LIMIT}; "
            "folded.",
            fold(tail_p, 3, TAIL_P_ORDER),
        )
    )
    print(table("tail_q", "Its denominator, folded; Q(0) = 1.", fold(tail_q, 2, TAIL_Q_ORDER)))
    print(
        table(
            "slope_s",
            f"phi(z) (1 - z R(z)) / exp(-z^2 / 2) = S / Q on [0, 100], error {float(error):.1e}.",
            s_poly,
        )
    )
    print(table("slope_p", "N(-z) / exp(-z^2 / 2) = P / Q with the same denominator.", p_poly))
    print(table("slope_q", "The denominator of both, Q(0) = 1.", q_poly))
    print(
        table(
            "exp_tail",
            "(exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2.",
            interpolate(exp_tail, -half_ln2, half_ln2, 9),
        )
    )
    print(
        table(
            "atanh_tail",
            "(2 atanh(r) - 2 r) / r^3 in r^2 for r^2 <= 0.04.",
            interpolate(atanh_tail, mpf(0), mpf("0.0402"), 7),
        )
    )
    print(
        table(
            "normal_vol",
            f"H / sqrt(eta) in sqrt(eta), error {float(normal_error):.1e}.",
            normal_vol,
        )
    )
    print("// ln(2) in two parts; the first has 12 trailing zero bits, so k ln2_high is exact.")
    print(f"constexpr double ln2_high = {ln2_high.hex()};")
    print(f"constexpr double ln2_low = {float(log(2) - mpf(ln2_high)).hex()};")
    print("\n}  // namespace tickmargin::kernels")


if __name__ == "__main__":
    main()
