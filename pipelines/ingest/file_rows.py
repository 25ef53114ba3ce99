"""What only the file itself shows, row by row: repeated rows, blanks, values an alias replaced.

The raw tables no longer tell these, so they are named while the file's own text is at hand. The
look of every column is kept, too, for the next load to be compared with.
"""

from types import MappingProxyType

import duckdb

from pipelines.ingest import field_sql
from pipelines.ingest.entities import Entity
from pipelines.ingest.landing import LANDING, Landing
from pipelines.ingest.ledger import Finding
from pipelines.ingest.loading import REPEATED, Filled
from pipelines.ingest.mapping import EntityMapping
from pipelines.ingest.row_findings import Explanation, name_rows
from pipelines.ingest.shaping import SHAPED
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.sql import identifier, literal, literals

CATEGORIES = MappingProxyType(
    {
        "raw_crm__account": ("industry", "segment", "state", "country"),
        "raw_crm__rep": ("region", "role", "experience_level"),
        "raw_crm__product": ("product_line",),
        "raw_crm__opportunity": ("stage",),
        "raw_crm__activity": ("activity_type",),
    }
)
"""Columns with few distinct values, each of which groups accounts, reps or deals."""

RULES = {
    "duplicate_row": Explanation("info", "repeat an earlier row and are left out"),
    "blank_text": Explanation("info", "hold white space instead of nothing; it counts as nothing"),
    "alias_applied": Explanation("info", "take the value that the mapping's aliases name"),
    "excluded_defect": Explanation(
        "info", "are left out by a rule, and would have had a defect otherwise"
    ),
    "not_a_salesforce_id": Explanation(
        "warning", "hold an id that is none of Salesforce's: those have 15 or 18 characters"
    ),
    "misspelled_word": Explanation(
        "info", "are left out by a rule on a word that may be misspelled; see what they hold"
    ),
}

_FOUND = "found_in_file"

# A column's look is read from its first rows: later ones are judged value by value anyway. Without
# ORDER BY, which DuckDB answers in the order of the file, too, but by reading all of it.
_SHAPE_ROWS = 2_000
_SHAPE_SHARE = 0.9


def row_findings_of_file(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    mapping: EntityMapping,
    landing: Landing,
    filled: Filled,
    run_id: str,
) -> list[Finding]:
    """Repeated rows, blank values and applied aliases of the file in `landing` and `shaped`."""
    keys = ", ".join(identifier(field.name) for field in entity.keys)
    key_names = literal(", ".join(field.name for field in entity.keys))
    record_id = f"nullif(concat_ws('|', {keys}), '')"
    parts = [
        f"SELECT 'duplicate_row' AS rule, {key_names} AS column_name, row_number, NULL AS value,"
        f" NULL AS repaired_value FROM {REPEATED} WHERE is_same"
    ]
    may_be_blank = _may_be_blank(connection, landing)
    for name, rule in mapping.columns.items():
        if rule.column is None or rule.column not in landing.columns:
            continue
        text = landing.sql_column(rule.column)
        if text in may_be_blank:
            parts.append(
                f"SELECT 'blank_text', {literal(name)}, row_number, NULL, NULL FROM {LANDING}"
                f" WHERE {text} <> '' AND {field_sql.trimmed(text)} = ''"
            )
        if rule.salesforce_id:
            trimmed = field_sql.trimmed(text)
            parts.append(
                f"SELECT 'not_a_salesforce_id', {literal(name)}, row_number, {trimmed}, NULL"
                f" FROM {LANDING} WHERE {trimmed} <> '' AND"
                f" NOT {field_sql.is_salesforce_id(trimmed)}"
            )
        if rule.aliases and not rule.lookup and _is_free_text(entity, name):
            trimmed = field_sql.trimmed(text)
            repaired = field_sql.aliased(rule, trimmed)
            parts.append(
                f"SELECT 'alias_applied', {literal(name)}, row_number, {trimmed}, {repaired}"
                f" FROM {LANDING} WHERE {trimmed} IN ({literals(rule.aliases)})"
            )
    parts += [
        _misspelled_rows(name) for name in CATEGORIES.get(entity.table, ()) if mapping.exclude
    ]
    if mapping.exclude and entity.source == "crm":
        parts.append(
            "SELECT 'excluded_defect', breach.column_name, row_number, breach.value, NULL"
            f" FROM {SHAPED} WHERE exclusion IS NOT NULL AND breach IS NOT NULL"
            # Findings are published, pay is not.
            " AND breach.column_name <> 'hourly_cost_usd'"
        )
        if entity.name == "opportunity" and "amount_usd" in mapping.columns:
            parts.append(
                f"SELECT 'excluded_defect', 'amount_usd', row_number, NULL, NULL FROM {SHAPED}"
                " WHERE exclusion IS NOT NULL AND breach IS NULL AND status = 'won'"
                " AND amount_usd IS NULL"
            )
    findings = _empty_columns(entity.table, filled)
    # Found first and joined then: joining none with all rows costs as much as finding them.
    found = connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_FOUND} AS {' UNION ALL '.join(parts)}"
    ).fetchone()
    if found and found[0]:
        findings += name_rows(
            connection,
            run_id,
            entity.table,
            RULES,
            f"SELECT {_FOUND}.*, {record_id} AS record_id FROM {_FOUND}"
            f" JOIN {SHAPED} USING (row_number)"
            " WHERE exclusion IS NULL OR rule IN ('misspelled_word', 'excluded_defect')",
        )
    connection.execute(f"DROP TABLE {_FOUND}")
    return findings


def _may_be_blank(connection: duckdb.DuckDBPyConnection, landing: Landing) -> set[str]:
    """Landed columns with a text that begins with white space.

    Comparing first letters spares the trim of every value. Most files have no such text, which one
    pass over the rows tells for all columns.
    """
    # Comparisons, because the first letters of a text lie in its column: '!' follows the ASCII
    # blanks, '¡' the no-break space, which starts_with takes longer to find.
    begins_blank = {
        text: f"({text} < '!' AND {text} <> '' OR {text} >= chr(160) AND {text} < chr(161))"
        for text in map(landing.sql_column, landing.columns)
        if text not in landing.kinds
    }
    anywhere = " OR ".join(begins_blank.values())
    # SELECT 1: a row would be read with all its columns.
    found_any = f"SELECT 1 FROM {LANDING} WHERE {anywhere or 'false'} LIMIT 1"
    if not connection.execute(found_any).fetchone():
        return set()
    tests = ", ".join(f"bool_or({test})" for test in begins_blank.values())
    found = connection.execute(f"SELECT {tests} FROM {LANDING}").fetchone() or ()
    return {text for text, is_found in zip(begins_blank, found, strict=True) if is_found}


def _misspelled_rows(name: str) -> str:
    """Excluded rows with a word that is one letter from a word five times as frequent.

    An exclusion by value leaves out what is misspelled without a word: who is told apart from
    "Sales Rep" by a list loses the "Sale Rep".
    """
    words = f"SELECT row_number, exclusion, unnest(regexp_extract_all({name}, '[A-Za-z]+')) AS word"
    return (
        f"SELECT DISTINCT 'misspelled_word', {literal(name)}, row_number, word, likely FROM ("
        f" WITH words AS ({words} FROM {SHAPED} WHERE {name} IS NOT NULL),"
        " counts AS (SELECT word, count(*) AS times FROM words WHERE length(word) >= 4"
        " GROUP BY word),"
        " likely AS (SELECT rare.word, arg_max(common.word, common.times) AS likely"
        " FROM counts AS rare JOIN counts AS common ON common.times >= 5 * rare.times"
        " AND left(rare.word, 1) = left(common.word, 1)"
        " AND damerau_levenshtein(rare.word, common.word) = 1 GROUP BY rare.word)"
        " SELECT row_number, word, likely FROM words JOIN likely USING (word)"
        " WHERE exclusion IS NOT NULL)"
    )


def _empty_columns(table: str, filled: Filled) -> list[Finding]:
    """Mapped columns without any value, where there are rows; a mapping that misses shows so."""
    return [
        Finding(
            "info",
            "empty_column",
            table,
            name,
            filled.rows,
            f"{filled.rows:,} rows of {table}: {name} has no value, though a column is mapped",
        )
        for name, count in filled.values.items()
        if filled.rows and not count
    ]


def _is_free_text(entity: Entity, name: str) -> bool:
    # Flags, fixed lists and the codes of official statistics have to be spelled anew; that is
    # reading, no repair.
    field = entity.field(name)
    return entity.source == "crm" and field.type == "text" and not field.vocabulary


def record_columns(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    file: SourceFile,
    mapping: EntityMapping,
    landing: Landing,
) -> None:
    """Keep the headings of the file and what their values look like in `load_column`."""
    if not landing.columns:
        return
    mapped = set(mapping.source_columns())
    shapes = ", ".join(_shape_sql(f"c{i}") for i in range(len(landing.columns)))
    found = connection.execute(
        f"SELECT {shapes} FROM (FROM {LANDING} LIMIT {_SHAPE_ROWS})"
    ).fetchone()
    connection.execute(
        "INSERT INTO load_column SELECT ?, ?, unnest(?::BIGINT[]), unnest(?::VARCHAR[]),"
        " unnest(?::VARCHAR[]), unnest(?::BOOLEAN[])",
        [
            entity.table,
            file.name,
            list(range(1, len(landing.columns) + 1)),
            landing.columns,
            list(found or ()),
            [name in mapped for name in landing.columns],
        ],
    )


def _shape_sql(column: str) -> str:
    text = f"nullif(trim({column}), '')"
    shape = (
        f"CASE WHEN {text} IS NULL THEN NULL"
        f" WHEN regexp_full_match({text}, '[-+]?[$€£]?[0-9.,]*[0-9][0-9.,]*') THEN 'number'"
        f" WHEN regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN 'ISO date'"
        f" WHEN regexp_matches({text}, '^[0-9]{{1,2}}[/.-][0-9]{{1,2}}[/.-][0-9]{{2,4}}')"
        f" THEN 'local date' ELSE 'text' END"
    )
    counts = f"map_values(histogram({shape}))"
    return (
        f"CASE WHEN count({shape}) = 0 THEN NULL"
        f" WHEN list_max({counts}) >= {_SHAPE_SHARE} * count({shape}) THEN mode({shape})"
        f" ELSE 'mixed' END"
    )
