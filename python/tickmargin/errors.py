"""What tickmargin raises: one hierarchy, stable codes, and issues that name their cell.

Every exception derives from :class:`TickMarginError` and from the built-in a caller would
expect (ValueError, TypeError, KeyError, ImportError). ``error.code`` never changes its meaning
between versions; :data:`CODES` says in one sentence what each code stands for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import strerror
from types import MappingProxyType

__all__ = [
    "CODES",
    "EngineBusyError",
    "FileAccessError",
    "InputTypeError",
    "InvalidInputError",
    "Issue",
    "MissingExtraError",
    "RecordRefusedError",
    "TickMarginError",
    "UnknownNameError",
]

CODES: Mapping[str, str] = MappingProxyType(
    {
        # the whole input
        "INVALID_INPUT": "Several different problems were found; see `.issues` for each.",
        "NOT_A_TABLE": "The object given as a table is none of the kinds that can be read.",
        "INVALID_ARGUMENT": "An argument that is not a table has the wrong type or value.",
        "MISSING_EXTRA": "The input needs a package of an optional extra that is not installed.",
        "UNKNOWN_NAME": "A name asked for (a column, a table, an account) does not exist.",
        "NO_RISK_MATRIX": "A risk matrix was asked for under a policy of another method.",
        "TIERS_NOT_INCREASING": "Caps of tiers must rise and weights must not.",
        "UNKNOWN_TIER": "A spread names a tier that has no delta.",
        "INITIAL_BELOW_MAINTENANCE": "An initial ratio is below its maintenance ratio.",
        "COLLATERAL_NOT_LISTED": "Accounts own an asset that their policy counts as nothing.",
        "DISCOUNT_REVERSED": "A discount of a policy counts in the account's favour; a warning.",
        "KERNELS_UNAVAILABLE": "TICKMARGIN_KERNELS names a target that cannot run here.",
        # folders and files
        "FOLDER_NOT_FOUND": "The path to load is not an existing folder.",
        "FILE_NOT_FOUND": "A required file is missing from the folder.",
        "FILE_AMBIGUOUS": "The folder holds the same table both as Parquet and as CSV.",
        "FILE_EMPTY": "The file has no bytes, so it has not even a header.",
        "FILE_UNREADABLE": "The file is not what its name says (Parquet, CSV or TOML).",
        "FILE_ACCESS": "The system refuses to read, write or make a file; `.errno` says why.",
        "FILE_EXISTS": "Saving would replace a file and `overwrite=True` was not given.",
        "UNKNOWN_FILE": "A file's name is a near miss of a table's name, so it would be ignored.",
        "RAGGED_ROW": "A line of a CSV file has more or fewer fields than its header.",
        "UNKNOWN_KEY": "market.toml has a key that means nothing here.",
        "INVALID_TIME": "A time is absent, is given twice or is not an RFC 3339 UTC instant.",
        # columns
        "MISSING_COLUMN": "A required column is absent.",
        "UNKNOWN_COLUMN": "A column's name is not in the documented set.",
        "DUPLICATE_COLUMN": "Two columns have the same name.",
        "WRONG_TYPE": "A column or a value has a type that would need a silent conversion.",
        "WRONG_SHAPE": "A column is not one-dimensional.",
        "LENGTH_MISMATCH": "The columns of one table differ in length.",
        # cells
        "MISSING_VALUE": "A cell that must hold a value is null.",
        "NOT_A_NUMBER": "A text cell of a CSV file does not read as the number it must be.",
        "NOT_FINITE": "A number is NaN or infinite.",
        "NOT_EXACT": "An integer cannot be held exactly by the type of its column.",
        "NOT_POSITIVE": "A number that must be greater than zero is not.",
        "NEGATIVE_VALUE": "A number that must not be negative is.",
        "ABOVE_ONE": "A share is greater than 1.",
        "EMPTY_ID": "An identifier is the empty string.",
        "INVALID_ID": "An identifier holds a character that has a meaning of its own.",
        "BAD_TEXT": "Text is not valid UTF-8.",
        "UNKNOWN_WORD": "A word is not one of the column's allowed words.",
        # keys and references
        "DUPLICATE_ID": "The same identifier, or the same key of several columns, appears twice.",
        "DUPLICATE_POSITION": "Two rows have the same account, pocket, instrument and side.",
        "DUPLICATE_BALANCE": "Two rows have the same account, pocket, asset and chain.",
        "UNKNOWN_ACCOUNT": "An account is not in the accounts table.",
        "UNKNOWN_INSTRUMENT": "An instrument is not in the instruments table.",
        "UNKNOWN_UNDERLYING": "An underlying is not in the market's underlyings table.",
        "UNKNOWN_ASSET": "An asset (symbol, chain) is not in the market's assets table.",
        # instruments and positions
        "INVALID_PAYOFF": "The payoff does not exist for this kind of instrument.",
        "MISSING_STRIKE": "An option has no strike.",
        "MISSING_EXPIRY": "A future or an option has no expiry.",
        "MISSING_OPTION_TYPE": "An option says neither call nor put.",
        "UNEXPECTED_VALUE": "A cell is filled that has no meaning for this kind of instrument.",
        "MISSING_ENTRY_PRICE": "A future or perpetual position has no entry price.",
        "COMPONENT_NESTED": "A component of a basket is a basket itself.",
        "COMPONENT_NOT_ONE": "A component is neither or both of an instrument and an underlying.",
        "COMPONENT_NOT_LINEAR": "A component's worth is not in proportion to its price.",
        "COMPONENT_SETTLEMENT": "Components settle in different assets, or do not say in which.",
        "ZERO_WEIGHT": "A component of a basket has the weight 0.",
        "BASKET_MIXED": "A basket holds what has an entry price together with what is paid for.",
        "BASKET_PRICE": "A price that no positive prices of a basket's components add up to.",
        "BASKET_NOT_LIVE": "A basket was named where only an instrument can trade.",
        # market
        "NUMERAIRE_PRICE": "The numeraire is listed with a price other than 1.",
        "CIRCULAR_PRICE": "An asset's price is defined through itself.",
        # records and live engines
        "UNKNOWN_TYPE": "A record's type is none there is.",
        "RESERVED_NOT_ZERO": "A record has a value in a field or flag that its type does not use.",
        "UNKNOWN_SOURCE": "An underlying has no such oracle source.",
        "UNKNOWN_NODE": "A forward curve has no such node.",
        "UNKNOWN_ORDER": "No such order rests, or an order has the number 0.",
        "UNKNOWN_TRANSFER": "No such deposit can be reversed, or a deposit has the number 0.",
        "UNKNOWN_CHAIN": "No asset is on this chain.",
        "UNKNOWN_EPOCH": "No policies are staged under this epoch, or were in force before it.",
        "OUT_OF_RANGE": "A number is outside its documented range.",
        "TIME_REVERSED": "A record is older than the clock, or than the last of its source.",
        "OUT_OF_ORDER": "A number is below the last of its source or account.",
        "DUPLICATE": "The same sequence number and payload came before: there is nothing to do.",
        "CONFLICTING": "The same sequence number or id came before with another payload.",
        "EXPIRED": "The instrument has settled, or its expiry has come.",
        "NOT_EXPIRED": "An expiry has not come, or its settlement price is not known.",
        "CHAIN_HALTED": "The asset's chain is halted.",
        "MARGIN_REFUSED": "Initial margin does not allow it.",
        "BLOCKED": "The account, or a mark it depends on, is in doubt.",
        "CAPACITY": "A table whose size was fixed at the start is full.",
        "RING_FULL": "There is no room for the record's events: take events, send it again.",
        "NOT_DURABLE": "The journal has failed: nothing is taken that could not be made to last.",
        "ENGINE_BUSY": "Another thread is writing to the engine, or taking its events.",
        "ALREADY_STARTED": "The live engine runs already; its settings are fixed.",
        "SNAPSHOT_DAMAGED": "A snapshot is cut short, changed, or of another version.",
        "SNAPSHOT_MISMATCH": "A snapshot is of an engine over other names or policies.",
        "NOT_RECORDING": "The engine does not record, and what was asked for needs that.",
        "RECORDING_IN_USE": "Another engine records in the directory, or its history is there.",
        "RECORDING_DAMAGED": "Bytes of a recording changed or are gone; the message says where.",
        "RECORDING_MISMATCH": "A recording is of another market, portfolio or policies.",
        "REPLAY_DIFFERS": "A recording is whole, but leads to another state than it says.",
        # market and portfolio together
        "EXPIRED_INSTRUMENT": "A non-zero position is in an instrument that expired before as_of.",
        "SETTLEMENT_MISMATCH": "A coin pay-off settles in an asset that does not follow its index, "
        "or a linear option in one that does.",
        "NEGATIVE_FORWARD": "A forward is not positive and the option does not allow Bachelier.",
        "MISSING_PRICE": "Warning: no mark or index price; the instrument is undecidable.",
        "MISSING_VOL": "Warning: no volatility; the option is undecidable.",
        "MISSING_FORWARD": "Warning: no forward for the option's expiry; it is undecidable.",
        "MISSING_HISTORY": "Warning: no past prices for a policy that needs them; undecidable.",
        "SIZE_NOT_WHOLE": "Warning: a position is no whole number of its protocol's size units; "
        "a fraction counts as one.",
        "HISTORY_LATE": "Warning: the last price of a history is long before the market's time.",
        "HISTORY_OFF": "Warning: the last price of a history is far from the index.",
        "MISSING_ASSET_PRICE": "Warning: an asset in use has no price; who uses it is undecidable.",
        "UNSUPPORTED_CONTRACT": "Warning: the method of a policy has no place for a contract held "
        "under it; undecidable.",
        "MISSING_PEG": "Warning: what an asset is pegged to has no price; who needs it is "
        "undecidable.",
    }
)

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem of an input, with the cell it was found in.

    Attributes
    ----------
    code : str
        A key of :data:`CODES`.
    file : str
        File name (``positions.csv``) or table name (``positions``).
    row : int or None
        Row counted from 0, header excluded; None for a problem of a whole column or file.
    column : str or None
        Column name; None for a problem of a whole file.
    value : object
        The offending value, None when there is none.
    message : str
        What is wrong and what would be right.
    """

    code: str
    file: str
    row: int | None
    column: str | None
    value: object
    message: str

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f" row {self.row}"
            if self.file.endswith(".csv"):
                place += f" (line {self.row + 2})"
        if self.column is not None:
            place += f", column {self.column}"
        return f"{place}: {self.message} [{self.code}]"


class TickMarginError(Exception):
    """Base of everything tickmargin raises on purpose; ``code`` is a key of :data:`CODES`."""

    code = "INVALID_INPUT"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        # KeyError shows the repr of its argument; a message is meant to be read
        return str(self.args[0]) if self.args else ""


class InputTypeError(TickMarginError, TypeError):
    """An argument is of a kind that is never converted silently."""

    code = "WRONG_TYPE"


class UnknownNameError(TickMarginError, KeyError):
    """A name was asked for that does not exist."""

    code = "UNKNOWN_NAME"


class MissingExtraError(TickMarginError, ImportError):
    """A package of an optional extra is needed and absent; the message names the extra."""

    code = "MISSING_EXTRA"


class EngineBusyError(TickMarginError, RuntimeError):
    """Another thread is at work on the same end of a live engine; nothing was done."""

    code = "ENGINE_BUSY"


class FileAccessError(TickMarginError, OSError):
    """A file or folder cannot be read, written or made; also an OSError with `errno`, `filename`.

    The message names the argument, the path and the system's reason.
    """

    code = "FILE_ACCESS"

    def __init__(
        self,
        message: str = "",
        number: int = 0,
        path: str | None = None,
        *,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.errno = number
        self.strerror = strerror(number)
        self.filename = path

    @classmethod
    def to_write(cls, argument: str, path: str, number: int) -> FileAccessError:
        """Say that what an argument names cannot be written."""
        message = f"{argument}: {path!r} cannot be written: {strerror(number)}"
        return cls(message, number, path)


class RecordRefusedError(TickMarginError, ValueError):
    """A record was refused and changed nothing; ``code`` is its status in capitals.

    Attributes
    ----------
    status : str
        The record's status.
    row : int
        Which of the records given together.
    """

    def __init__(self, message: str = "", *, status: str = "", row: int = 0) -> None:
        super().__init__(message, code=status.upper())
        self.status = status
        self.row = row


class InvalidInputError(TickMarginError, ValueError):
    """An input was refused as a whole; ``issues`` lists every problem found.

    Attributes
    ----------
    issues : list of Issue
        In order of file, row and column. At most 1,000 per code and column are kept.
    counts : dict of str to int
        How often each code occurred; exact even where ``issues`` was cut.
    """

    issues: list[Issue]
    counts: dict[str, int]

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        issues: Iterable[Issue] = (),
        counts: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.issues = list(issues)
        if counts is None:
            counts = Counter(issue.code for issue in self.issues)
        self.counts = dict(counts)

    @classmethod
    def from_issues(
        cls, subject: str, issues: Iterable[Issue], counts: Mapping[str, int] | None = None
    ) -> InvalidInputError:
        """Build the one error that reports ``issues`` together.

        Parameters
        ----------
        subject : str
            What was refused, for example ``portfolio 'book/'``.
        issues : iterable of Issue
            The problems, in the order they are to be shown.
        counts : mapping of str to int, optional
            Exact number per code when ``issues`` was cut; counted from ``issues`` by default.
        """
        kept = list(issues)
        totals = Counter(issue.code for issue in kept) if counts is None else Counter(counts)
        total = totals.total()
        noun = "problem" if total == 1 else "problems"
        tally = ", ".join(f"{number:,} {code}" for code, number in totals.most_common())
        lines = [f"{subject} refused: {total:,} {noun} ({tally}); nothing was loaded"]
        lines += [f"  {issue}" for issue in kept[:_SHOWN]]
        if total > _SHOWN:
            lines.append(f"  ... and {total - min(_SHOWN, len(kept)):,} more")
        code = next(iter(totals)) if len(totals) == 1 else "INVALID_INPUT"
        return cls("\n".join(lines), code=code, issues=kept, counts=totals)
