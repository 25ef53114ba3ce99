"""One run at a time on a data folder, and no publication by a run that lost its turn."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from pipelines.errors import ConfigurationError, GateError


class RunLock:
    """An exclusive lock on `<data_dir>/working/run.lock`, held as long as the process lives.

    The kernel releases it when the process dies, however it dies: there is no stale lock to clear.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "working" / "run.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            GateError: another process holds it.
            ConfigurationError: the data folder cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConfigurationError(
                f"{self._path.parent.parent}: results cannot be written here ({error.strerror}); "
                "change its permissions or choose another data_dir"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise GateError(
                f"{self._path.parent.parent}: another run is going on (process {holder or '?'}); "
                "wait for it to end, or use another --data-dir"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def check(self) -> None:
        """The fence before publishing: raises GateError when the lock is no longer ours."""
        try:
            on_disk = self._path.stat()
        except FileNotFoundError:
            on_disk = None
        ours = (
            self._descriptor is not None
            and on_disk is not None
            and os.path.samestat(os.fstat(self._descriptor), on_disk)
        )
        if not ours:
            raise GateError(
                f"{self._path}: this run no longer holds its lock, so it may not publish; "
                "start it again"
            )

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "RunLock":
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
