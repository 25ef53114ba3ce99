"""What a source itself knows of earlier owners and stages: its tables of changes.

Salesforce keeps AccountHistory and OpportunityFieldHistory (a row for each change of a field) and
OpportunityHistory (the deal after each change); Fivetran lands versions of whole records in history
mode, and HubSpot's property history as changes. Their values go through the rules of the mapping's
own fields, so a period holds the same canonical values whichever way it is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import duckdb

from pipelines.errors import ConfigurationError, InputError, near
from pipelines.ingest.entities import ENTITIES, Entity
from pipelines.ingest.file_search import SourceFolder, find_table, table_names
from pipelines.ingest.landing import LANDING, Landing, drop_landing, land
from pipelines.ingest.ledger import Finding
from pipelines.ingest.lookup import store_lookups
from pipelines.ingest.mapping import ColumnRule, CsvOptions, EntityMapping, HistoryTable
from pipelines.ingest.mapping import SourceMapping as Source
from pipelines.ingest.resolution import resolve
from pipelines.ingest.shaping import SHAPED, shape
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.spelling import respell
from pipelines.ingest.sql import identifier, literal

SEEN = "history_seen"

# Where the value before the first change of a record is known, it held since the record was made.
_MADE = {"account": "created_date", "opportunity": "opened_date"}


@dataclass(frozen=True)
class _Change:
    """The SQL of a landed row of a history table."""

    record: str
    moment: str
    is_of_field: str


def history_files(folder: SourceFolder, mapping: Source) -> list[SourceFile]:
    """The files of the history tables that are there, each once."""
    found = [
        file
        for table in mapping.history
        for file in find_table(folder, table.table, _csv(mapping, table))
    ]
    return list({file.name: file for file in found}.values())


def add_changes(
    connection: duckdb.DuckDBPyConnection,
    mapping: Source,
    folder: SourceFolder,
    rates: Mapping[str, float],
) -> list[Finding]:
    """Add what the history tables of `mapping` say to `history_seen`.

    Raises InputError for a table that must be there and is not, or lacks a column.
    """
    findings = []
    for table in mapping.history:
        part = mapping.followed(table)
        assert part is not None
        files = find_table(folder, table.table, part.csv)
        if not files and not table.optional:
            raise InputError(
                f"{folder.path}: no table '{table.table}'{near(table.table, table_names(folder))}"
            )
        for file in files:
            entity = ENTITIES[mapping.source, table.entity]
            findings += _add_table(connection, entity, table, part, folder, file, rates)
    return findings


def _csv(mapping: Source, table: HistoryTable) -> CsvOptions:
    part = mapping.followed(table)
    return part.csv if part is not None else CsvOptions()


def _add_table(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    table: HistoryTable,
    part: EntityMapping,
    folder: SourceFolder,
    file: SourceFile,
    rates: Mapping[str, float],
) -> list[Finding]:
    key = entity.keys[0].name
    rule = part.columns[table.field]
    narrow = {key: part.columns[key], table.field: rule}
    tables, _ = store_lookups(
        connection, folder, entity, part.model_copy(update={"columns": narrow})
    )
    landing = land(connection, file)
    if part.spelling == "any":
        wanted = [*table.record, *table.changed_at, *table.log_columns(), *rule.named_columns()]
        landing = replace(landing, columns=respell(wanted, landing.columns, file.name))
    record = _first(table.record, landing, file)
    is_log = table.changed_field in landing.columns
    change = _Change(
        f"nullif(trim({landing.sql_column(record)}), '')",
        _moment(landing.sql_column(_first(table.changed_at, landing, file))),
        _is_of_field(table, landing, file) if is_log else "true",
    )

    def add(value: ColumnRule, *, is_before: bool) -> bool:
        columns = {key: _of_column(part.columns[key], record), table.field: value}
        update = {"columns": columns, "exclude": [], "pass_through": [], "ignore_columns": ["*"]}
        fitted, named, _ = resolve(entity, file, part.model_copy(update=update), landing)
        if fitted.columns.keys() != columns.keys() or not (
            set(fitted.source_columns()) <= set(named.columns)
        ):
            return False
        shape(connection, entity, file, fitted, named, tables, rates)
        _store(connection, entity, table.field, change, is_before=is_before)
        return True

    if is_log and rule.template is not None:
        raise ConfigurationError(
            f"{file.name}: {entity.name}.{table.field} is a template of several columns, which one "
            "changed value cannot fill; follow another field"
        )
    findings = []
    if is_log:
        add(_of_column(rule, table.value or ""), is_before=False)
        if table.value_before is not None:
            add(_of_column(rule, table.value_before), is_before=True)
    elif not add(rule, is_before=False):
        message = f"{file.name}: has no column for {table.field}, so its history is not read"
        findings.append(Finding("warning", "missing_column", entity.table, table.field, 0, message))
    lost = connection.execute(
        f"SELECT count(*) FROM {LANDING} WHERE {change.is_of_field}"
        f" AND ({change.record} IS NULL OR {change.moment} IS NULL)"
    ).fetchone()
    drop_landing(connection)
    for used in (SHAPED, *tables.values()):
        connection.execute(f"DROP TABLE IF EXISTS {used}")
    count = len(landing.malformed) + (int(lost[0]) if lost else 0)
    if count:
        message = (
            f"{file.name}: {count:,} rows say neither of which {entity.name} nor when, or cannot "
            f"be read; the history of {table.field} lacks them"
        )
        findings.append(
            Finding("warning", "unreadable_history", entity.table, table.field, count, message)
        )
    return findings


def _of_column(rule: ColumnRule, column: str) -> ColumnRule:
    """`rule` for the text of another column."""
    update = {"column": column, "any_column": None, "last_column_like": None}
    return rule.model_copy(update=update | {"null_when": None})


def _first(names: list[str], landing: Landing, file: SourceFile) -> str:
    for name in names:
        if name in landing.columns:
            return name
    raise InputError(
        f"{file.name}: none of the columns {', '.join(names)} is there"
        f"{near(names[0], landing.columns)}; see history in the mapping"
    )


def _is_of_field(table: HistoryTable, landing: Landing, file: SourceFile) -> str:
    changed, value = (
        landing.sql_column(_first([name or ""], landing, file))
        for name in (table.changed_field, table.value)
    )
    test = f"coalesce(trim({changed}) = {literal(table.changed_field_is or '')}, false)"
    if table.value_matches is not None:
        pattern = literal(table.value_matches)
        test += f" AND coalesce(regexp_matches({value}, {pattern}), true)"
    return test


def _moment(column: str) -> str:
    # 'epoch' and 'infinity' are moments to DuckDB.
    moment = f"timezone('UTC', TRY_CAST(trim({column}) AS TIMESTAMPTZ))"
    return f"CASE WHEN regexp_matches({column}, '[0-9]') THEN {moment} END"


def _store(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    field: str,
    change: _Change,
    *,
    is_before: bool,
) -> None:
    key = identifier(entity.keys[0].name)
    rows = (
        f"SELECT shaped.{key} AS record_id, shaped.{identifier(field)} AS value,"
        f" {change.moment} AS seen_at"
        f" FROM {SHAPED} AS shaped JOIN {LANDING} AS landed USING (row_number)"
        f" WHERE {change.is_of_field} AND {change.record} IS NOT NULL"
        f" AND {change.moment} IS NOT NULL"
    )
    # A record that is not there any more has no end that the table would tell.
    known = (
        f"(SELECT {key} FROM {entity.table} UNION ALL SELECT record_id FROM {SEEN}"
        f" WHERE entity = {literal(entity.name)})"
    )
    if is_before:
        made = f"TRY_CAST(made.{_MADE[entity.name]} AS TIMESTAMP)"
        rows = (
            f"SELECT record_id, arg_min(value, seen_at) AS value, min({made}) AS made_at"
            f" FROM ({rows}) AS change JOIN {entity.table} AS made ON made.{key} = record_id"
            f" GROUP BY record_id HAVING min({made}) < min(seen_at)"
        )
        rows = f"SELECT record_id, value, made_at AS seen_at FROM ({rows})"
    connection.execute(
        f"INSERT INTO {SEEN} SELECT {literal(entity.name)}, record_id, {literal(field)}, value,"
        f" seen_at, false FROM ({rows}) WHERE record_id IN {known}"
    )
