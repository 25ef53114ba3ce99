"""Small files that replace a code by what it stands for, landed as key and value tables."""

from pathlib import Path

import duckdb

from pipelines.errors import InputError, near, quote
from pipelines.ingest import field_sql
from pipelines.ingest.landing import LANDING, land
from pipelines.ingest.mapping import EntityMapping, Lookup
from pipelines.ingest.source_file import find_file


def store_lookups(
    connection: duckdb.DuckDBPyConnection, root: Path, mapping: EntityMapping
) -> dict[str, str]:
    """Land every lookup of `mapping`; the temporary table (key, value) by canonical field.

    Uses `landing`, so it comes before the entity's own file. Raises InputError for a file that
    cannot be used and for a key with two values.
    """
    tables: dict[str, str] = {}
    for name, rule in mapping.columns.items():
        if rule.lookup is not None:
            tables[name] = f"lookup_{name}"
            _store(connection, root, mapping, rule.lookup, tables[name])
    return tables


def lookup_files(mapping: EntityMapping) -> list[str]:
    """The files the lookups of `mapping` read, each once."""
    files = [rule.lookup.file for rule in mapping.columns.values() if rule.lookup is not None]
    return list(dict.fromkeys(files))


def _store(
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    mapping: EntityMapping,
    lookup: Lookup,
    table: str,
) -> None:
    file = find_file(root, lookup.file, csv_options=mapping.csv)
    assert file is not None
    landing = land(connection, file)
    for name in (lookup.key, lookup.value):
        if name not in landing.columns:
            raise InputError(
                f"{file.name}: column '{name}' is missing{near(name, landing.columns)}"
            )
    if landing.malformed:
        row = landing.malformed[0]
        raise InputError(f"{file.name}: row {row.row_number} cannot be read: {row.value}")
    key, value = (
        field_sql.without_nulls(field_sql.trimmed(landing.sql_column(name)), mapping.null_tokens)
        for name in (lookup.key, lookup.value)
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS"
        f" SELECT DISTINCT {key} AS key, {value} AS value FROM {LANDING}"
    )
    repeated = connection.execute(
        f"SELECT min(key) FROM {table} WHERE key IN"
        f" (SELECT key FROM {table} GROUP BY key HAVING count(*) > 1)"
    ).fetchone()
    if repeated and repeated[0] is not None:
        raise InputError(
            f"{file.name}: '{lookup.key}' {quote(repeated[0])} has two values of '{lookup.value}'; "
            "a lookup needs one row per key"
        )


def join_sql(table: str, key: str) -> str:
    """The join that brings the value of `table` to rows whose key is the SQL `key`."""
    return f" LEFT JOIN {table} ON {table}.key = {key}"
