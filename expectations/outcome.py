"""From what was found to a check result: the figures and sentences people read."""

from dataclasses import dataclass
from typing import Any

from expectations.binding import BoundSuite
from expectations.result import CheckResult, number_text
from expectations.suite import Check

# The suite holds the rest of a long set of values or expression; a message stays under 2 KB.
_THRESHOLD_CHARACTERS = 500


@dataclass(frozen=True)
class Found:
    """What was found: `observed` is the figure of a column or table, `rows` the offending rows."""

    holds: bool
    observed: Any
    rows: int | None
    sample: str
    named: tuple[tuple[str, int | None], ...] = ()


def check_result(bound: BoundSuite, check: Check, found: Found) -> CheckResult:
    """The result of `check`. A column figure that no value defines holds vacuously."""
    if check.expectation.kind == "column" and found.observed is None:
        return _result(bound, check, True, "no values", 0, "[]")
    if found.rows is None:
        affected = 0 if found.holds else bound.row_count
        observed = number_text(found.observed)
    else:
        affected = found.rows
        observed = _rows_text(bound, check, found.rows)
    return _result(bound, check, found.holds, observed, affected, found.sample, found.named)


def no_rows_result(bound: BoundSuite, check: Check) -> CheckResult:
    """The result of a rule on values over an empty table: it holds, vacuously."""
    return _result(bound, check, True, "no rows", 0, "[]")


def threshold_text(check: Check) -> str:
    """What `check` demands, in words; cut at 500 characters."""
    text = _threshold(check)
    return text if len(text) <= _THRESHOLD_CHARACTERS else text[: _THRESHOLD_CHARACTERS - 1] + "…"


def _threshold(check: Check) -> str:
    kind, kwargs = check.expectation.kind, check.kwargs
    if kind == "query":
        return "no rows"
    if kind == "row_count" and "value" in kwargs:
        return f"= {number_text(kwargs['value'])}"
    demand = _demand(check)
    if kind not in ("row", "key"):
        return demand
    mostly = kwargs.get("mostly", 1)
    share = "all rows" if mostly == 1 else f"at least {number_text(mostly * 100)} % of rows"
    return f"{demand} in {share}"


def _demand(check: Check) -> str:
    kwargs = check.kwargs
    kind = check.type
    if "min_value" in kwargs or "max_value" in kwargs:
        return _limits_text(check)
    if "value_set" in kwargs:
        values = ", ".join(map(number_text, kwargs["value_set"]))
        word = "not in" if kind.endswith("not_be_in_set") else "in"
        return f"{word} {{{values}}}"
    if "regex" in kwargs:
        word = "does not match" if "not_match" in kind else "matches"
        return f"{word} {kwargs['regex']}"
    if kind.startswith("expect_column_pair"):
        sign = "=" if kind.endswith("equal") else ">=" if kwargs.get("or_equal") else ">"
        return f"{kwargs['column_A']} {sign} {kwargs['column_B']}"
    if kind.endswith("unique"):
        return "unique"
    return "not null" if kind.endswith("not_be_null") else "null"


def _limits_text(check: Check) -> str:
    subject = "length " if "lengths" in check.type else ""
    parts = []
    for keyword, strict, signs in (
        ("min_value", "strict_min", (">=", ">")),
        ("max_value", "strict_max", ("<=", "<")),
    ):
        value = check.kwargs.get(keyword)
        if value is not None:
            parts.append(f"{signs[bool(check.kwargs.get(strict))]} {number_text(value)}")
    return subject + " and ".join(parts)


def _rows_text(bound: BoundSuite, check: Check, rows: int) -> str:
    if check.expectation.kind == "query":
        return f"{rows} rows"
    return f"{rows} of {bound.row_count} rows ({100 * rows / bound.row_count:.2f} %)"


def _result(
    bound: BoundSuite,
    check: Check,
    passed: bool,
    observed: str,
    affected: int,
    sample: str,
    rows: tuple[tuple[str, int | None], ...] = (),
) -> CheckResult:
    columns = ", ".join(check.columns) or None
    demanded = threshold_text(check)
    message = check.description
    if not passed:
        message = f"{message} Observed: {observed}; demanded: {demanded}."
    return CheckResult(
        check_name=check.name,
        table_name=bound.suite.table,
        column_name=columns,
        expectation_type=check.type,
        severity=check.severity,
        passed=passed,
        observed_value=observed,
        threshold=demanded,
        rows_affected=affected,
        sample=sample,
        message=message,
        rows=rows,
    )
