"""Figures of every raw column, in the table `load_profile`: what one load can tell the next.

Long form: one row per (table, column, metric, category), so that two loads compare by a join.
"""

import duckdb

from pipelines.ingest.entities import ENTITIES, Entity
from pipelines.ingest.file_rows import CATEGORIES
from pipelines.ingest.sql import literal
from pipelines.quality.columns import PAY

_TABLE = "load_profile"
_MOST_CATEGORIES = 500


def profile_load(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace `load_profile` by the figures of the raw tables that stand now.

    Metrics: `rows`; per column `null_share`; of numbers `level` (mean of log10 over values above
    0: a change of unit moves it by the same amount in any business) and `latest` of dates, in days
    since 1970-01-01; per category its `share`.
    """
    connection.execute(
        f"CREATE OR REPLACE TABLE {_TABLE} (table_name VARCHAR, column_name VARCHAR,"
        " metric VARCHAR, category VARCHAR, value DOUBLE)"
    )
    for entity in ENTITIES.values():
        _profile(connection, entity)


def _profile(connection: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    figures = [("NULL", "'rows'", "count(*)")]
    for field in entity.fields:
        if field.name in PAY:
            continue
        name = field.name
        column = literal(name)
        figures.append((column, "'null_share'", f"1 - count({name}) / nullif(count(*), 0)"))
        if field.type in ("number", "integer"):
            value = f"TRY_CAST({name} AS DOUBLE)"
            # Rounded: a parallel sum of doubles differs in its last digits from run to run.
            level = f"round(avg(CASE WHEN {value} > 0 THEN log10({value}) END), 9)"
            figures.append((column, "'level'", level))
        if field.type == "date":
            days = f"date_diff('day', DATE '1970-01-01', CAST(max({name}) AS DATE))"
            figures.append((column, "'latest'", days))
    rows = ", ".join(
        f"{{'column_name': {column}, 'metric': {metric}, 'value': CAST({value} AS DOUBLE)}}"
        for column, metric, value in figures
    )
    connection.execute(
        f"INSERT INTO {_TABLE} SELECT {literal(entity.table)}, figure.column_name, figure.metric,"
        f" NULL, figure.value FROM (SELECT unnest([{rows}]) AS figure FROM {entity.table})"
    )
    for name in CATEGORIES.get(entity.table, ()):
        connection.execute(
            f"INSERT INTO {_TABLE} SELECT {literal(entity.table)}, {literal(name)}, 'share',"
            f" {name}, count(*) / sum(count(*)) OVER () FROM {entity.table}"
            f" WHERE {name} IS NOT NULL GROUP BY {name}"
            f" QUALIFY count(*) OVER () <= {_MOST_CATEGORIES} ORDER BY {name}"
        )
