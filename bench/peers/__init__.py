"""Ours beside what users have: numba, NumPy + SciPy, scipy.sparse, lbriv and QuantLib."""
