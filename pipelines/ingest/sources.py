"""Load all sources of a project into the raw tables, quarantine and ledger."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import ConfigurationError, GateError, InputError, TerritoryError
from pipelines.ingest.county_vintages import county_findings
from pipelines.ingest.entities import ENTITIES, Entity
from pipelines.ingest.file_rows import record_columns, row_findings_of_file
from pipelines.ingest.file_search import SourceFolder, find_files
from pipelines.ingest.history import VersionedTable, create_history_table, record_history
from pipelines.ingest.history_tables import history_files
from pipelines.ingest.inspection import inspect
from pipelines.ingest.landing import drop_landing, land, watched
from pipelines.ingest.ledger import (
    FileLoad,
    Finding,
    create_ledger,
    record_findings,
    record_load,
)
from pipelines.ingest.loading import (
    REPEATED,
    check_throughout,
    create_custom_field_table,
    create_raw_table,
    load,
    settle,
    store_custom_fields,
)
from pipelines.ingest.lookup import lookup_files, store_lookups
from pipelines.ingest.mapping import EntityMapping
from pipelines.ingest.mapping_file import load_mapping
from pipelines.ingest.observations import findings_of_file
from pipelines.ingest.references import reference_findings
from pipelines.ingest.resolution import resolve
from pipelines.ingest.shaping import SHAPED, check_columns, shape
from pipelines.ingest.side_files import SideBooks
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.watching import check_watched, watched_files

# Called with what is being done, how many files are done, and how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SourceInput:
    """A mapping file, the directory of its files, and what tables' names there start and end with.

    The file of a table `x` is called `<table_prefix>x<table_suffix>` and its format. `versions` are
    older states of the tables, where a connector has kept them.
    """

    mapping: Path
    path: Path
    table_prefix: str = ""
    table_suffix: str = ""
    versions: tuple[VersionedTable, ...] = ()

    @property
    def folder(self) -> SourceFolder:
        return SourceFolder(self.path, self.table_prefix, self.table_suffix)


@dataclass(frozen=True)
class IngestResult:
    """What an ingest did: one `FileLoad` per file and what it was read for, and the findings.

    The sums are of files of records: rows of other files are values and moments of those.
    """

    loads: tuple[FileLoad, ...]
    findings: tuple[Finding, ...]

    @property
    def rows_read(self) -> int:
        return sum(load.rows_read for load in self.loads if load.file_role == "records")

    @property
    def rows_loaded(self) -> int:
        return sum(load.rows_loaded for load in self.loads if load.file_role == "records")

    @property
    def rows_quarantined(self) -> int:
        return sum(load.rows_quarantined for load in self.loads if load.file_role == "records")


@dataclass(frozen=True)
class _Task:
    entity: Entity
    mapping: EntityMapping
    folder: SourceFolder

    def find(self) -> list[SourceFile]:
        """The task's files; none when they are absent and optional."""
        return find_files(self.folder, self.mapping)


def ingest_sources(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[SourceInput],
    *,
    rates: Mapping[str, float] | None = None,
    run_id: str,
    max_quarantined_share: float = 0.05,
    progress: Progress | None = None,
) -> IngestResult:
    """Replace all raw tables, `quarantined_row`, `meta_load` and `meta_finding`.

    `rates` are USD per unit of each currency (default: USD alone). Everything happens in one
    transaction. ConfigurationError (unusable mapping) and InputError (a file or column that
    cannot be trusted) leave the database as it was; GateError (a file's quarantined share above
    `max_quarantined_share`) comes after the commit, so that the quarantine can be read.
    """
    tasks = _tasks(sources)
    usd_rates = rates or {"USD": 1.0}
    loads: list[FileLoad] = []
    findings: list[Finding] = []
    connection.begin()
    try:
        for entity in ENTITIES.values():
            create_raw_table(connection, entity)
        create_custom_field_table(connection)
        create_history_table(connection)
        create_ledger(connection)
        books = SideBooks(connection)
        mapped: dict[str, frozenset[str]] = {}
        for done, task in enumerate(tasks):
            if progress is not None:
                progress(f"Reading {task.mapping.origin}", done, len(tasks))
            for file in task.find():
                table = task.entity.table
                try:
                    file_load, file_findings = _ingest_file(
                        connection,
                        task,
                        file,
                        usd_rates,
                        run_id,
                        books,
                        is_further=any(load.source_table == table for load in loads),
                    )
                except InputError as error:
                    error.table_name = table
                    raise
                record_load(connection, file_load, run_id)
                loads.append(file_load)
                findings += file_findings
                mapped[table] = mapped.get(table, frozenset()) | frozenset(task.mapping.columns)
        findings += _check_not_empty(tasks, loads)
        for source in sources:
            if source.versions or load_mapping(source.mapping).history:
                findings += record_history(
                    connection, source.mapping, source.folder, source.versions, usd_rates, books
                )
        for source in sources:
            mapping = load_mapping(source.mapping)
            findings += check_watched(connection, mapping, source.folder, books, run_id)
        for side_load in books.close(run_id):
            record_load(connection, side_load, run_id)
            loads.append(side_load)
        findings += reference_findings(connection, mapped, run_id)
        findings += county_findings(connection)
        record_findings(connection, findings, run_id)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    if progress is not None:
        progress("Input read", len(tasks), len(tasks))
    _check_gate(connection, loads, max_quarantined_share)
    return IngestResult(tuple(loads), tuple(findings))


def input_digest(sources: Sequence[SourceInput]) -> str:
    """SHA-256 over the mappings' meaning and the files' bytes, wherever they lie.

    Raises ConfigurationError and InputError as `ingest_sources` does.
    """
    digest = hashlib.sha256()
    for task in _tasks(sources):
        digest.update(task.entity.table.encode())
        digest.update(task.mapping.model_dump_json(by_alias=True).encode())
        files = [*task.find(), *lookup_files(task.folder, task.mapping)]
        for file in files:
            digest.update(inspect(file).sha256.encode())
        if not files:
            digest.update(b"absent")
    for source in sources:
        mapping = load_mapping(source.mapping)
        for file in history_files(source.folder, mapping):
            digest.update(inspect(file).sha256.encode())
        for file in watched_files(source.folder, mapping):
            digest.update(inspect(file).sha256.encode())
        if mapping.history or mapping.watch:
            digest.update(repr((mapping.history, mapping.watch)).encode())
    return digest.hexdigest()


def _tasks(sources: Sequence[SourceInput]) -> list[_Task]:
    """What to load in the order of the registry, whatever the order of the sources."""
    tasks: dict[tuple[str, str], list[_Task]] = {}
    for source in sources:
        mapping = load_mapping(source.mapping)
        for name, parts in mapping.entities.items():
            key = (mapping.source, name)
            if key in tasks:
                raise ConfigurationError(
                    f"{source.mapping.name}: entities.{name}: another source already provides "
                    f"{mapping.source}.{name}; an entity comes from one source"
                )
            tasks[key] = [_Task(ENTITIES[key], part, source.folder) for part in parts]
    return [task for key in ENTITIES for task in tasks.get(key, [])]


def _ingest_file(
    connection: duckdb.DuckDBPyConnection,
    task: _Task,
    file: SourceFile,
    rates: Mapping[str, float],
    run_id: str,
    books: SideBooks,
    *,
    is_further: bool,
) -> tuple[FileLoad, list[Finding]]:
    entity = task.entity
    lookups, findings = store_lookups(connection, task.folder, entity, task.mapping, books)
    with watched(file):
        landing = land(connection, file, in_place=True)
        mapping, landing, resolved = resolve(entity, file, task.mapping, landing)
        read = {name: table for name, table in lookups.items() if name in mapping.columns}
        check_columns(file, landing, mapping)
        # Later files add to the raw table, so only the first can become it.
        shape(connection, entity, file, mapping, landing, read, rates, is_temporary=is_further)
        filled = check_throughout(connection, entity, file, mapping, landing)
        file_load = load(connection, entity, file, landing, run_id, is_further=is_further)
        if not file_load.is_reconciled():
            raise TerritoryError(f"{file.name}: a defect of ours, rows do not add up: {file_load}")
        findings += resolved + findings_of_file(connection, entity, file, mapping, landing)
        findings += row_findings_of_file(connection, entity, mapping, landing, filled, run_id)
        record_columns(connection, entity, file, mapping, landing)
        if not is_further:
            settle(connection, entity, file_load)
        store_custom_fields(connection, entity, file, mapping, landing)
    drop_landing(connection)
    for table in (SHAPED, REPEATED, *lookups.values()):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    return file_load, findings


def _check_not_empty(tasks: Sequence[_Task], loads: Sequence[FileLoad]) -> list[Finding]:
    """InputError for an entity that must have rows and has none in any of its files."""
    findings = []
    for entity in dict.fromkeys(task.entity for task in tasks if task.entity.must_have_rows):
        own = [load for load in loads if load.source_table == entity.table]
        if not own or any(load.rows_loaded or load.rows_quarantined for load in own):
            continue
        count = sum(load.rows_excluded for load in own)
        excluded = f" ({count:,} rows are excluded)" * bool(count)
        message = f"{', '.join(load.source_file for load in own)}: holds no row of {entity.name}"
        if not (count and entity.may_exclude_all):
            raise InputError(f"{message}{excluded}, without which there is nothing to plan")
        findings.append(
            Finding("warning", "all_rows_excluded", entity.table, None, count, message + excluded)
        )
    return findings


def _check_gate(
    connection: duckdb.DuckDBPyConnection, loads: Sequence[FileLoad], limit: float
) -> None:
    over = [load for load in loads if load.quarantined_share > limit]
    if not over:
        return
    lines = []
    for file_load in over:
        rules = connection.execute(
            "SELECT rule, column_name, count(*), min(row_number) FROM quarantined_row"
            " WHERE source_table = ? AND source_file = ?"
            " GROUP BY rule, column_name ORDER BY count(*) DESC, rule, column_name LIMIT 3",
            [file_load.source_table, file_load.source_file],
        ).fetchall()
        causes = "; ".join(
            f"{rule}{f' in {column}' if column else ''}: {count:,} rows, first row {first}"
            for rule, column, count, first in rules
        )
        lines.append(
            f"{file_load.source_file}: {file_load.rows_quarantined:,} of {file_load.rows_read:,} "
            f"rows are quarantined, above the limit of {limit:.1%} ({causes})"
        )
    lines.append("See the table quarantined_row; mend the rows or raise the limit.")
    raise GateError("\n".join(lines))
