"""The journal of what was sent for a plan: each row before it goes, and what became of it.

It is what a rollback restores from: the state before the first row that touched a thing. Every line
is on the disk before the next request is made.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import TerritoryError
from pipelines.publish.line_log import append_lines, whole_lines
from pipelines.writeback.changes import Change, Desired, Link

JOURNAL_NAME = "push.jsonl"


@dataclass(frozen=True)
class RowResult:
    """What the CRM answered to one change: done, or a code and a message."""

    change: Change
    is_done: bool
    code: str = ""
    message: str = ""


class Journal:
    """The journal in the folder of a plan."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_NAME

    def intend(self, changes: Sequence[Change]) -> None:
        """Note changes that are about to be sent."""
        self._append({"event": "send", **asdict(change)} for change in changes)

    def answered(self, results: Sequence[RowResult]) -> None:
        """Note what became of them."""
        self._append({"event": "answer", **asdict(result)} for result in results)

    def started(self, job: str) -> None:
        """Note a job of the CRM that goes on by itself."""
        self._append([{"event": "job", "job": job}])

    def settled(self) -> None:
        """Note that none of the jobs goes on any more."""
        self._append([{"event": "settled"}])

    def open_jobs(self) -> list[str]:
        """The jobs that may still be going on, oldest first."""
        jobs: list[str] = []
        for entry in self._entries():
            if entry["event"] == "job":
                jobs.append(entry["job"])
            elif entry["event"] == "settled":
                jobs = []
        return jobs

    def rolled_back(self) -> None:
        """Note that the state before the first push holds again."""
        self._append([{"event": "rolled_back"}])

    def is_open(self) -> bool:
        """Whether something was sent that no rollback took back."""
        return bool(self.touched())

    def touched(self) -> list[Change]:
        """The first change of each thing since the last rollback, oldest first."""
        first: dict[tuple[str, ...], Change] = {}
        for entry in self._entries():
            if entry["event"] == "rolled_back":
                first = {}
            elif entry["event"] == "send":
                content = {k: v for k, v in entry.items() if k != "event"}
                change = Change(**content)
                first.setdefault(change.key, change)
        return list(first.values())

    def former(self) -> Desired:
        """What stood in the CRM before the first change of each thing."""
        owners: dict[str, str | None] = {}
        links: dict[Link, bool] = {}
        for change in self.touched():
            if change.kind == "account_owner":
                owners[change.subject_id] = change.before
            else:
                links[change.link] = change.verb == "delete"
        return Desired(owners, links)

    def _entries(self) -> Iterator[dict[str, Any]]:
        # A line cut off by a crash was never sent.
        for number, line in enumerate(whole_lines(self.path), start=1):
            try:
                yield json.loads(line)
            except ValueError:
                raise TerritoryError(
                    f"{self.path}: line {number} is damaged; restore the file from a backup"
                ) from None

    def _append(self, entries: Any) -> None:
        text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        if text:
            append_lines(self.path, text)
