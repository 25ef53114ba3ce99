"""SQL that turns the text of source columns into one canonical field, and judges the outcome.

Nothing is cast before a pattern has said that the text is what it should be: DuckDB's casts read
`12.7` as the integer 13, `1_000` as 1000 and `0x1F` as 31.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from pipelines.ingest.entities import MAXIMUM_YEAR, MINIMUM_YEAR, Field
from pipelines.ingest.mapping import ColumnRule, Condition, Exclusion
from pipelines.ingest.sql import case, literal, literals

# The SQL of a source column, given its heading and the tokens that mean null (None: the entity's).
Column = Callable[[str, list[str] | None], str]

# ASCII, no-break and zero-width spaces, and the byte order mark that survives in joined files.
_ASCII_SPACES = " \t\r\n"
_SPACES = _ASCII_SPACES + "\u00a0\u2007\u202f\u3000\u200b\u200c\u200d\u2060\ufeff"

_PLAIN = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_SCIENTIFIC = _PLAIN + r"[eE][+-]?[0-9]{1,3}"
_NOT_FINITE = r"(?i)[+-]?(nan|inf|infinity)"
_ISO_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
)
# A moment in UTC has the date it says; with another offset the mapping must say that UTC counts.
_UTC_MARK = r"(:[0-9.]+)(Z|[+-]00(:?00)?)$"
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")

# A DECIMAL holds 38 digits: 18 + 6 of the number leave 14 for the factor.
_NUMBER_TYPE = "DECIMAL(24,6)"
_NUMBER_LIMIT = "1e18"
_FACTOR_DIGITS = 14

_PARSE_RULE = {
    "number": "not_a_number",
    "integer": "not_an_integer",
    "boolean": "not_a_boolean",
    "date": "not_a_date",
}


def trimmed(column: str) -> str:
    """`column` without white space around it, in Unicode form NFC."""
    # Most text is ASCII without white space around it. Telling so costs 0.02 µs, a trim 0.2 µs,
    # half of what a whole row takes to be shaped; every blank sorts below '!'.
    is_ascii = f"strlen({column}) = length({column})"
    ends_blank = " OR ".join(f"ends_with({column}, {literal(blank)})" for blank in _ASCII_SPACES)
    return (
        f"CASE WHEN {is_ascii} AND {column} >= '!' AND NOT ({ends_blank}) THEN {column}"
        f" WHEN {is_ascii} THEN trim({column}, {literal(_ASCII_SPACES)})"
        f" ELSE trim(nfc_normalize({column}), {literal(_SPACES)}) END"
    )


def without_nulls(value: str, null_tokens: list[str]) -> str:
    """`value`, null where it is one of the tokens."""
    if len(null_tokens) == 1:
        return f"nullif({value}, {literal(null_tokens[0])})"
    if not null_tokens:
        return value
    return f"CASE WHEN {value} IN ({literals(null_tokens)}) THEN NULL ELSE {value} END"


def condition(test: Condition, column: Column) -> str:
    """The test of a source column as SQL that is true or false, never null."""
    return outcome(test, column(test.column, None))


def outcome(test: Condition | Exclusion, value: str) -> str:
    """The test of `value` (an SQL name) as SQL that is true or false, never null."""
    if test.in_ is not None:
        return f"coalesce({value} IN ({literals(test.in_)}), false)"
    if test.not_in is not None:
        return f"coalesce({value} NOT IN ({literals(test.not_in)}), true)"
    if test.equals is not None:
        return f"coalesce({value} = {literal(test.equals)}, false)"
    if test.matches is not None:
        return f"coalesce(regexp_matches({value}, {literal(test.matches)}), false)"
    if test.not_matches is not None:
        return f"coalesce(NOT regexp_matches({value}, {literal(test.not_matches)}), true)"
    return f"({value} IS NULL)"


def origin(rule: ColumnRule, column: Column, lookup: str | None) -> str:
    """The text a field starts from; `lookup` is the SQL of the looked-up value, if any."""
    if rule.constant is not None:
        value = literal(rule.constant)
    elif rule.template is not None:
        value = _template(rule, column)
    elif rule.row_number:
        value = "CAST(row_number AS VARCHAR)"
    else:
        value = lookup or column(rule.column or "", rule.null_tokens)
    if rule.null_when is not None:
        value = f"CASE WHEN {condition(rule.null_when, column)} THEN NULL ELSE {value} END"
    return value


def _template(rule: ColumnRule, column: Column) -> str:
    pieces = []
    for before, name, width in rule.template_parts():
        value = column(name, rule.null_tokens)
        pieces += [literal(before)] if before else []
        pieces.append(padded(value, width) if width else value)
    tail = rule.template_tail()
    pieces += [literal(tail)] if tail else []
    return f"({' || '.join(pieces)})"


def aliased(rule: ColumnRule, value: str) -> str:
    """`value` (an SQL name) with its aliases replaced."""
    return case([(f"{value} = {literal(k)}", literal(v)) for k, v in rule.aliases.items()], value)


def padded(value: str, width: int) -> str:
    """Codes of digits shorter than `width` with their leading zeros back."""
    is_short = f"regexp_full_match({value}, '[0-9]{{1,{width}}}')"
    return f"CASE WHEN {is_short} THEN lpad({value}, {width}, '0') ELSE {value} END"


def canonical(
    field: Field,
    rule: ColumnRule,
    value: str,
    factors: list[tuple[str, Decimal]],
    kind: str | None = None,
) -> str:
    """The canonical text of `value` (an SQL name), null where it is none.

    `factors` are (SQL condition, multiplier) pairs, of which the first that holds applies; empty
    when the number is taken as it stands. `kind` is the DuckDB type that `value` is the text of,
    where it has not come as text: patterns have nothing to tell of it.
    """
    if kind is not None and not factors:
        told = _told_by_kind(field, rule, value, kind)
        if told is not None:
            return told
    if field.type == "number":
        return _number(rule, value, factors)
    if field.type == "integer":
        number = _number(rule, value, factors)
        return f"nullif(regexp_extract({number}, '^(-?[0-9]+)([.]0*)?$', 1), '')"
    if field.type == "boolean":
        return case(
            [
                (f"lower({value}) IN ({literals(_TRUE)})", "'true'"),
                (f"lower({value}) IN ({literals(_FALSE)})", "'false'"),
            ]
        )
    if field.type == "date":
        formats = literals(rule.date_format or _ISO_FORMATS)
        moment = value
        if not rule.date_format:
            unmarked = f"regexp_replace({value}, {literal(_UTC_MARK)}, '\\1')"
            moment = f"CASE WHEN length({value}) > 19 THEN {unmarked} ELSE {value} END"
        parsed = f"try_strptime({moment}, [{formats}])"
        if any("%z" in date_format for date_format in rule.date_format):
            parsed = f"timezone('UTC', {parsed})"
        parsed = f"strftime({parsed}, '%Y-%m-%d')"
        # strptime takes the words 'epoch' and 'infinity' for moments, whatever the format.
        branches = [(f"regexp_matches({value}, '[0-9]')", parsed)]
        if not rule.date_format:
            # A date that a cast gives back unchanged is an ISO date, told in a third of the time.
            same = f"CAST(TRY_CAST({value} AS DATE) AS VARCHAR) = {value}"
            branches.insert(0, (f"length({value}) = 10 AND {same}", value))
        return case(branches)
    if rule.salesforce_id:
        return salesforce_id(value)
    return padded(value, rule.pad) if rule.pad else value


def _told_by_kind(field: Field, rule: ColumnRule, value: str, kind: str) -> str | None:
    """The canonical text of `value`, the text of a DuckDB `kind`; None where that does not tell."""
    is_plain_rule = not (rule.decimal != "." or rule.thousands or rule.unit_words or rule.marks)
    is_whole = kind.endswith("INT") or kind.endswith("INTEGER")
    if field.type == "integer" and is_whole and is_plain_rule:
        return value
    if field.type == "number" and (is_whole or kind.startswith("DECIMAL")) and is_plain_rule:
        return value
    if field.type == "boolean" and kind == "BOOLEAN":
        return value
    if field.type == "date" and not rule.date_format:
        # Infinity and the years before 1 and after 9999 are longer or shorter.
        day = f"length({value}) = 10"
        if kind == "DATE":
            return f"CASE WHEN {day} THEN {value} END"
        if kind.startswith("TIMESTAMP"):
            moment = (
                f"length({value}) >= 19 AND substr({value}, 5, 1) = '-'"
                f" AND NOT contains({value}, '(')"
            )
            return f"CASE WHEN {day} THEN {value} WHEN {moment} THEN left({value}, 10) END"
    return None


def salesforce_id(value: str) -> str:
    """Ids of 15 characters with the suffix of 18; anything else as it is.

    Each letter of the suffix tells which of five characters are capitals, the first in the lowest
    bit. Ids of 15 characters differ by case alone, so nothing else may be done to them.
    """
    suffix = []
    for block in range(3):
        bits = " + ".join(
            f"(CASE WHEN substr({value}, {5 * block + place + 1}, 1) BETWEEN 'A' AND 'Z'"
            f" THEN {1 << place} ELSE 0 END)"
            for place in range(5)
        )
        suffix.append(f"substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + {bits}, 1)")
    is_short = f"regexp_full_match({value}, '[A-Za-z0-9]{{15}}')"
    return f"CASE WHEN {is_short} THEN {value} || {' || '.join(suffix)} ELSE {value} END"


def is_salesforce_id(value: str) -> str:
    """Whether `value` has the form of an id of 15 or 18 characters."""
    return f"regexp_full_match({value}, '[A-Za-z0-9]{{15}}([A-Za-z0-9]{{3}})?')"


def without_unit(text: str, words: Mapping[str, Decimal]) -> str:
    """`text` (an SQL name) without a unit word at its end."""
    pattern = "|".join(re.escape(word) for word in words)
    return f"trim(regexp_replace({text}, {literal(f'(?i)({pattern})$')}, ''))"


def without_marks(text: str, rule: ColumnRule) -> str:
    """`text` (SQL) without the marks around its number, negative where parentheses say so."""
    if rule.marks:
        marks = "|".join(re.escape(mark) for mark in rule.marks)
        before, behind = rf"^([+-]?\(?)\s*(?:{marks})\s*", rf"\s*(?:{marks})(\)?)$"
        text = f"regexp_replace({text}, {literal(before)}, '\\1')"
        text = f"regexp_replace({text}, {literal(behind)}, '\\1')"
    if rule.parentheses == "negative":
        inside = r"^\((.*)\)$"
        text = f"regexp_replace({text}, {literal(inside)}, '-\\1')"
    return text


def with_unit_words(
    text: str, words: Mapping[str, Decimal], factors: list[tuple[str, Decimal]]
) -> list[tuple[str, Decimal]]:
    """`factors` for texts that end in a unit word, and then for those that do not."""
    plain = factors or [("true", Decimal(1))]
    return [
        (f"({condition}) AND ends_with(lower({text}), {literal(word.lower())})", unit * factor)
        for condition, factor in plain
        for word, unit in words.items()
    ] + plain


def _number(rule: ColumnRule, value: str, factors: list[tuple[str, Decimal]]) -> str:
    pattern, plain = _PLAIN, value
    if rule.decimal == ",":
        pattern = pattern.replace(r"\.", ",")
    if rule.thousands is not None:
        mark = ("\\" if rule.thousands in "\\]^-" else "") + rule.thousands
        point = "," if rule.decimal == "," else r"\."
        pattern = rf"[+-]?[0-9]{{1,3}}([{mark}][0-9]{{3}})+({point}[0-9]*)?|{pattern}"
        plain = f"replace({plain}, {literal(rule.thousands)}, '')"
    if rule.decimal == ",":
        plain = f"replace({plain}, ',', '.')"
    plain = f"CASE WHEN starts_with({plain}, '+') THEN ltrim({plain}, '+') ELSE {plain} END"
    is_plain = f"regexp_full_match({value}, {literal(pattern)})"
    is_scientific = f"regexp_full_match({value}, {literal(_SCIENTIFIC)})"
    # Six decimals: what a spreadsheet shows as 1.2E+06.
    scientific = f"TRY_CAST(TRY_CAST({value} AS DOUBLE) AS DECIMAL(38,6))"
    if not factors:
        return case([(is_plain, plain), (is_scientific, _without_zeros(scientific))])
    number = case(
        [
            (is_plain, _decimal(plain)),
            (is_scientific, f"TRY_CAST({scientific} AS {_NUMBER_TYPE})"),
        ]
    )
    return case(
        [
            (when, _without_zeros(f"round({number} * {_factor(multiplier)}, 6)"))
            for when, multiplier in factors
        ]
    )


def _decimal(text: str) -> str:
    # Reading a 128-bit DECIMAL takes DuckDB 8 µs, one of 18 digits 0.04 µs; few need more digits.
    short = f"CAST(TRY_CAST({text} AS DECIMAL(18,6)) AS {_NUMBER_TYPE})"
    return f"coalesce({short}, TRY_CAST({text} AS {_NUMBER_TYPE}))"


def _factor(multiplier: Decimal) -> str:
    rounded = Decimal(f"{multiplier:.{_FACTOR_DIGITS}g}")
    whole_digits = max(rounded.adjusted() + 1, 1)
    text = f"{rounded:.{max(_FACTOR_DIGITS - whole_digits, 0)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    decimals = len(text.partition(".")[2])
    return f"CAST({literal(text)} AS DECIMAL({_FACTOR_DIGITS},{decimals}))"


def _without_zeros(number: str) -> str:
    return f"rtrim(rtrim(CAST({number} AS VARCHAR), '0'), '.')"


def violations(field: Field, text: str, value: str) -> list[tuple[str, str]]:
    """(rule, SQL condition) pairs in the order they are judged; the first that holds counts.

    `text` and `value` are the SQL names of the field's text before and after `canonical`.
    """
    checks: list[tuple[str, str]] = []
    # CASE, because DuckDB works out both sides of an AND for every row.
    if field.type in ("number", "integer"):
        checks.append(("not_finite", f"CASE WHEN {value} IS NULL THEN {_is_not_finite(text)} END"))
    if field.type == "number":
        is_plain = f"regexp_full_match({text}, {literal(_PLAIN)})"
        too_large = f"abs(TRY_CAST({text} AS DOUBLE)) >= {_NUMBER_LIMIT}"
        checks.append(
            ("above_maximum", f"CASE WHEN {value} IS NULL THEN {is_plain} AND {too_large} END")
        )
    if field.type in _PARSE_RULE:
        checks.append((_PARSE_RULE[field.type], f"{text} IS NOT NULL AND {value} IS NULL"))
    if field.is_required:
        checks.append(("missing_value", f"{value} IS NULL"))
    if field.type == "date":
        # Canonical dates sort as text.
        is_sane = f"{value} >= '{MINIMUM_YEAR}' AND {value} < '{MAXIMUM_YEAR + 1}'"
        checks.append(("year_out_of_range", f"NOT ({is_sane})"))
    if field.minimum is not None:
        checks.append(("below_minimum", f"CAST({value} AS DOUBLE) < {field.minimum}"))
    if field.maximum is not None:
        checks.append(("above_maximum", f"CAST({value} AS DOUBLE) > {field.maximum}"))
    if field.pattern is not None:
        checks.append(("wrong_format", f"NOT regexp_full_match({value}, {literal(field.pattern)})"))
    if field.vocabulary:
        checks.append(("unknown_value", f"{value} NOT IN ({literals(field.vocabulary)})"))
    return checks


def _is_not_finite(text: str) -> str:
    overflows = f"TRY_CAST(TRY_CAST({text} AS DOUBLE) AS DECIMAL(38,6)) IS NULL"
    return (
        f"(regexp_full_match({text}, {literal(_NOT_FINITE)})"
        f" OR (regexp_full_match({text}, {literal(_SCIENTIFIC)}) AND {overflows}))"
    )
