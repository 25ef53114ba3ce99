"""What connections had brought when a plan was made, kept with its record to make it again.

    <plan>/landed/<source>/current/…       the tables the mapping read
    <plan>/landed/<source>/versions/…      every version of the records whose history is read
    <plan>/landed/<source>/versions.json   what the versions are of

The files of the store are replaced and never changed, so a record links them: they take no room
until the next load brings something new.
"""

import json
from dataclasses import replace
from pathlib import Path

from pipelines.errors import TerritoryError
from pipelines.ingest import SourceInput
from pipelines.ingest.history import VersionedTable
from pipelines.ingest.landed.manifest import Manifest
from pipelines.lifecycle.record import LANDED_FOLDER
from pipelines.settings.loader import Settings

_VERSIONS = "versions"
_DESCRIPTION = "versions.json"


def landed_files(settings: Settings) -> tuple[dict[str, Path], dict[str, str]]:
    """The landed files the last run has read, and what describes them, by their place in a record.

    Returns:
        Files to link, and texts; both empty for projects without connections.
    """
    files: dict[str, Path] = {}
    texts: dict[str, str] = {}
    for source in settings.connectors:
        place = f"{LANDED_FOLDER}/{source}"
        landed = settings.landed_dir / source
        manifest = Manifest.load(landed / "manifest.json")
        if manifest is None:
            continue
        for path in sorted((landed / "current").glob("*.parquet")):
            files[f"{place}/current/{path.name}"] = path
        described = {}
        for path in sorted((settings.data_dir / "working" / _VERSIONS / source).glob("*.parquet")):
            table = manifest.tables.get(path.stem)
            if table is not None:
                described[path.stem] = [table.cursor_column, table.is_deleted]
                files[f"{place}/{_VERSIONS}/{path.name}"] = path
        texts[f"{place}/{_DESCRIPTION}"] = json.dumps(described, sort_keys=True) + "\n"
    return files, texts


def has_landed_files(folder: Path) -> bool:
    """Whether the record in `folder` has what connections had brought."""
    return (folder / LANDED_FOLDER).is_dir()


def recorded_sources(settings: Settings, folder: Path) -> list[SourceInput]:
    """The inputs of the plan whose record is in `folder`; files of a person's where they lie.

    Raises:
        TerritoryError: a file of the record is missing or damaged.
    """
    inputs = []
    for name, source in settings.sources.items():
        landed = folder / LANDED_FOLDER / name
        if name not in settings.connectors or not landed.is_dir():
            inputs.append(source)
            continue
        path = landed / _DESCRIPTION
        try:
            described = json.loads(path.read_text("utf-8"))
            versions = tuple(
                VersionedTable(table, landed / _VERSIONS / f"{table}.parquet", cursor, is_deleted)
                for table, (cursor, is_deleted) in described.items()
            )
        except (OSError, ValueError, AttributeError) as error:
            raise TerritoryError(
                f"{path}: cannot be read ({type(error).__name__}); restore it from a backup"
            ) from None
        inputs.append(replace(source, path=landed / "current", versions=versions))
    return inputs
