"""Salesforce as a place to write to: sObject collections of 200 rows, or jobs for many.

Associations can be created and deleted, not updated, and only those of cause `Territory2Manual`:
the others are made by assignment rules. A row that failed fails alone (`allOrNone` is false).
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from pipelines.ingest.connectors.protocol import Table
from pipelines.writeback.changes import CAUSE, Change, CrmState, Link, LinkKind
from pipelines.writeback.ids import System, is_id_of, normal_id
from pipelines.writeback.journal import RowResult
from pipelines.writeback.salesforce_jobs import JOB_ROWS, SalesforceJobs
from pipelines.writeback.territory_model import chosen_model

_OBJECTS = {
    "account_owner": "Account",
    "object_territory": "ObjectTerritory2Association",
    "user_territory": "UserTerritory2Association",
}
_SUBJECTS = {"object_territory": "ObjectId", "user_territory": "UserId"}
_COLLECTION = "composite/sobjects"
# A query stands in the address, which may have 16,384 bytes; an id takes 25 of them, escaped.
_IDS_A_QUERY = 400


class SalesforceWriter(SalesforceJobs):
    """One organisation, to be read and written."""

    system: System = "salesforce"
    batch_rows = 200

    def most_rows(self, changes: int) -> int:
        return JOB_ROWS if changes > self._access.bulk_write_rows else self.batch_rows

    def state(self, accounts: Collection[str]) -> CrmState:
        asked = sorted(account for account in accounts if is_id_of("salesforce", account))
        owners = {
            normal_id("salesforce", row["Id"]): row["OwnerId"]
            for row in self._of_accounts("Account", ("Id", "OwnerId"), "Id", asked)
        }
        links = [*self._links("object_territory", asked), *self._links("user_territory", None)]
        return CrmState(owners, dict(links))

    def territories(self) -> Sequence[Mapping[str, str | None]]:
        return self._territories

    @cached_property
    def _territories(self) -> Sequence[Mapping[str, str | None]]:
        """Of the model that is written to."""
        if "Territory2" not in self._readable:
            return ()
        models = []
        if "Territory2Model" in self._readable:
            columns = ("Id", "Name", "DeveloperName", "State")
            models = list(self._records("Territory2Model", columns))
        model = chosen_model(models, self._access.territory2_model)
        columns = ("Id", "Name", "DeveloperName", "Territory2ModelId")
        found = self._records("Territory2", columns)
        return [row for row in found if model is None or row["Territory2ModelId"] == model]

    def send(self, changes: Sequence[Change], started: Callable[[str], None]) -> list[RowResult]:
        verb, kind = changes[0].verb, changes[0].kind
        rows = [_row(change) for change in changes]
        if len(changes) > self.batch_rows:
            return self.run_job(_OBJECTS[kind], changes, rows, started)
        if verb == "delete":
            answer = self._call(
                lambda client: client.restful(
                    _COLLECTION,
                    params={
                        "ids": ",".join(str(change.record_id) for change in changes),
                        "allOrNone": "false",
                    },
                    method="DELETE",
                )
            )
        else:
            records = [{"attributes": {"type": _OBJECTS[kind]}} | row for row in rows]
            body = json.dumps({"allOrNone": False, "records": records})
            method = "PATCH" if verb == "update" else "POST"
            answer = self._call(
                lambda client: client.restful(_COLLECTION, method=method, data=body)
            )
        return [_result(change, row) for change, row in zip(changes, answer or (), strict=True)]

    @cached_property
    def _readable(self) -> set[str]:
        return {table.name for table in self.tables()}

    def _links(self, kind: LinkKind, accounts: Sequence[str] | None) -> Iterator[tuple[Link, str]]:
        """The associations a person made with territories of the model; None: of all users."""
        name, subject = _OBJECTS[kind], _SUBJECTS[kind]
        if name not in self._readable:
            return
        ours = {territory["Id"] for territory in self._territories}
        columns = ["Id", subject, "Territory2Id"]
        if accounts is None:
            rows = self._records(name, columns)
        else:
            rows = self._of_accounts(name, [*columns, "AssociationCause"], subject, accounts)
        for row in rows:
            is_manual = accounts is None or row["AssociationCause"] == CAUSE
            if is_manual and row["Territory2Id"] in ours:
                link = (kind, normal_id("salesforce", row[subject]), row["Territory2Id"])
                yield link, row["Id"]

    def _of_accounts(
        self, name: str, columns: Sequence[str], subject: str, accounts: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        """The records about `accounts`, asked for by their ids.

        Beyond as many accounts as are fetched in bulk, the whole object is: one job instead of
        dozens of queries.
        """
        if len(accounts) > self._access.bulk_rows:
            wanted = {normal_id("salesforce", account) for account in accounts}
            for row in self._records(name, columns):
                if normal_id("salesforce", row[subject]) in wanted:
                    yield row
            return
        for start in range(0, len(accounts), _IDS_A_QUERY):
            listed = ", ".join(f"'{id_}'" for id_ in accounts[start : start + _IDS_A_QUERY])
            yield from self._records(name, columns, f"{subject} IN ({listed})")

    def _records(
        self, name: str, columns: Sequence[str], condition: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Records that are there, deleted ones left out; columns that do not exist are None."""
        known = self._columns_of(name)
        asked = [column for column in (*columns, "IsDeleted") if column in known]
        missing = dict.fromkeys(set(columns) - set(asked))
        for batch in self.select(Table(name, key=("Id",)), asked, condition):
            for row in batch.to_pylist():
                if row.get("IsDeleted") != "true":
                    yield row | missing

    def _columns_of(self, name: str) -> set[str]:
        if name not in self._described:
            self._described[name] = set(self.columns(Table(name, key=("Id",))))
        return self._described[name]

    @cached_property
    def _described(self) -> dict[str, set[str]]:
        return {}


def _row(change: Change) -> dict[str, str | None]:
    """The fields of a record to write; of one to delete its id."""
    if change.verb == "delete":
        return {"Id": change.record_id}
    if change.kind == "account_owner":
        return {"Id": change.record_id, "OwnerId": change.after}
    row = {_SUBJECTS[change.kind]: change.subject_id, "Territory2Id": change.after}
    if change.kind == "object_territory":
        row["AssociationCause"] = CAUSE
    return row


def _result(change: Change, row: Mapping[str, Any]) -> RowResult:
    if row.get("success"):
        return RowResult(change, True)
    error = (row.get("errors") or [{}])[0]
    code = str(error.get("statusCode") or "UNKNOWN")
    return RowResult(change, False, code, str(error.get("message") or "no reason given")[:300])
