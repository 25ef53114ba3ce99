"""The data-quality page: files, quarantine, checks, findings and drift of one release."""

import json
from pathlib import Path
from typing import Any

import duckdb

from pipelines.report.page import render
from pipelines.report.tables import DATABASE_NAME

QUALITY_NAME = "quality.html"

# A page holds examples; the tables hold every row.
ROWS_SHOWN = 200
EXAMPLES_SHOWN = 5

_FILES = """
    SELECT source_table, source_file, file_role, rows_read, rows_loaded, rows_quarantined,
        rows_duplicate, rows_excluded, excluded_by_json
    FROM meta_load ORDER BY source_table, source_file, file_role
"""
_QUARANTINE = """
    SELECT source_table, source_file, column_name, rule, count(*) AS row_count,
        list(row_number ORDER BY row_number)[:$examples] AS row_numbers,
        list(DISTINCT left(value, 60) ORDER BY left(value, 60))[:$examples] AS examples
    FROM quarantined_row GROUP BY ALL
    ORDER BY row_count DESC, source_table, source_file, column_name, rule
"""
_CHECKS = """
    SELECT gate, table_name, column_name, check_name, severity, rows_affected, message
    FROM meta_check_result WHERE NOT passed
    ORDER BY severity, gate, table_name, check_name
"""
_CHECK_COUNTS = """
    SELECT gate, count(*) AS check_count, count(*) FILTER (passed) AS passed,
        count(*) FILTER (NOT passed AND severity = 'error') AS errors,
        count(*) FILTER (NOT passed AND severity <> 'error') AS warnings
    FROM meta_check_result GROUP BY gate ORDER BY gate
"""
_DRIFT = """
    SELECT table_name, column_name, rule, severity, message
    FROM meta_drift ORDER BY severity, table_name, column_name, rule
"""
_FINDINGS = """
    SELECT finding_id, severity, rule, table_name, column_name, affected_rows, message
    FROM meta_finding ORDER BY severity DESC, affected_rows DESC, finding_id
"""
_FINDING_ROWS = """
    SELECT finding_id, record_id, row_number, value, repaired_value, related_record_id, score
    FROM meta_finding_row
    QUALIFY row_number() OVER (
        PARTITION BY finding_id ORDER BY score DESC NULLS LAST, row_number, record_id) <= $rows
    ORDER BY finding_id, score DESC NULLS LAST, row_number, record_id
"""


def write_quality(release: Path, company: str) -> Path:
    """Write `quality.html` into the folder `release`, which holds the published tables."""
    with duckdb.connect(str(release / DATABASE_NAME), read_only=True) as connection:
        content = quality_content(connection)
    path = release / QUALITY_NAME
    page = render("quality.html.j2", (), {}, company=company, rows_shown=ROWS_SHOWN, **content)
    path.write_text(page, encoding="utf-8")
    return path


def quality_content(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What the page says, from the published tables."""
    files = _rows(connection, _FILES)
    for file in files:
        file["excluded_by"] = json.loads(file.pop("excluded_by_json") or "{}")
        file["is_reconciled"] = file["rows_read"] == sum(
            file[f"rows_{part}"] for part in ("loaded", "quarantined", "duplicate", "excluded")
        )
    records = [file for file in files if file["file_role"] == "records"]
    findings = _rows(connection, _FINDINGS)
    named: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(connection, _FINDING_ROWS, rows=ROWS_SHOWN):
        named.setdefault(row["finding_id"], []).append(row)
    for finding in findings:
        finding["rows"] = named.get(finding["finding_id"], [])
    return {
        "files": files,
        "rows_read": sum(file["rows_read"] for file in records),
        "rows_loaded": sum(file["rows_loaded"] for file in records),
        "rows_quarantined": sum(file["rows_quarantined"] for file in files),
        "quarantine": _rows(connection, _QUARANTINE, examples=EXAMPLES_SHOWN),
        "failed": _rows(connection, _CHECKS),
        "counts": _rows(connection, _CHECK_COUNTS),
        "drift": _rows(connection, _DRIFT),
        "findings": findings,
        "warnings": sum(finding["severity"] == "warning" for finding in findings),
    }


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, **parameters: int
) -> list[dict[str, Any]]:
    cursor = connection.execute(query, parameters or None)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
