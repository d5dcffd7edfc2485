"""Rules of exchanges that stand beside a margin requirement, each named for its venue.

Requirements themselves come from :class:`tickmargin.Engine` under a preset. What is here says what
a venue adds to them (margins of orders, borrowed assets), shows (leverage, ratios) or pays out.
"""

from tickmargin.venues import binance, bybit, deribit, ftx, gate, okx, orderly

__all__ = ["binance", "bybit", "deribit", "ftx", "gate", "okx", "orderly"]
