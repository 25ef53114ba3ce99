"""Suites tied to a warehouse: do their tables, columns and queries exist there?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from expectations.errors import SuiteError, near
from expectations.reading import UNREADABLE_COLUMN, identifier, typed_select
from expectations.suite import Check, Suite


@dataclass(frozen=True)
class BoundSuite:
    """A suite, the relation its checks read, and the number of rows in it.

    `relation` is the table itself, or a temporary table with its typed columns where the suite
    sets `read_as`: the checks of a suite read it some twenty times, and casting costs more than all
    of them.
    """

    suite: Suite
    relation: str
    row_count: int


def bind_suites(connection: duckdb.DuckDBPyConnection, suites: Sequence[Suite]) -> list[BoundSuite]:
    """Each suite with the relation to check, which lives as long as `connection`.

    Raises SuiteError naming suite, line and the near name where a table or column is not
    in the warehouse or a query does not fit it.
    """
    tables = _tables(connection)
    return [_bind(connection, suite, tables) for suite in suites]


def fill_batch(template: str, relation: str) -> str:
    """`template` with `{batch}` replaced, as Great Expectations does it."""
    return template.format(batch=identifier(relation))


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    rows = connection.execute(
        """
        SELECT table_name, column_name FROM duckdb_columns()
        WHERE database_name = current_database() AND schema_name = current_schema()
        ORDER BY table_name, column_index
        """
    ).fetchall()
    tables: dict[str, list[str]] = {}
    for table, column in rows:
        tables.setdefault(table, []).append(column)
    return tables


def _bind(
    connection: duckdb.DuckDBPyConnection, suite: Suite, tables: dict[str, list[str]]
) -> BoundSuite:
    if suite.table not in tables:
        raise SuiteError(
            f"{suite.file}: the warehouse has no table {suite.table}{near(suite.table, tables)}."
        )
    columns = tables[suite.table]
    _known_columns(suite.key, columns, f"{suite.file}: key", suite.table)
    _known_columns(suite.read_as, columns, f"{suite.file}: read_as", suite.table)
    relation = suite.table
    if suite.read_as:
        relation = f"typed_{suite.table}"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {identifier(relation)} AS "
            + typed_select(suite.table, suite.read_as)
        )
        columns = [*columns, UNREADABLE_COLUMN]
    for check in suite.checks:
        _known_columns(check.columns, columns, check.place, suite.table)
        if check.expectation.kind == "query":
            _query_fits(connection, check, relation)
    counted = connection.execute(f"SELECT count(*) FROM {identifier(relation)}").fetchone()
    assert counted is not None
    return BoundSuite(suite, relation, counted[0])


def _known_columns(names: Iterable[str], columns: list[str], place: str, table: str) -> None:
    for name in names:
        if name not in columns:
            raise SuiteError(f"{place}: table {table} has no column {name}{near(name, columns)}.")


def _query_fits(connection: duckdb.DuckDBPyConnection, check: Check, relation: str) -> None:
    try:
        query = fill_batch(str(check.kwargs["unexpected_rows_query"]), relation)
        statements = connection.extract_statements(query)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise SuiteError(f"{check.place}: a check is one SELECT and changes nothing.")
        connection.execute(f"DESCRIBE {query}")
    except (duckdb.Error, KeyError, IndexError, ValueError) as error:
        raise SuiteError(
            f"{check.place}: the query cannot run: {error}. "
            "A literal brace is written twice, '{{' or '}}'."
        ) from error
