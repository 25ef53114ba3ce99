"""The books of an ingest: what was set aside, what each file came to, what was noticed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from pipelines.errors import MESSAGE_LIMIT_CHARACTERS

_TABLES = {
    "quarantined_row": (
        "source_table VARCHAR, source_file VARCHAR, row_number BIGINT, record_id VARCHAR,"
        " rule VARCHAR, column_name VARCHAR, value VARCHAR, payload_json VARCHAR, run_id VARCHAR"
    ),
    "meta_load": (
        "source_table VARCHAR, source_file VARCHAR, file_role VARCHAR, file_sha256 VARCHAR,"
        " rows_read BIGINT,"
        " rows_loaded BIGINT, rows_quarantined BIGINT, rows_duplicate BIGINT,"
        " rows_excluded BIGINT, excluded_by_json VARCHAR, run_id VARCHAR"
    ),
    "meta_finding": (
        "finding_id VARCHAR, severity VARCHAR, rule VARCHAR, table_name VARCHAR,"
        " column_name VARCHAR, record_id VARCHAR, affected_rows BIGINT, message VARCHAR,"
        " run_id VARCHAR"
    ),
    "meta_finding_row": (
        "finding_id VARCHAR, table_name VARCHAR, column_name VARCHAR, rule VARCHAR,"
        " record_id VARCHAR, row_number BIGINT, value VARCHAR, repaired_value VARCHAR,"
        " related_record_id VARCHAR, score DOUBLE, run_id VARCHAR"
    ),
    # What each file's columns looked like, for the next load to be compared with.
    "load_column": (
        "source_table VARCHAR, source_file VARCHAR, position BIGINT, heading VARCHAR,"
        " shape VARCHAR, is_mapped BOOLEAN"
    ),
}

FileRole = Literal["records", "lookup", "history", "watched"]
"""What a file is read for: rows of a raw table, values looked up, earlier values, checks alone."""

LEDGER_TABLES = tuple(table for table in _TABLES if table != "load_column")
"""The tables of the books that name the run they belong to."""


@dataclass(frozen=True)
class FileLoad:
    """One file's reconciliation: read = loaded + quarantined + duplicate + excluded.

    `source_table` is the raw table the file went to, or serves.
    """

    source_table: str
    source_file: str
    file_sha256: str
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_duplicate: int
    excluded_by: dict[str, int] = field(default_factory=dict)
    file_role: FileRole = "records"

    @property
    def rows_excluded(self) -> int:
        return sum(self.excluded_by.values())

    @property
    def quarantined_share(self) -> float:
        """Quarantined rows ÷ rows read; 0 for a file without rows."""
        return self.rows_quarantined / self.rows_read if self.rows_read else 0.0

    def is_reconciled(self) -> bool:
        """Whether every row read is accounted for."""
        return self.rows_read == (
            self.rows_loaded + self.rows_quarantined + self.rows_duplicate + self.rows_excluded
        )


@dataclass(frozen=True)
class Finding:
    """A repair or observation that does not stop a run."""

    severity: Literal["info", "warning"]
    rule: str
    table_name: str
    column_name: str | None
    affected_rows: int
    message: str
    record_id: str | None = None

    @property
    def finding_id(self) -> str:
        """Stable across runs: rule, table, column and record."""
        parts = (self.rule, self.table_name, self.column_name, self.record_id)
        return ":".join(part for part in parts if part)


def create_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace the ledger tables by empty ones."""
    for table, columns in _TABLES.items():
        connection.execute(f"CREATE OR REPLACE TABLE {table} ({columns})")


def record_load(connection: duckdb.DuckDBPyConnection, load: FileLoad, run_id: str) -> None:
    """Enter a file's reconciliation."""
    connection.execute(
        "INSERT INTO meta_load VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            load.source_table,
            load.source_file,
            load.file_role,
            load.file_sha256,
            load.rows_read,
            load.rows_loaded,
            load.rows_quarantined,
            load.rows_duplicate,
            load.rows_excluded,
            json.dumps(load.excluded_by, sort_keys=True),
            run_id,
        ],
    )


def record_findings(
    connection: duckdb.DuckDBPyConnection, findings: Sequence[Finding], run_id: str
) -> None:
    """Enter findings in the given order."""
    for finding in findings:
        connection.execute(
            "INSERT INTO meta_finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                finding.finding_id,
                finding.severity,
                finding.rule,
                finding.table_name,
                finding.column_name,
                finding.record_id,
                finding.affected_rows,
                finding.message[:MESSAGE_LIMIT_CHARACTERS],
                run_id,
            ],
        )
