"""Shape landed rows into canonical rows, in one SQL statement generated from the mapping.

The table `shaped` holds, per landed row, what the raw table does: one column per canonical field,
`source_file` and `row_number`. Behind them stand `exclusion`, the first exclusion rule that
applies; `breach`, a struct of `rule`, `column_name` and `value` for the first broken rule, null for
good rows; `is_unparsed_<field>`; and, for the fields concerned, `defaulted_<field>`, the text a
default replaced, `unmatched_<field>`, the code a lookup lacks, `nulled_<field>`, where a condition
made it null, and `padded_<field>`, a code without its leading zeros.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from pipelines.errors import ConfigurationError, InputError, near, quote
from pipelines.ingest import field_sql
from pipelines.ingest.entities import Entity, Field
from pipelines.ingest.landing import LANDING, Landing
from pipelines.ingest.lookup import join_sql
from pipelines.ingest.mapping import ColumnRule, EntityMapping
from pipelines.ingest.source_file import SourceFile, heading_elsewhere
from pipelines.ingest.sql import case, identifier, literal, literals

SHAPED = "shaped"


@dataclass(frozen=True)
class _FieldSql:
    """One field through the stages of the statement; `checks` are (rule, condition) pairs."""

    field: Field
    origin: str
    text: str
    value: str
    checks: list[tuple[str, str]]
    currency: str | None = None
    defaulted: str | None = None
    noted: tuple[tuple[str, str], ...] = ()

    def stage(self, name: str) -> str:
        """The column that holds this field at the stage called `name`."""
        return identifier(f"{name}_{self.field.name}")


def check_columns(file: SourceFile, landing: Landing, mapping: EntityMapping) -> None:
    """InputError unless the file has every column the mapping names.

    JSON lines without a row have no columns at all, which is no fault of theirs.
    """
    if file.format == "jsonl" and not landing.rows_read:
        return
    for name in mapping.source_columns():
        if name not in landing.columns:
            hint = near(name, landing.columns)
            if not hint and file.format in ("csv", "tsv"):
                hint = heading_elsewhere(file, mapping.source_columns())
            if not hint and len(landing.columns) == 1 and file.format != "jsonl":
                hint = "; its heading is one single column, so check csv.delimiter"
            if not hint and landing.columns:
                hint = f" (there are {quote(', '.join(landing.columns))})"
            raise InputError(
                f"{file.name}: column '{name}' is missing{hint}; export it or change the mapping",
                rule="missing_column",
                column_name=name,
            )


def shape(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    file: SourceFile,
    mapping: EntityMapping,
    landing: Landing,
    lookups: Mapping[str, str],
    rates: Mapping[str, float],
    *,
    is_temporary: bool = True,
) -> None:
    """Replace `shaped` by the canonical form of `landing`.

    `lookups` names the table of each field that has one; `rates` are USD per unit of currency. A
    `shaped` that is not temporary can become the raw table itself, without writing it again.
    Raises ConfigurationError for a currency without a rate.
    """
    sources = [name for name in mapping.source_columns() if name in landing.columns]
    trimmed = {name: f"t{i}" for i, name in enumerate(sources)}

    def column(name: str, null_tokens: list[str] | None) -> str:
        tokens = mapping.null_tokens if null_tokens is None else null_tokens
        return field_sql.without_nulls(trimmed[name], tokens) if name in trimmed else "NULL"

    fields = []
    for field in entity.fields:
        rule = mapping.columns.get(field.name)
        if rule is None:
            fields.append(_unmapped(field))
        else:
            where = f"{file.name}: {entity.name}.{field.name}"
            fields.append(
                _mapped(
                    field, rule, column, lookups.get(field.name), rates, where, _kind(rule, landing)
                )
            )
    codes = {
        name: column(mapping.columns[name].column or "", mapping.columns[name].null_tokens)
        for name in lookups
    }
    joins = "".join(join_sql(lookups[name], code) for name, code in codes.items())
    unmatched = [
        (f"CASE WHEN {lookups[name]}.key IS NULL THEN {code} END", identifier(f"unmatched_{name}"))
        for name, code in codes.items()
    ]
    exclusion = case(
        [
            (field_sql.outcome(test, column(test.column, None)), literal(test.rule))
            for test in mapping.exclude
            if test.column is not None
        ]
    )
    later_exclusion = case(
        [
            (field_sql.outcome(test, identifier(f"text_{test.field}")), literal(test.rule))
            for test in mapping.exclude
            if test.field in mapping.columns
        ]
    )
    trims = [
        (text if text in landing.kinds else field_sql.trimmed(text), trimmed[source])
        for source in sources
        for text in [landing.sql_column(source)]
    ]
    connection.execute(f"""
        CREATE OR REPLACE {"TEMP" if is_temporary else ""} TABLE {SHAPED} AS
        WITH trimmed AS (SELECT row_number {_also(trims)} FROM {LANDING}),
        origins AS (
            SELECT row_number, CAST({exclusion} AS VARCHAR) AS exclusion
            {_also((f"CAST({f.origin} AS VARCHAR)", f.stage("origin")) for f in fields)}
            {_also((f.currency, f.stage("currency")) for f in fields if f.currency)}
            {_also((sql, f.stage(stage)) for f in fields for stage, sql in f.noted)}
            {_also(unmatched)}
            FROM trimmed {joins}
        ),
        texts AS (SELECT * {_also((f.text, f.stage("text")) for f in fields)} FROM origins),
        vals AS (
            SELECT *
            {_also((f"CAST({f.value} AS VARCHAR)", identifier(f.field.name)) for f in fields)}
            FROM texts
        )
        SELECT {", ".join(identifier(f.field.name) for f in fields)},
            {literal(file.name)} AS source_file, row_number,
            coalesce(exclusion, {later_exclusion}) AS exclusion,
            {_breach(entity, fields)} AS breach
            {_also((_is_unparsed(f), f.stage("is_unparsed")) for f in fields)}
            {_also((f.defaulted, f.stage("defaulted")) for f in fields if f.defaulted)}
            {_also((f.stage(stage), f.stage(stage)) for f in fields for stage, _ in f.noted)}
            {_also((name, name) for _, name in unmatched)}
        FROM vals""")


def _kind(rule: ColumnRule, landing: Landing) -> str | None:
    """The DuckDB type the text of the field was made of, where nothing has replaced the text."""
    if rule.column not in landing.columns or rule.lookup is not None or rule.aliases:
        return None
    return landing.kinds.get(landing.sql_column(rule.column or ""))


def _unmapped(field: Field) -> _FieldSql:
    return _FieldSql(field, "NULL", identifier(f"origin_{field.name}"), "NULL", [])


def _mapped(
    field: Field,
    rule: ColumnRule,
    column: field_sql.Column,
    lookup: str | None,
    rates: Mapping[str, float],
    where: str,
    kind: str | None,
) -> _FieldSql:
    text = identifier(f"text_{field.name}")
    factors = _factors(field, rule, rates, where)
    read = field_sql.without_marks(text, rule)
    if rule.unit_words:
        read = field_sql.without_unit(read, rule.unit_words)
        factors = field_sql.with_unit_words(text, rule.unit_words, factors)
    value = field_sql.canonical(field, rule, read, factors, kind)
    checks = field_sql.violations(field, text, identifier(field.name))
    if rule.currency_column is not None:
        has_rate = " OR ".join(condition for condition, _ in factors) or "false"
        unknown = f"{text} IS NOT NULL AND NOT coalesce({has_rate}, false)"
        checks.insert(0, ("unknown_currency", unknown))
    defaulted = None
    if rule.default is not None:
        is_default = f"{text} IS NULL"
        if field.vocabulary:
            is_default = f"coalesce({text} NOT IN ({literals(field.vocabulary)}), true)"
        value = f"CASE WHEN {is_default} THEN {literal(rule.default)} ELSE {value} END"
        defaulted = f"CASE WHEN {is_default} THEN coalesce({text}, '') END"
    noted = []
    if rule.null_when is not None:
        suppressed = field_sql.condition(rule.null_when, column)
        noted.append(("nulled", f"CASE WHEN {suppressed} THEN 'yes' END"))
    if rule.pad is not None and rule.pad > 1 and rule.column is not None and lookup is None:
        short = f"regexp_full_match({column(rule.column, None)}, '[0-9]{{1,{rule.pad - 1}}}')"
        noted.append(("padded", f"CASE WHEN {short} THEN {column(rule.column, None)} END"))
    return _FieldSql(
        field,
        noted=tuple(noted),
        origin=field_sql.origin(rule, column, f"{lookup}.value" if lookup else None),
        text=field_sql.aliased(rule, identifier(f"origin_{field.name}")),
        value=value,
        checks=checks,
        currency=column(rule.currency_column, None) if rule.currency_column else None,
        defaulted=defaulted,
    )


def _factors(
    field: Field, rule: ColumnRule, rates: Mapping[str, float], where: str
) -> list[tuple[str, Decimal]]:
    unit = rule.unit or Decimal(1)
    if rule.currency_column is not None:
        name = identifier(f"currency_{field.name}")
        return [
            (f"{name} = {literal(code)}", unit * Decimal(str(rate)))
            for code, rate in sorted(rates.items())
        ]
    if rule.currency is not None:
        if rule.currency not in rates:
            raise ConfigurationError(
                f"{where}: the project has no exchange rate for '{rule.currency}'"
                f"{near(rule.currency, rates)}; add it to its rates"
            )
        unit *= Decimal(str(rates[rule.currency]))
    return [] if unit == 1 else [("true", unit)]


def _breach(entity: Entity, fields: list[_FieldSql]) -> str:
    # One struct in one column: three columns would have DuckDB plan every condition three times.
    def breach(rule: str, name: str, value: str) -> str:
        return (
            f"{{'rule': {literal(rule)}, 'column_name': {literal(name)},"
            f" 'value': CAST({value} AS VARCHAR)}}"
        )

    branches = [
        (
            condition,
            breach(
                rule,
                f.field.name,
                f.stage("currency" if rule == "unknown_currency" else "text"),
            ),
        )
        for f in fields
        for rule, condition in f.checks
    ]
    for need in entity.requirements:
        is_broken = (
            f"{identifier(need.where)} IN ({literals(need.values)})"
            f" AND {identifier(need.field)} IS NULL"
        )
        branches.append((is_broken, breach("missing_value", need.field, "NULL")))
    return case(branches)


def _is_unparsed(f: _FieldSql) -> str:
    if f.field.type == "text":
        return "false"
    return f"({f.stage('text')} IS NOT NULL AND {identifier(f.field.name)} IS NULL)"


def _also(pairs: Iterable[tuple[str | None, str]]) -> str:
    """Further columns of a SELECT, from (expression, name) pairs."""
    return "".join(f", {expression} AS {name}" for expression, name in pairs)
