"""Suites are refused with file, line and a near name before anything runs."""

import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from expectations import check_specs, load_suites
from expectations.errors import SuiteError

GOOD = {
    "table": "raw_crm__account",
    "description": "Accounts.",
    "key": ["account_id"],
    "read_as": {"annual_revenue_usd": "number"},
    "expectations": [
        {
            "name": "id_present",
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "account_id"},
            "severity": "error",
            "description": "Every account has an id.",
        },
        {
            "name": "revenue_range",
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "annual_revenue_usd", "min_value": 0, "mostly": 0.9},
            "severity": "warning",
            "description": "Revenue is not negative.",
        },
    ],
}


def write_suite(folder: Path, content: object, name: str = "account.yaml") -> Path:
    path = folder / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return path


def changed(path: str, value: object) -> dict:
    """GOOD with the entry at `path` ('expectations.1.kwargs.mostly') set, or removed by ...."""
    content = deepcopy(GOOD)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = content
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return content


def test_a_suite_is_read_as_written(tmp_path):
    path = write_suite(tmp_path, GOOD)
    (suite,) = load_suites("raw", tmp_path)
    assert (suite.stage, suite.table, suite.file) == ("raw", "raw_crm__account", path)
    assert suite.key == ("account_id",)
    assert [check.columns for check in suite.checks] == [("account_id",), ("annual_revenue_usd",)]
    assert suite.checks[1].place == f"{path}, line 14 (revenue_range)"
    assert [tuple(spec) for spec in check_specs("raw", tmp_path)] == [
        ("raw_crm__account", "id_present", "Every account has an id.", True),
        ("raw_crm__account", "revenue_range", "Revenue is not negative.", False),
    ]


FAULTY = [
    ("tabel", "raw_crm__account", "unknown key 'tabel' (did you mean 'table'?)"),
    ("table", ..., "'table' is needed"),
    ("description", " ", "'description' is needed"),
    ("key", "account_id", "'key' must be a list"),
    ("read_as", ["a"], "'read_as' maps columns"),
    ("read_as.annual_revenue_usd", "numbr", "(did you mean 'number'?)"),
    ("read_as.unreadable_values", "number", "read_as makes the column unreadable_values"),
    ("read_as.hourly_cost_usd", "number", "hourly_cost_usd is pay data"),
    ("key", ["hourly_cost_usd"], "hourly_cost_usd is pay data"),
    ("expectations.1.kwargs.column", "hourly_cost_usd", "line 14 (revenue_range): hourly_cost_usd"),
    ("expectations", [], "at least one entry"),
    ("expectations.1", "id_present", "line 14: an expectation is a mapping"),
    ("expectations.1.sevrity", "error", "line 14: unknown key 'sevrity'"),
    ("expectations.1.name", ..., "line 14: 'name' is needed"),
    ("expectations.1.name", "no-dashes", "letters, digits and '_'"),
    ("expectations.1.name", "id_present", "the name stands twice"),
    ("expectations.1.description", ..., "'description' is needed"),
    ("expectations.1.severity", "fatal", "'error' or 'warning', not 'fatal'"),
    ("expectations.1.type", "expect_column_values_to_be_betwen", "(did you mean 'expect_column"),
    ("expectations.1.kwargs", None, "'kwargs' must be a mapping"),
    ("expectations.1.kwargs.min_valu", 1, "(did you mean 'min_value'?)"),
    ("expectations.1.kwargs.column", ..., "kwargs lacks column"),
    ("expectations.1.kwargs.min_value", ..., "kwargs needs min_value or max_value"),
    ("expectations.1.kwargs.min_value", "low", "min_value must be a number or a date"),
    ("expectations.1.kwargs.strict_min", "yes", "strict_min is true or false"),
    ("expectations.1.kwargs.mostly", 95, "mostly is a share from 0 to 1"),
    ("expectations.1.kwargs.mostly", True, "mostly is a share from 0 to 1"),
    ("expectations.1.kwargs.column", 7, "column must be a text"),
    ("expectations.0.kwargs.column", ["a"], "column must be a text"),
]


@pytest.mark.parametrize(("where", "value", "message"), FAULTY)
def test_a_faulty_suite_is_named_with_its_place(tmp_path, where, value, message):
    path = write_suite(tmp_path, changed(where, value))
    with pytest.raises(SuiteError) as caught:
        load_suites("raw", tmp_path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 2000


def test_type_specific_keywords(tmp_path):
    for kind, kwargs, message in [
        ("expect_column_values_to_be_in_set", {"column": "a", "value_set": "x"}, "must be a list"),
        ("expect_compound_columns_to_be_unique", {"column_list": [1]}, "list of column names"),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select 1"}, "written {batch}"),
    ]:
        entry = {**GOOD["expectations"][0], "type": kind, "kwargs": kwargs}
        write_suite(tmp_path, changed("expectations.0", entry))
        with pytest.raises(SuiteError, match=message.replace("{", r"\{")):
            load_suites("raw", tmp_path)


def test_a_key_written_twice_is_refused(tmp_path):
    write_suite(tmp_path, yaml.safe_dump(GOOD) + "table: other\n")
    with pytest.raises(SuiteError, match="'table' stands twice"):
        load_suites("raw", tmp_path)


def test_a_table_has_one_suite_in_a_stage(tmp_path):
    write_suite(tmp_path, GOOD)
    write_suite(tmp_path, GOOD, "again.yaml")
    with pytest.raises(SuiteError, match=r"already has the suite account\.yaml"):
        load_suites("raw", tmp_path)


@pytest.mark.parametrize(
    "text", ["", "- a list", "table: [unclosed", b"\xff\xfe".decode("latin-1")]
)
def test_what_is_no_suite_is_refused(tmp_path, text):
    path = write_suite(tmp_path, text)
    with pytest.raises(SuiteError, match=path.name):
        load_suites("raw", tmp_path)


def test_an_unknown_stage_is_refused():
    with pytest.raises(SuiteError, match=r"'publsh' \(did you mean 'publish'\?\)"):
        load_suites("publsh")


def test_listing_checks_does_not_import_great_expectations():
    code = (
        "import sys; from expectations import check_specs; "
        "assert len(check_specs('raw')) + len(check_specs('publish')) > 100; "
        "print(sorted({'great_expectations', 'pandas', 'sqlalchemy', 'dagster'} & {*sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
