"""The errors a run can end with, each with the exit code of the command line.

A message is for the person who can mend the cause: it names file, row, column or setting, says
what is wrong and what to do, stays under 2 KB, and quotes at most 200 characters of a value.
"""

from collections.abc import Iterable
from difflib import get_close_matches

MESSAGE_LIMIT_CHARACTERS = 2_000
VALUE_LIMIT_CHARACTERS = 200


class TerritoryError(Exception):
    """Any failure that is explained to the user without a traceback."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message[:MESSAGE_LIMIT_CHARACTERS])


class ConfigurationError(TerritoryError):
    """A setting is unknown, missing or out of range."""

    exit_code = 2


class InputError(TerritoryError):
    """A file or a whole column cannot be trusted.

    `rule`, `column_name` and `table_name` say so to programs, as far as they are known.
    """

    exit_code = 2

    def __init__(
        self, message: str, *, rule: str = "unusable_file", column_name: str | None = None
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.column_name = column_name
        self.table_name: str | None = None


class GateError(TerritoryError):
    """A quality gate stopped the run; the last publication stays."""

    exit_code = 3


class InfeasibleError(TerritoryError):
    """No plan satisfies the policy, and the policy does not allow relaxing it."""

    exit_code = 4


def near(name: str, known: Iterable[str]) -> str:
    """A suffix such as `` (did you mean 'amount'?)`` for the nearest known name, or ``''``."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return f" (did you mean '{by_folded[matches[0]]}'?)" if matches else ""


def quote(value: object) -> str:
    """`value` as it may stand in a message: on one line, cut at 200 characters."""
    text = repr(value)
    return text if len(text) <= VALUE_LIMIT_CHARACTERS else text[:VALUE_LIMIT_CHARACTERS] + "…'"
