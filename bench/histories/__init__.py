"""Policies on real histories; ``python -m bench.histories DATA`` makes the README's tables."""
