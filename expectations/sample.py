"""The offending rows a result shows.

Great Expectations judges and counts; the sample is read here, ordered by all its columns, because
the library's own lists come in whatever order the database returns rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from expectations.binding import BoundSuite, fill_batch
from expectations.errors import CheckExecutionError
from expectations.reading import identifier
from expectations.result import SAMPLE_ROWS, sample_json
from expectations.suite import Check


def read_sample(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundSuite,
    check: Check,
    answer: Mapping[str, Any],
) -> str:
    """The first offending rows of `check` as JSON, key columns first.

    `answer` is the library's; for a rule on rows it brings the query that selects them.
    """
    if check.expectation.kind == "row":
        names: list[str] | None = [*bound.suite.key, *check.columns]
        query = str(answer["unexpected_index_query"]).strip().rstrip(";")
    else:
        names = None
        template = (
            duplicates_query(bound.suite.key, check)
            if check.expectation.kind == "key"
            else str(check.kwargs["unexpected_rows_query"])
        )
        query = fill_batch(template, bound.relation)
    try:
        cursor = connection.execute(f"SELECT * FROM (\n{query}\n) ORDER BY ALL LIMIT {SAMPLE_ROWS}")
        if names is None:
            names = [column[0] for column in cursor.description]
        return sample_json(names, cursor.fetchall())
    except duckdb.Error as error:
        raise CheckExecutionError(
            f"{check.place}: the offending rows could not be read: {error}"
        ) from error


def duplicates_query(key: Sequence[str], check: Check) -> str:
    """The rows that share all columns of `check` with another, NULL being equal to NULL.

    A template over `{batch}`. Rows in which every column is NULL have no key and are left out.
    """
    columns = [_escaped(column) for column in check.columns]
    selected = ", ".join(dict.fromkeys([*map(_escaped, key), *columns]))
    known = " OR ".join(f"{column} IS NOT NULL" for column in columns)
    return (
        f"SELECT {selected} FROM {{batch}} WHERE {known} "
        f"QUALIFY count(*) OVER (PARTITION BY {', '.join(columns)}) > 1"
    )


def has_values(connection: duckdb.DuckDBPyConnection, bound: BoundSuite, check: Check) -> bool:
    """Whether the column of `check` holds any value that is not NULL."""
    column, relation = identifier(check.columns[0]), identifier(bound.relation)
    counted = connection.execute(f"SELECT count({column}) FROM {relation}").fetchone()
    return counted is not None and counted[0] > 0


def _escaped(column: str) -> str:
    return identifier(column).replace("{", "{{").replace("}", "}}")
