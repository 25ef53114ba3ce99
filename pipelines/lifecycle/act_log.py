"""The append-only log of acts: one line of JSON each, chained by digests, forced to the disk.

One line is one act, so an act that ends one plan and starts another happens whole or not at all.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import TerritoryError
from pipelines.lifecycle.acts import Act
from pipelines.publish.line_log import append_lines, whole_lines

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
        append_lines(self._path, line)

    def _lines(self) -> Iterator[tuple[Act, str]]:
        """Every act with the digest of its line."""
        previous = _START
        for number, line in enumerate(whole_lines(self._path), start=1):
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
