"""Small files that replace a code by what it stands for, landed as key and value tables."""

from dataclasses import replace

import duckdb

from pipelines.errors import InputError, near, quote
from pipelines.ingest import field_sql
from pipelines.ingest.entities import Entity
from pipelines.ingest.file_search import SourceFolder, find_file, find_table
from pipelines.ingest.landing import LANDING, land
from pipelines.ingest.ledger import Finding
from pipelines.ingest.mapping import EntityMapping, Lookup
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.spelling import respell


def store_lookups(
    connection: duckdb.DuckDBPyConnection,
    folder: SourceFolder,
    entity: Entity,
    mapping: EntityMapping,
) -> tuple[dict[str, str], list[Finding]]:
    """Land every lookup of `mapping`; the temporary table (key, value) by canonical field.

    Uses `landing`, so it comes before the entity's own file. Raises InputError for a file that
    cannot be used and for a key with two values, unless the lookup says to take the smallest.
    """
    tables: dict[str, str] = {}
    findings: list[Finding] = []
    for name, rule in mapping.columns.items():
        if rule.lookup is not None:
            tables[name] = f"lookup_{name}"
            findings += _store(connection, folder, entity, mapping, name, rule.lookup)
    return tables, findings


def lookup_files(folder: SourceFolder, mapping: EntityMapping) -> list[SourceFile]:
    """The files the lookups of `mapping` read, each once."""
    lookups = [rule.lookup for rule in mapping.columns.values() if rule.lookup is not None]
    found = (_find(folder, mapping, lookup) for lookup in lookups)
    return list({file.name: file for file in found if file is not None}.values())


def _find(folder: SourceFolder, mapping: EntityMapping, lookup: Lookup) -> SourceFile | None:
    if lookup.optional:
        is_pattern = "*" in lookup.file
        there = (
            folder.path.glob(lookup.file)
            if is_pattern
            else find_table(folder, lookup.file, mapping.csv)
        )
        if not list(there):
            return None
    return find_file(folder, lookup.file, mapping.csv)


def _store(
    connection: duckdb.DuckDBPyConnection,
    folder: SourceFolder,
    entity: Entity,
    mapping: EntityMapping,
    field: str,
    lookup: Lookup,
) -> list[Finding]:
    table = f"lookup_{field}"
    file = _find(folder, mapping, lookup)
    if file is None:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS"
            " SELECT NULL::VARCHAR AS key, NULL::VARCHAR AS value WHERE false"
        )
        message = f"no table '{lookup.file}', so {field} is null in every row"
        return [Finding("warning", "missing_table", entity.table, field, 0, message)]
    landing = land(connection, file)
    value_rule = lookup.value_rule()
    names = [lookup.key, *value_rule.source_columns()]
    names += [test.column for test in (lookup.where, lookup.prefer) if test is not None]
    names += lookup.largest
    if mapping.spelling == "any":
        landing = replace(landing, columns=respell(names, landing.columns, file.name))
    for name in names:
        if name not in landing.columns:
            raise InputError(
                f"{file.name}: column '{name}' is missing{near(name, landing.columns)}"
            )
    if landing.malformed:
        row = landing.malformed[0]
        raise InputError(f"{file.name}: row {row.row_number} cannot be read: {row.value}")

    def column(name: str, null_tokens: list[str] | None) -> str:
        tokens = mapping.null_tokens if null_tokens is None else null_tokens
        return field_sql.without_nulls(field_sql.trimmed(landing.sql_column(name)), tokens)

    where = field_sql.condition(lookup.where, column) if lookup.where is not None else "true"
    rank = "0"
    if lookup.prefer is not None:
        rank = f"CASE WHEN {field_sql.condition(lookup.prefer, column)} THEN 0 ELSE 1 END"
    order = ", ".join(
        [
            rank,
            *(
                f"TRY_CAST({column(name, None)} AS DOUBLE) DESC NULLS LAST"
                for name in lookup.largest
            ),
        ]
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT DISTINCT key, value FROM ("
        f" SELECT {column(lookup.key, None)} AS key,"
        f" {field_sql.origin(value_rule, column, None)} AS value,"
        f" rank() OVER (PARTITION BY {column(lookup.key, None)} ORDER BY {order}) AS place"
        f" FROM {LANDING} WHERE {where}) WHERE place = 1"
    )
    repeated, first = connection.execute(
        f"SELECT count(*), min(key) FROM"
        f" (SELECT key FROM {table} WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1)"
    ).fetchone() or (0, None)
    if not repeated:
        return []
    if lookup.if_repeated == "refuse":
        raise InputError(
            f"{file.name}: '{lookup.key}' {quote(first)} has two values of '{lookup.value}'; "
            "a lookup needs one row per key"
        )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS"
        f" SELECT key, min(value) AS value FROM {table} GROUP BY key"
    )
    message = (
        f"{file.name}: {repeated:,} values of '{lookup.key}', such as {quote(first)}, have several "
        f"of '{lookup.value}'; {field} takes the smallest"
    )
    return [Finding("warning", "ambiguous_code", entity.table, field, repeated, message)]


def join_sql(table: str, key: str) -> str:
    """The join that brings the value of `table` to rows whose key is the SQL `key`."""
    return f" LEFT JOIN {table} ON {table}.key = {key}"
