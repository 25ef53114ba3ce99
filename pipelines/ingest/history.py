"""Since when a record has had its owner or stage: effective-dated periods from landed versions.

The versions a connector has brought, and what the source's own tables of changes say, go through
the same mapping as the records themselves, so a period holds canonical values. A deleted record's
last period ends with its deletion. What was true before the first version or change is not known,
and the period says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.ingest.entities import ENTITIES, Entity, Source
from pipelines.ingest.file_search import SourceFolder
from pipelines.ingest.history_rows import SEEN
from pipelines.ingest.history_tables import add_changes
from pipelines.ingest.landing import LANDING, drop_landing, land
from pipelines.ingest.ledger import Finding
from pipelines.ingest.lookup import store_lookups
from pipelines.ingest.mapping import CsvOptions, EntityMapping
from pipelines.ingest.mapping_file import load_mapping
from pipelines.ingest.resolution import resolve
from pipelines.ingest.shaping import SHAPED, shape
from pipelines.ingest.side_files import SideBooks
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.spelling import folded
from pipelines.ingest.sql import identifier, literal

HISTORY_TABLE = "record_history"

# What plans depend on over time: who owned an account, and how a deal went.
TRACKED: Mapping[tuple[Source, str], tuple[str, ...]] = {
    ("crm", "account"): ("owner_rep_id",),
    ("crm", "opportunity"): ("rep_id", "stage", "status"),
}


@dataclass(frozen=True)
class VersionedTable:
    """Every version of every record of one landed table, as a Parquet file."""

    name: str
    path: Path
    cursor: str
    is_deleted: str | None


def create_history_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace the table of periods by an empty one."""
    connection.execute(
        f"CREATE OR REPLACE TABLE {HISTORY_TABLE} (entity VARCHAR, record_id VARCHAR,"
        " field_name VARCHAR, value VARCHAR, valid_from_at TIMESTAMP, valid_to_at TIMESTAMP,"
        " is_start_known BOOLEAN)"
    )


def record_history(
    connection: duckdb.DuckDBPyConnection,
    mapping_path: Path,
    folder: SourceFolder,
    versions: Sequence[VersionedTable],
    rates: Mapping[str, float],
    books: SideBooks | None = None,
) -> list[Finding]:
    """Add the periods of the tracked fields of one source; what was odd about its history.

    `folder` holds the tables as they stand, for lookups and tables of changes. Also fills
    `owner_since_date` of accounts that have none, where the change of owner was seen.
    """
    mapping = load_mapping(mapping_path)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {SEEN} (entity VARCHAR, record_id VARCHAR,"
        " field_name VARCHAR, value VARCHAR, seen_at TIMESTAMP, is_deleted BOOLEAN)"
    )
    for (source, name), fields in TRACKED.items():
        if source != mapping.source:
            continue
        entity = ENTITIES[source, name]
        for part in mapping.entities.get(name, []):
            wanted = folded(part.table or "")
            for table in versions:
                if folded(table.name) == wanted:
                    _add_versions(connection, entity, fields, part, folder, table, rates)
    findings = add_changes(connection, mapping, folder, rates, books)
    _add_periods(connection)
    connection.execute(f"DROP TABLE {SEEN}")
    connection.execute(
        "UPDATE raw_crm__account SET owner_since_date = strftime(seen.valid_from_at, '%Y-%m-%d')"
        f" FROM {HISTORY_TABLE} AS seen WHERE seen.entity = 'account'"
        " AND seen.field_name = 'owner_rep_id' AND seen.record_id = raw_crm__account.account_id"
        " AND seen.value = raw_crm__account.owner_rep_id AND seen.valid_to_at IS NULL"
        " AND seen.is_start_known AND raw_crm__account.owner_since_date IS NULL"
    )
    return findings


def _add_periods(connection: duckdb.DuckDBPyConnection) -> None:
    """Make periods of what was seen."""
    connection.execute(f"""
        INSERT INTO {HISTORY_TABLE}
        WITH compared AS (
            SELECT *, lag(value) OVER in_order AS value_before,
                lag(is_deleted) OVER in_order AS was_deleted,
                row_number() OVER in_order = 1 AS is_first
            FROM {SEEN}
            WINDOW in_order AS (
                PARTITION BY entity, field_name, record_id ORDER BY seen_at, is_deleted, value)
        ),
        changes AS (
            SELECT * FROM compared WHERE is_first OR value IS DISTINCT FROM value_before
                OR is_deleted IS DISTINCT FROM was_deleted
        ),
        periods AS (
            SELECT *, lead(seen_at) OVER in_order AS ends_at
            FROM changes
            WINDOW in_order AS (
                PARTITION BY entity, field_name, record_id ORDER BY seen_at, is_deleted, value)
        )
        SELECT entity, record_id, field_name, value, seen_at, ends_at, NOT is_first
        FROM periods WHERE NOT is_deleted
        ORDER BY entity, field_name, record_id, seen_at""")


def _add_versions(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    fields: Sequence[str],
    part: EntityMapping,
    folder: SourceFolder,
    table: VersionedTable,
    rates: Mapping[str, float],
) -> None:
    keys = [field.name for field in entity.keys]
    tracked = [name for name in fields if name in part.columns]
    narrow = part.model_copy(
        update={
            "columns": {name: part.columns[name] for name in (*keys, *tracked)},
            # A deleted version is no row to leave out but the end of a period.
            "exclude": [],
            "pass_through": [],
        }
    )
    lookups, _ = store_lookups(connection, folder, entity, narrow)
    file = SourceFile(table.path, table.path.name, "parquet", CsvOptions())
    landing = land(connection, file)
    moment = landing.sql_column(table.cursor)
    deleted = "false"
    if table.is_deleted is not None and table.is_deleted in landing.columns:
        deleted = f"coalesce(landed.{landing.sql_column(table.is_deleted)} = 'true', false)"
    narrow, landing, _ = resolve(entity, file, narrow, landing)
    read = {name: lookup for name, lookup in lookups.items() if name in narrow.columns}
    shape(connection, entity, file, narrow, landing, read, rates)
    record = f"concat_ws('|', {', '.join(f'shaped.{identifier(key)}' for key in keys)})"
    for name in tracked:
        connection.execute(f"""
            INSERT INTO {SEEN}
            SELECT {literal(entity.name)}, {record}, {literal(name)}, shaped.{identifier(name)},
                CAST(regexp_replace(landed.{moment}, 'Z$', '') AS TIMESTAMP), {deleted}
            FROM {SHAPED} AS shaped JOIN {LANDING} AS landed USING (row_number)""")
    drop_landing(connection)
    for used in (SHAPED, *lookups.values()):
        connection.execute(f"DROP TABLE IF EXISTS {used}")
