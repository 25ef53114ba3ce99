"""What the commands print: a live progress line on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.progress import listening

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
    """One line for each thing that starts, with the seconds since the beginning."""
    started = time.monotonic()
    last = ""

    def show(what: str, done: int, total: int) -> None:  # noqa: ARG001
        nonlocal last
        if what != last:
            last = what
            _errors.print(f"[{time.monotonic() - started:6.1f} s] {what}", markup=False)

    with listening(show):
        yield
