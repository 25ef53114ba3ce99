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
from pipelines.ingest.side_files import NOT_ASKED_FOR, SideBooks
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.spelling import respell
from pipelines.ingest.sql import literal

_READ = "lookup_read"


def store_lookups(
    connection: duckdb.DuckDBPyConnection,
    folder: SourceFolder,
    entity: Entity,
    mapping: EntityMapping,
    books: SideBooks | None = None,
) -> tuple[dict[str, str], list[Finding]]:
    """Land every lookup of `mapping`; the temporary table (key, value) by canonical field.

    Uses `landing`, so it comes before the entity's own file. What became of the rows is entered
    into `books`. Raises InputError for a file that cannot be used and for a key with two values,
    unless the lookup says to take the smallest.
    """
    tables: dict[str, str] = {}
    findings: list[Finding] = []
    for name, rule in mapping.columns.items():
        if rule.lookup is not None:
            tables[name] = f"lookup_{name}"
            findings += _store(connection, folder, entity, mapping, name, rule.lookup, books)
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
    books: SideBooks | None,
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

    def column(name: str, null_tokens: list[str] | None) -> str:
        tokens = mapping.null_tokens if null_tokens is None else null_tokens
        return field_sql.without_nulls(field_sql.trimmed(landing.sql_column(name)), tokens)

    where = field_sql.condition(lookup.where, column) if lookup.where is not None else "true"
    order = [f"TRY_CAST({column(name, None)} AS DOUBLE) DESC NULLS LAST" for name in lookup.largest]
    if lookup.prefer is not None:
        order.insert(0, f"{field_sql.condition(lookup.prefer, column)} DESC")
    key = column(lookup.key, None)
    place = f"rank() OVER (PARTITION BY {where}, {key} ORDER BY {', '.join(order)})"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_READ} AS
        SELECT row_number, {key} AS key, {field_sql.origin(value_rule, column, None)} AS value,
            CASE WHEN NOT {where} THEN '{NOT_ASKED_FOR}' WHEN {key} IS NULL THEN 'missing_value'
                {f"WHEN {place} > 1 THEN 'not_preferred'" if order else ""} END AS rule
        FROM {LANDING}""")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS"
        f" SELECT DISTINCT key, value FROM {_READ} WHERE rule IS NULL"
    )
    findings = _one_value_per_key(connection, file, entity, field, lookup)
    if books is not None:
        rows = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        is_all = rows == (landing.rows_read,)
        use = f"{mapping.origin}:{field}"
        set_aside = None if is_all else _set_aside(table, lookup)
        books.enter(entity.table, file, "lookup", use, landing, set_aside)
    connection.execute(f"DROP TABLE {_READ}")
    return findings


def _one_value_per_key(
    connection: duckdb.DuckDBPyConnection,
    file: SourceFile,
    entity: Entity,
    field: str,
    lookup: Lookup,
) -> list[Finding]:
    table = f"lookup_{field}"
    repeated, first = connection.execute(
        f"SELECT count(*), min(key) FROM (SELECT key FROM {table} GROUP BY key HAVING count(*) > 1)"
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


def _set_aside(table: str, lookup: Lookup) -> str:
    """The rows that `table` does not hold, with what became of them."""
    return f"""
        SELECT row_number, rule, if(rule = 'missing_value', {literal(lookup.key)}, NULL)
            AS column_name, NULL AS value, CASE rule WHEN 'missing_value' THEN 'quarantined'
            WHEN 'duplicate_row' THEN 'duplicate' ELSE 'excluded' END AS outcome
        FROM (
            SELECT row_number, CASE WHEN seen.rule IS NOT NULL THEN seen.rule
                WHEN seen.value IS DISTINCT FROM kept.value THEN 'ambiguous_code'
                WHEN row_number() OVER (PARTITION BY seen.rule, seen.key, seen.value
                    ORDER BY row_number) > 1 THEN 'duplicate_row' END AS rule
            FROM {_READ} AS seen LEFT JOIN {table} AS kept ON kept.key = seen.key)
        WHERE rule IS NOT NULL"""


def join_sql(table: str, key: str) -> str:
    """The join that brings the value of `table` to rows whose key is the SQL `key`."""
    return f" LEFT JOIN {table} ON {table}.key = {key}"
