"""Spellings of one category: other case or spacing, and likely typos of a common value."""

import duckdb

from pipelines.ingest.entities import Entity
from pipelines.ingest.file_rows import CATEGORIES
from pipelines.ingest.ledger import Finding
from pipelines.ingest.row_findings import Explanation, name_rows
from pipelines.ingest.sql import literal
from pipelines.quality.columns import record_id_sql

RULES = {
    "category_variant": Explanation(
        "warning", "spell a category in another case or spacing than most; they count as that one"
    ),
    "category_typo": Explanation(
        "warning",
        "hold what may be another category misspelled; if it is, add an alias to the mapping",
    ),
}

# A spelling is rare beside one that stands five times as often.
_COMMON_TIMES = 5
# More distinct values than this are no categories, and comparing all pairs would be slow.
_MOST_VALUES = 5_000


def find_spellings(
    connection: duckdb.DuckDBPyConnection, entity: Entity, run_id: str
) -> list[Finding]:
    """Findings on the category columns of the raw table of `entity`."""
    parts = [
        _rows(entity, column)
        for column in CATEGORIES.get(entity.table, ())
        if _is_category(connection, entity, column)
    ]
    if not parts:
        return []
    return name_rows(connection, run_id, entity.table, RULES, " UNION ALL ".join(parts))


def folded_sql(column: str) -> str:
    """A category without case and with single blanks, as spellings are compared."""
    return rf"regexp_replace(lower(trim({column})), '\s+', ' ', 'g')"


def _is_category(connection: duckdb.DuckDBPyConnection, entity: Entity, column: str) -> bool:
    row = connection.execute(f"SELECT count(DISTINCT {column}) FROM {entity.table}").fetchone()
    return row is not None and 1 < int(row[0]) <= _MOST_VALUES


def _rows(entity: Entity, column: str) -> str:
    # One letter apart, two in names of 8 letters or more. Names with digits are codes, and words
    # of fewer than 5 letters are too near each other.
    near = (
        "length(rare.folded) >= 5 AND NOT regexp_matches(rare.value || common.value, '[0-9]')"
        f" AND common.times >= {_COMMON_TIMES} * rare.times"
        " AND abs(length(rare.folded) - length(common.folded)) <= 2"
        " AND damerau_levenshtein(rare.folded, common.folded)"
        " <= if(least(length(rare.folded), length(common.folded)) < 8, 1, 2)"
    )
    return f"""
        SELECT judged.rule, {literal(column)} AS column_name, row_number,
            {record_id_sql(entity)} AS record_id, {column} AS value,
            judged.likely AS repaired_value
        FROM {entity.table} JOIN (
            WITH spelling AS (
                SELECT {column} AS value, {folded_sql(column)} AS folded, count(*) AS times
                FROM {entity.table} WHERE {column} IS NOT NULL GROUP BY ALL),
            pairs AS (
                SELECT rare.value, common.value AS likely, common.times,
                    if(rare.folded = common.folded, 'category_variant', 'category_typo') AS rule
                FROM spelling AS rare JOIN spelling AS common ON rare.value <> common.value
                WHERE (rare.folded = common.folded AND (common.times, rare.value)
                        > (rare.times, common.value))
                    OR (rare.folded <> common.folded AND {near}))
            -- The likeliest reading of a value: a mere variant first, then the commonest.
            SELECT value, arg_min(rule, place) AS rule, arg_min(likely, place) AS likely
            FROM (SELECT *, row_number() OVER (
                PARTITION BY value ORDER BY rule DESC, times DESC, likely) AS place FROM pairs)
            GROUP BY value) AS judged ON judged.value = {column}"""
