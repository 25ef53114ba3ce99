"""Asks Great Expectations: a bound suite in its terms, and its answers by check.

Import this module inside functions only: importing Great Expectations costs seconds of CPU.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import great_expectations as gx
from great_expectations.core import ExpectationSuite, ExpectationValidationResult
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.execution_engine import ExecutionEngine
from great_expectations.expectations.core import UnexpectedRowsExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.binding import BoundSuite
from expectations.errors import CheckExecutionError, SuiteError
from expectations.sample import duplicates_query
from expectations.suite import Check

_SEVERITIES = {"error": FailureSeverity.CRITICAL, "warning": FailureSeverity.WARNING}
_ERRORS_NAMED = 3
_ERROR_CHARACTERS = 400
_QUERY_ROWS = "unexpected_rows_query.table"
_QUERY_COUNT = "unexpected_rows_query.row_count"


class QueriedRowCount(UnexpectedRowsExpectation):
    """UnexpectedRowsExpectation that counts the rows of its query and does not fetch them.

    The library's own runs every query a second time for rows that the result format leaves out;
    `expectations.sample` reads the offending ones, where there are any.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = (_QUERY_COUNT,)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> ExpectationValidationResult | dict[str, Any]:
        return super()._validate(
            {**metrics, _QUERY_ROWS: []}, runtime_configuration, execution_engine
        )


_QUERY_TYPE = QueriedRowCount.expectation_type


def validate(
    bound: BoundSuite, batch: Batch, checks: Sequence[Check]
) -> Mapping[str, Mapping[str, Any]]:
    """The library's answer to each of `checks` by name: its result fields and 'success'.

    Raises CheckExecutionError where the library reports an exception, which it does as a failed
    expectation, or gives no answer; SuiteError where it refuses a check's keywords.
    """
    validation = batch.validate(
        _library_suite(bound, checks),
        result_format={
            "result_format": "BASIC",
            # The format demands a list of values; the sample comes from the query beside it.
            "partial_unexpected_count": 1,
            "unexpected_index_column_names": list(bound.suite.key),
            "return_unexpected_index_query": True,
        },
    )
    answers: dict[str, Mapping[str, Any]] = {}
    errors: dict[str, str] = {}
    for result in validation.results:
        assert result.expectation_config is not None
        name = result.expectation_config.meta["check"]
        error = _raised(result)
        if error:
            errors[name] = error
        else:
            answers[name] = {**result.result, "success": bool(result.success)}
    for check in checks:
        if check.name not in answers:
            errors.setdefault(check.name, "no answer")
    if errors:
        named = [f"{name}: {errors[name]}" for name in sorted(errors)[:_ERRORS_NAMED]]
        more = f" (and {len(errors) - _ERRORS_NAMED} more)" if len(errors) > _ERRORS_NAMED else ""
        raise CheckExecutionError(
            f"{bound.suite.file}: checks on {bound.suite.table} could not be evaluated: "
            f"{'; '.join(named)}{more}"
        )
    return answers


def _library_suite(bound: BoundSuite, checks: Sequence[Check]) -> ExpectationSuite:
    expectations = []
    for check in checks:
        kind, kwargs = _library_form(bound, check)
        try:
            expectations.append(
                ExpectationConfiguration(
                    type=kind,
                    kwargs=kwargs,
                    meta={"check": check.name},
                    description=check.description,
                    severity=_SEVERITIES[check.severity],
                ).to_domain_obj()
            )
        except ValueError as error:  # pydantic's ValidationError is one
            raise SuiteError(f"{check.place}: kwargs are not valid: {error}") from error
    return gx.ExpectationSuite(name=bound.suite.table, expectations=expectations)


def _library_form(bound: BoundSuite, check: Check) -> tuple[str, dict[str, Any]]:
    """Type and keywords as the library takes them.

    Its own rule on compound keys (1.24.1) joins on equality and so passes duplicates in which a
    part of the key is NULL, and its rule on one column sorts the whole table twice; a query that
    groups does neither.
    """
    if check.expectation.kind == "key":
        query = duplicates_query(bound.suite.key, check)
        return _QUERY_TYPE, {"unexpected_rows_query": query}
    if check.expectation.kind == "query":
        return _QUERY_TYPE, dict(check.kwargs)
    return check.type, dict(check.kwargs)


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
