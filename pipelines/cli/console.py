"""What the commands print: a live progress line on a terminal, plain lines elsewhere."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.progress import listening

DETAIL_SECONDS = 5.0

console = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


def complain(message: str) -> None:
    """Print `message` as the error of the command, exactly as it is written."""
    _errors.print("Error: ", style="bold red", end="")
    _errors.print(message, markup=False)


@contextmanager
def progress_shown() -> Iterator[None]:
    """Show what the stages inside the block report, on standard error."""
    if not sys.stderr.isatty():
        with _plain_progress():
            yield
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_errors, transient=True) as bar:
        task = bar.add_task("Starting", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        with listening(show):
            yield


@contextmanager
def _plain_progress() -> Iterator[None]:
    """One line for each thing that starts, with the seconds since the beginning.

    Of what changes in brackets behind it, such as a bound that rises, a line every few seconds.
    """
    started = time.monotonic()
    last, last_at = "", -math.inf

    def show(what: str, done: int, total: int) -> None:  # noqa: ARG001
        nonlocal last, last_at
        now = time.monotonic()
        is_news = what.partition(" (")[0] != last.partition(" (")[0]
        if is_news or (what != last and now - last_at >= DETAIL_SECONDS):
            last, last_at = what, now
            _errors.print(f"[{now - started:6.1f} s] {what}", markup=False)

    with listening(show):
        yield
