"""The engine: what is an error, what a sample shows, and what it leaves behind."""

import gc
import json
from pathlib import Path

import duckdb
import pytest
import yaml

from expectations import CheckExecutionError, CheckResult, run_suites
from expectations.errors import SuiteError
from pipelines.warehouse import session


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Twenty rows: x = 0 … 19, every fifth label missing, text `t` that looks like a number."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE things AS SELECT i AS x, i / 2.0 AS half, i % 4 AS r, i // 5 AS fifth, "
            "i::VARCHAR AS t, "
            "CASE WHEN i % 5 > 0 THEN 'label ' || i END AS label FROM range(20) AS rows(i)"
        )
    return path


def run(warehouse: Path, *entries: dict, **suite: object) -> list[CheckResult]:
    """The results of `entries` on the table `things`, through a suite file beside it."""
    folder = warehouse.parent / "suites"
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    content = {"table": "things", "description": "Things.", "key": ["x"], **suite}
    content["expectations"] = [
        {"name": f"check_{n}", "severity": "error", "description": f"Rule {n}.", **entry}
        for n, entry in enumerate(entries)
    ]
    (folder / "raw" / "things.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return run_suites(warehouse, "raw", folder)


def query(text: str) -> dict:
    return {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": text},
    }


def values(kind: str, **kwargs: object) -> dict:
    return {"type": f"expect_column_{kind}", "kwargs": kwargs}


def change(warehouse: Path, statement: str, *parameters: object) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(statement, parameters or None)


def test_a_result_names_what_was_found_and_what_was_demanded(warehouse):
    (result,) = run(warehouse, values("values_to_be_between", column="x", max_value=14))
    assert result == CheckResult(
        check_name="check_0",
        table_name="things",
        column_name="x",
        expectation_type="expect_column_values_to_be_between",
        severity="error",
        passed=False,
        observed_value="5 of 20 rows (25.00 %)",
        threshold="<= 14 in all rows",
        rows_affected=5,
        sample='[{"x": 15}, {"x": 16}, {"x": 17}, {"x": 18}, {"x": 19}]',
        message="Rule 0. Observed: 5 of 20 rows (25.00 %); demanded: <= 14 in all rows.",
        gate="great_expectations",
    )


def test_a_query_without_rows_runs_once(warehouse):
    change(warehouse, "CREATE SEQUENCE runs")
    # Twenty rows draw the numbers 1 to 20, and a second run draws more.
    (result,) = run(warehouse, query("select x from {batch} where nextval('runs') > 20"))
    assert (result.passed, result.observed_value, result.sample) == (True, "0 rows", "[]")


def test_only_a_failed_error_blocks(warehouse):
    failing = values("values_to_be_between", column="x", max_value=14)
    error, warning, passed = run(
        warehouse,
        failing,
        {**failing, "severity": "warning"},
        values("values_to_be_between", column="x", max_value=14, mostly=0.75),
    )
    assert (error.passed, error.is_blocking) == (False, True)
    assert (warning.passed, warning.is_blocking) == (False, False)
    # The share that may fail is met; the rows that do are shown all the same.
    assert (passed.passed, passed.is_blocking, passed.rows_affected) == (True, False, 5)
    assert passed.threshold == "<= 14 in at least 75 % of rows"
    assert json.loads(passed.sample)[0] == {"x": 15}


def test_every_kind_of_expectation_judges_and_explains(warehouse):
    results = run(
        warehouse,
        values("values_to_be_unique", column="r"),
        {
            "type": "expect_compound_columns_to_be_unique",
            "kwargs": {"column_list": ["r", "fifth"]},
        },
        values("values_to_not_be_in_set", column="r", value_set=[3, 9]),
        values("values_to_match_regex", column="label", regex="[0-4]$"),
        values("value_lengths_to_be_between", column="label", max_value=7),
        values("pair_values_to_be_equal", column_A="x", column_B="r"),
        values("pair_values_a_to_be_greater_than_b", column_A="half", column_B="r"),
        values("mean_to_be_between", column="half", max_value=4.7),
        values("sum_to_be_between", column="x", min_value=191),
        values("max_to_be_between", column="x", max_value=19, strict_max=True),
        values("unique_value_count_to_be_between", column="r", min_value=5),
        values("proportion_of_non_null_values_to_be_between", column="label", min_value=0.9),
        {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 21}},
        query("select r, count(*) as n from {batch} group by r having count(*) = 5"),
    )
    assert [result.passed for result in results] == [False] * len(results)
    assert [(result.observed_value, result.threshold) for result in results] == [
        ("20 of 20 rows (100.00 %)", "unique in all rows"),
        ("8 of 20 rows (40.00 %)", "unique in all rows"),
        ("5 of 20 rows (25.00 %)", "not in {3, 9} in all rows"),
        ("8 of 20 rows (40.00 %)", "matches [0-4]$ in all rows"),
        ("8 of 20 rows (40.00 %)", "length <= 7 in all rows"),
        ("16 of 20 rows (80.00 %)", "x = r in all rows"),
        ("4 of 20 rows (20.00 %)", "half > r in all rows"),
        ("4.75", "<= 4.7"),
        ("190", ">= 191"),
        ("19", "< 19"),
        ("4", ">= 5"),
        ("0.8", ">= 0.9"),
        ("20", "= 21"),
        ("4 rows", "no rows"),
    ]
    samples = [json.loads(result.sample) for result in results]
    assert samples[0] == [{"x": x, "r": x % 4} for x in range(5)]
    assert samples[1] == [{"x": x, "r": x % 4, "fifth": x // 5} for x in (0, 4, 5, 9, 10)]
    assert samples[3][0] == {"x": 6, "label": "label 6"}
    assert samples[13] == [{"r": r, "n": 5} for r in range(4)]
    assert [result.rows_affected for result in results[7:13]] == [20] * 6


def test_nulls_are_left_to_the_rules_about_them(warehouse):
    ranges, regex, pair, keys = run(
        warehouse,
        values("values_to_be_in_set", column="label", value_set=["no such label"], mostly=0.0),
        values("values_to_match_regex", column="label", regex="^label"),
        values("pair_values_a_to_be_greater_than_b", column_A="label", column_B="label", or_equal=1)
        | {"kwargs": {"column_A": "label", "column_B": "label", "or_equal": True}},
        values("values_to_be_unique", column="label"),
    )
    assert ranges.rows_affected == 16
    assert all(result.passed for result in (ranges, regex, pair, keys))


def test_a_duplicate_key_is_found_where_a_part_of_it_is_null(warehouse):
    change(warehouse, "INSERT INTO things BY NAME SELECT 99 AS x FROM range(2)")
    (result,) = run(
        warehouse,
        {"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["x", "r"]}},
    )
    assert (result.passed, result.rows_affected) == (False, 2)
    assert result.sample == '[{"x": 99, "r": null}, {"x": 99, "r": null}]'


def test_nan_and_infinity_are_out_of_any_range(warehouse):
    change(warehouse, "INSERT INTO things (x, half) VALUES (98, 'nan'), (99, 'inf')")
    between, largest = run(
        warehouse,
        values("values_to_be_between", column="half", min_value=0, max_value=100),
        values("max_to_be_between", column="half", max_value=100),
    )
    assert json.loads(between.sample) == [{"x": 98, "half": "nan"}, {"x": 99, "half": "inf"}]
    assert (largest.passed, largest.observed_value) == (False, "nan")


def test_a_column_without_values_passes_vacuously(warehouse):
    change(warehouse, "UPDATE things SET half = NULL")
    results = run(
        warehouse,
        values("mean_to_be_between", column="half", max_value=1),
        values("values_to_be_between", column="half", max_value=1),
    )
    assert [(result.passed, result.observed_value) for result in results] == [
        (True, "no values"),
        (True, "0 of 20 rows (0.00 %)"),
    ]


def test_an_empty_table_fails_only_where_rows_are_demanded(warehouse):
    change(warehouse, "DELETE FROM things")
    results = run(
        warehouse,
        values("values_to_not_be_null", column="x"),
        values("proportion_of_unique_values_to_be_between", column="x", min_value=0.5),
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}},
        query("select count(*) as n from {batch} having count(*) = 0"),
    )
    assert [result.passed for result in results] == [True, True, False, False]
    assert [result.observed_value for result in results] == ["no rows", "no rows", "0", "1 rows"]


def test_text_columns_are_read_as_their_type(warehouse):
    texts = ["12.5", "1_000", "0x1F", "nan", "1e400", " 7", "1,200", "", "-3", "1" * 31]
    change(warehouse, "DELETE FROM things")
    for place, text in enumerate(texts):
        change(warehouse, "INSERT INTO things (x, t) VALUES (?, ?)", place, text)
    unreadable, negative = run(
        warehouse,
        values("values_to_be_null", column="unreadable_values"),
        values("values_to_be_between", column="t", min_value=0),
        read_as={"t": "number"},
    )
    assert unreadable.rows_affected == 8
    assert json.loads(unreadable.sample)[0] == {"x": 1, "unreadable_values": "t=1_000"}
    assert json.loads(negative.sample) == [{"x": 8, "t": -3.0}]


def test_dates_are_read_and_limited(warehouse):
    change(warehouse, "UPDATE things SET t = CASE x WHEN 0 THEN '0001-01-01' WHEN 1 THEN "
           "'2024-02-30' WHEN 2 THEN '01/02/2024' ELSE '2024-02-29' END")  # fmt: skip
    unreadable, early = run(
        warehouse,
        values("values_to_be_null", column="unreadable_values"),
        values("values_to_be_between", column="t", min_value=yaml.safe_load("1950-01-01")),
        read_as={"t": "date"},
    )
    assert [row["x"] for row in json.loads(unreadable.sample)] == [1, 2]
    assert json.loads(early.sample) == [{"x": 0, "t": "0001-01-01"}]
    assert early.threshold == ">= 1950-01-01 in all rows"


HOSTILE = [
    "'; DROP TABLE things; --",
    '<script>alert("x")</script>',
    "=cmd|' /C calc'!A0",
    'quo"te \\ back',
    "line\nbreak\ttab \x07 bell",
    "{batch} %s %(x)s :name ? {0}",
    "naïve 日本語 🚀 e\u0301 \u202e",
    "NULL",
    "x" * 5_000,
]


def test_hostile_values_come_through_a_sample_unchanged(warehouse):
    change(warehouse, "DELETE FROM things")
    for place, text in enumerate(HOSTILE):
        change(warehouse, "INSERT INTO things (x, label) VALUES (?, ?)", place, text)
    found = {}
    for entry in (
        values("values_to_be_in_set", column="label", value_set=["fine", *HOSTILE[:4]]),
        values("values_to_not_be_in_set", column="label", value_set=HOSTILE),
        query("select label, x from {batch} where label <> '{{fine}}'"),
    ):
        (result,) = run(warehouse, entry)
        rows = json.loads(result.sample)
        assert len(rows) == 5
        found.update({row["x"]: row["label"] for row in rows})
        assert len(result.message) < 2000
    cut = "x" * 199 + "…"
    assert found == dict(enumerate([*HOSTILE[:-1], cut]))


def test_a_sample_does_not_depend_on_the_order_of_rows(warehouse):
    entry = values("values_to_be_between", column="half", max_value=2)
    (first,) = run(warehouse, entry)
    change(warehouse, "CREATE OR REPLACE TABLE things AS SELECT * FROM things ORDER BY hash(x)")
    (second,) = run(warehouse, entry)
    assert first == second


def test_pay_is_withheld_from_samples(warehouse):
    change(warehouse, "ALTER TABLE things ADD COLUMN hourly_cost_usd VARCHAR DEFAULT '61.5'")
    (result,) = run(warehouse, query("select x, hourly_cost_usd from {batch} where x = 3"))
    assert result.sample == '[{"x": 3, "hourly_cost_usd": "withheld"}]'


def test_an_exception_in_great_expectations_is_an_error_not_a_failure(warehouse):
    with pytest.raises(CheckExecutionError) as caught:
        run(
            warehouse,
            values("values_to_not_be_null", column="x"),
            values("values_to_be_between", column="label", max_value=3),
        )
    message = str(caught.value)
    assert "things.yaml" in message
    assert "check_1: ColumnValuesBetween metrics cannot be computed on column of type" in message
    assert "check_0" not in message
    assert len(message) < 2000


def test_an_exception_in_a_query_is_an_error_that_spares_no_other_check(warehouse):
    with pytest.raises(CheckExecutionError, match=r"check_0: .*Conversion Error.*'label 1'"):
        run(
            warehouse,
            query("select x from {batch} where label::int > 3"),
            values("values_to_not_be_null", column="x"),
        )


FAULTY = [
    ({"table": "thingz"}, values("values_to_be_null", column="x"), "no table thingz (did you mean"),
    ({"key": ["y"]}, values("values_to_be_null", column="x"), "key: table things has no column y"),
    ({"read_as": {"tt": "number"}}, values("values_to_be_null", column="x"), "read_as: table"),
    ({}, values("values_to_be_null", column="labl"), "(check_0): table things has no column labl "
     "(did you mean 'label'?)"),
    ({}, query("select labl from {batch}"), "(check_0): the query cannot run"),
    ({}, query("select x from {batch} where label = '{'"), "A literal brace is written twice"),
    ({}, query("select {x} from {batch}"), "A literal brace is written twice"),
    ({}, query("select x from {batch}; drop table things"), "a check is one SELECT"),
    ({}, query("delete from {batch}"), "a check is one SELECT"),
]  # fmt: skip


@pytest.mark.parametrize(("suite", "entry", "message"), FAULTY)
def test_a_suite_that_does_not_fit_the_warehouse_is_refused(warehouse, suite, entry, message):
    with pytest.raises(SuiteError) as caught:
        run(warehouse, entry, **suite)
    assert message in str(caught.value)
    assert "things.yaml" in str(caught.value)
    with duckdb.connect(str(warehouse)) as connection:
        assert connection.execute("SELECT count(*) FROM things").fetchone() == (20,)


def test_a_missing_or_foreign_warehouse_is_an_error_and_is_not_created(tmp_path):
    with pytest.raises(CheckExecutionError, match="does not exist"):
        run_suites(tmp_path / "none.duckdb", "raw")
    assert not (tmp_path / "none.duckdb").exists()
    (tmp_path / "page.duckdb").write_text("<html>Log in</html>" * 500)
    with pytest.raises(CheckExecutionError, match="cannot be opened"):
        run_suites(tmp_path / "page.duckdb", "raw")


def test_it_runs_beside_the_connection_of_the_process_and_lets_go_of_the_file(warehouse):
    entry = values("values_to_not_be_null", column="x")
    with session(warehouse) as connection:
        connection.execute("CREATE TABLE others AS SELECT 1 AS x")
        assert run(warehouse, entry)[0].passed
        assert connection.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal")
    gc.collect()
    # Another configuration is refused while any connection of this process is left.
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM things").fetchone() == (20,)
    assert not warehouse.with_suffix(".duckdb.wal").exists()
    assert {path.name for path in warehouse.parent.iterdir()} == {"warehouse.duckdb", "suites"}


def test_it_prints_nothing(warehouse, capfd):
    run(warehouse, values("values_to_be_between", column="x", max_value=14), query(
        "select x from {batch}"))  # fmt: skip
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""
