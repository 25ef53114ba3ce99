"""Columns that pass through are published, so their values are looked at like any other text."""

import duckdb

from pipelines.ingest.entities import ENTITIES, Entity
from pipelines.ingest.ledger import Finding
from pipelines.ingest.loading import CUSTOM_FIELD_TABLE
from pipelines.ingest.row_findings import Explanation, name_rows
from pipelines.ingest.sql import case, literal
from pipelines.quality.columns import record_id_sql
from pipelines.quality.record_defects import GAP_SHARE
from pipelines.quality.record_defects import RULES as RECORD_RULES
from pipelines.quality.text_defects import RULES as TEXT_RULES
from pipelines.quality.text_defects import text_branches

RULES = {
    **TEXT_RULES,
    "rare_gap": RECORD_RULES["rare_gap"],
    "lone_zero": Explanation(
        "warning", "are 0 where nearly all rows have a number of three digits or more"
    ),
}

_ZERO_SHARE = 0.01
_SMALLEST_OTHER = 100


def find_custom_field_defects(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Finding]:
    """Findings on `custom_field`: damaged text, fillers, zeros among large numbers, gaps."""
    fields = connection.execute(f"""
        SELECT entity, field_name, count(*), count(*) FILTER (value = '0'),
            count(*) FILTER (NOT regexp_full_match(value, '-?[0-9]+')) = 0
                AND min(abs(TRY_CAST(value AS DOUBLE))) FILTER (value <> '0') >= {_SMALLEST_OTHER}
        FROM {CUSTOM_FIELD_TABLE} GROUP BY ALL ORDER BY ALL""").fetchall()
    findings = []
    for name in dict.fromkeys(row[0] for row in fields):
        entity = next(one for key, one in ENTITIES.items() if key == ("crm", name))
        rows = connection.execute(f"SELECT count(*) FROM {entity.table}").fetchone()
        total = int(rows[0]) if rows else 0
        parts = []
        for _, field, filled, zeros, is_large in (row for row in fields if row[0] == name):
            parts.append(_text_rows(entity, field))
            if is_large and 0 < zeros <= _ZERO_SHARE * filled:
                parts.append(_rows(entity, field, "lone_zero", "custom.value = '0'"))
            missing = total - filled
            if 0 < missing <= GAP_SHARE * total:
                parts.append(_gaps(entity, field))
            elif missing:
                message = f"{missing:,} of {total:,} rows of {entity.table} have no {field}"
                findings.append(
                    Finding("info", "partly_filled", entity.table, field, missing, message)
                )
        findings += name_rows(connection, run_id, entity.table, RULES, " UNION ALL ".join(parts))
    return findings


def _text_rows(entity: Entity, field: str) -> str:
    judged = (
        f"(SELECT value, {case(text_branches('value', has_fillers=True, has_digits=False))} AS rule"
        f" FROM (SELECT DISTINCT value FROM {CUSTOM_FIELD_TABLE} WHERE"
        f" (entity, field_name) = ({literal(entity.name)}, {literal(field)})))"
    )
    return (
        f"SELECT judged.rule, {literal(field)} AS column_name, loaded.row_number,"
        f" custom.record_id, custom.value FROM {_joined(entity)}"
        f" JOIN {judged} AS judged ON judged.value = custom.value"
        f" WHERE custom.field_name = {literal(field)} AND judged.rule IS NOT NULL"
    )


def _rows(entity: Entity, field: str, rule: str, test: str) -> str:
    return (
        f"SELECT {literal(rule)} AS rule, {literal(field)} AS column_name, loaded.row_number,"
        f" custom.record_id, custom.value FROM {_joined(entity)}"
        f" WHERE custom.field_name = {literal(field)} AND {test}"
    )


def _gaps(entity: Entity, field: str) -> str:
    return (
        f"SELECT 'rare_gap' AS rule, {literal(field)} AS column_name, row_number,"
        f" {record_id_sql(entity)} AS record_id, NULL AS value FROM {entity.table}"
        f" WHERE {record_id_sql(entity)} NOT IN (SELECT record_id FROM {CUSTOM_FIELD_TABLE}"
        f" WHERE (entity, field_name) = ({literal(entity.name)}, {literal(field)}))"
    )


def _joined(entity: Entity) -> str:
    return (
        f"(SELECT * FROM {CUSTOM_FIELD_TABLE} WHERE entity = {literal(entity.name)}) AS custom"
        f" JOIN {entity.table} AS loaded"
        f" ON {record_id_sql(entity, 'loaded')} = custom.record_id"
    )
