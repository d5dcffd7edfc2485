"""The command ``tickmargin``: the same engine from a terminal."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from tickmargin.cli import exit_codes
from tickmargin.errors import MissingExtraError, TickMarginError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        An exit code of `tickmargin.cli.exit_codes`.
    """
    from tickmargin.cli.app import app

    try:
        app(args=None if argv is None else list(argv), prog_name="tickmargin")
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else exit_codes.INTERNAL
    except MissingExtraError as error:
        return _fail(error, exit_codes.MISSING_EXTRA)
    except TickMarginError as error:
        differs = error.code == "REPLAY_DIFFERS"
        return _fail(error, exit_codes.DIFFERS if differs else exit_codes.BAD_INPUT)
    except OSError as error:
        # A full disk or a folder without permission is the user's to mend, not a bug.
        return _fail(error, exit_codes.BAD_INPUT)
    except Exception:
        traceback.print_exc()
        return exit_codes.INTERNAL
    return exit_codes.OK


def _fail(error: Exception, code: int) -> int:
    name = getattr(error, "code", "FILE_ACCESS" if isinstance(error, OSError) else None)
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    print(f"error{f' [{name}]' if name else ''}: {text}", file=sys.stderr)
    return code
