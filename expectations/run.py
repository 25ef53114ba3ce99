"""Runs suites inside DuckDB with Great Expectations and turns its answers into check results.

One batch per table: Great Expectations then merges the counts of a table's checks into few
queries.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.binding import BoundSuite, bind_suites
from expectations.errors import CheckExecutionError
from expectations.outcome import Found, check_result, no_rows_result
from expectations.result import CheckResult
from expectations.sample import has_values, read_rows, read_sample
from expectations.suite import SUITES_FOLDER, Check, load_suites

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.interfaces import Batch

# What a million accounts need; more rows spill beside the warehouse.
_MEMORY_LIMIT = "4GB"


def run_suites(
    warehouse: Path, stage: str, folder: Path = SUITES_FOLDER, *, names_rows: bool = False
) -> list[CheckResult]:
    """The result of every check of `stage` on the DuckDB file `warehouse`, by table and entry.

    Opens one read-write connection of default configuration, so connections that the same process
    has open on the file must have that configuration too. Nothing is written to the file.

    With `names_rows`, the results of failed checks name every offending row, where they can.

    Raises SuiteError for a suite that does not fit the warehouse and CheckExecutionError
    for a check that could not be evaluated: an error is neither passed nor failed.
    """
    suites = load_suites(stage, folder)
    with _connection(warehouse) as connection:
        bound = bind_suites(connection, suites)
        from expectations.duckdb_engine import open_batches

        relations = {one.suite.table: one.relation for one in bound}
        with open_batches(connection, relations) as batches:
            return [
                result
                for one in bound
                for result in _run_suite(connection, one, batches[one.suite.table], names_rows)
            ]


@contextmanager
def _connection(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    if not warehouse.is_file():
        raise CheckExecutionError(
            f"The warehouse {warehouse} does not exist: run the steps before."
        )
    try:
        connection = duckdb.connect(str(warehouse))
    except duckdb.Error as error:
        raise CheckExecutionError(f"The warehouse {warehouse} cannot be opened: {error}") from error
    try:
        connection.execute(f"SET TimeZone = 'UTC'; SET memory_limit = '{_MEMORY_LIMIT}'")
        yield connection
    finally:
        connection.close()


def _run_suite(
    connection: duckdb.DuckDBPyConnection, bound: BoundSuite, batch: Batch, names_rows: bool
) -> list[CheckResult]:
    """Results in the order of the entries. On an empty table, rules on values hold vacuously."""
    from expectations.validation import validate

    judged = [
        check
        for check in bound.suite.checks
        if bound.row_count or check.expectation.kind in ("row_count", "query")
    ]
    answers = validate(bound, batch, judged) if judged else {}
    return [
        check_result(
            bound, check, _found(connection, bound, check, answers[check.name], names_rows)
        )
        if check.name in answers
        else no_rows_result(bound, check)
        for check in bound.suite.checks
    ]


def _found(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundSuite,
    check: Check,
    answer: Mapping[str, Any],
    names_rows: bool,
) -> Found:
    kind = check.expectation.kind
    if kind == "row_count":
        return Found(answer["success"], answer["observed_value"], None, "[]")
    if kind == "column":
        observed = answer["observed_value"]
        # The library answers None both for a column without values and for NaN, DuckDB's
        # maximum of a column that holds one.
        if observed is None and has_values(connection, bound, check):
            observed = math.nan
        return Found(answer["success"], observed, None, "[]")
    rows = answer["unexpected_count"] if kind == "row" else answer["observed_value"]
    sample = read_sample(connection, bound, check, answer) if rows else "[]"
    named: tuple[tuple[str, int | None], ...] = ()
    if names_rows and rows and not answer["success"]:
        named = read_rows(connection, bound, check, answer)
    return Found(answer["success"], None, rows, sample, named)
