"""How long steps tell what they are doing, without knowing who listens.

The command line listens with a live line on a terminal and plain lines elsewhere; under Dagster
nobody listens, because its event log tells the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]
"""Receives what is being done, how much of it is done, and the total (0 where unknown)."""


def _nobody(what: str, done: int, total: int) -> None:  # noqa: ARG001
    return None


_listener: ContextVar[Listener] = ContextVar("progress_listener", default=_nobody)


def report(what: str, done: int = 0, total: int = 0) -> None:
    """Tell the listener of this run that `done` of `total` of `what` is done."""
    _listener.get()(what, done, total)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Everything reported inside the block goes to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
