"""The part of Salesforce's documented REST and Bulk 2.0 interfaces that the connector uses."""

import csv
import io
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from protocol_server import Answer, Request, json_answer  # type: ignore[import-not-found]
from salesforce_writes import SalesforceWrites  # type: ignore[import-not-found]

VERSION = "v61.0"
CLIENT_ID, CLIENT_SECRET = "the-client-id", "the-client-secret-0815"
_QUERY = re.compile(
    r"SELECT (?P<columns>[\w, ]+) FROM (?P<table>\w+)"
    r"(?: WHERE (?P<cursor>SystemModstamp|CreatedDate) >= (?P<since>\S+)"
    r"| WHERE (?P<field>\w+) IN \((?P<ids>[^)]*)\))?"
)

Record = dict[str, Any]


class FakeSalesforce:
    """An organisation: records by object, each with Id, SystemModstamp (…Z) and maybe IsDeleted."""

    def __init__(self, records: dict[str, list[Record]], *, page_rows: int = 2000) -> None:
        self.records = records
        self.page_rows = page_rows
        self.token = "session-1"
        self.answers_per_token: int | None = None
        self.writes = SalesforceWrites(records)
        self._answered = 0
        self._locators: dict[str, tuple[list[Record], list[str], int]] = {}
        self._jobs: dict[str, tuple[list[Record], list[str], int]] = {}

    def expire(self) -> None:
        self.token = f"session-{int(self.token.rpartition('-')[2]) + 1}"

    def answer(self, request: Request) -> Answer:
        self.writes.check_alive()
        if request.path == "/services/oauth2/token":
            return self._log_in(request)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        self._answered += 1
        if self.answers_per_token and self._answered % self.answers_per_token == 0:
            self.expire()
        base = f"/services/data/{VERSION}/"
        if not request.path.startswith(base):
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        match request.path.removeprefix(base).strip("/").split("/"):
            case ["sobjects"]:
                found = [{"name": name, "queryable": True} for name in self.records]
                return json_answer({"sobjects": [*found, {"name": "X", "queryable": False}]})
            case ["sobjects", name, "describe"] if name in self.records:
                return json_answer({"fields": self._fields(name)})
            case ["queryAll"]:
                return self._query(request.query["q"][0])
            case ["queryAll", locator]:
                return self._more(locator)
            case ["composite", "sobjects"]:
                return json_answer(self.writes.answer(request))
            case ["jobs", "ingest", *place]:
                return self.writes.jobs.answer(request, place)
            case ["jobs", "query"] if request.method == "POST":
                return self._create_job(json.loads(request.body))
            case ["jobs", "query", job]:
                return self._job_state(job)
            case ["jobs", "query", job, "results"]:
                return self._job_results(job, request)
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def _log_in(self, request: Request) -> Answer:
        body = request.body.decode()
        if f"client_id={CLIENT_ID}" not in body or f"client_secret={CLIENT_SECRET}" not in body:
            return json_answer(
                {"error": "invalid_client", "error_description": "invalid client credentials"}, 400
            )
        url = f"http://{request.headers['host']}"
        return json_answer(
            {"access_token": self.token, "instance_url": url, "token_type": "Bearer"}
        )

    def _columns(self, name: str) -> list[str]:
        return list(dict.fromkeys(column for record in self.records[name] for column in record))

    def _fields(self, name: str) -> list[dict[str, str]]:
        fields = [{"name": column, "type": "string"} for column in self._columns(name)]
        return [*fields, {"name": "BillingAddress", "type": "address"}]

    def _select(self, query: str) -> tuple[list[Record], list[str]] | Answer:
        match = _QUERY.fullmatch(query)
        if match is None:
            return _error(400, "MALFORMED_QUERY", "unexpected token")
        if match["table"] not in self.records:
            return _error(400, "INVALID_TYPE", f"sObject type '{match['table']}' is not supported")
        columns = match["columns"].split(", ")
        known = self._columns(match["table"])
        for column in columns:
            if column not in known:
                return _error(400, "INVALID_FIELD", f"No such column '{column}'")
        since = match["since"] or ""
        cursor = match["cursor"] or "SystemModstamp"
        rows = [row for row in self.records[match["table"]] if not since or row[cursor] >= since]
        if match["ids"] is not None:
            assert len(quote(query)) < 16_384, "an address has an end"
            ids = set(match["ids"].replace("'", "").split(", "))
            rows = [row for row in rows if row[match["field"]] in ids]
        return rows, columns

    def _query(self, query: str) -> Answer:
        selected = self._select(query)
        if isinstance(selected, Answer):
            return selected
        return self._page(*selected, 0)

    def _more(self, locator: str) -> Answer:
        if locator not in self._locators:
            return _error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(*self._locators[locator])

    def _page(self, rows: list[Record], columns: list[str], start: int) -> Answer:
        stop = start + self.page_rows
        records = [
            {"attributes": {"type": "x"}}
            | {
                name: (
                    row.get(name).replace("Z", "+0000")  # type: ignore[union-attr]
                    if name in ("SystemModstamp", "CreatedDate") and row.get(name)
                    else row.get(name)
                )
                for name in columns
            }
            for row in rows[start:stop]
        ]
        content: dict[str, Any] = {
            "totalSize": len(rows), "done": stop >= len(rows), "records": records
        }  # fmt: skip
        if stop < len(rows):
            locator = f"01gRO0000016PIA-{stop}"
            self._locators[locator] = (rows, columns, stop)
            content["nextRecordsUrl"] = f"/services/data/{VERSION}/queryAll/{locator}"
        return json_answer(content)

    def _create_job(self, content: dict[str, Any]) -> Answer:
        if content["operation"] != "queryAll":
            return _error(400, "INVALIDJOB", "only queryAll is expected")
        selected = self._select(content["query"])
        if isinstance(selected, Answer):
            return selected
        job = f"750R0000000zlh{len(self._jobs)}"
        self._jobs[job] = (*selected, 0)
        return json_answer({"id": job, "state": "UploadComplete"})

    def _job_state(self, job: str) -> Answer:
        rows, columns, looks = self._jobs[job]
        self._jobs[job] = (rows, columns, looks + 1)
        state = "JobComplete" if looks else "InProgress"
        return json_answer({"id": job, "state": state, "numberRecordsProcessed": len(rows)})

    def _job_results(self, job: str, request: Request) -> Answer:
        rows, columns, _ = self._jobs[job]
        start = int(request.query.get("locator", ["0"])[0])
        page = rows[start : start + min(self.page_rows, int(request.query["maxRecords"][0]))]
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_csv_value(row.get(name)) for name in columns] for row in page)
        stop = start + len(page)
        headers = {
            "Content-Type": "text/csv; charset=UTF-8",
            "Sforce-NumberOfRecords": str(len(page)),
            "Sforce-Locator": str(stop) if stop < len(rows) else "null",
        }
        return Answer(text.getvalue().encode(), 200, headers)


def _csv_value(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _error(status: int, code: str, message: str) -> Answer:
    return json_answer([{"errorCode": code, "message": message}], status)


def with_moments(records: Iterable[Record], day: str = "2026-06-01") -> list[Record]:
    """Records with a SystemModstamp each, a second apart, where they have none."""
    return [
        {"SystemModstamp": f"{day}T{i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}.000Z"} | record
        for i, record in enumerate(records)
    ]
