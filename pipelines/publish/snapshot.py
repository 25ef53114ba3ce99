"""Copy the published tables out of the working database, and prove the copies equal.

Every table goes to `territory.duckdb` and to `parquet/<table>.parquet`, rows in the contract's
order, so that equal content gives equal Parquet bytes.
"""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import GateError, TerritoryError
from pipelines.publish.contract import contract_table, published_expression, table_columns

DATABASE_NAME = "territory.duckdb"
PARQUET_FOLDER = "parquet"

# BI drivers embed DuckDB 1.4 or later; a file in the 2.0 default format would shut them out.
STORAGE_VERSION = "v1.4.0"

# 122,880 rows is DuckDB's own row group, so a Parquet row group is written without being re-cut;
# fixed, because the size decides the bytes.
PARQUET_OPTIONS = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"


@dataclass(frozen=True)
class TableDigest:
    """Content of a table, whatever its row order and storage; comparable in one process only."""

    rows: int
    hash_sum: int


@dataclass(frozen=True)
class TableSnapshot:
    """A copied table: column names with types, and the digest of its content."""

    name: str
    columns: dict[str, str]
    digest: TableDigest


def literal(value: object) -> str:
    """`value` as an SQL text literal, for statements that take no parameters."""
    return "'" + str(value).replace("'", "''") + "'"


def copy_tables(
    connection: duckdb.DuckDBPyConnection, release: Path, tables: Sequence[str]
) -> list[TableSnapshot]:
    """Write `tables` of the open working database into the folder `release`.

    The DuckDB file is checkpointed and detached; comments on tables and columns are kept.

    Raises:
        GateError: a number to be published is not finite.
        TerritoryError: a copy differs from its source.
    """
    existing = table_columns(connection)
    for table in tables:
        _refuse_non_finite(connection, table, existing[table])
    database = release / DATABASE_NAME
    (release / PARQUET_FOLDER).mkdir()
    connection.execute(
        f"ATTACH {literal(database)} AS published (STORAGE_VERSION {literal(STORAGE_VERSION)})"
    )
    try:
        # One transaction: 600 statements that each wait for the disk take seconds.
        connection.execute("BEGIN")
        try:
            snapshots = [_copy(connection, release, table, existing[table]) for table in tables]
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT published")
    finally:
        connection.execute("DETACH published")
    _verify(release, snapshots)
    return snapshots


def copy_restricted(
    connection: duckdb.DuckDBPyConnection, folder: Path, tables: Sequence[str]
) -> None:
    """Write `tables` in full, pay data included, as Parquet files only their owner can read.

    Raises:
        GateError: one of `tables` does not exist.
    """
    existing = table_columns(connection)
    for table in tables:
        if table not in existing:
            raise GateError(f"restricted table {table} is missing; nothing was published")
        path = folder / f"{table}.parquet"
        connection.execute(
            f'COPY (SELECT * FROM "{table}" ORDER BY ALL) TO {literal(path)} ({PARQUET_OPTIONS})'
        )
        path.chmod(0o600)


def _copy(
    connection: duckdb.DuckDBPyConnection, release: Path, table: str, columns: dict[str, str]
) -> TableSnapshot:
    target = f'published.main."{table}"'
    content = ", ".join(published_expression(table, column) for column in columns)
    key = contract_table(table).order_by
    order = ", ".join(f'"{column}"' for column in (*key, *(c for c in columns if c not in key)))
    declared = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    connection.execute(f"CREATE TABLE {target} ({declared})")
    connection.execute(f'INSERT INTO {target} SELECT {content} FROM "{table}" ORDER BY {order}')
    _copy_comments(connection, table, target)
    path = release / PARQUET_FOLDER / f"{table}.parquet"
    connection.execute(
        f"COPY (SELECT * FROM {target} ORDER BY {order}) TO {literal(path)} ({PARQUET_OPTIONS})"
    )
    digest = _digest(connection, f'(SELECT {content} FROM "{table}")', columns)
    return TableSnapshot(table, columns, digest)


def _copy_comments(connection: duckdb.DuckDBPyConnection, table: str, target: str) -> None:
    own = "database_name = current_database() AND schema_name = 'main'"
    statements = []
    for (comment,) in connection.execute(
        f"SELECT comment FROM duckdb_tables() WHERE {own} AND table_name = ? "
        f"UNION ALL SELECT comment FROM duckdb_views() WHERE {own} AND view_name = ?",
        [table, table],
    ).fetchall():
        if comment:
            statements.append(f"COMMENT ON TABLE {target} IS {literal(comment)}")
    for column, comment in connection.execute(
        f"SELECT column_name, comment FROM duckdb_columns() WHERE {own} AND table_name = ? "
        "ORDER BY column_index",
        [table],
    ).fetchall():
        if comment:
            statements.append(f'COMMENT ON COLUMN {target}."{column}" IS {literal(comment)}')
    if statements:
        connection.execute("; ".join(statements))


def _digest(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str]
) -> TableDigest:
    hashed = ", ".join(f'"{column}"' for column in columns)
    rows, hash_sum = connection.execute(
        f"SELECT count(*), coalesce(sum(hash({hashed})::HUGEINT), 0) FROM {relation}"
    ).fetchall()[0]
    return TableDigest(rows, int(hash_sum))


def _verify(release: Path, snapshots: Sequence[TableSnapshot]) -> None:
    """Re-read both copies as a reader would; a lost `.wal` would show here as older content."""
    database = release / DATABASE_NAME
    leftovers = sorted(p.name for p in release.glob(DATABASE_NAME + ".*"))
    if leftovers:
        raise TerritoryError(f"{database}: not closed cleanly ({', '.join(leftovers)} left)")
    with duckdb.connect(str(database), read_only=True) as reader:
        for snapshot in snapshots:
            # Brackets in a folder name would be read as a pattern.
            pattern = glob.escape(str(release / PARQUET_FOLDER / f"{snapshot.name}.parquet"))
            for kind, relation in (
                ("DuckDB", f'"{snapshot.name}"'),
                ("Parquet", f"read_parquet({literal(pattern)})"),
            ):
                found = _digest(reader, relation, snapshot.columns)
                if found != snapshot.digest:
                    raise TerritoryError(
                        f"{kind} copy of {snapshot.name} under {release}: {found.rows} rows read "
                        f"back do not equal the {snapshot.digest.rows} written; check the disk "
                        "and run again; the last publication stays"
                    )


def _refuse_non_finite(
    connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str]
) -> None:
    floating = [column for column, kind in columns.items() if kind in ("DOUBLE", "FLOAT")]
    if not floating:
        return
    counts = ", ".join(f'count(*) FILTER (NOT isfinite("{column}"))' for column in floating)
    found = connection.execute(f'SELECT {counts} FROM "{table}"').fetchall()[0]
    broken = [f"{table}.{c} ({n} rows)" for c, n in zip(floating, found, strict=True) if n]
    if broken:
        raise GateError(
            f"not a finite number in {', '.join(broken)}: a formula divides by zero or its input "
            "is not a number; nothing was published"
        )
