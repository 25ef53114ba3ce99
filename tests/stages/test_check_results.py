"""Every gate's outcome is one row, and a check that runs again replaces its row."""

from dataclasses import replace

import duckdb

from pipelines.stages.check_results import CheckRow, append_check_results

ROW = CheckRow(
    gate="verifier",
    check_name="verify_one_owner",
    table_name="plan_assignment",
    column_name=None,
    expectation_type="plan_verifier",
    severity="error",
    passed=False,
    observed_value="2",
    threshold="0",
    rows_affected=2,
    sample_json='["A1", "A2"]',
    message="2 accounts have two owners",
)


def test_a_check_that_runs_again_replaces_its_row_and_no_other() -> None:
    with duckdb.connect() as connection:
        append_check_results(connection, "run_1", [ROW, replace(ROW, table_name="other")])
        append_check_results(connection, "run_1", [replace(ROW, passed=True, rows_affected=0)])
        found = connection.execute(
            "SELECT table_name, passed, rows_affected FROM meta_check_result ORDER BY 1"
        ).fetchall()
    assert found == [("other", False, 2), ("plan_assignment", True, 0)]


def test_no_checks_still_make_the_table() -> None:
    with duckdb.connect() as connection:
        append_check_results(connection, "run_1", [])
        assert connection.execute("SELECT count(*) FROM meta_check_result").fetchone() == (0,)
