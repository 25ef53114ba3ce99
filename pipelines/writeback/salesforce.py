"""Salesforce as a place to write to: sObject collections of 200 rows, each row on its own.

Associations can be created and deleted, not updated, and only those of cause `Territory2Manual`:
the others are made by assignment rules. A row that failed fails alone (`allOrNone` is false).
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from pipelines.ingest.connectors.protocol import Table
from pipelines.ingest.connectors.salesforce import SalesforceTables
from pipelines.writeback.changes import CAUSE, Change, CrmState, Link, LinkKind
from pipelines.writeback.ids import System, normal_id
from pipelines.writeback.journal import RowResult

_OBJECTS = {
    "account_owner": "Account",
    "object_territory": "ObjectTerritory2Association",
    "user_territory": "UserTerritory2Association",
}
_SUBJECTS = {"object_territory": "ObjectId", "user_territory": "UserId"}
_COLLECTION = "composite/sobjects"


class SalesforceWriter(SalesforceTables):
    """One organisation, to be read and written."""

    system: System = "salesforce"
    batch_rows = 200

    def state(self, accounts: Collection[str]) -> CrmState:
        wanted = set(accounts)
        owners = {
            normal_id("salesforce", row["Id"]): row["OwnerId"]
            for row in self._records("Account", ("Id", "OwnerId"))
        }
        return CrmState(
            {account: owner for account, owner in owners.items() if account in wanted},
            dict([*self._links("object_territory"), *self._links("user_territory")]),
        )

    def territories(self) -> Sequence[Mapping[str, str | None]]:
        if "Territory2" not in self._readable:
            return ()
        return list(self._records("Territory2", ("Id", "Name", "DeveloperName")))

    def send(self, changes: Sequence[Change]) -> list[RowResult]:
        verb, kind = changes[0].verb, changes[0].kind
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
            rows = [_row(kind, change) for change in changes]
            body = json.dumps({"allOrNone": False, "records": rows})
            method = "PATCH" if verb == "update" else "POST"
            answer = self._call(
                lambda client: client.restful(_COLLECTION, method=method, data=body)
            )
        return [_result(change, row) for change, row in zip(changes, answer or (), strict=True)]

    @cached_property
    def _readable(self) -> set[str]:
        return {table.name for table in self.tables()}

    def _links(self, kind: LinkKind) -> Iterator[tuple[Link, str]]:
        name, subject = _OBJECTS[kind], _SUBJECTS[kind]
        if name not in self._readable:
            return
        columns = ["Id", subject, "Territory2Id"]
        if kind == "object_territory":
            columns.append("AssociationCause")
        for row in self._records(name, columns):
            if kind == "user_territory" or row["AssociationCause"] == CAUSE:
                link = (kind, normal_id("salesforce", row[subject]), row["Territory2Id"])
                yield link, row["Id"]

    def _records(self, name: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Records that are there, deleted ones left out; columns that do not exist are None."""
        table = Table(name, key=("Id",))
        known = self.columns(table)
        asked = [column for column in (*columns, "IsDeleted") if column in known]
        missing = dict.fromkeys(set(columns) - set(asked))
        for batch in self.read(table, asked, None):
            for row in batch.to_pylist():
                if row.get("IsDeleted") != "true":
                    yield row | missing


def _row(kind: str, change: Change) -> dict[str, Any]:
    attributes = {"type": _OBJECTS[kind]}
    if kind == "account_owner":
        return {"attributes": attributes, "Id": change.record_id, "OwnerId": change.after}
    row = {
        "attributes": attributes,
        _SUBJECTS[kind]: change.subject_id,
        "Territory2Id": change.after,
    }
    if kind == "object_territory":
        row["AssociationCause"] = CAUSE
    return row


def _result(change: Change, row: Mapping[str, Any]) -> RowResult:
    if row.get("success"):
        return RowResult(change, True)
    error = (row.get("errors") or [{}])[0]
    code = str(error.get("statusCode") or "UNKNOWN")
    return RowResult(change, False, code, str(error.get("message") or "no reason given")[:300])
