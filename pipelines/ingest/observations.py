"""What is worth knowing about a file that loaded: columns left out, values replaced or lost."""

import duckdb

from pipelines.ingest.entities import Entity
from pipelines.ingest.landing import Landing
from pipelines.ingest.ledger import Finding
from pipelines.ingest.mapping import ColumnRule, EntityMapping
from pipelines.ingest.shaping import SHAPED
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.sql import identifier

_COLUMNS_SHOWN = 20
_VALUES_SHOWN = 5


def findings_of_file(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    file: SourceFile,
    mapping: EntityMapping,
    landing: Landing,
) -> list[Finding]:
    """Unmapped columns, values replaced, suppressed or padded, codes a lookup does not have."""
    findings: list[Finding] = []
    if landing.guessed_line is not None:
        message = (
            f"{file.name}: line {landing.guessed_line} is no UTF-8, so the file is read as "
            "windows-1252; set csv.encoding to say so or otherwise"
        )
        findings.append(Finding("warning", "encoding_guessed", entity.table, None, 0, message))
    known = {*mapping.source_columns(), *mapping.ignore_columns, *mapping.pass_through}
    left_out = [name for name in landing.columns if name and name not in known]
    if left_out and "*" not in known:
        shown = ", ".join(left_out[:_COLUMNS_SHOWN]) + ", …" * (len(left_out) > _COLUMNS_SHOWN)
        message = f"{file.name}: {len(left_out)} columns are not mapped: {shown}"
        findings.append(Finding("info", "unmapped_column", entity.table, None, 0, message))
    for name, rule in mapping.columns.items():
        if rule.default is not None:
            count, values = _noted(connection, f"defaulted_{name}")
            message = (
                f"{file.name}: {count:,} rows take '{rule.default}' for {name}, because the "
                f"mapping does not list their value: {values}"
            )
            if count:
                findings.append(
                    Finding("info", "value_defaulted", entity.table, name, count, message)
                )
        if rule.null_when is not None:
            count, _ = _noted(connection, f"nulled_{name}")
            message = (
                f"{file.name}: {count:,} rows have no {name}, because null_when on "
                f"'{rule.null_when.column}' says that their value means nothing"
            )
            if count:
                findings.append(
                    Finding("info", "value_suppressed", entity.table, name, count, message)
                )
        if entity.source == "crm" and name.endswith("_usd") and (how := _conversion(rule)):
            count = _valued(connection, name)
            message = f"{file.name}: {count:,} values of {name} are {how}, as the mapping says"
            if count:
                findings.append(
                    Finding("info", "unit_converted", entity.table, name, count, message)
                )
        if rule.pad is not None and rule.pad > 1 and rule.column is not None and not rule.lookup:
            count, values = _noted(connection, f"padded_{name}")
            message = (
                f"{file.name}: {count:,} values of {name} had lost their leading zeros and have "
                f"them back, such as {values}"
            )
            if count:
                findings.append(
                    Finding("info", "leading_zeros_restored", entity.table, name, count, message)
                )
        if rule.lookup is not None:
            count, values = _noted(connection, f"unmatched_{name}")
            message = (
                f"{file.name}: {count:,} rows have no {name}, because {rule.lookup.file} lacks "
                f"their '{rule.lookup.key}': {values}"
            )
            if count:
                findings.append(
                    Finding("warning", "unknown_code", entity.table, name, count, message)
                )
    return findings


def _conversion(rule: ColumnRule) -> str:
    """What is done to an amount of money besides reading it, in words."""
    done = []
    if rule.unit is not None and rule.unit != 1:
        done.append(f"multiplied by {rule.unit:,f}")
    if rule.unit_words:
        done.append(f"multiplied by the word behind them ({', '.join(rule.unit_words)})")
    if rule.currency not in (None, "USD") or rule.currency_column is not None:
        done.append(f"converted from {rule.currency or 'the currency of their row'}")
    return " and ".join(done)


def _valued(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(
        f"SELECT count({identifier(name)}) FROM {SHAPED} WHERE exclusion IS NULL"
    ).fetchone()
    return int(row[0]) if row else 0


def _noted(connection: duckdb.DuckDBPyConnection, column: str) -> tuple[int, str]:
    """Rows with a text in `column` of `shaped`, and a few of the texts."""
    name = identifier(column)
    row = connection.execute(
        f"SELECT count(*), array_to_string("
        f"list_sort(list(DISTINCT left({name}, 60)))[:{_VALUES_SHOWN}], ', ')"
        f" FROM {SHAPED} WHERE exclusion IS NULL AND nullif({name}, '') IS NOT NULL"
    ).fetchone()
    return (int(row[0]), str(row[1])) if row else (0, "")
