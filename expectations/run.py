"""Runs suites inside DuckDB with Great Expectations and turns its answers into check results.

One batch per table: Great Expectations then merges the counts of a table's checks into few
queries. It judges and counts; the sample of offending rows is read here, ordered, because its own
lists come in whatever order the database returns rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.binding import BoundSuite, batch_query, bind_suites
from expectations.outcome import Found, check_result, no_rows_result
from expectations.reading import identifier
from expectations.result import SAMPLE_ROWS, CheckExecutionError, CheckResult, sample_json
from expectations.suite import SUITES_FOLDER, Check, load_suites
from pipelines.errors import ConfigurationError

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite, ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch

_ERRORS_NAMED = 3
_ERROR_CHARACTERS = 400


def warm_up() -> None:
    """Import Great Expectations, which takes seconds of CPU; call it from a background thread."""
    import expectations.duckdb_engine  # noqa: F401


def run_suites(warehouse: Path, stage: str, folder: Path = SUITES_FOLDER) -> list[CheckResult]:
    """The result of every check of `stage` on the DuckDB file `warehouse`, by table and entry.

    Opens one read-write connection of default configuration, so connections that the same process
    has open on the file must have that configuration too. Nothing is written to the file.

    Raises ConfigurationError for a suite that does not fit the warehouse and CheckExecutionError
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
                for result in _run_suite(connection, one, batches[one.suite.table])
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
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def _run_suite(
    connection: duckdb.DuckDBPyConnection, bound: BoundSuite, batch: Batch
) -> list[CheckResult]:
    """Results in the order of the entries. On an empty table, rules on values hold vacuously."""
    judged = [
        check
        for check in bound.suite.checks
        if bound.row_count or check.expectation.kind in ("row_count", "query")
    ]
    answers = _validate(bound, batch, judged) if judged else {}
    return [
        check_result(bound, check, _found(connection, bound, check, answers[check.name]))
        if check.name in answers
        else no_rows_result(bound, check)
        for check in bound.suite.checks
    ]


def _validate(
    bound: BoundSuite, batch: Batch, checks: list[Check]
) -> Mapping[str, Mapping[str, Any]]:
    """Great Expectations' answer to each check by name: its result fields and 'success'."""
    validation = batch.validate(
        _gx_suite(bound, checks),
        result_format={
            "result_format": "BASIC",
            # One value is fetched per check because the format demands a list; the sample
            # comes from the query that is returned beside it.
            "partial_unexpected_count": 1,
            "unexpected_index_column_names": list(bound.suite.key),
            "return_unexpected_index_query": True,
        },
    )
    answers: dict[str, Mapping[str, Any]] = {}
    errors: list[str] = []
    for result in validation.results:
        assert result.expectation_config is not None
        name = result.expectation_config.meta["check"]
        error = _raised(result)
        if error:
            errors.append(f"{name}: {error}")
        else:
            answers[name] = {**result.result, "success": bool(result.success)}
    unanswered = [c.name for c in checks if c.name not in answers] if not errors else []
    errors.extend(f"{name}: no answer" for name in unanswered)
    if errors:
        more = f" (and {len(errors) - _ERRORS_NAMED} more)" if len(errors) > _ERRORS_NAMED else ""
        raise CheckExecutionError(
            f"{bound.suite.file}: checks on {bound.suite.table} could not be evaluated: "
            + "; ".join(sorted(errors)[:_ERRORS_NAMED])
            + more
        )
    return answers


def _gx_suite(bound: BoundSuite, checks: list[Check]) -> ExpectationSuite:
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    severities = {"error": FailureSeverity.CRITICAL, "warning": FailureSeverity.WARNING}
    expectations = []
    for check in checks:
        try:
            expectations.append(
                ExpectationConfiguration(
                    type=check.type,
                    kwargs=dict(check.kwargs),
                    meta={"check": check.name},
                    description=check.description,
                    severity=severities[check.severity],
                ).to_domain_obj()
            )
        except ValueError as error:  # pydantic's ValidationError is one
            raise ConfigurationError(f"{check.place}: kwargs are not valid: {error}") from error
    return gx.ExpectationSuite(name=bound.suite.table, expectations=expectations)


def _raised(result: ExpectationValidationResult) -> str | None:
    """The message of an exception the library caught and reported as a failed expectation.

    It reports either one exception or one per metric, keyed by the metric's id.
    """
    info = result.exception_info or {}
    infos = [info] if "raised_exception" in info else list(info.values())
    messages = [
        str(one["exception_message"]) for one in infos if one and one.get("raised_exception")
    ]
    return " ".join(messages[0].split())[:_ERROR_CHARACTERS] if messages else None


def _found(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundSuite,
    check: Check,
    answer: Mapping[str, Any],
) -> Found:
    kind = check.expectation.kind
    if kind in ("row_count", "column"):
        return Found(answer["success"], answer.get("observed_value"), None, "[]")
    rows = answer["observed_value"] if kind == "query" else answer["unexpected_count"]
    sample = _sample(connection, bound, check, answer) if rows else "[]"
    return Found(answer["success"], None, rows, sample)


def _sample(
    connection: duckdb.DuckDBPyConnection,
    bound: BoundSuite,
    check: Check,
    answer: Mapping[str, Any],
) -> str:
    """The first offending rows by all their columns, key columns first."""
    names: list[str] | None = [*bound.suite.key, *check.columns]
    if check.expectation.kind == "query":
        query, names = batch_query(check, bound.relation), None
    elif check.type == "expect_compound_columns_to_be_unique":
        query = _duplicates(bound, check)
    else:
        query = str(answer["unexpected_index_query"]).strip().rstrip(";")
    try:
        cursor = connection.execute(f"SELECT * FROM (\n{query}\n) ORDER BY ALL LIMIT {SAMPLE_ROWS}")
        if names is None:
            names = [column[0] for column in cursor.description]
        return sample_json(names, cursor.fetchall())
    except duckdb.Error as error:
        raise CheckExecutionError(
            f"{check.place}: the offending rows could not be read: {error}"
        ) from error


def _duplicates(bound: BoundSuite, check: Check) -> str:
    # The library's own query for this type joins every duplicate with every row of the table.
    selected = ", ".join(map(identifier, [*bound.suite.key, *check.columns]))
    columns = ", ".join(map(identifier, check.columns))
    known = " OR ".join(f"{identifier(column)} IS NOT NULL" for column in check.columns)
    return (
        f"SELECT {selected} FROM {identifier(bound.relation)} WHERE {known} "
        f"QUALIFY count(*) OVER (PARTITION BY {columns}) > 1"
    )
