"""The figures of past plans, carried from release to release.

Keyed by planning date and scenario: a second run for the same date replaces the rows of the first.
"""

import glob
from pathlib import Path

import duckdb

from pipelines.publish.layout import Layout
from pipelines.publish.snapshot import PARQUET_FOLDER
from pipelines.stages.run_context import RunContext

TABLE = "meta_kpi_history"

# A territory's history is that of its rep or seat. By industry and state it would outgrow what it
# is made of: of a thousand reps it takes 40,000 rows a plan, half a megabyte of Parquet.
LEVELS = ("company", "region", "manager", "rep", "segment")

_CREATE = """
    CREATE OR REPLACE TABLE meta_kpi_history (
        as_of DATE, scenario VARCHAR, plan_version VARCHAR, level VARCHAR, member_id VARCHAR,
        member_name VARCHAR, metric VARCHAR, metric_value DOUBLE, plan_id VARCHAR
    )
"""


def extend_history(
    connection: duckdb.DuckDBPyConnection, context: RunContext, data_dir: Path
) -> None:
    """Write `meta_kpi_history`: what the published release has, with the rows of these plans.

    Args:
        connection: the working database, in which the marts stand.
    """
    connection.execute(_CREATE)
    previous = Layout(data_dir).link / PARQUET_FOLDER / f"{TABLE}.parquet"
    if previous.is_file():
        connection.execute(
            f"INSERT INTO {TABLE} BY NAME SELECT * FROM read_parquet(?) "
            "WHERE as_of <> ? OR NOT list_contains(?, scenario)",
            [_literal_path(previous), context.as_of, list(context.plans)],
        )
    _insert(connection, context, "kpi_plan", "'plan'", "'plan'", "'Whole plan'", "true")
    listed = ", ".join(f"'{level}'" for level in LEVELS)
    _insert(
        connection,
        context,
        "kpi_rollup",
        "level",
        "member_id",
        "member_name",
        f"level IN ({listed})",
    )


def _insert(
    connection: duckdb.DuckDBPyConnection,
    context: RunContext,
    table: str,
    level: str,
    member_id: str,
    member_name: str,
    condition: str,
) -> None:
    """Add every number of `table`, one row each."""
    for (column,) in connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() "
        "AND table_name = ? AND (data_type IN ('DOUBLE', 'BIGINT') OR data_type LIKE 'DECIMAL%') "
        "AND column_name <> 'seed' ORDER BY column_index",
        [table],
    ).fetchall():
        connection.execute(
            f"INSERT INTO {TABLE} SELECT ?, scenario, plan_version, {level}, {member_id}, "
            f"{member_name}, '{column}', CAST(\"{column}\" AS DOUBLE), plan_id FROM {table} "
            f'WHERE {condition} AND "{column}" IS NOT NULL',
            [context.as_of],
        )


def _literal_path(path: Path) -> str:
    """`path` as a pattern that means itself: brackets in a folder name are no pattern."""
    return glob.escape(str(path.resolve()))
