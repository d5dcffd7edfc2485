"""Benches: what is measured, beside what, and how; README.md says how to read the figures."""
