"""A release as if it held one scenario only, for readers that show one plan.

Tables keep their names: each that tells scenarios apart is hidden behind a view of its rows of the
one scenario. Tables that compare scenarios, or plans over time, stay as they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.errors import InputError, near
from pipelines.publish.snapshot import DATABASE_NAME, literal

ACROSS_SCENARIOS = ("dim_scenario", "kpi_scenario", "meta_run", "meta_kpi_history")


@contextmanager
def open_scenario(release: Path, scenario: str | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the release in folder `release` that shows one scenario.

    Args:
        scenario: None for the chosen one.

    Raises:
        InputError: the release has no plan of that scenario.
    """
    connection = duckdb.connect(str(release / DATABASE_NAME), read_only=True)
    try:
        (own,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        tables = [
            table
            for (table,) in connection.execute(
                "SELECT table_name FROM duckdb_columns() WHERE database_name = ? "
                "AND column_name = 'scenario' ORDER BY table_name",
                [own],
            ).fetchall()
            if table not in ACROSS_SCENARIOS
        ]
        shown = scenario or _chosen(connection)
        known = [name for (name,) in connection.execute("SELECT scenario FROM kpi_plan").fetchall()]
        if shown not in known:
            names = sorted(set(known))
            raise InputError(
                f"{release}: no plan of scenario '{shown}' is published here{near(shown, names)}; "
                f"there are: {', '.join(names)}"
            )
        for table in tables:
            connection.execute(
                f'CREATE TEMP VIEW "{table}" AS SELECT * FROM "{own}".main."{table}" '
                f"WHERE scenario = {literal(shown)}"
            )
        yield connection
    finally:
        connection.close()


def _chosen(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("SELECT scenario FROM dim_scenario WHERE is_chosen").fetchone()
    return str(row[0]) if row else ""
