"""Results as text that fits meta_check_result."""

import json
from dataclasses import FrozenInstanceError
from datetime import date
from decimal import Decimal

import pytest

from expectations import CheckResult
from expectations.result import number_text, sample_json

RESULT = CheckResult(
    check_name="b_rule",
    table_name="dim_rep",
    column_name=None,
    expectation_type="unexpected_rows_expectation",
    severity="error",
    passed=True,
    observed_value="0 rows",
    threshold="no rows",
    rows_affected=0,
    sample="[]",
    message="A rule.",
)


def test_a_result_is_frozen():
    with pytest.raises(FrozenInstanceError):
        RESULT.passed = False


def test_a_sample_is_json_whatever_the_values():
    names = ["id", "id", "money", "day", "share", "flag", "blob"]
    row = ("a", "b", Decimal("1.10"), date(2024, 2, 29), float("nan"), True, b"\x00")
    assert json.loads(sample_json(names, [row])) == [
        {
            "id": "a",
            "money": "1.10",
            "day": "2024-02-29",
            "share": "nan",
            "flag": True,
            "blob": "b'\\x00'",
        }
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (1.0000000000000002, "1"),
        (0.1 + 0.2, "0.3"),
        (float("inf"), "inf"),
        (Decimal("12345678.90"), "12345678.90"),
        (None, "None"),
    ],
)
def test_numbers_are_written_for_people(value, text):
    assert number_text(value) == text
