"""The part of Salesforce's sObject collections that a push uses: rows written one by one."""

import json
from collections.abc import Callable
from typing import Any

from protocol_server import Request, ServerDied  # type: ignore[import-not-found]
from salesforce_jobs import IngestJobs  # type: ignore[import-not-found]

Record = dict[str, Any]
ROWS_A_REQUEST = 200
_PREFIX = {"ObjectTerritory2Association": "0MT", "UserTerritory2Association": "0MU"}
_SUBJECT = {"ObjectTerritory2Association": "ObjectId", "UserTerritory2Association": "UserId"}
_MOMENT = "2026-07-01T00:00:00.000Z"


class SalesforceWrites:
    """Writes into `records`, each row on its own.

    Attributes:
        rows_until_death: after so many rows the server answers nothing any more; None: it lives.
        refusals: codes that the next tries of a record (by its id, or subject) get.
        rows_written: how many rows changed something.
    """

    def __init__(self, records: dict[str, list[Record]]) -> None:
        self.records = records
        self.rows_until_death: int | None = None
        self.refusals: dict[str, list[str]] = {}
        self.rows_written = 0
        self._next_id = 0
        self.jobs = IngestJobs(self)

    def check_alive(self) -> None:
        if self.rows_until_death == 0:
            raise ServerDied

    def answer(self, request: Request) -> list[Record]:
        if request.method == "DELETE":
            return self._each(self._delete, request.query["ids"][0].split(","))
        asked = json.loads(request.body)
        assert asked["allOrNone"] is False
        write = self._update if request.method == "PATCH" else self._insert
        return self._each(write, asked["records"])

    def write_one(self, operation: str, name: str, row: Record) -> Record:
        """Write a row of a job."""
        self.check_alive()
        if operation == "delete":
            answer = self._delete(row["Id"])
        else:
            write = self._update if operation == "update" else self._insert
            answer = write({"attributes": {"type": name}} | row)
        self._count(answer)
        return answer

    def _count(self, answer: Record) -> None:
        if answer["success"]:
            self.rows_written += 1
            if self.rows_until_death is not None:
                self.rows_until_death -= 1

    def _each(self, write: Callable[[Any], Record], rows: list[Any]) -> list[Record]:
        assert 0 < len(rows) <= ROWS_A_REQUEST
        answers = []
        for row in rows:
            self.check_alive()
            answers.append(write(row))
            self._count(answers[-1])
        # Dying after the last row, the server has written all and answered nothing.
        self.check_alive()
        return answers

    def _update(self, row: Record) -> Record:
        if refused := self._refused(row["Id"]):
            return refused
        record = self._found(row["attributes"]["type"], row["Id"])
        if record is None:
            return _error("NOT_FOUND", "record does not exist")
        user = self._found("User", row["OwnerId"])
        if user is None or not user["IsActive"]:
            return _error("INACTIVE_OWNER_OR_USER", "owner is not active")
        record.update(OwnerId=row["OwnerId"], SystemModstamp=_MOMENT)
        return _success(row["Id"])

    def _insert(self, row: Record) -> Record:
        name = row.pop("attributes")["type"]
        subject = _SUBJECT[name]
        if refused := self._refused(row[subject]):
            return refused
        if name == "ObjectTerritory2Association" and row["AssociationCause"] != "Territory2Manual":
            return _error("INVALID_CROSS_REFERENCE_KEY", "cause cannot be authored")
        if any(
            (item[subject], item["Territory2Id"]) == (row[subject], row["Territory2Id"])
            for item in self._there(name)
        ):
            return _error("DUPLICATE_VALUE", "this association exists")
        self._next_id += 1
        id_ = f"{_PREFIX[name]}new{self._next_id:09}AAA"
        known = {"Id": id_, "SystemModstamp": _MOMENT}
        if name == "ObjectTerritory2Association":
            known["IsDeleted"] = False
        self.records[name].append(known | row)
        return _success(id_)

    def _delete(self, id_: str) -> Record:
        for name in _PREFIX:
            record = self._found(name, id_)
            if record is not None:
                if record.get("AssociationCause", "Territory2Manual") != "Territory2Manual":
                    return _error("DELETE_FAILED", "made by an assignment rule")
                if name == "UserTerritory2Association":
                    self.records[name].remove(record)  # it has no IsDeleted
                else:
                    record.update(IsDeleted=True, SystemModstamp=_MOMENT)
                return _success(id_)
        return _error("ENTITY_IS_DELETED", "entity is deleted")

    def _there(self, name: str) -> list[Record]:
        return [record for record in self.records[name] if not record.get("IsDeleted")]

    def _found(self, name: str, id_: str) -> Record | None:
        return next((record for record in self._there(name) if record["Id"] == id_), None)

    def _refused(self, id_: str) -> Record | None:
        codes = self.refusals.get(id_)
        return _error(codes.pop(0), "refused by the test") if codes else None


def _success(id_: str) -> Record:
    return {"id": id_, "success": True, "errors": []}


def _error(code: str, message: str) -> Record:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}
