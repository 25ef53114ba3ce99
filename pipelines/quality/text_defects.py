"""Text that cannot be what was meant: damaged encodings, invisible characters, fillers, codes that
went through a spreadsheet.

Values are judged once each, whatever the number of rows that hold them: on a million accounts the
patterns then cost a tenth.
"""

import duckdb

from pipelines.ingest.entities import Entity
from pipelines.ingest.ledger import Finding
from pipelines.ingest.row_findings import Explanation, name_rows
from pipelines.ingest.sql import case, literal, literals
from pipelines.quality.columns import PROSE, record_id_sql, text_columns

RULES = {
    "mojibake": Explanation("warning", "hold text that was read in the wrong encoding"),
    "control_character": Explanation("warning", "hold invisible or control characters"),
    "trailing_garbage": Explanation("warning", "end in separators or markup left by an export"),
    "float_formatted_code": Explanation("warning", "hold a code written as a decimal number"),
    "filler_value": Explanation("warning", "hold a filler instead of a value"),
    "id_length": Explanation(
        "warning", "have an id of another length than nearly all; it may be cut or padded"
    ),
}

# Ã and Â in front of anything but a letter or a blank are UTF-8 read as Windows-1252: 'SÃO' is
# Portuguese, 'SÃ£o' is damage. U+FFFD is what a decoder leaves for what it could not read.
_MOJIBAKE = r"[ÃÂ][^\p{L}\s]|â€|\x{FFFD}"
_INVISIBLE = (
    r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\x{80}-\x{9F}\x{AD}\x{200B}-\x{200F}\x{202A}-\x{202E}"
    r"\x{2060}\x{FEFF}]"
)
_LINE_BREAKS = r"[\t\r\n]"
_GARBAGE = r"(?i)([;|,\\^~`]+|\\[nrt]|&(nbsp|amp|quot);|<br */?>)$"
_FLOAT_CODE = r"[0-9]{1,15}\.0+"
_FILLERS = (
    *("n/a", "#n/a", "n.a.", "none", "null", "nil", "unknown", "undefined", "not available"),
    *("not applicable", "not specified", "tbd", "tba", "xxx", "test", "dummy", "(blank)"),
    *("-", "--", "---", ".", "..", "?", "??", "???"),
)
_FILLER_DIGITS = ("0", "00000", "99999")
_FILLER_DATES = ("1900-01-01", "1899-12-30", "1899-12-31", "1970-01-01", "2099-12-31")
_CODES = frozenset({"postal_code", "state"})
# Columns in which a line break belongs: a street has several lines in many systems.
_LINES = frozenset({"street", "reason"})

# An id length is a rule of the system only where nearly all ids keep it.
_USUAL_LENGTH_SHARE = 0.9
_SHORTEST_ID = 6


def find_text_defects(
    connection: duckdb.DuckDBPyConnection, entity: Entity, run_id: str
) -> list[Finding]:
    """Findings on the texts, filler dates and ids of the raw table of `entity`."""
    parts = [_text_rows(entity, column) for column in text_columns(entity)]
    parts += [_float_rows(entity, field.name) for field in entity.fields if field.references]
    parts += [
        f"SELECT 'filler_value' AS rule, {literal(field.name)} AS column_name, row_number,"
        f" {record_id_sql(entity)} AS record_id, {field.name} AS value FROM {entity.table}"
        f" WHERE {field.name} IN ({literals(_FILLER_DATES)})"
        for field in entity.fields
        if field.type == "date"
    ]
    if len(entity.keys) == 1 and entity.keys[0].type == "text":
        parts.append(_id_length_rows(entity, entity.keys[0].name))
    return name_rows(connection, run_id, entity.table, RULES, " UNION ALL ".join(parts))


def text_branches(
    column: str, *, has_fillers: bool, has_digits: bool, has_lines: bool = True
) -> list[tuple[str, str]]:
    """(SQL test, rule as SQL) of a text column; `has_digits`: zeros and nines are fillers, too."""
    invisible = _INVISIBLE if has_lines else f"{_INVISIBLE}|{_LINE_BREAKS}"
    branches = [
        (f"regexp_matches({column}, {literal(_MOJIBAKE)})", "'mojibake'"),
        (f"regexp_matches({column}, {literal(invisible)})", "'control_character'"),
        (f"regexp_matches({column}, {literal(_GARBAGE)})", "'trailing_garbage'"),
    ]
    if has_fillers:
        fillers = (*_FILLERS, *(_FILLER_DIGITS if has_digits else ()))
        branches.append((f"lower({column}) IN ({literals(fillers)})", "'filler_value'"))
    return branches


def _text_rows(entity: Entity, column: str) -> str:
    branches = text_branches(
        column, has_fillers=column not in PROSE, has_digits=True, has_lines=column in _LINES
    )
    if column in _CODES:
        is_float = f"regexp_full_match({column}, {literal(_FLOAT_CODE)})"
        branches.insert(3, (is_float, "'float_formatted_code'"))
    return (
        f"SELECT judged.rule, {literal(column)} AS column_name, row_number,"
        f" {record_id_sql(entity)} AS record_id, {column} AS value FROM {entity.table} JOIN ("
        f"SELECT {column}, {case(branches)} AS rule FROM (SELECT DISTINCT {column}"
        f" FROM {entity.table} WHERE {column} IS NOT NULL)) AS judged USING ({column})"
        " WHERE judged.rule IS NOT NULL"
    )


def _float_rows(entity: Entity, column: str) -> str:
    return (
        f"SELECT 'float_formatted_code' AS rule, {literal(column)} AS column_name, row_number,"
        f" {record_id_sql(entity)} AS record_id, {column} AS value FROM {entity.table}"
        f" WHERE ends_with({column}, '.0') AND regexp_full_match({column}, {literal(_FLOAT_CODE)})"
    )


def _id_length_rows(entity: Entity, key: str) -> str:
    return (
        f"SELECT 'id_length' AS rule, {literal(key)} AS column_name, row_number,"
        f" {key} AS record_id, {key} AS value FROM {entity.table}, ("
        f"SELECT length({key}) AS usual, count(*) AS rows FROM {entity.table}"
        f" GROUP BY length({key}) ORDER BY rows DESC, usual LIMIT 1) AS most"
        f" WHERE most.usual >= {_SHORTEST_ID} AND length({key}) <> most.usual"
        f" AND most.rows >= {_USUAL_LENGTH_SHARE} * (SELECT count(*) FROM {entity.table})"
    )
