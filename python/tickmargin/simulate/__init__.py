"""Synthetic venues, a crash, and books drawn from a real chain's open interest.

Nothing here decides money: it makes input for the engine, seeded, so that the demo, the tests and
the benches need no data file.
"""

from tickmargin.simulate.chain import Chain, read_chain
from tickmargin.simulate.crash import crash_path
from tickmargin.simulate.open_interest import ChainBook, book_from_chain
from tickmargin.simulate.state import VenueState
from tickmargin.simulate.venue import Venue, synthetic_venue

__all__ = [
    "Chain",
    "ChainBook",
    "Venue",
    "VenueState",
    "book_from_chain",
    "crash_path",
    "read_chain",
    "synthetic_venue",
]
