"""What can go wrong with a gate that is not the data's fault.

This package knows nothing of the pipeline; the pipeline turns these into its own errors.
"""

from collections.abc import Iterable
from difflib import get_close_matches

VALUE_LIMIT_CHARACTERS = 200


class SuiteError(Exception):
    """A suite file is wrong or does not fit the warehouse; the message names file and entry."""


class CheckExecutionError(Exception):
    """A check could not be evaluated, so nothing is known about the data it guards."""


def near(name: str, known: Iterable[str]) -> str:
    """A suffix such as `` (did you mean 'amount'?)`` for the nearest known name, or ``''``."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean '{matches[0]}'?)" if matches else ""


def quote(value: object) -> str:
    """`value` as it may stand in a message, cut at 200 characters."""
    text = repr(value)
    return text if len(text) <= VALUE_LIMIT_CHARACTERS else text[:VALUE_LIMIT_CHARACTERS] + "…'"
