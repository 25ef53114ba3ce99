"""What became of every row of a push, as a file."""

from pathlib import Path

import polars as pl

from pipelines.publish.tables_out import write_rows
from pipelines.writeback.push import PushOutcome

IDS = ("subject_id", "before", "after", "record_id")


def write_results(path: Path, outcome: PushOutcome, *, is_sent: bool = True) -> None:
    """Write one row for each change: what it is, and done, failed or not sent."""
    rows = [
        {
            "kind": result.change.kind,
            "verb": result.change.verb,
            "subject_id": result.change.subject_id,
            "before": result.change.before,
            "after": result.change.after,
            "outcome": outcome_of,
            "code": result.code if is_sent else "",
            "message": result.message if is_sent else "",
        }
        for outcome_of, results in (
            ("done", outcome.done),
            ("failed" if is_sent else "not sent", outcome.failed),
        )
        for result in results
    ]
    names = ("kind", "verb", "subject_id", "before", "after", "outcome", "code", "message")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))
    write_rows(frame, path, untouched=IDS)
