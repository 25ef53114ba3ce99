"""What `territory check` does: read, look, run the raw gate, and say all of it in one report."""

import dataclasses
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines.errors import GateError, InputError, TerritoryError
from pipelines.settings.loader import Settings
from pipelines.stages.check_results import CheckRow
from pipelines.stages.gates import run_expectations, stop_on_failed_checks
from pipelines.stages.ingest import ensure_sample, ingest
from pipelines.stages.quality import last_good_load, observe_input
from pipelines.stages.run_context import WorkPaths
from pipelines.warehouse import session

REPORT_VERSION = 1

_FILES = """
    SELECT source_table AS "table", source_file AS file, file_role AS role, file_sha256 AS sha256,
        rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_excluded, excluded_by_json
    FROM meta_load ORDER BY source_table, source_file, file_role
"""
_QUARANTINED = """
    SELECT source_table AS "table", column_name AS "column", rule, 'warning' AS severity,
        count(*) AS rows_affected,
        list(record_id ORDER BY row_number) FILTER (record_id IS NOT NULL) AS row_keys,
        list(row_number ORDER BY row_number) AS row_numbers,
        'set aside in the quarantine' AS message
    FROM quarantined_row GROUP BY source_table, column_name, rule
    ORDER BY source_table, column_name, rule
"""
_OBSERVED = """
    SELECT finding.table_name AS "table", finding.column_name AS "column", finding.rule,
        any_value(finding.severity) AS severity, any_value(affected_rows) AS rows_affected,
        list_distinct(list(named.record_id ORDER BY named.row_number, named.record_id)
            FILTER (named.record_id IS NOT NULL)) AS row_keys,
        list_distinct(list(named.row_number ORDER BY named.row_number, named.record_id)
            FILTER (named.row_number IS NOT NULL)) AS row_numbers,
        any_value(finding.message) AS message
    FROM meta_finding AS finding LEFT JOIN meta_finding_row AS named USING (finding_id)
    GROUP BY finding.table_name, finding.column_name, finding.rule, finding_id
    ORDER BY finding.table_name, finding.column_name, finding.rule
"""
_DRIFTED = """
    SELECT table_name AS "table", column_name AS "column", rule, severity, 0 AS rows_affected,
        [] AS row_keys, [] AS row_numbers, message
    FROM meta_drift ORDER BY table_name, column_name, rule
"""

Origin = Literal["file", "quarantine", "observation", "drift", "check"]


@dataclass
class CheckReport:
    """Everything one check found.

    Attributes:
        files: the reconciliation of each file, as `meta_load` has it.
        findings: table, column, rule, severity, rows_affected, row_keys and row_numbers (as far as
            the rule is about rows), message, and `origin`, where it comes from.
        stopped_by: the error that a run on this input would end with.
    """

    as_of: date | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    checks: list[CheckRow] = field(default_factory=list)
    stopped_by: TerritoryError | None = None

    def content(self) -> dict[str, Any]:
        """The report as `--json` writes it."""
        return {
            "report_version": REPORT_VERSION,
            "as_of": self.as_of and self.as_of.isoformat(),
            "exit_code": self.stopped_by.exit_code if self.stopped_by else 0,
            "message": str(self.stopped_by) if self.stopped_by else "Input is good.",
            "files": self.files,
            "findings": self.findings,
        }


def check_input(
    settings: Settings, scratch: Path, *, today: date, names_rows: bool = False
) -> CheckReport:
    """Read and check the input of `settings` in the folder `scratch`; publish nothing.

    Args:
        names_rows: name every row of a failed check, not only the first five.
    """
    if settings.project.sample is not None:
        ensure_sample(settings.project.sample, settings.data_dir / "input")
    # A folder of its own: the working database of a run that is going on stays untouched.
    apart = dataclasses.replace(
        settings,
        data_dir=scratch,
        project=settings.project.model_copy(update={"sample": None}),
        **landed_before(settings),
    )
    report = CheckReport()
    try:
        context, _ = ingest(apart, today=today)
        report.as_of = context.as_of
        observe_input(apart, context, last_good_load(settings, context.input_digest))
        report.checks = run_expectations(apart, context, "raw", names_rows=names_rows)
        stop_on_failed_checks(report.checks)
    except (InputError, GateError) as error:
        report.stopped_by = error
    _collect(report, WorkPaths(scratch).warehouse)
    return report


def landed_before(settings: Settings) -> dict[str, Any]:
    """Sources and connectors of a check: what has landed is read where it lies, untouched."""
    landed = {
        name: settings.landed_dir / name / "current"
        for name in settings.connectors
        if (settings.landed_dir / name / "manifest.json").is_file()
    }
    return {
        "sources": {
            name: dataclasses.replace(source, path=landed.get(name, source.path))
            for name, source in settings.sources.items()
        },
        "connectors": {
            name: connector for name, connector in settings.connectors.items() if name not in landed
        },
    }


def _collect(report: CheckReport, warehouse: Path) -> None:
    error = report.stopped_by
    if isinstance(error, InputError):
        report.findings.append(
            _finding(
                "file",
                table=error.table_name,
                column=error.column_name,
                rule=error.rule,
                severity="error",
                message=str(error),
            )
        )
    with session(warehouse) as connection:
        tables = {name for (name,) in connection.execute("SHOW TABLES").fetchall()}
        if "meta_load" in tables:
            report.files = _files(connection)
            report.findings += _read(connection, "quarantine", _QUARANTINED)
            report.findings += _read(connection, "observation", _OBSERVED)
        if "meta_drift" in tables:
            report.findings += _read(connection, "drift", _DRIFTED)
    report.findings += [
        _finding(
            "check",
            table=row.table_name,
            column=row.column_name,
            rule=row.check_name,
            severity=row.severity,
            rows_affected=row.rows_affected,
            row_keys=[key for key, _ in row.rows],
            row_numbers=[number for _, number in row.rows if number is not None],
            message=row.message,
        )
        for row in report.checks
        # Drift is listed figure by figure.
        if not row.passed and row.table_name != "meta_drift"
    ]


def _files(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    files = _rows(connection, _FILES)
    for file in files:
        file["excluded_by"] = json.loads(file.pop("excluded_by_json"))
        file["is_reconciled"] = file["rows_read"] == sum(
            file[f"rows_{part}"] for part in ("loaded", "quarantined", "duplicate", "excluded")
        )
    return files


def _read(
    connection: duckdb.DuckDBPyConnection, origin: Origin, query: str
) -> list[dict[str, Any]]:
    return [_finding(origin, **row) for row in _rows(connection, query)]


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _finding(
    origin: Origin,
    *,
    table: str | None,
    column: str | None,
    rule: str,
    severity: str,
    message: str,
    rows_affected: int = 0,
    row_keys: list[str] | None = None,
    row_numbers: list[int] | None = None,
) -> dict[str, Any]:
    return {
        "origin": origin,
        "table": table,
        "column": column,
        "rule": rule,
        "severity": severity,
        "rows_affected": rows_affected,
        "row_keys": row_keys or [],
        "row_numbers": row_numbers or [],
        "message": message,
    }
