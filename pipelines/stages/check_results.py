"""`meta_check_result`: the outcome of every check of every gate, one row each."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Literal

import duckdb
import polars as pl

Gate = Literal["dbt", "great_expectations", "verifier"]


_SCHEMA: dict[str, type[pl.DataType]] = {
    "run_id": pl.String,
    "gate": pl.String,
    "check_name": pl.String,
    "table_name": pl.String,
    "column_name": pl.String,
    "expectation_type": pl.String,
    "severity": pl.String,
    "passed": pl.Boolean,
    "observed_value": pl.String,
    "threshold": pl.String,
    "rows_affected": pl.Int64,
    "sample_json": pl.String,
    "message": pl.String,
}


@dataclass(frozen=True)
class CheckRow:
    """One check of a gate.

    Attributes:
        severity: `error` stops publication, `warning` is only recorded.
        rows_affected: rows that broke the rule.
        sample_json: up to five offending keys or values, as JSON text.
        rows: (record id, row number) of every offending row where they were asked for; not
            recorded.
    """

    gate: Gate
    check_name: str
    table_name: str
    column_name: str | None
    expectation_type: str
    severity: Literal["error", "warning"]
    passed: bool
    observed_value: str | None
    threshold: str | None
    rows_affected: int
    sample_json: str | None
    message: str
    rows: tuple[tuple[str, int | None], ...] = ()


def append_check_results(
    connection: duckdb.DuckDBPyConnection, run_id: str, rows: Iterable[CheckRow]
) -> None:
    """Record `rows`; a check that ran again in the same run replaces its earlier row."""
    connection.execute(
        """
        CREATE TABLE IF NOT EXISTS meta_check_result (
            run_id VARCHAR, gate VARCHAR, check_name VARCHAR, table_name VARCHAR,
            column_name VARCHAR, expectation_type VARCHAR, severity VARCHAR, passed BOOLEAN,
            observed_value VARCHAR, threshold VARCHAR, rows_affected BIGINT, sample_json VARCHAR,
            message VARCHAR
        )
        """
    )
    values = [(run_id, *astuple(row)[:-1]) for row in rows]
    if not values:
        return
    # One statement each for all rows: row by row, 400 checks take a second.
    table = pl.DataFrame(values, schema=_SCHEMA, orient="row")
    connection.register("check_rows", table.to_arrow())
    connection.execute(
        "DELETE FROM meta_check_result AS old USING check_rows AS new WHERE old.gate = new.gate "
        "AND old.check_name = new.check_name AND old.table_name = new.table_name"
    )
    connection.execute("INSERT INTO meta_check_result SELECT * FROM check_rows")
    connection.unregister("check_rows")
