"""What a check found, in values that fit a row of `meta_check_result`."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from expectations.errors import VALUE_LIMIT_CHARACTERS

Severity = Literal["error", "warning"]
Gate = Literal["great_expectations"]

SAMPLE_ROWS = 5

# Pay data. Check results are published, so no suite may name these columns outside a query, and
# a query that selects one shows it withheld.
PAY_COLUMNS = frozenset({"hourly_cost_usd"})


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check.

    `column_name` is None for a check on a table or a query, and a list 'a, b' for several columns.
    `rows_affected` counts offending rows; for a failed check on a figure of a whole column or
    table it is the table's row count. `sample` is a JSON list of at most 5 offending rows (key
    columns first), each value cut at 200 characters; '[]' where no row offends.
    `rows` holds (record id, row number) of every offending row where they were asked for.
    `message` is the rule and, where it failed, what was observed; table and column stand beside it.
    """

    check_name: str
    table_name: str
    column_name: str | None
    expectation_type: str
    severity: Severity
    passed: bool
    observed_value: str
    threshold: str
    rows_affected: int
    sample: str
    message: str
    rows: tuple[tuple[str, int | None], ...] = ()
    gate: Gate = "great_expectations"

    @property
    def is_blocking(self) -> bool:
        """Whether this result stops the run: a failed check of severity `error`."""
        return not self.passed and self.severity == "error"


def sample_json(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """`rows` as a JSON list of objects, pay withheld; of a name that comes twice, the first."""
    objects = []
    for row in rows:
        values: dict[str, object] = {}
        for name, value in zip(names, row, strict=True):
            values.setdefault(name, "withheld" if name in PAY_COLUMNS else json_value(value))
        objects.append(values)
    return json.dumps(objects, ensure_ascii=False)


def json_value(value: object) -> object:
    """`value` as JSON can hold it without loss, texts cut at 200 characters."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        # JSON has no NaN or infinity; readers of the sample must see them all the same.
        return value if math.isfinite(value) else str(value)
    text = value.isoformat() if isinstance(value, (date, datetime)) else str(value)
    if len(text) > VALUE_LIMIT_CHARACTERS:
        return text[: VALUE_LIMIT_CHARACTERS - 1] + "…"
    return text


def number_text(value: object) -> str:
    """A figure for people. Fractions have 6 digits: a parallel sum of doubles repeats no more."""
    if isinstance(value, float):
        if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
            return str(int(value))
        return f"{value:.6g}"
    return str(json_value(value))
