"""Many rows to Salesforce as one job of Bulk API 2.0: created, filled, closed, waited for, read.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/bulk_api_2_0.htm
"""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pipelines.errors import InputError, quote
from pipelines.ingest.connectors.protocol import Table
from pipelines.ingest.connectors.salesforce import SalesforceTables
from pipelines.progress import report
from pipelines.writeback.changes import Change
from pipelines.writeback.ids import normal_id
from pipelines.writeback.journal import RowResult

# A job takes 100 MB of rows, and cuts them into batches of 10,000 itself; smaller jobs than it
# could take, so that an interrupted push has a result for most of its rows.
JOB_ROWS = 100_000
_ENDED = ("JobComplete", "Failed", "Aborted")
_UNSAID = ("UNKNOWN", "the job has no result for this row")
# Results and the code of a row that has none of its own.
_FAILURES = {"failedResults": "UNKNOWN", "unprocessedrecords": "UNPROCESSED"}

# What is written; the other columns of a row say to what.
_VALUES = ("OwnerId", "AssociationCause")

Row = Mapping[str, str | None]
Key = tuple[str, ...]


class SalesforceJobs(SalesforceTables):
    """One organisation, written to by jobs."""

    def run_job(
        self,
        name: str,
        changes: Sequence[Change],
        rows: Sequence[Row],
        started: Callable[[str], None],
    ) -> list[RowResult]:
        """Write `rows`, one for each of `changes`, all of one verb, to the object `name`.

        Args:
            started: told the id of the job before it has any row.

        Raises:
            InputError: the organisation does not answer or refuses the job.
        """
        table = Table(name, key=("Id",))
        operation = changes[0].verb
        job = self._call_bulk(table, partial(_created, operation))["id"]
        started(job)
        text = _as_csv(rows)
        self._call_bulk(table, lambda client: client.upload_job_data(job, text))
        self._call_bulk(table, lambda client: client.close_job(job))
        ended = self._ended(table, job)
        reason = ended.get("errorMessage")
        unsaid = (_UNSAID[0], str(reason)[:300]) if reason else _UNSAID
        key = tuple(column for column in rows[0] if column not in _VALUES)
        outcomes: dict[Key, tuple[bool, str, str]] = {}
        for result in self._results(table, job, "successfulResults"):
            outcomes[_key(result, key)] = (True, "", "")
        for kind, default in _FAILURES.items():
            for result in self._results(table, job, kind):
                # Such as UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--
                code, _, message = (result.get("sf__Error") or default).partition(":")
                outcomes.setdefault(_key(result, key), (False, code, message[:300]))
        return [
            RowResult(change, *outcomes.get(_key(row, key), (False, *unsaid)))
            for change, row in zip(changes, rows, strict=True)
        ]

    def settle(self, jobs: Collection[str]) -> None:
        """End jobs that have no rows yet, and wait for the others."""
        table = Table("Account", key=("Id",))
        for job in jobs:
            try:
                state = self._call_bulk(table, partial(_looked_at, job))["state"]
                if state == "Open":
                    self._call_bulk(table, partial(_aborted, job))
                else:
                    self._ended(table, job)
            except InputError as error:
                # Jobs are forgotten after seven days.
                if "NOT_FOUND" not in str(error):
                    raise

    def _ended(self, table: Table, job: str) -> Mapping[str, Any]:
        while True:
            seen: Mapping[str, Any] = self._call_bulk(table, partial(_looked_at, job))
            if seen["state"] in _ENDED:
                return seen
            if seen["state"] == "Open":
                raise InputError(f"{self.identity}: job {quote(job)} was not closed; push again")
            rows = seen.get("numberRecordsProcessed") or 0
            report(f"Salesforce works on {table.name}: {rows:,} rows so far")
            self._sleep(self._access.poll_seconds)

    def _results(self, table: Table, job: str, kind: str) -> Iterator[dict[str, str]]:
        text = self._call_bulk(table, lambda client: client.get_ingest_results(job, kind))
        yield from csv.DictReader(io.StringIO(text))


def _created(operation: str, client: Any) -> Any:
    from simple_salesforce.bulk2 import Operation

    return client.create_job(Operation(operation))


def _looked_at(job: str, client: Any) -> Any:
    return client.get_job(job, is_query=False)


def _aborted(job: str, client: Any) -> Any:
    return client.abort_job(job, is_query=False)


def _as_csv(rows: Sequence[Row]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _key(row: Mapping[str, str | None], names: Key) -> Key:
    return tuple(normal_id("salesforce", row.get(name) or "") for name in names)
