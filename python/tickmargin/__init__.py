"""Real-time margin and collateral engine for derivatives."""
