"""Rules of protocols that stand beside a margin requirement, as pure functions."""

from tickmargin.protocols import derive

__all__ = ["derive"]
