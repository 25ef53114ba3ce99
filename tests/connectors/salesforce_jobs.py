"""The ingest jobs of Bulk API 2.0 as Salesforce documents them: rows are written while polled."""

import csv
import io
import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from protocol_server import Answer, Request, json_answer  # type: ignore[import-not-found]

Record = dict[str, Any]


class RowWriter(Protocol):
    def write_one(self, operation: str, name: str, row: Record) -> Record: ...


@dataclass
class Job:
    """One job; `results` are the rows it has come to, with the answer to each."""

    operation: str
    object: str
    state: str = "Open"
    rows: list[Record] = field(default_factory=list)
    results: list[tuple[Record, Record]] = field(default_factory=list)


class IngestJobs:
    """Jobs by id.

    Attributes:
        rows_a_look: how many rows a job writes between two looks at it.
        fails_after: after so many rows a job fails, and the others stay unprocessed; None: never.
    """

    def __init__(self, writer: RowWriter) -> None:
        self.jobs: dict[str, Job] = {}
        self.rows_a_look = 3
        self.fails_after: int | None = None
        self._writer = writer

    def answer(self, request: Request, place: list[str]) -> Answer:
        match (request.method, place):
            case ("POST", []):
                asked = json.loads(request.body)
                assert (asked["contentType"], asked["lineEnding"]) == ("CSV", "LF")
                identity = f"7505e0000000{len(self.jobs):03}AAA"
                self.jobs[identity] = Job(asked["operation"], asked["object"])
                return self._shown(identity)
            case (_, [identity, *_]) if identity not in self.jobs:
                return json_answer([{"errorCode": "NOT_FOUND", "message": "no such job"}], 404)
            case ("PUT", [identity, "batches"]):
                assert self.jobs[identity].state == "Open"
                self.jobs[identity].rows = list(csv.DictReader(io.StringIO(request.body.decode())))
                return Answer(b"", 201)
            case ("PATCH", [identity]):
                self.jobs[identity].state = json.loads(request.body)["state"]
                return self._shown(identity)
            case ("GET", [identity]):
                self._work_on(self.jobs[identity])
                return self._shown(identity)
            case ("GET", [identity, kind]):
                return self._results(self.jobs[identity], kind)
        return json_answer([{"errorCode": "METHOD_NOT_ALLOWED", "message": "x"}], 405)

    def _work_on(self, job: Job) -> None:
        if job.state == "UploadComplete":
            job.state = "InProgress"
        elif job.state == "InProgress":
            for _ in range(self.rows_a_look):
                done = len(job.results)
                if self.fails_after is not None and done >= self.fails_after:
                    job.state = "Failed"
                    return
                if done == len(job.rows):
                    job.state = "JobComplete"
                    return
                answer = self._writer.write_one(job.operation, job.object, dict(job.rows[done]))
                job.results.append((job.rows[done], answer))

    def _shown(self, identity: str) -> Answer:
        job = self.jobs[identity]
        content = {
            "id": identity, "state": job.state, "object": job.object,
            "numberRecordsProcessed": len(job.results),
        }  # fmt: skip
        if job.state == "Failed":
            content["errorMessage"] = "the job failed"
        return json_answer(content)

    @staticmethod
    def _results(job: Job, kind: str) -> Answer:
        columns = list(job.rows[0])
        if kind == "unprocessedrecords":
            header, rows = columns, [list(r.values()) for r in job.rows[len(job.results) :]]
        elif kind == "successfulResults":
            header = ["sf__Id", "sf__Created", *columns]
            rows = [[a["id"], "false", *r.values()] for r, a in job.results if a["success"]]
        else:
            header = ["sf__Id", "sf__Error", *columns]
            rows = [
                ["", f"{a['errors'][0]['statusCode']}:{a['errors'][0]['message']}:--", *r.values()]
                for r, a in job.results
                if not a["success"]
            ]
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(header)
        # Results come in any order.
        writer.writerows(reversed(rows))
        return Answer(text.getvalue().encode(), 200, {"Content-Type": "text/csv; charset=UTF-8"})
