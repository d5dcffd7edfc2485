"""Rules of protocols that stand beside a margin requirement, as pure functions."""
