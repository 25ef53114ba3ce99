"""What a source itself knows of earlier owners and stages: its tables of changes.

Salesforce keeps AccountHistory and OpportunityFieldHistory (a row for each change of a field) and
OpportunityHistory (the deal after each change); Fivetran lands versions of whole records in history
mode, and HubSpot's property history as changes. Their values go through the rules of the mapping's
own fields, so a period holds the same canonical values whichever way it is known.
"""

from collections.abc import Mapping
from dataclasses import replace

import duckdb

from pipelines.errors import ConfigurationError, InputError, near
from pipelines.ingest.entities import ENTITIES, Entity
from pipelines.ingest.field_sql import outcome
from pipelines.ingest.file_search import SourceFolder, find_table, table_names
from pipelines.ingest.history_rows import Change, forget, judge, keep, keep_before
from pipelines.ingest.landing import LANDING, Landing, drop_landing, land
from pipelines.ingest.ledger import Finding
from pipelines.ingest.lookup import store_lookups
from pipelines.ingest.mapping import ColumnRule, CsvOptions, EntityMapping, HistoryTable
from pipelines.ingest.mapping import SourceMapping as Source
from pipelines.ingest.resolution import resolve
from pipelines.ingest.shaping import SHAPED, shape
from pipelines.ingest.side_files import SideBooks
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.spelling import respell
from pipelines.ingest.sql import literal


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
    books: SideBooks | None = None,
) -> list[Finding]:
    """Add what the history tables of `mapping` say to `history_seen`, and their rows to `books`.

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
            findings += _add_table(connection, entity, table, part, folder, file, rates, books)
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
    books: SideBooks | None,
) -> list[Finding]:
    key = entity.keys[0].name
    rule = part.columns[table.field]
    narrow = {key: part.columns[key], table.field: rule}
    tables, _ = store_lookups(
        connection, folder, entity, part.model_copy(update={"columns": narrow})
    )
    landing = land(connection, file)
    if part.spelling == "any":
        wanted = [*table.named_columns(), *rule.named_columns()]
        landing = replace(landing, columns=respell(wanted, landing.columns, file.name))
    is_log = table.changed_field in landing.columns
    change = _change(table, landing, file, is_log=is_log)

    def shaped(value: ColumnRule) -> bool:
        columns = {key: _of_column(part.columns[key], change.record_column), table.field: value}
        update = {"columns": columns, "exclude": [], "pass_through": [], "ignore_columns": ["*"]}
        fitted, named, _ = resolve(entity, file, part.model_copy(update=update), landing)
        if fitted.columns.keys() != columns.keys() or not (
            set(fitted.source_columns()) <= set(named.columns)
        ):
            return False
        shape(connection, entity, file, fitted, named, tables, rates)
        return True

    if is_log and rule.template is not None:
        raise ConfigurationError(
            f"{file.name}: {entity.name}.{table.field} is a template of several columns, which one "
            "changed value cannot fill; follow another field"
        )
    findings = []
    if shaped(_of_column(rule, table.value or "") if is_log else rule):
        set_aside = judge(connection, entity, table.field, change)
        keep(connection, entity, table.field)
    else:
        set_aside = (
            "SELECT row_number, 'excluded' AS outcome, 'missing_column' AS rule,"
            f" NULL AS column_name, NULL AS value FROM {LANDING}"
        )
        message = f"{file.name}: has no column for {table.field}, so its history is not read"
        findings.append(Finding("warning", "missing_column", entity.table, table.field, 0, message))
    if books is not None:
        books.enter(entity.table, file, "history", table.field, landing, set_aside)
    if is_log and table.value_before is not None and shaped(_of_column(rule, table.value_before)):
        keep_before(connection, entity, table.field)
    forget(connection)
    drop_landing(connection)
    for used in (SHAPED, *tables.values()):
        connection.execute(f"DROP TABLE IF EXISTS {used}")
    return findings


def _change(table: HistoryTable, landing: Landing, file: SourceFile, *, is_log: bool) -> Change:
    record = _first(table.record, landing, file)
    moment = _first(table.changed_at, landing, file)
    change = Change(
        record,
        f"nullif(trim({landing.sql_column(record)}), '')",
        moment,
        _moment(landing.sql_column(moment)),
    )
    if is_log:
        changed, value = (
            landing.sql_column(_first([name or ""], landing, file))
            for name in (table.changed_field, table.value)
        )
        is_of_field = f"coalesce(trim({changed}) = {literal(table.changed_field_is or '')}, false)"
        change = replace(change, is_of_field=is_of_field)
        if table.value_matches is not None:
            is_wanted = f"coalesce(regexp_matches({value}, {literal(table.value_matches)}), true)"
            change = replace(change, is_wanted=is_wanted)
        return change
    if ended := _there(table.ended_at, landing):
        ended_at = _moment(landing.sql_column(ended))
        if table.is_open is not None and table.is_open.column in landing.columns:
            text = f"trim({landing.sql_column(table.is_open.column)})"
            ended_at = f"CASE WHEN NOT {outcome(table.is_open, text)} THEN {ended_at} END"
        change = replace(change, ended_at=ended_at)
        if deleted := _there(table.is_deleted, landing):
            text = f"lower(trim({landing.sql_column(deleted)}))"
            change = replace(change, is_deleted=f"coalesce({text} IN ('true', '1'), false)")
    return change


def _of_column(rule: ColumnRule, column: str) -> ColumnRule:
    """`rule` for the text of another column."""
    update = {"column": column, "any_column": None, "last_column_like": None}
    return rule.model_copy(update=update | {"null_when": None})


def _there(names: list[str], landing: Landing) -> str | None:
    return next((name for name in names if name in landing.columns), None)


def _first(names: list[str], landing: Landing, file: SourceFile) -> str:
    if found := _there(names, landing):
        return found
    raise InputError(
        f"{file.name}: none of the columns {', '.join(names)} is there"
        f"{near(names[0], landing.columns)}; see history in the mapping"
    )


def _moment(column: str) -> str:
    # 'epoch' and 'infinity' are moments to DuckDB.
    moment = f"timezone('UTC', TRY_CAST(trim({column}) AS TIMESTAMPTZ))"
    return f"CASE WHEN regexp_matches({column}, '[0-9]') THEN {moment} END"
