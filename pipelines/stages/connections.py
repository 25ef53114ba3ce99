"""Bring the sources that are no files up to date, or look whether they could be."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import ConfigurationError, InputError, near
from pipelines.ingest import SourceInput, load_mapping
from pipelines.ingest.connectors.duckdb_tables import DuckDBTables
from pipelines.ingest.connectors.file_tables import FileTable, FileTables
from pipelines.ingest.connectors.protocol import Connector
from pipelines.ingest.connectors.sessions import http_session, salesforce_access
from pipelines.ingest.file_search import find_files
from pipelines.ingest.history import TRACKED, VersionedTable
from pipelines.ingest.landed.extraction import (
    Wanted,
    chosen_columns,
    extract,
    match_tables,
    wanted_tables,
)
from pipelines.ingest.landed.store import LandedStore
from pipelines.ingest.landing import file_columns
from pipelines.ingest.spelling import folded, respell
from pipelines.progress import report
from pipelines.settings.connectors import (
    ConnectorSettings,
    DuckDBSettings,
    FilesSettings,
    HubSpotSettings,
    SalesforceSettings,
)
from pipelines.settings.loader import Settings


@dataclass(frozen=True)
class TableLook:
    """What a dry run saw of one table a mapping reads."""

    wanted: str
    found: str | None
    columns_found: int
    columns_missing: tuple[str, ...]


def open_connector(connector: ConnectorSettings) -> Connector:
    """The connector that the settings describe; nothing is asked yet."""
    if isinstance(connector, DuckDBSettings):
        return DuckDBTables(connector.database, connector.schema_)
    if isinstance(connector, FilesSettings):
        return FileTables(
            connector.path,
            {
                name: FileTable(
                    files=table.files,
                    key=tuple(table.key),
                    cursor=table.cursor,
                    cursor_format=tuple(table.cursor_format),
                    is_deleted=table.is_deleted,
                    csv=table.csv,
                )
                for name, table in connector.tables.items()
            },
        )
    session = http_session(connector)
    if isinstance(connector, SalesforceSettings):
        from pipelines.ingest.connectors.salesforce import SalesforceTables

        return SalesforceTables(salesforce_access(connector), session)
    assert isinstance(connector, HubSpotSettings)
    from pipelines.ingest.connectors.hubspot import HubSpotTables

    return HubSpotTables(connector.base_url, connector.secret_prefix, session)


def current_sources(settings: Settings) -> list[SourceInput]:
    """The inputs of a run, those of connectors after asking for what is new.

    Raises:
        ConfigurationError, InputError: a connection does not work, or a table cannot be trusted;
            what had landed before is untouched.
    """
    inputs = []
    for name, source in settings.sources.items():
        connector = settings.connectors.get(name)
        if connector is None:
            inputs.append(source)
            continue
        opened = open_connector(connector)
        store = LandedStore(settings.landed_dir / name, opened.identity)
        extract(
            opened,
            store,
            _wanted(source, connector),
            overlap_minutes=getattr(connector, "overlap_minutes", 0),
            max_shrink_share=connector.max_shrink_share,
            progress=report,
        )
        versions = _versions(store, source, settings.data_dir / "working" / "versions" / name)
        inputs.append(dataclasses.replace(source, path=store.current, versions=versions))
    return inputs


def landed_sources(settings: Settings) -> list[SourceInput]:
    """The inputs of a run as they landed last, without asking anybody.

    Raises:
        InputError: nothing of a connection has landed yet.
    """
    inputs = []
    for name, source in settings.sources.items():
        connector = settings.connectors.get(name)
        if connector is None:
            inputs.append(source)
            continue
        store = LandedStore(settings.landed_dir / name, open_connector(connector).identity)
        if not store.manifest.tables:
            raise InputError(f"{settings.landed_dir / name}: nothing of this source has landed")
        versions = _versions(store, source, settings.data_dir / "working" / "versions" / name)
        inputs.append(dataclasses.replace(source, path=store.current, versions=versions))
    return inputs


def _versions(store: LandedStore, source: SourceInput, folder: Path) -> tuple[VersionedTable, ...]:
    """The versions of the tables whose history is kept, written to `folder` for this run."""
    found = []
    mapping = load_mapping(source.mapping)
    tracked = {
        folded(part.table or "")
        for entity_source, entity in TRACKED
        if entity_source == mapping.source
        for part in mapping.entities.get(entity, [])
    }
    for name, landed in sorted(store.manifest.tables.items()):
        path = folder / f"{name}.parquet"
        if landed.cursor_column is None or folded(name) not in tracked:
            continue
        if store.export_versions(name, path):
            found.append(VersionedTable(name, path, landed.cursor_column, landed.is_deleted))
    return tuple(found)


def look_at(settings: Settings, name: str) -> Iterator[TableLook]:
    """What the source called `name` has of the tables its mapping reads; nothing is loaded.

    Raises ConfigurationError for an unknown name and InputError as `current_sources`.
    """
    if name not in settings.sources:
        known = settings.sources
        raise ConfigurationError(
            f"{settings.config_path}: no source '{name}'{near(name, known)}; there are "
            f"{', '.join(known)}"
        )
    connector = settings.connectors.get(name)
    if connector is None:
        yield from _look_at_files(settings.sources[name])
        return
    opened = open_connector(connector)
    wanted = _wanted(settings.sources[name], connector)
    tables = {want.name: table for want, table in match_tables(opened, wanted)}
    for want in wanted:
        table = tables.get(want.name)
        if table is None:
            inner = [
                outer.name
                for outer in tables.values()
                if folded(want.name) in {folded(inner.name) for inner in outer.inner}
            ]
            yield TableLook(want.name, f"inside {inner[0]}" if inner else None, 0, ())
            continue
        available = opened.columns(table)
        if not available:
            yield TableLook(want.name, f"{table.name}, no file of it is there", 0, ())
            continue
        spelt = {folded(column) for column in available}
        missing = [
            " or ".join(group)
            for group in want.needed
            if not any(folded(column) in spelt for column in group)
        ]
        chosen = chosen_columns(want, table, available)
        yield TableLook(want.name, table.name, len(chosen), tuple(missing))


def _look_at_files(source: SourceInput) -> Iterator[TableLook]:
    mapping = load_mapping(source.mapping)
    for part in (part for parts in mapping.entities.values() for part in parts):
        for file in find_files(source.folder, part):
            names = file_columns(file)
            if names is not None and part.spelling == "any":
                names = respell(part.possible_columns(), names, file.name)
            missing = [
                " or ".join(group)
                for group in part.needed_columns()
                if names is not None and not set(group) & set(names)
            ]
            found = len([name for name in part.possible_columns() if names and name in names])
            yield TableLook(part.origin, file.name, found, tuple(missing))


def _wanted(source: SourceInput, connector: ConnectorSettings) -> Sequence[Wanted]:
    return wanted_tables(load_mapping(source.mapping), connector.further_tables)
