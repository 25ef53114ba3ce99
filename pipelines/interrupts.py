"""Ctrl-C while a plan is sought: the first one asks for the best plan so far, the next one aborts.

Only a command line that says so gets this (`stopping_gracefully`). Elsewhere an interrupt ends the
run as always, because Dagster sends one when somebody presses "Terminate".
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from types import FrameType

from pipelines.progress import report

STOPPING = "Stopping with the best plan so far; press Ctrl-C again to abort"

_is_graceful: ContextVar[bool] = ContextVar("stops_gracefully", default=False)


@contextmanager
def stopping_gracefully() -> Iterator[None]:
    """Inside the block, work under `interruptible` is not aborted by the first interrupt."""
    token = _is_graceful.set(True)
    try:
        yield
    finally:
        _is_graceful.reset(token)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether the user wants the work in the block to come to an end.

    The first interrupt only makes it say so; a second one is handled as before the block, which
    ends the command. Outside `stopping_gracefully` and the main thread it never says so, and every
    interrupt is handled as before.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not (_is_graceful.get() and is_main):
        yield lambda: False
        return
    before = signal.getsignal(signal.SIGINT)
    has_struck = False
    # Not told by the handler itself: it may run while this thread is writing to the same stream,
    # which Python refuses ("reentrant call").
    teller = threading.Thread(target=copy_context().run, args=(report, STOPPING), daemon=True)

    def strike(number: int, frame: FrameType | None) -> None:
        nonlocal has_struck
        if has_struck:
            signal.signal(signal.SIGINT, before)
            if callable(before):
                before(number, frame)
            raise KeyboardInterrupt
        has_struck = True
        teller.start()

    signal.signal(signal.SIGINT, strike)
    try:
        yield lambda: has_struck
    finally:
        signal.signal(signal.SIGINT, before)
        if has_struck:
            teller.join()
