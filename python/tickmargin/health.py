"""Health ratios: what a pocket has over what it needs, or over what it owes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["health_ratios"]


def health_ratios(
    equity: NDArray[np.float64], maintenance: NDArray[np.float64], debts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give equity / maintenance margin, and without a requirement weighted supplies / debts.

    The second is the health factor of lenders (Aave v3, GenericLogic): what is supplied at
    maintenance weights, equity + debts, over debts; below 1 exactly where equity is below 0.

    Parameters
    ----------
    equity, maintenance, debts : ndarray of float
        Of one shape, in the numeraire; debts are positive.

    Returns
    -------
    ndarray of float
        inf where there is neither a requirement nor a debt, NaN where an amount is.
    """
    health = np.full(equity.shape, np.inf)
    np.divide(equity, maintenance, out=health, where=maintenance != 0)
    np.divide(equity + debts, debts, out=health, where=(maintenance == 0) & (debts > 0))
    return health
