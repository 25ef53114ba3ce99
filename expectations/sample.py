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
    names: list[str] | None = None
    if check.expectation.kind == "row":
        names = [*bound.suite.key, *check.columns]
    query = _rows_query(bound, check, answer)
    try:
        cursor = connection.execute(f"SELECT * FROM (\n{query}\n) ORDER BY ALL LIMIT {SAMPLE_ROWS}")
        if names is None:
            names = [column[0] for column in cursor.description]
        return sample_json(names, cursor.fetchall())
    except duckdb.Error as error:
        raise CheckExecutionError(
            f"{check.place}: the offending rows could not be read: {error}"
        ) from error


def read_rows(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundSuite,
    check: Check,
    answer: Mapping[str, Any],
) -> tuple[tuple[str, int | None], ...]:
    """(record id, row number) of every offending row, in order.

    Empty for a query that does not select the key of its table: it judges the table, not rows.
    """
    query = _rows_query(bound, check, answer)
    relation = identifier(bound.relation)
    selected = _names_of(connection, query)
    if not set(bound.suite.key) <= set(selected):
        return ()
    numbered = "row_number" in _names_of(connection, f"FROM {relation}")
    record_id = ", ".join(f"batch.{identifier(name)}" for name in bound.suite.key)
    same_key = " AND ".join(
        f"found.{identifier(name)} IS NOT DISTINCT FROM batch.{identifier(name)}"
        for name in bound.suite.key
    )
    rows = connection.execute(
        f"SELECT DISTINCT concat_ws('|', {record_id}) AS record_id,"
        f" {'batch.row_number' if numbered else 'NULL'} AS row_number"
        f" FROM ({query}) AS found JOIN {relation} AS batch ON {same_key} ORDER BY ALL"
    ).fetchall()
    return tuple((record_id, number) for record_id, number in rows)


def _rows_query(bound: BoundSuite, check: Check, answer: Mapping[str, Any]) -> str:
    if check.expectation.kind == "row":
        return str(answer["unexpected_index_query"]).strip().rstrip(";")
    if check.expectation.kind == "key":
        template = duplicates_query(bound.suite.key, check)
    else:
        template = str(check.kwargs["unexpected_rows_query"])
    return fill_batch(template, bound.relation).strip().rstrip(";")


def _names_of(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [row[0] for row in connection.execute(f"DESCRIBE {query}").fetchall()]


def duplicates_query(key: Sequence[str], check: Check) -> str:
    """The rows that share all columns of `check` with another, NULL being equal to NULL.

    A template over `{batch}`. Rows in which every column is NULL have no key and are left out.
    """
    columns = [_escaped(column) for column in check.columns]
    selected = ", ".join(f"batch.{name}" for name in dict.fromkeys([*map(_escaped, key), *columns]))
    known = " OR ".join(f"{column} IS NOT NULL" for column in columns)
    same = " AND ".join(f"batch.{name} IS NOT DISTINCT FROM twice.{name}" for name in columns)
    # Grouping takes a third of what a window over all rows takes, and hardly any memory.
    return (
        f"SELECT {selected} FROM {{batch}} AS batch JOIN (SELECT {', '.join(columns)}"
        f" FROM {{batch}} WHERE {known} GROUP BY ALL HAVING count(*) > 1) AS twice ON {same}"
    )


def has_values(connection: duckdb.DuckDBPyConnection, bound: BoundSuite, check: Check) -> bool:
    """Whether the column of `check` holds any value that is not NULL."""
    column, relation = identifier(check.columns[0]), identifier(bound.relation)
    counted = connection.execute(f"SELECT count({column}) FROM {relation}").fetchone()
    return counted is not None and counted[0] > 0


def _escaped(column: str) -> str:
    return identifier(column).replace("{", "{{").replace("}", "}}")
