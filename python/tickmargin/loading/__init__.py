"""From files, frames, Arrow and NumPy columns to checked, plain, read-only NumPy columns."""

from tickmargin.loading.column import Coded, Nullable

__all__ = ["Coded", "Nullable"]
