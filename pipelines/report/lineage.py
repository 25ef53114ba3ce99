"""The lineage page: any column of the pipeline back to the columns of the source files."""

from pathlib import Path
from typing import Any

import duckdb

from pipelines.report.page import render
from pipelines.report.tables import DATABASE_NAME

LINEAGE_NAME = "lineage.html"

SCRIPTS = ("format.js", "table.js", "lineage.js")

_LINEAGE = """
    SELECT table_name, column_name, upstream_table, upstream_column, step, expression
    FROM meta_column_lineage ORDER BY ALL
"""
_TABLES = """
    SELECT table_name, layer, is_published, grain FROM meta_table ORDER BY table_name
"""
_COLUMNS = """
    SELECT table_name, column_name, data_type, unit, description
    FROM meta_column ORDER BY table_name, position
"""
_METRICS = """
    SELECT table_name, column_name, metric_name, formula
    FROM meta_metric ORDER BY table_name, column_name
"""


def write_lineage(release: Path, company: str) -> Path:
    """Write `lineage.html` into the folder `release`, which holds the published tables."""
    with duckdb.connect(str(release / DATABASE_NAME), read_only=True) as connection:
        data: dict[str, Any] = {
            name: [list(row) for row in connection.execute(query).fetchall()]
            for name, query in (
                ("lineage", _LINEAGE),
                ("tables", _TABLES),
                ("columns", _COLUMNS),
                ("metrics", _METRICS),
            )
        }
    path = release / LINEAGE_NAME
    path.write_text(render("lineage.html.j2", SCRIPTS, data, company=company), encoding="utf-8")
    return path
