"""The append-only log of acts: one line of JSON each, chained by digests, forced to the disk.

One line is one act, so an act that ends one plan and starts another happens whole or not at all.
A line cut off by a crash was never acknowledged; the next act takes its place.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import TerritoryError
from pipelines.lifecycle.acts import Act
from pipelines.publish.swap import sync_folder

LOG_NAME = "acts.jsonl"
_START = "0" * 64


class ActLog:
    """The log in the file `path`. Callers that append hold the lock of the store."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def acts(self) -> list[Act]:
        """Every act, oldest first.

        Raises:
            TerritoryError: a line was changed, removed or damaged after it was written.
        """
        return [act for act, _ in self._lines()]

    def append(self, act: Act) -> None:
        """Add `act`; when this returns it is on the disk."""
        previous = _START
        for _, digest in self._lines():
            previous = digest
        line = json.dumps({**act.content(), "previous": previous}, ensure_ascii=False) + "\n"
        is_new = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            # Whatever stands behind the last line break belongs to an act that never was.
            end = len(_whole(self._path.read_bytes()))
            os.ftruncate(descriptor, end)
            os.pwrite(descriptor, line.encode(), end)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self._path.parent)

    def _lines(self) -> Iterator[tuple[Act, str]]:
        """Every act with the digest of its line."""
        try:
            content = _whole(self._path.read_bytes())
        except FileNotFoundError:
            return
        previous = _START
        for number, line in enumerate(content.splitlines(), start=1):
            try:
                fields = json.loads(line)
                is_next = fields["previous"] == previous
                act = Act.of(fields)
            except (KeyError, TypeError, ValueError):
                is_next = False
            if not is_next:
                raise TerritoryError(
                    f"{self._path}: line {number} is not the one that was written there; the log "
                    "of acts is only ever appended to: restore it from a backup"
                )
            previous = hashlib.sha256(line).hexdigest()
            yield act, previous


def _whole(content: bytes) -> bytes:
    """`content` up to its last line break."""
    return content[: content.rfind(b"\n") + 1]
