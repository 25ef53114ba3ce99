"""A working database that holds every contract table, small and made by hand."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.publish import PublishRequest
from pipelines.publish.contract import CONTRACT, contract_table

AS_OF = date(2026, 6, 30)

HOSTILE_NAMES = (
    '=cmd|" /C calc"!A0',
    "+1-800-FLOWERS",
    "-2+3",
    "@SUM(1,1)",
    "\t=1+1",
    "  =HYPERLINK(1)",
    "Müller, “Söhne”\nGmbH",
    "O'Neil; DROP TABLE dim_account;--",
    "\x01 control",
    "Plain Inc.",
)


def column_type(column: str) -> str:
    """A plain type that fits the name of a contract column."""
    if column.startswith(("is_", "has_")) or column == "passed":
        return "BOOLEAN"
    if column.endswith(("_usd", "usd_per_day")):
        return "DECIMAL(18,2)"
    if column.endswith(("_count", "_accounts", "_rows", "row_number", "position", "seed")):
        return "BIGINT"
    if column.startswith("rows_"):
        return "BIGINT"
    if column.endswith(("started_at", "finished_at")):
        return "TIMESTAMP"
    if column == "as_of":
        return "DATE"
    if column.endswith(("_hours", "_pct", "_cv", "_gini", "_ratio", "_index", "_score", "itude")):
        return "DOUBLE"
    return "VARCHAR"


def build_warehouse(
    path: Path, plan_id: str = "plan_a", *, sales: int = 1000, run: str = "1"
) -> Path:
    """Write the working database of a plan of ten accounts and three reps to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        # One transaction: synced once instead of once for each of the 60 statements.
        connection.begin()
        for table in CONTRACT:
            declared = ", ".join(f'"{c}" {column_type(c)}' for c in table.columns)
            connection.execute(f"CREATE TABLE {table.name} ({declared})")
        connection.execute("COMMENT ON TABLE dim_account IS 'Grain: one account. It''s real.'")
        connection.execute("COMMENT ON COLUMN dim_account.account_id IS 'Id of the account.'")
        connection.execute(
            "CREATE TABLE int_territory__pay_cost AS "
            "SELECT 'T1' AS territory_id, 61.5::DOUBLE AS hourly_cost_usd"
        )
        for number in reversed(range(10)):
            account = f"A{number}"
            insert(
                connection,
                "dim_account",
                account_id=account,
                account_name=HOSTILE_NAMES[number],
                actual_sales_usd=sales + number,
            )
            insert(
                connection,
                "fct_assignment",
                plan_id=plan_id,
                scenario="default",
                account_id=account,
                rep_id=f"R{number % 3}",
                previous_rep_id=None if number == 8 else "R_left" if number == 7 else "R2",
                is_moved=number < 6,
                is_forced_move=number == 7,
                is_new_assignment=number == 8,
                service_hours=1.5 * number,
                reason="closer to home",
                runner_up_rep_id="R1",
                runner_up_delta_usd=12.5,
            )
        for number in range(3):
            insert(
                connection,
                "dim_rep",
                scenario="default",
                rep_id=f"R{number}",
                rep_name=f"Rep {number}",
                manager_id="R0",
            )
            insert(
                connection,
                "dim_owner",
                rep_id=f"R{number}",
                rep_name=f"Rep {number}",
                manager_id="R0",
            )
        insert(connection, "dim_owner", rep_id="R_left", rep_name="Gone Rep", has_left=True)
        insert(connection, "kpi_plan", plan_id=plan_id, plan_version="proposed", seed=7)
        insert(connection, "meta_run", run_id=f"run_{run}", plan_id=plan_id, status="success")
        insert(
            connection,
            "quarantined_row",
            source_table="raw_crm__rep",
            row_number=3,
            column_name="hourly_cost_usd",
            value="77.77",
            payload_json='{"pay": "77.77"}',
        )
        insert(
            connection,
            "quarantined_row",
            source_table="raw_crm__account",
            row_number=4,
            column_name="employee_count",
            value="many",
            payload_json='{"employees": "many"}',
        )
        connection.commit()
    return path


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """Add a row; columns not named are NULL."""
    columns: Sequence[str] = contract_table(table).columns
    assert set(values) <= set(columns), set(values) - set(columns)
    connection.execute(
        f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})",
        [values.get(column) for column in columns],
    )


def request_for(
    folder: Path, plan_id: str = "plan_a", *, sales: int = 1000, run: str = "1", keep: int = 5
) -> PublishRequest:
    """Build the working database of `plan_id` under `folder` and ask for its publication."""
    return PublishRequest(
        warehouse=build_warehouse(
            folder / "working" / "warehouse.duckdb", plan_id, sales=sales, run=run
        ),
        data_dir=folder,
        plan_id=plan_id,
        run_id=f"run_{run}",
        scenario="default",
        as_of=AS_OF,
        keep_releases=keep,
    )
