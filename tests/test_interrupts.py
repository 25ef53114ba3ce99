"""The first interrupt asks, the second one aborts, and only where the command line says so."""

import io
import signal
import threading
from collections.abc import Iterator

import pytest

from pipelines.interrupts import STOPPING, interruptible, stopping_gracefully
from pipelines.progress import listening


@pytest.fixture(autouse=True)
def _heeded() -> Iterator[None]:
    """Interrupts as a terminal gives them: a shell's background jobs start with them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def strike() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_interrupt_only_asks_and_is_told() -> None:
    told: list[str] = []
    with (
        listening(lambda what, done, total: told.append(what)),
        stopping_gracefully(),
        interruptible() as is_interrupted,
    ):
        assert not is_interrupted()
        strike()
        assert is_interrupted()
    assert told == [STOPPING]


def test_an_interrupt_in_the_middle_of_a_line_is_told_after_it() -> None:
    """A stream that is being written to cannot be entered again by the same thread."""

    class Struck(io.RawIOBase):
        def __init__(self) -> None:
            self.lines: list[bytes] = []
            self.is_first = True

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            if self.is_first:
                self.is_first = False
                strike()
            self.lines.append(bytes(data))
            return len(data)

    raw = Struck()
    stream = io.BufferedWriter(raw)

    def tell(what: str, done: int, total: int) -> None:
        stream.write(what.encode() + b"\n")
        stream.flush()

    with listening(tell), stopping_gracefully(), interruptible() as is_interrupted:
        tell("searching", 0, 0)
        assert is_interrupted()
    assert b"".join(raw.lines).decode().splitlines() == ["searching", STOPPING]


def work_on(strikes: int) -> None:
    """Work that the user interrupts so many times."""
    with interruptible():
        for _ in range(strikes):
            strike()


def test_the_second_interrupt_aborts() -> None:
    with stopping_gracefully():
        work_on(1)
        with pytest.raises(KeyboardInterrupt):
            work_on(2)


def test_the_second_interrupt_is_handled_as_before_the_block() -> None:
    class Ended(Exception):
        pass

    def end(number: int, frame: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGINT, end)
    try:
        with stopping_gracefully(), pytest.raises(Ended):
            work_on(2)
        assert signal.getsignal(signal.SIGINT) is end
    finally:
        signal.signal(signal.SIGINT, before)


def test_handlers_are_as_before_after_the_block() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stopping_gracefully(), interruptible():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_elsewhere_an_interrupt_aborts_at_once() -> None:
    with pytest.raises(KeyboardInterrupt):
        work_on(1)


def test_outside_the_main_thread_nothing_is_changed() -> None:
    seen: list[bool] = []

    def work() -> None:
        with stopping_gracefully(), interruptible() as is_interrupted:
            seen.append(is_interrupted())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
