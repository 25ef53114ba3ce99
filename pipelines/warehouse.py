"""The working database of a run: one DuckDB file that only the running process opens."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

# dbt's profile repeats these: two connections of one process to one file must agree on them.
# Casts of dates depend on the time zone; two threads are what the reference machine has.
# 4 GB hold what a million accounts need; ten million opportunities spill to the working folder
# instead of taking whatever the machine has (by default 80 % of it).
SESSION_SETTINGS = {"TimeZone": "UTC", "threads": "2", "memory_limit": "4GB"}

# What DuckDB makes by default 0.10 can open, and writing text that way takes a third longer.
STORAGE_VERSION = "v1.4.0"


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the working database at `path` for reading and writing, in UTC."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _create(path)
    connection = duckdb.connect(str(path))
    for name, value in SESSION_SETTINGS.items():
        connection.execute(f"SET {name} = '{value}'")
    return connection


@contextmanager
def session(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that is closed at the end of the block, whatever happens in it."""
    connection = connect(path)
    try:
        yield connection
    finally:
        connection.close()


def _create(path: Path) -> None:
    target = str(path).replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{target}' AS made (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("DETACH made")
