"""Judge the rows of a table of changes, and keep what they say of a record's past.

A row is a change of one field or a version of a whole record. It is kept where it tells which
record, when, and a value that the field may have.
"""

from dataclasses import dataclass

import duckdb

from pipelines.ingest.entities import Entity
from pipelines.ingest.landing import LANDING
from pipelines.ingest.shaping import SHAPED
from pipelines.ingest.side_files import NOT_ASKED_FOR
from pipelines.ingest.sql import identifier, literal

SEEN = "history_seen"
"""What is known of tracked fields: entity, record_id, field_name, value, seen_at, is_deleted."""

_JUDGED = "history_judged"

# Fivetran ends a version a millisecond before the next one starts; others end it when that starts.
_SUCCESSOR = "INTERVAL 1 SECOND"

# Where the value before the first change of a record is known, it held since the record was made.
_MADE = {"account": "created_date", "opportunity": "opened_date"}


@dataclass(frozen=True)
class Change:
    """The SQL of a landed row of a history table, and the columns of record and moment.

    `ended_at` is null for versions that still hold, `is_of_field` and `is_wanted` tell rows that
    are about another field or spell the value in another way.
    """

    record_column: str
    record: str
    moment_column: str
    moment: str
    ended_at: str = "NULL::TIMESTAMP"
    is_deleted: str = "false"
    is_of_field: str = "true"
    is_wanted: str = "true"


def judge(connection: duckdb.DuckDBPyConnection, entity: Entity, field: str, change: Change) -> str:
    """Judge the rows of `landing` and `shaped`; a query of those that were set aside."""
    key = identifier(entity.keys[0].name)
    at_fault = f"shaped.breach.column_name IN ({literal(field)}, {literal(entity.keys[0].name)})"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_JUDGED} AS
        WITH read AS (
            SELECT row_number, shaped.{key} AS record_id, shaped.{identifier(field)} AS value,
                {change.moment} AS seen_at, {change.ended_at} AS ended_at,
                {change.is_deleted} AS is_deleted,
                CASE WHEN NOT ({change.is_of_field}) THEN '{NOT_ASKED_FOR}'
                    WHEN NOT ({change.is_wanted}) THEN 'other_spelling'
                    WHEN {change.record} IS NULL OR {change.moment} IS NULL THEN 'missing_value'
                    WHEN {at_fault} THEN shaped.breach.rule END AS rule,
                CASE WHEN {change.record} IS NULL THEN {literal(change.record_column)}
                    WHEN {change.moment} IS NULL THEN {literal(change.moment_column)}
                    ELSE shaped.breach.column_name END AS column_name,
                shaped.breach.value AS text
            FROM {SHAPED} AS shaped JOIN {LANDING} AS landed USING (row_number)),
        followed AS (
            SELECT *, lead(seen_at) OVER (PARTITION BY rule IS NULL, record_id
                ORDER BY seen_at, row_number) AS next_at
            FROM read),
        closed AS (
            SELECT * REPLACE (CASE WHEN rule IS NULL
                AND coalesce(next_at > ended_at + {_SUCCESSOR}, true) THEN ended_at END AS ended_at)
            FROM followed),
        known AS (
            SELECT {key} AS record_id FROM {entity.table}
            UNION SELECT record_id FROM {SEEN} WHERE entity = {literal(entity.name)}
            -- A record that has left its table may stand here up to its end.
            UNION SELECT record_id FROM closed WHERE rule IS NULL AND next_at IS NULL
                AND (ended_at IS NOT NULL OR is_deleted))
        SELECT * EXCLUDE (rule, next_at), CASE WHEN rule IS NOT NULL THEN rule
            WHEN record_id NOT IN (FROM known) THEN 'unknown_record'
            WHEN row_number() OVER (PARTITION BY rule IS NULL, record_id, seen_at, value,
                is_deleted, ended_at ORDER BY row_number) > 1 THEN 'duplicate_row' END AS rule
        FROM closed""")
    return f"""
        SELECT row_number, rule, CASE WHEN outcome = 'quarantined' THEN column_name END
            AS column_name, CASE WHEN outcome = 'quarantined' THEN text END AS value, outcome
        FROM (SELECT *, CASE WHEN rule = 'duplicate_row' THEN 'duplicate'
            WHEN rule IN ('{NOT_ASKED_FOR}', 'other_spelling', 'unknown_record') THEN 'excluded'
            ELSE 'quarantined' END AS outcome FROM {_JUDGED} WHERE rule IS NOT NULL)"""


def keep(connection: duckdb.DuckDBPyConnection, entity: Entity, field: str) -> None:
    """Add the rows just judged good to `history_seen`, and the ends they tell of.

    The last version of a record that still stands in its own table is taken to hold: that table
    may be older than this one, and it has the record.
    """
    _insert(
        connection,
        entity,
        field,
        "SELECT record_id, if(is_deleted, NULL, value) AS value, seen_at, is_deleted"
        f" FROM {_JUDGED} WHERE rule IS NULL",
    )
    last = f"""
        SELECT *, max(seen_at) OVER (PARTITION BY record_id) = seen_at AS is_last
        FROM {_JUDGED} WHERE rule IS NULL"""
    _insert(
        connection,
        entity,
        field,
        f"SELECT record_id, NULL AS value, ended_at AS seen_at, true AS is_deleted FROM ({last})"
        " WHERE ended_at IS NOT NULL AND NOT is_deleted AND NOT (is_last AND record_id IN"
        f" (SELECT {identifier(entity.keys[0].name)} FROM {entity.table}))",
    )


def keep_before(connection: duckdb.DuckDBPyConnection, entity: Entity, field: str) -> None:
    """Add the value before the first change, in `shaped`, from when its record was made."""
    made = f"TRY_CAST(made.{_MADE[entity.name]} AS TIMESTAMP)"
    _insert(
        connection,
        entity,
        field,
        f"SELECT record_id, arg_min(shaped.{identifier(field)}, (seen_at, row_number)) AS value,"
        f" min({made}) AS seen_at, false AS is_deleted"
        f" FROM {SHAPED} AS shaped JOIN {_JUDGED} AS judged USING (row_number)"
        f" JOIN {entity.table} AS made ON made.{identifier(entity.keys[0].name)} = record_id"
        f" WHERE judged.rule IS NULL GROUP BY record_id HAVING min({made}) < min(seen_at)",
    )


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the judged rows."""
    connection.execute(f"DROP TABLE IF EXISTS {_JUDGED}")


def _insert(connection: duckdb.DuckDBPyConnection, entity: Entity, field: str, rows: str) -> None:
    connection.execute(
        f"INSERT INTO {SEEN} SELECT {literal(entity.name)}, record_id, {literal(field)}, value,"
        f" seen_at, is_deleted FROM ({rows})"
    )
