"""Split shaped rows into loaded, quarantined, duplicate and excluded ones."""

from collections.abc import Mapping
from typing import NamedTuple

import duckdb

from pipelines.errors import InputError, quote
from pipelines.ingest.entities import Entity
from pipelines.ingest.landing import LANDING, Landing
from pipelines.ingest.ledger import FileLoad
from pipelines.ingest.mapping import EntityMapping
from pipelines.ingest.shaping import SHAPED
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.sql import identifier, literal, literals
from pipelines.ingest.text_rows import MalformedRow

CUSTOM_FIELD_TABLE = "custom_field"
REPEATED = "shaped_repeated"
_TWICE = "shaped_twice"

_TYPE_IN_WORDS = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "date": "a date",
}


class Filled(NamedTuple):
    """Rows of a file that are not excluded, and how many of them have a value, by mapped field."""

    rows: int
    values: Mapping[str, int]


def create_custom_field_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace the table of the columns that pass through by an empty one."""
    connection.execute(
        f"CREATE OR REPLACE TABLE {CUSTOM_FIELD_TABLE} (entity VARCHAR, record_id VARCHAR,"
        " field_name VARCHAR, value VARCHAR)"
    )


def create_raw_table(connection: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Replace the raw table of `entity` by an empty one."""
    fields = ", ".join(f"{identifier(field.name)} VARCHAR" for field in entity.fields)
    connection.execute(
        f"CREATE OR REPLACE TABLE {entity.table} ({fields}, source_file VARCHAR, row_number BIGINT)"
    )


def check_throughout(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    file: SourceFile,
    mapping: EntityMapping,
    landing: Landing,
) -> Filled:
    """How many values each mapped field has.

    InputError for a column that fails in every row, which is no matter of single bad rows.
    """
    mapped = [field for field in entity.fields if field.name in mapping.columns]
    counts = [f"count({identifier(field.name)})" for field in mapped]
    for field in mapped:
        if field.type != "text":
            is_unparsed = identifier(f"is_unparsed_{field.name}")
            counts.append(f"count(*) FILTER ({is_unparsed})")
            counts.append(f"min(row_number) FILTER ({is_unparsed})")
    total, *found = (
        connection.execute(
            f"SELECT count(*), {', '.join(counts)} FROM {SHAPED} WHERE exclusion IS NULL"
        ).fetchone()
        or ()
    )
    values, judged = found[: len(mapped)], iter(found[len(mapped) :])
    for field, valued in zip(mapped, values, strict=True):
        unparsed, first = (next(judged), next(judged)) if field.type != "text" else (0, 0)
        column = mapping.columns[field.name].column
        origin = f"column '{column}'" if column else f"field '{field.name}'"
        if unparsed > 1 and not valued:
            raise InputError(
                f"{file.name}: {origin} ({entity.name}.{field.name}): none of {unparsed:,} values "
                f"is {_TYPE_IN_WORDS[field.type]}, row {first} has "
                f"{_source_value(connection, landing, column, first)}; "
                "check the mapping's column, date_format, decimal and thousands",
                rule="retyped_column",
                column_name=field.name,
            )
        if field.is_required and total > 1 and not valued and not unparsed:
            raise InputError(
                f"{file.name}: {origin} ({entity.name}.{field.name}) is empty in all {total:,} "
                "rows, but every row needs it",
                rule="empty_column",
                column_name=field.name,
            )
    names = [field.name for field in mapped]
    return Filled(total, dict(zip(names, values, strict=True)))


def _source_value(
    connection: duckdb.DuckDBPyConnection, landing: Landing, column: str | None, row_number: int
) -> str:
    if column is None:
        return "no such value"
    row = connection.execute(
        f"SELECT {landing.sql_column(column)} FROM {LANDING} WHERE row_number = ?", [row_number]
    ).fetchone()
    return quote(row[0] if row else None)


def load(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    file: SourceFile,
    landing: Landing,
    run_id: str,
    *,
    is_further: bool = False,
) -> FileLoad:
    """Fill the raw table and the quarantine from `shaped`; the file's reconciliation.

    The first row of a key stays. A later row with the same canonical content is a duplicate, one
    with other content is quarantined as `duplicate_key`. A `is_further` file adds to what earlier
    files of the entity loaded, and its keys count as later ones.
    """
    loaded_before = _count(connection, f"SELECT count(*) FROM {entity.table}") if is_further else 0
    quarantined_before = _count(connection, "SELECT count(*) FROM quarantined_row")
    excluded_by: dict[str, int] = dict(
        connection.execute(
            f"SELECT exclusion, count(*) FROM {SHAPED} WHERE exclusion IS NOT NULL"
            " GROUP BY exclusion ORDER BY exclusion"
        ).fetchall()
    )
    _find_repeated(connection, entity)
    if is_further:
        _find_loaded_before(connection, entity)
    _quarantine_malformed(connection, entity, file, landing.malformed, run_id)
    repeated = _count(connection, f"SELECT count(*) FROM {REPEATED}")
    broken = _count(
        connection,
        f"SELECT count(*) FROM {SHAPED} WHERE exclusion IS NULL AND breach IS NOT NULL",
    )
    # Finding none in a join of all rows costs as much as finding some.
    if repeated or broken:
        _quarantine_rows(connection, entity, file, landing, run_id)
    if is_further or repeated or broken or excluded_by:
        _insert(connection, entity, repeated=bool(repeated), is_further=is_further)
        rows_loaded = _count(connection, f"SELECT count(*) FROM {entity.table}") - loaded_before
    else:
        # All of `shaped`, which `settle` turns into the raw table.
        rows_loaded = _count(connection, f"SELECT count(*) FROM {SHAPED}")
    return FileLoad(
        source_table=entity.table,
        source_file=file.name,
        file_sha256=landing.file_sha256,
        rows_read=landing.rows_read,
        rows_loaded=rows_loaded,
        rows_quarantined=_count(connection, "SELECT count(*) FROM quarantined_row")
        - quarantined_before,
        rows_duplicate=_count(connection, f"SELECT count(*) FROM {REPEATED} WHERE is_same"),
        excluded_by=excluded_by,
    )


def _insert(
    connection: duckdb.DuckDBPyConnection, entity: Entity, *, repeated: bool, is_further: bool
) -> None:
    """Copy the good rows of `shaped` to the raw table."""
    is_first = f" AND row_number NOT IN (SELECT row_number FROM {REPEATED})" if repeated else ""
    # Creating the table anew takes half the time of inserting into the empty one.
    make = (
        f"INSERT INTO {entity.table}"
        if is_further
        else f"CREATE OR REPLACE TABLE {entity.table} AS"
    )
    connection.execute(
        f"{make} SELECT {', '.join(_raw_columns(entity))}"
        f" FROM {SHAPED} WHERE exclusion IS NULL AND breach IS NULL{is_first}"
    )


def settle(connection: duckdb.DuckDBPyConnection, entity: Entity, file_load: FileLoad) -> None:
    """Make `shaped` the raw table where every row of it has loaded; it is gone then.

    Columns are dropped without reading a row, while a copy of ten million rows takes as long as
    shaping them. `shaped` must not be temporary.
    """
    if _count(connection, f"SELECT count(*) FROM {SHAPED}") != file_load.rows_loaded:
        return
    kept = {*(field.name for field in entity.fields), "source_file", "row_number"}
    described = connection.execute(f"DESCRIBE {SHAPED}").fetchall()
    for name in (row[0] for row in described if row[0] not in kept):
        connection.execute(f"ALTER TABLE {SHAPED} DROP COLUMN {identifier(name)}")
    connection.execute(f"DROP TABLE {entity.table}")
    connection.execute(f"ALTER TABLE {SHAPED} RENAME TO {entity.table}")


def _raw_columns(entity: Entity) -> list[str]:
    return [*(identifier(field.name) for field in entity.fields), "source_file", "row_number"]


def _find_repeated(connection: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Rows whose key an earlier good row has, and whether they say the same as that one."""
    names = [identifier(field.name) for field in entity.fields]
    keys = ", ".join(identifier(field.name) for field in entity.keys)
    same_key = " AND ".join(
        f"good.{key} IS NOT DISTINCT FROM twice.{key}"
        for key in (identifier(field.name) for field in entity.keys)
    )
    is_good = "exclusion IS NULL AND breach IS NULL"
    # Grouping first is cheap, and it leaves the window the few rows whose key repeats. In a table
    # of its own, because DuckDB takes them for many and would join by a hash of all rows.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_TWICE} AS"
        f" SELECT {keys} FROM {SHAPED} WHERE {is_good} GROUP BY {keys} HAVING count(*) > 1"
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {REPEATED} AS
        WITH good AS (SELECT * FROM {SHAPED} WHERE {is_good}),
        ranked AS (
            SELECT row_number, ROW({", ".join(names)}) AS content,
                first_value(ROW({", ".join(names)})) OVER same_key AS first_content,
                row_number() OVER same_key AS position
            FROM (SELECT good.* FROM good JOIN {_TWICE} AS twice ON {same_key})
            WINDOW same_key AS (PARTITION BY {keys} ORDER BY row_number)
        )
        SELECT row_number, content IS NOT DISTINCT FROM first_content AS is_same
        FROM ranked WHERE position > 1""")
    connection.execute(f"DROP TABLE {_TWICE}")


def _find_loaded_before(connection: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Add the rows whose key an earlier file of the entity has already loaded."""
    fields = [identifier(field.name) for field in entity.fields]
    same_key = " AND ".join(
        f"before.{key} IS NOT DISTINCT FROM good.{key}"
        for key in (identifier(field.name) for field in entity.keys)
    )
    good, before = (", ".join(f"{side}.{name}" for name in fields) for side in ("good", "before"))
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {REPEATED} AS
        WITH seen AS (
            SELECT good.row_number, ROW({good}) IS NOT DISTINCT FROM ROW({before}) AS is_same
            FROM (SELECT * FROM {SHAPED} WHERE exclusion IS NULL AND breach IS NULL) AS good
            JOIN {entity.table} AS before ON {same_key}
        )
        SELECT * FROM seen
        UNION ALL
        SELECT * FROM {REPEATED} WHERE row_number NOT IN (SELECT row_number FROM seen)""")


def store_custom_fields(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    file: SourceFile,
    mapping: EntityMapping,
    landing: Landing,
) -> None:
    """Keep the columns that pass through, of the rows just loaded from `file`."""
    if not mapping.pass_through:
        return
    keys = ", ".join(f"loaded.{identifier(field.name)}" for field in entity.keys)
    for name in mapping.pass_through:
        connection.execute(
            f"INSERT INTO {CUSTOM_FIELD_TABLE}"
            f" SELECT {literal(entity.name)}, concat_ws('|', {keys}), {literal(name)},"
            f" landed.{landing.sql_column(name)}"
            f" FROM {entity.table} AS loaded"
            f" JOIN {LANDING} AS landed ON landed.row_number = loaded.row_number"
            f" WHERE loaded.source_file = {literal(file.name)}"
            f" AND nullif(trim(landed.{landing.sql_column(name)}), '') IS NOT NULL"
            " ORDER BY loaded.row_number"
        )


def _quarantine_malformed(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    file: SourceFile,
    malformed: list[MalformedRow],
    run_id: str,
) -> None:
    if not malformed:
        return
    connection.execute(
        "INSERT INTO quarantined_row SELECT ?, ?, unnest(?::BIGINT[]), NULL, unnest(?::VARCHAR[]),"
        " NULL, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), ?",
        [
            entity.table,
            file.name,
            [row.row_number for row in malformed],
            [row.rule for row in malformed],
            [row.value for row in malformed],
            [row.payload_json for row in malformed],
            run_id,
        ],
    )


def _quarantine_rows(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    file: SourceFile,
    landing: Landing,
    run_id: str,
) -> None:
    keys = [identifier(field.name) for field in entity.keys]
    record_id = f"concat_ws('|', {', '.join(keys)})"
    key_names = literals(field.name for field in entity.keys)
    connection.execute(
        f"""
        INSERT INTO quarantined_row
        SELECT ?, ?, s.row_number, nullif({record_id}, ''),
            coalesce(s.breach.rule, 'duplicate_key'),
            coalesce(s.breach.column_name, concat_ws(', ', {key_names})),
            CASE WHEN s.breach IS NULL THEN {record_id} ELSE s.breach.value END,
            CAST({landing.payload_sql} AS VARCHAR), ?
        FROM {SHAPED} AS s
        JOIN {LANDING} AS landed ON landed.row_number = s.row_number
        LEFT JOIN {REPEATED} AS repeated ON repeated.row_number = s.row_number
        WHERE s.exclusion IS NULL
            AND (s.breach IS NOT NULL OR repeated.is_same = false)
        ORDER BY s.row_number""",
        [entity.table, file.name, run_id],
    )


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
