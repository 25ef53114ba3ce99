"""The figures of past plans outlive the plans."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.stages.history import extend_history
from pipelines.stages.run_context import RunContext

_MARTS = """
    CREATE OR REPLACE TABLE kpi_plan AS SELECT '{plan}' AS plan_id, 'default' AS scenario,
      'proposed' AS plan_version, {moves}::BIGINT AS moved_accounts, 7::BIGINT AS seed,
      NULL::DOUBLE AS bound_usd, 12.50::DECIMAL(18,2) AS travel_cost_usd;
    CREATE OR REPLACE TABLE kpi_rollup AS SELECT '{plan}' AS plan_id, 'default' AS scenario,
      'proposed' AS plan_version, level, level || ' 1' AS member_id, 'One' AS member_name,
      3::BIGINT AS account_count
    FROM (VALUES ('company'), ('rep'), ('region'), ('state')) AS levels(level)
"""


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def run(
    connection: duckdb.DuckDBPyConnection, folder: Path, plan: str, as_of: date, moves: int
) -> list[tuple[object, ...]]:
    """One plan and its publication; the history after it."""
    connection.execute(_MARTS.format(plan=plan, moves=moves))
    context = RunContext("run", plan, as_of, "default", "i", "s", "c")
    extend_history(connection, context, folder)
    release = folder / "releases" / plan
    (release / "parquet").mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"COPY (SELECT * FROM meta_kpi_history ORDER BY ALL) "
        f"TO '{release / 'parquet' / 'meta_kpi_history.parquet'}'"
    )
    (folder / "published").unlink(missing_ok=True)
    (folder / "published").symlink_to(release)
    return connection.execute(
        "SELECT as_of, plan_id, metric_value FROM meta_kpi_history "
        "WHERE metric = 'moved_accounts' ORDER BY as_of"
    ).fetchall()


def test_plans_of_other_dates_stay_and_one_of_the_same_date_is_replaced(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = tmp_path / "data [1]"
    june, july = date(2026, 6, 30), date(2026, 7, 31)
    assert run(connection, folder, "plan_a", june, 5) == [(june, "plan_a", 5)]
    assert run(connection, folder, "plan_b", july, 6) == [
        (june, "plan_a", 5),
        (july, "plan_b", 6),
    ]
    assert run(connection, folder, "plan_c", july, 8) == [
        (june, "plan_a", 5),
        (july, "plan_c", 8),
    ]


def test_every_number_of_plan_and_levels_is_kept_and_nothing_else(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    run(connection, tmp_path, "plan_a", date(2026, 6, 30), 5)
    assert connection.execute(
        "SELECT level, member_id, metric, metric_value FROM meta_kpi_history ORDER BY ALL"
    ).fetchall() == [
        ("company", "company 1", "account_count", 3.0),
        ("plan", "plan", "moved_accounts", 5.0),
        ("plan", "plan", "travel_cost_usd", 12.5),
        ("region", "region 1", "account_count", 3.0),
        ("rep", "rep 1", "account_count", 3.0),
    ]
