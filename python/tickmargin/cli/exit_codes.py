"""What the command's exit status means. These numbers never change their meaning."""

from __future__ import annotations

OK = 0
INTERNAL = 1
USAGE = 2
BAD_INPUT = 3
UNDECIDABLE = 4
REFUSED = 5
MISSING_EXTRA = 6
DIFFERS = 7
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    INTERNAL: "an error of tickmargin itself, with its traceback: please report it",
    USAGE: "the command line or the configuration file is wrong",
    BAD_INPUT: "an input file, table, name or policy is wrong; the message says where",
    UNDECIDABLE: "with --strict: accounts are undecidable, an input for them is missing",
    REFUSED: "with --strict: an order or a tick is refused (what-if, tick), "
    "a number differs (shadow), an account is below the exact measure (tiers, tick --tiers) "
    "or a promise is rejected (backtest); "
    "always: every tick of a file is refused (tick)",
    MISSING_EXTRA: "an optional extra is not installed; the message names it",
    DIFFERS: "a recording leads to another state than it says (replay)",
    INTERRUPTED: "interrupted from the keyboard",
}

EPILOG = "Exit codes:\n\n" + "\n".join(f"- {code}: {text}" for code, text in MEANINGS.items())
