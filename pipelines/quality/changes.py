"""What happened to single records since the last good load, where it looks like an accident.

A revenue that is exactly a thousand times what it was, a date whose day and month changed places,
a name that lost its end: no row shows these by itself, its own past does.
"""

import duckdb

from pipelines.ingest.entities import ENTITIES, Entity, Field
from pipelines.ingest.file_rows import CATEGORIES
from pipelines.ingest.ledger import Finding
from pipelines.ingest.row_findings import Explanation, name_rows
from pipelines.ingest.sql import literal
from pipelines.quality.baseline import RECORD_TABLES, Baseline
from pipelines.quality.columns import PAY, record_id_sql, text_columns

RULES = {
    "changed_by_power_of_ten": Explanation(
        "warning", "hold 10, 100, 1,000 … times their last value; the unit or a decimal point moved"
    ),
    "changed_by_common_factor": Explanation(
        "warning", "changed by one and the same factor; the currency or the unit may have changed"
    ),
    "day_and_month_swapped": Explanation(
        "warning", "hold their last date with day and month in each other's place"
    ),
    "truncated_text": Explanation("warning", "hold only the beginning of their last value"),
    "values_permuted": Explanation(
        "warning", "hold a value that another changed record had; the column may be out of step"
    ),
    "vanished_record": Explanation("info", "of the last good load are gone"),
    "vanished_with_open_deals": Explanation(
        "warning", "of the last good load are gone, while deals of theirs are open"
    ),
    "new_category": Explanation("info", "hold a category that the last good load did not have"),
    "quarantine_released": Explanation(
        "info", "were in quarantine in the last good load and are loaded now"
    ),
}

_FEWEST_ALIKE = 5
_ALIKE_SHARE = 0.5
_BEYOND_CHANCE = 1.5
# Shares of values that are distinct above this make a column one of measurements: that two changed
# records exchange values by chance is then unlikely.
_MEASURED_SHARE = 0.05
_SHORTEST_REST = 3


def find_changes(
    connection: duckdb.DuckDBPyConnection, baseline: Baseline, run_id: str
) -> list[Finding]:
    """Findings on records that the last good load had, too, and on those that are gone."""
    entities = {entity.table: entity for entity in ENTITIES.values()}
    findings: list[Finding] = []
    for table in RECORD_TABLES:
        if not baseline.has(table):
            continue
        entity = entities[table]
        known = _columns(connection, baseline, table)
        fields = [f for f in entity.fields if f.name in known and f.name not in PAY]
        _compare(connection, entity, fields, baseline)
        queries = [_numbers(entity), _dates(), _texts(entity), _permuted(connection, entity)]
        queries.append(_vanished(entity, baseline))
        findings += name_rows(connection, run_id, table, RULES, " UNION ALL BY NAME ".join(queries))
        connection.execute("DROP TABLE changed_value")
    findings += _new_categories(connection, entities, baseline, run_id)
    findings += _released(connection, entities, baseline, run_id)
    return findings


def _columns(connection: duckdb.DuckDBPyConnection, baseline: Baseline, table: str) -> set[str]:
    rows = connection.execute(f"DESCRIBE FROM {baseline.table(table)}").fetchall()
    return {row[0] for row in rows}


def _compare(
    connection: duckdb.DuckDBPyConnection, entity: Entity, fields: list[Field], baseline: Baseline
) -> None:
    """`changed_value`: every value that differs from the last good load's, both not null."""
    keys = [field.name for field in entity.keys]
    same_key = " AND ".join(f"now.{key} = old.{key}" for key in keys)
    values = [field.name for field in fields if not field.is_key]
    is_changed = " OR ".join(f"now.{name} <> old.{name}" for name in values)
    pairs = ", ".join(
        f"{{'name': {literal(name)}, 'old': old.{name}, 'new': now.{name}}}" for name in values
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE changed_value AS
        SELECT row_number, record_id, pair.name AS column_name, pair.old AS old, pair.new AS value
        FROM (
            SELECT now.row_number, {record_id_sql(entity, "now")} AS record_id,
                unnest([{pairs}]) AS pair
            FROM {entity.table} AS now JOIN {baseline.table(entity.table)} AS old ON {same_key}
            WHERE {is_changed})
        WHERE pair.old <> pair.new""")


def _names(entity: Entity, *types: str) -> str:
    names = [f.name for f in entity.fields if f.type in types and not f.is_key]
    return ", ".join(literal(name) for name in names) or "''"


def _numbers(entity: Entity) -> str:
    return f"""
        (WITH ratios AS (
            SELECT *, if(number > 0 AND last_number > 0, number / last_number, NULL) AS times
            FROM (
                SELECT *, TRY_CAST(value AS DOUBLE) AS number,
                    TRY_CAST(old AS DOUBLE) AS last_number
                FROM changed_value
                WHERE column_name IN ({_names(entity, "number", "integer")}))),
        powers AS (
            SELECT *, round(times, 4) AS ratio, log10(times) AS digits
            FROM ratios WHERE times IS NOT NULL),
        judged AS (
            SELECT *, abs(digits - round(digits)) < 0.0005 AND abs(round(digits)) >= 1 AS is_power,
                count(*) OVER (PARTITION BY column_name, ratio) AS alike,
                count(*) OVER (PARTITION BY column_name) AS changed
            FROM powers)
        SELECT if(is_power, 'changed_by_power_of_ten', 'changed_by_common_factor') AS rule,
            column_name, row_number, record_id, value, old AS repaired_value, ratio AS score
        FROM judged
        -- A ratio near 1 repeats by chance where values are round.
        WHERE is_power OR (alike >= {_FEWEST_ALIKE} AND alike >= {_ALIKE_SHARE} * changed
            AND abs(ratio - 1) > 0.02))"""


def _dates() -> str:
    return """
        (SELECT 'day_and_month_swapped' AS rule, column_name, row_number, record_id, value,
            old AS repaired_value, NULL AS score
        FROM changed_value
        WHERE regexp_full_match(value, '[0-9]{4}-[0-9]{2}-[0-9]{2}')
            AND left(value, 4) = left(old, 4) AND substr(value, 6, 2) = substr(old, 9, 2)
            AND substr(value, 9, 2) = substr(old, 6, 2))"""


def _texts(entity: Entity) -> str:
    columns = [f.name for f in entity.fields if f.references] + text_columns(entity)
    names = ", ".join(literal(name) for name in columns)
    return f"""
        (SELECT 'truncated_text' AS rule, column_name, row_number, record_id, value,
            old AS repaired_value, NULL AS score
        FROM changed_value
        WHERE column_name IN ({names}) AND starts_with(old, value)
            AND length(value) >= {_SHORTEST_REST})"""


def _permuted(connection: duckdb.DuckDBPyConnection, entity: Entity) -> str:
    measured = [
        field.name
        for field in entity.fields
        if field.type in ("number", "date") and not field.is_key
    ]
    shares = ", ".join(f"count(DISTINCT {name}) / nullif(count({name}), 0)" for name in measured)
    found = connection.execute(f"SELECT {shares or 0} FROM {entity.table}").fetchone()
    names = ", ".join(
        literal(name)
        for name, share in zip(measured, found or (), strict=False)
        if share is not None and share > _MEASURED_SHARE
    )
    return f"""
        -- Sets and groups: IN per column and filtered windows cost DuckDB the square of the rows.
        (WITH olds AS (SELECT DISTINCT column_name, old FROM changed_value),
        news AS (SELECT DISTINCT column_name, value FROM changed_value),
        changed AS (
            SELECT changed_value.*, olds.old IS NOT NULL AS is_old, news.value IS NOT NULL AS is_new
            FROM changed_value
            LEFT JOIN olds ON olds.column_name = changed_value.column_name
                AND olds.old = changed_value.value
            LEFT JOIN news ON news.column_name = changed_value.column_name
                AND news.value = changed_value.old
            WHERE changed_value.column_name IN ({names or "''"})),
        counts AS (
            SELECT column_name, count(*) FILTER (is_old AND is_new) AS alike,
                count(*) FILTER (is_old) AS from_old, count(*) FILTER (is_new) AS to_new,
                count(*) AS changed
            FROM changed GROUP BY column_name)
        SELECT 'values_permuted' AS rule, column_name, row_number, record_id, value,
            old AS repaired_value, NULL AS score
        FROM changed JOIN counts USING (column_name)
        -- A shuffled value was another's before and has its own place taken. Both together happen
        -- by chance as often as their shares say.
        WHERE is_old AND is_new AND alike >= {_FEWEST_ALIKE}
            AND (alike >= {_ALIKE_SHARE} * changed
                OR alike >= {_BEYOND_CHANCE} * from_old * to_new / changed))"""


def _vanished(entity: Entity, baseline: Baseline) -> str:
    record_id = record_id_sql(entity, "old")
    same_key = " AND ".join(f"now.{f.name} = old.{f.name}" for f in entity.keys)
    key = entity.keys[0].name
    rule = "'vanished_record'"
    if entity.name == "account":
        rule = (
            "if(old.account_id IN (SELECT account_id FROM raw_crm__opportunity"
            " WHERE status = 'open'), 'vanished_with_open_deals', 'vanished_record')"
        )
    return f"""
        (SELECT {rule} AS rule, {literal(key)} AS column_name, NULL AS row_number,
            {record_id} AS record_id, {record_id} AS value, NULL AS repaired_value, NULL AS score
        FROM {baseline.table(entity.table)} AS old
        WHERE NOT EXISTS (FROM {entity.table} AS now WHERE {same_key})
            AND {record_id} NOT IN (
                SELECT record_id FROM quarantined_row
                WHERE source_table = {literal(entity.table)} AND record_id IS NOT NULL))"""


def _new_categories(
    connection: duckdb.DuckDBPyConnection,
    entities: dict[str, Entity],
    baseline: Baseline,
    run_id: str,
) -> list[Finding]:
    findings: list[Finding] = []
    for table, columns in CATEGORIES.items():
        parts = [
            f"SELECT 'new_category' AS rule, {literal(name)} AS column_name, row_number,"
            f" {record_id_sql(entities[table])} AS record_id, {name} AS value FROM {table}"
            f" WHERE {name} IS NOT NULL AND {name} NOT IN ("
            f" SELECT category FROM {baseline.table('load_profile')}"
            f" WHERE table_name = {literal(table)} AND column_name = {literal(name)}"
            " AND metric = 'share')"
            # A column that had no value at all is new as a whole, which the figures tell.
            f" AND EXISTS (FROM {baseline.table('load_profile')}"
            f" WHERE table_name = {literal(table)} AND column_name = {literal(name)}"
            " AND metric = 'share')"
            for name in columns
        ]
        findings += name_rows(connection, run_id, table, RULES, " UNION ALL ".join(parts))
    return findings


def _released(
    connection: duckdb.DuckDBPyConnection,
    entities: dict[str, Entity],
    baseline: Baseline,
    run_id: str,
) -> list[Finding]:
    findings: list[Finding] = []
    old = baseline.table("quarantined_row")
    tables = connection.execute(f"SELECT DISTINCT source_table FROM {old} ORDER BY 1").fetchall()
    for (table,) in tables:
        if table not in entities:
            continue
        record_id = record_id_sql(entities[table], "now")
        findings += name_rows(
            connection,
            run_id,
            table,
            RULES,
            f"SELECT DISTINCT 'quarantine_released' AS rule, NULL AS column_name, now.row_number,"
            f" {record_id} AS record_id, old.rule AS value FROM {table} AS now JOIN {old} AS old"
            f" ON old.source_table = {literal(table)} AND old.record_id = {record_id}"
            # Of a repeated key, one row was loaded all along.
            " WHERE old.rule <> 'duplicate_key'",
        )
    return findings
