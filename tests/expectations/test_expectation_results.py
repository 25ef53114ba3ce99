"""Results as rows of meta_check_result and as text."""

import json
from dataclasses import FrozenInstanceError, replace
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from expectations import CheckResult, check_result_frame
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


def test_the_frame_has_the_columns_and_types_of_meta_check_result():
    others = [replace(RESULT, check_name="a_rule"), replace(RESULT, table_name="dim_account")]
    frame = check_result_frame([RESULT, *others], "run-1")
    assert frame.schema == {
        **dict.fromkeys(("run_id", "gate", "check_name", "table_name", "column_name"), pl.String),
        **dict.fromkeys(("expectation_type", "severity"), pl.String),
        "passed": pl.Boolean,
        **dict.fromkeys(("observed_value", "threshold"), pl.String),
        "rows_affected": pl.Int64,
        **dict.fromkeys(("sample_json", "message"), pl.String),
    }
    assert frame.select("table_name", "check_name").rows() == [
        ("dim_account", "b_rule"),
        ("dim_rep", "a_rule"),
        ("dim_rep", "b_rule"),
    ]
    assert frame["gate"].unique().to_list() == ["great_expectations"]
    assert frame["run_id"].unique().to_list() == ["run-1"]


def test_no_results_give_an_empty_frame_of_the_same_columns():
    assert check_result_frame([], "run-1").schema == check_result_frame([RESULT], "run-1").schema


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
